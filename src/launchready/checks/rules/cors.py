"""CORS: whether a foreign web page can act as a customer who is logged in."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score, Severity
from launchready.checks.operations import AskAll, HttpGet, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer
from launchready.web import cors

# What each allowed origin means: the worst first, then those that need another weakness.
GRADES: dict[cors.Kind, tuple[Severity, bool]] = {
    "reflected": ("critical", True),
    "null": ("critical", True),
    "prefix": ("critical", True),
    "suffix": ("critical", True),
    "http": ("medium", False),
    "subdomain": ("low", False),
}


def urls(site: Site) -> Iterable[str]:
    pages = [f"https://{host}/" for host in site.web]
    routes = [url.partition(" ")[2] or url for url in site.protected]
    return dict.fromkeys([*pages, *([site.app] if site.app else []), *routes])


@rule(
    "WEB007",
    family="web",
    topic="foreign pages cannot act as your customers (CORS)",
    subjects=urls,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def cors_probes(site: Site, subject: str) -> Verdict:
    """Foreign web pages cannot act as a customer who is logged in (CORS with credentials).

    Fetch section 3.2: an origin that the answer allows with credentials can read everything that the customer sees.
    Six origins are tried, each a common mistake: any origin, "null", a name in front, a name behind, http, a
    subdomain.
    """
    tried = cors.probes(site.domain, site.cors_probe_origin)
    ops = [HttpGet(subject, [("origin", probe.origin)]) for probe in tried]
    yield ops[0]
    if known(ops[0].answer).location is not None:
        return NOT_APPLICABLE  # A redirect contains nothing to read; its target is checked on its own.
    yield AskAll(ops[1:])
    open_to = [
        (probe, op.answer)
        for probe, op in zip(tried, ops, strict=True)
        if op.answer.known and cors.lets_in(dict(reversed(op.answer.headers)), probe.origin)
    ]
    if open_to:
        return [allowed_origin(site, subject, *open_to[0])]
    if wildcard(ops[0].answer):
        return [refused_wildcard(site, subject, ops[0].answer)]
    for op in ops:
        known(op.answer)
    return FINE


def allowed_origin(site: Site, subject: str, probe: cors.CorsProbe, answer: HttpAnswer) -> Finding:
    severity, now = GRADES[probe.kind]
    return cors_probes.fail(
        site,
        subject,
        f"{probe.meaning[:1].upper()}{probe.meaning[1:]} can act as your logged-in customer "
        f"({subject} allows foreign origins, CORS with credentials)",
        severity=severity,
        when="48h" if now else "can-wait",
        reason="a stranger can steal sessions" if now else "30 days: it needs a second thing to go wrong",
        score=Score(5, 2, 2) if now else Score(2, 2, 1),
        minutes=15,
        evidence=f"GET {subject} with origin: {probe.origin} → access-control-allow-origin: {probe.origin}, "
        f"access-control-allow-credentials: true ({answer.status})",
        impact="A page that a customer opens elsewhere reads their bookings and books in their name.",
        fix=f'List your own origins, never what was sent: CORS(allow_origins=["https://{site.main}"], '
        "allow_credentials=True).",
    )


def wildcard(answer: HttpAnswer) -> bool:
    headers = dict(reversed(answer.headers))
    return headers.get("access-control-allow-origin") == "*" and lets_cookies(headers)


def lets_cookies(headers: dict[str, str]) -> bool:
    return headers.get("access-control-allow-credentials", "").strip() == "true"


def refused_wildcard(site: Site, subject: str, answer: HttpAnswer) -> Finding:
    return cors_probes.fail(
        site,
        subject,
        f"Browsers refuse the answers of {subject} to your own app: any origin and cookies cannot go together (CORS)",
        severity="medium",
        when="can-wait",
        reason="30 days: it is dead, not open",
        score=Score(2, 2, 1),
        minutes=15,
        evidence=f"GET {subject} → access-control-allow-origin: *, access-control-allow-credentials: true "
        f"({answer.status})",
        impact="Requests with a login fail in every browser, and the next attempt at a repair often opens "
        "it to everybody.",
        fix=f'List your own origins: CORS(allow_origins=["https://{site.main}"], allow_credentials=True).',
    )
