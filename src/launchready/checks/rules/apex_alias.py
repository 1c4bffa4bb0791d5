"""The domain itself is no alias: a name with a CNAME has no other records (RFC 1034 section 3.6.2)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import addresses
from launchready.checks.site import Site, registered


def registered_domain(site: Site) -> Iterable[str]:
    """Below it an alias is right: ``app.coach.example`` may well be one."""
    return (site.domain,) if registered(site.domain) == site.domain else ()


@rule(
    "DNS014",
    family="dns",
    topic="that the domain itself is no alias",
    subjects=registered_domain,
    after=("DNS002",),
)
def apex_alias(site: Site, subject: str) -> Verdict:
    """A domain needs NS and SOA records, so it cannot have a CNAME: what a resolver makes of it is chance. A missing MX
    or SPF record follows from it.
    """
    found = yield from addresses(subject)
    if not found.chain:
        return FINE
    return [
        apex_alias.fail(
            site,
            subject,
            f"{subject} is an alias of another name, which a domain itself must not be: site and mail can fail "
            "(CNAME at the apex)",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=found.evidence,
            impact="Some visitors see an error of the browser, and mail to the domain goes wherever the alias leads.",
            fix=f"Delete the CNAME record of {subject}, and add the ALIAS record of your DNS provider, or:\n"
            f"{subject}.  300  IN  A  <the IPv4 address of your server>",
        )
    ]
