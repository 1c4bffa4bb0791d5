"""Browsers are told to stay with https (Strict-Transport-Security, RFC 6797)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.web import hsts


def pages(site: Site) -> Iterable[str]:
    return [f"https://{host}" for host in site.web]


@rule(
    "WEB003",
    family="web",
    topic="that browsers stay with https (HSTS)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005", "TLS003", "WEB011"),
    blocked_by=("TLS001", "TLS002", "WEB001"),
    merge=True,
)
def stays_with_https(site: Site, subject: str) -> Verdict:
    """Each host answers for itself; a redirect counts as well (section 7.1). Never recommends preloading: it cannot
    be taken back for months.
    """
    op = Get(f"{subject}/")
    yield op
    answer = known(op.answer)
    found = hsts.parse(answer.headers)
    if found.on:
        return FINE
    # A host that only redirects shows nothing; what counts more is said where the redirect leads.
    passed_on = answer.location is not None
    seen = answer.header("strict-transport-security")
    return [
        stays_with_https.fail(
            site,
            subject,
            "The first visit in a strange network can be read along: browsers are not told to stay with https "
            "(no HSTS)",
            severity="low" if passed_on else "medium",
            when="can-wait",
            reason="30 days: it needs an attacker in the same network",
            score=Score(2, 2 if passed_on else 3, 1),
            minutes=10,
            evidence=f"GET {subject}/ → {answer.status}, "
            + ("no strict-transport-security header" if seen is None else f"strict-transport-security: {seen}"),
            impact="In a café or hotel somebody can keep a visitor on http, and see the password.",
            fix='Send with every answer over https (or in the app: HTTPS(hsts="180d")):\n'
            "strict-transport-security: max-age=15552000",
        )
    ]
