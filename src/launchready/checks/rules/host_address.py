"""Every host that was named leads to a server, those that webhooks are sent to as well."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.facts import addresses
from launchready.checks.finding import Score
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.addresses import is_address, is_public


def named(site: Site) -> Iterable[str]:
    hooks = [urlsplit(url).hostname or "" for url in site.webhooks]
    others = dict.fromkeys([*site.hosts, *hooks])
    return [host for host in others if host and host not in (site.domain, site.www) and not is_address(host)]


@rule("DNS003", family="dns", topic="the address of a host", subjects=named)
def host_address(site: Site, subject: str) -> Verdict:
    """An alias whose target does not exist is worse than no record: whoever registers the target owns the host."""
    found = yield from addresses(subject)
    dangling = found.state != "found" and bool(found.chain)
    record = f"{subject}.  300  IN  A  <the IPv4 address of the server>"
    if dangling:
        title = f"{subject} is dead: it points to {found.last}, which does not exist or has no address"
        fix = f"Create {found.last} again where it was hosted, or delete the CNAME record of {subject}, or:\n{record}"
    elif found.state != "found":
        title = f"{subject} is dead: the name has no address"
        fix = record
    elif not any(is_public(address) for address in found.addresses):
        title = f"{subject} is dead for everybody else: its address is not on the public internet"
        fix = record
    else:
        return FINE
    return [
        host_address.fail(
            site,
            subject,
            title,
            severity="high" if found.state != "found" and not dangling else "critical",
            when="48h",
            reason="customers cannot reach a part of the product",
            score=Score(4, 3 if dangling else 2, 3),
            minutes=10,
            evidence=found.evidence,
            impact="Whatever runs on this host cannot be used."
            + (" A stranger who takes the target over speaks in your name." if dangling else ""),
            fix=fix,
        )
    ]
