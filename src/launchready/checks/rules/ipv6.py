"""The site is reached over IPv6 as well: mobile networks use it, some have nothing else."""

from launchready.checks.finding import Score
from launchready.checks.operations import Query, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DNS011", family="dns", topic="that the site has an IPv6 address", after=("DNS002", "DNS014"))
def ipv6(site: Site, subject: str) -> Verdict:
    """RFC 6540: IPv6 is not optional any more; networks without IPv4 translate, so nothing breaks without it."""
    op = Query(site.main, "AAAA")
    yield op
    if known(op.answer).records:
        return FINE
    return [
        ipv6.fail(
            site,
            subject,
            f"{site.main} has no IPv6 address: visitors in some mobile networks take a detour",
            severity="info",
            when="can-wait",
            reason="90 days: it works without",
            score=Score(1, 1, 1),
            minutes=20,
            evidence=f"AAAA {site.main} → no record",
            impact="Hardly anybody notices; the first page is a little slower in networks without IPv4.",
            fix=f"{site.main}.  300  IN  AAAA  <the IPv6 address of your server, if it has one>",
        )
    ]
