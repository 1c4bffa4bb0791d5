"""Every host that was named leads to a server, those that webhooks are sent to as well."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Query, Together
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import Addresses, addresses, for_customers, named_hosts, nobody, reach, unsigned
from launchready.checks.site import Site
from launchready.checks.spelling import meant, variants
from launchready.checks.takeover_services import open_to_strangers, service
from launchready.exchange.operations import Flow
from launchready.net.addresses import is_loopback, is_public


def named(site: Site) -> Iterable[str]:
    return named_hosts(site)


@rule("DNS003", family="dns", topic="the address of a host", subjects=named)
def host_address(site: Site, subject: str) -> Verdict:
    """An alias whose target does not exist is worse than no record: whoever registers the target owns the host."""
    found = yield from addresses(subject)
    if found.state != "found":
        return [(yield from dead(site, subject, found))]
    # One of several is enough: whoever draws it cannot use the host.
    return FINE if all(map(is_public, found.addresses)) else [hidden(site, subject, found)]


def dead(site: Site, subject: str, found: Addresses) -> Flow[Finding]:
    dangling = bool(found.chain)
    near = "" if found.state == "bogus" else (yield from slip(site, found.last))
    record = f"{subject}.  300  IN  A  <the IPv4 address of the server>"
    stranger = service(found.chain)
    if found.state == "bogus":
        title, fix = unsigned(subject)
    elif dangling:
        gone = f"it points to {found.last}, which does not exist or has no address (a dangling CNAME)"
        title = f"{subject} is dead: {gone}"
        fix = f"Create {found.last} again where it was hosted, or delete the CNAME record of {subject}, or:\n{record}"
        if near:
            fix = f"{subject}.  300  IN  CNAME  {near}."
    else:
        title = f"{subject} is dead: the name has no address"
        fix = record
    if near:
        title += f" (did you mean {near}?)"
    claimed = open_to_strangers(found.chain) if dangling else ""
    return host_address.fail(
        site,
        subject,
        title,
        severity="critical" if dangling or found.state == "bogus" else "high",
        when="48h",
        reason="a stranger can take over a name" if stranger else "customers cannot reach a part of the product",
        score=Score(4, 3 if dangling else reach(site, subject), 3),
        minutes=10,
        evidence=found.evidence,
        impact=f"Whatever runs on this host cannot be used.{claimed}",
        fix=fix,
    )


def slip(site: Site, name: str) -> Flow[str]:
    """The name that was meant: among the hosts of the site that do exist, among the slips that are made most when a
    record is typed in, and among the names of known services.
    """
    hosts = [host for host in site.web if host != name]
    if name.endswith(f".{site.domain}"):
        hosts += variants(name)
    ops = [Query(host, "A") for host in dict.fromkeys([*hosts, nobody(site)])]
    yield Together(ops)
    own = [op.name for op in ops if op.answer.records]
    # A wildcard answers for every slip, so it tells nothing.
    return "" if nobody(site) in own else meant(name, own)


def hidden(site: Site, subject: str, found: Addresses) -> Finding:
    """Loopback works for nobody; an address of an office network is dead for customers, and tells strangers of it."""
    hooked = any(urlsplit(url).hostname == subject for url in site.webhooks)
    needed = for_customers(subject) or hooked or any(map(is_loopback, found.addresses))
    private = [address for address in found.addresses if not is_public(address)]
    what = "dead for everybody else" if needed else "reached from inside one network only"
    if len(private) < len(found.addresses):
        what = "dead for some of your visitors"
    kind = "loopback" if any(map(is_loopback, private)) else "private"
    return host_address.fail(
        site,
        subject,
        f"{subject} is {what}: its address {private[0]} is {kind}, not on the public internet",
        severity="critical" if needed else "medium",
        when="48h" if needed else "can-wait",
        reason="customers cannot reach a part of the product" if needed else "30 days: only your own people use it",
        score=Score(4, 3, 3) if needed else Score(1, 1, 3),
        minutes=10,
        evidence=found.evidence,
        impact="Whatever runs on this host cannot be used."
        if needed
        else "Strangers learn how your network is built; your people reach the host from inside only.",
        fix=f"{subject}.  300  IN  A  <the public IPv4 address of the server>"
        if needed
        else f"Move {subject} to a DNS server of your own network, and delete the public record.",
    )
