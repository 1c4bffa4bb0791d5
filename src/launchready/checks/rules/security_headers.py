"""Pages carry the headers that keep a mistake small: CSP, nosniff, a referrer policy. By kind: an API needs less."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import is_page
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer


def urls(site: Site) -> Iterable[str]:
    return [f"https://{host}/" for host in site.web]


@rule(
    "WEB009",
    family="web",
    topic="the headers that keep a mistake small",
    subjects=urls,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def security_headers(site: Site, subject: str) -> Verdict:
    """Weighed as the MDN Observatory does: a content security policy most, nosniff less, a referrer policy hardly."""
    op = Get(subject)
    yield op
    answer = known(op.answer)
    if answer.location is not None or answer.status >= 400:
        return NOT_APPLICABLE
    gone = missing(answer)
    if not gone:
        return FINE
    csp = "content-security-policy" in gone
    return [
        security_headers.fail(
            site,
            subject,
            f"A single foreign script on a page can do everything: headers are missing ({', '.join(gone)})"
            if csp
            else f"Pages say more than they need to: headers are missing ({', '.join(gone)})",
            severity="low" if csp else "info",
            when="can-wait",
            reason="90 days: it needs another mistake first",
            score=Score(1, 2, 1) if csp else Score(1, 1, 1),
            minutes=30,
            evidence=f"GET {subject} → {answer.status}, without {', '.join(gone)}",
            impact="Nobody notices, until something else goes wrong.",
            fix="\n".join(
                ["In the app: HTTPS(headers=True), or send with every page:", *(VALUES[name] for name in gone)]
            ),
        )
    ]


VALUES = {
    "content-security-policy": "content-security-policy: default-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "x-content-type-options: nosniff",
    "referrer-policy": "referrer-policy: strict-origin-when-cross-origin",
}


def missing(answer: HttpAnswer) -> list[str]:
    wanted = list(VALUES) if is_page(answer) else ["x-content-type-options"]
    return [name for name in wanted if not answer.header(name)]
