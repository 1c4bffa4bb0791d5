"""A promise to be on the list that browsers ship (HSTS preload) is whole, or not made."""

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site
from launchready.web import hsts


@rule(
    "WEB008",
    family="web",
    topic="that the promise of https for good (HSTS preload) is whole",
    after=("DNS002", "WEB003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def hsts_preload(site: Site, subject: str) -> Verdict:
    """hstspreload.org: a year, and every subdomain. The list is hard to leave, so it is never recommended here."""
    op = Get(f"https://{subject}/")
    yield op
    found = hsts.parse(known(op.answer).headers)
    if not found.preload:
        return NOT_APPLICABLE
    if not found.preload_problems:
        return FINE
    problems = "; ".join(found.preload_problems)
    return [
        hsts_preload.fail(
            site,
            subject,
            f"Your header asks for a place on the https list of browsers (HSTS preload), and gets none: {problems}",
            severity="medium",
            when="can-wait",
            reason="30 days: the header works without",
            score=Score(1, 2, 1),
            minutes=10,
            evidence=f"GET {op.url} → strict-transport-security: {op.answer.header('strict-transport-security')}",
            impact="Whoever enters your domain on the list later, on purpose or not, puts every subdomain on https.",
            fix="Take the word preload out of the header. Only when every subdomain is on https, for good: "
            "max-age=31536000; includeSubDomains; preload.",
        )
    ]
