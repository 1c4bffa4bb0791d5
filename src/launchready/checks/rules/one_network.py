"""The name servers are not all in one network (RFC 2182 section 3.1)."""

import ipaddress

from launchready.checks.finding import Score
from launchready.checks.operations import Each, Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import addresses
from launchready.checks.site import Site


@rule("DNS013", family="dns", topic="that the name servers are in different networks", after=("DNS004", "DNS006"))
def one_network(site: Site, subject: str) -> Verdict:
    """A /24 of IPv4, a /48 of IPv6: what one router, or one mistake, takes away together."""
    op = Query(subject, "NS")
    yield op
    servers = known(op.answer).records
    if len(servers) < 2:
        return NOT_APPLICABLE
    each = Each([addresses(server) for server in servers])
    yield each
    found = [address for one in each.answer for address in one.addresses]
    if not found or len({network(address) for address in found}) > 1:
        return FINE
    return [
        one_network.fail(
            site,
            subject,
            f"When one network fails, {subject} is gone: all its name servers stand in {network(found[0])}",
            severity="low",
            when="can-wait",
            reason="90 days: it breaks only if something else fails",
            score=Score(4, 1, 1),
            minutes=30,
            evidence="\n".join(one.evidence for one in each.answer),
            impact="Site and mail depend on one network of the DNS provider.",
            fix="Use a DNS provider whose name servers stand in several networks.",
        )
    ]


def network(address: str) -> str:
    length = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
