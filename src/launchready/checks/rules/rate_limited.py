"""Guessing is slowed down: after as many requests as the owner named, the next is refused (RFC 6585 section 4)."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score, Severity
from launchready.checks.operations import Fetch, Together, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

# RFC 5737: nobody's address.
FORGED = "203.0.113.77"


def routes(site: Site) -> Iterable[str]:
    return [where for where, _ in site.limits]


@rule(
    "WEB021",
    family="web",
    topic="that guessing is slowed down (rate limit)",
    subjects=routes,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def rate_limited(site: Site, subject: str) -> Verdict:
    """Only where it was asked for: it sends one request more than the limit, and, once it is refused, one that claims
    to come from elsewhere. Whoever believes that has no limit.
    """
    most = dict(site.limits)[subject]
    burst = [attempt(subject, str(number)) for number in range(most + 1)]
    yield Together(burst)
    refused = [op.answer for op in burst if op.answer.status == 429]
    if not refused:
        for op in burst:
            known(op.answer)
        seen = shown(subject, [op.answer for op in burst])
        return [finding(site, subject, f"{most + 1} requests were all let through", seen, severity="medium")]
    other = attempt(subject, "forged", ("x-forwarded-for", FORGED), ("forwarded", f"for={FORGED}"))
    yield other
    if other.answer.known and other.answer.status != 429 and other.answer.status < 500:
        what = "a header that claims another address gets around the limit (X-Forwarded-For)"
        seen = f"{shown(subject, refused)}\n{subject} with x-forwarded-for: {FORGED} → {other.answer.status}"
        return [finding(site, subject, what, seen, severity="medium")]
    if not any(answer.header("retry-after") for answer in refused):
        what = "the refusal does not say when to come back (no Retry-After)"
        return [finding(site, subject, what, shown(subject, refused), severity="low")]
    return FINE


def attempt(route: str, mark: str, *headers: tuple[str, str]) -> Fetch:
    method, _, url = route.partition(" ")
    body = b"" if method in ("GET", "HEAD") else b"{}"
    kind = [("content-type", "application/json")] if body else []
    return Fetch(method, url, [("x-launchready-probe", mark), *kind, *headers], body)


def shown(route: str, answers: list[HttpAnswer]) -> str:
    statuses = [answer.status for answer in answers]
    return f"{route} → " + ", ".join(f"{status} {statuses.count(status)} times" for status in dict.fromkeys(statuses))


def finding(site: Site, subject: str, what: str, evidence: str, *, severity: Severity) -> Finding:
    slight = severity == "low"
    return rate_limited.fail(
        site,
        subject,
        f"Clients that are refused come back at once at {subject}: {what}"
        if slight
        else f"Passwords and codes can be tried without end at {subject}: {what}",
        severity=severity,
        when="can-wait",
        reason="90 days: the limit itself holds" if slight else "30 days: it needs somebody who attacks you",
        score=Score(1, 1, 1) if slight else Score(4, 2, 1),
        minutes=15,
        evidence=evidence,
        impact="Scripts hammer on." if slight else "One machine can guess a login, or cost you money, all night.",
        fix='In the app: RateLimit("300/minute", {"POST /login": "5/minute"}); behind a proxy name it as well: '
        "trusted_proxies=1.",
    )
