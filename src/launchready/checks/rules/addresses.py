"""Host names and their addresses: the domain, www, named hosts, wildcards, IPv6 and TTL."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, one_item, rule
from launchready.checks.sanitize import Lines
from launchready.checks.shared_queries import (
    Addresses,
    addresses,
    bogus_dnssec_texts,
    for_customers,
    named_hosts,
    reach,
    unused_name,
)
from launchready.checks.site import Site, registered
from launchready.checks.spelling import correction, misspellings
from launchready.checks.takeover_services import find_service, takeover_warning
from launchready.exchange.operations import Flow
from launchready.net.addresses import is_loopback, is_public

EVERYTHING = Score(4, 3, 3)


@rule("DNS001", family="dns", topic="the domain exists", root=True)
def domain_exists(site: Site, subject: str) -> Verdict:
    """The domain exists and its name servers answer for it.

    NXDOMAIN (not registered, or not delegated) and SERVFAIL (broken name servers or DNSSEC signatures) need different
    repairs, so they are separate findings.

    RFC 8020: NXDOMAIN also holds for every name below. RFC 4035 section 5.5: a validating resolver answers SERVFAIL
    for bad signatures, and returns the records when CD is set.
    """
    soa, ns = Query(subject, "SOA"), Query(subject, "NS")
    yield AskAll([soa, ns])
    if "nxdomain" in (soa.answer.status, ns.answer.status):
        return [missing_domain(site, subject)]
    if soa.answer.status == ns.answer.status == "servfail":
        # A resolver that cannot answer for the parent either proves nothing about this domain.
        unchecked = Query(subject, "SOA", checking_disabled=True)
        parent = Query(registered(subject).partition(".")[2], "SOA")
        yield AskAll([unchecked, parent])
        if unchecked.answer.known:
            return [bogus_domain(site, subject)]
        known(parent.answer)
        return [undelegated(site, subject)]
    known(soa.answer if soa.answer.known else ns.answer)
    return FINE


def missing_domain(site: Site, subject: str) -> Finding:
    owned = registered(subject)
    return domain_exists.fail(
        site,
        subject,
        f"Nobody can reach {subject}: this name does not exist on the internet",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA {subject} → does not exist (NXDOMAIN)",
        impact="Visitors see a browser error, and every mail to the domain bounces.",
        fix=f"Check the spelling. Then log in at your registrar: {owned} must be registered and paid for, "
        "and its name servers must be those of your DNS provider.",
    )


def bogus_domain(site: Site, subject: str) -> Finding:
    title, fix = bogus_dnssec_texts(subject)
    return domain_exists.fail(
        site,
        subject,
        title,
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA {subject} → SERVFAIL; the same query without checking signatures (CD=1) → answered",
        impact="Providers that check signatures (most large ones do) treat the domain as if it did not exist.",
        fix=fix,
    )


def undelegated(site: Site, subject: str) -> Finding:
    return domain_exists.fail(
        site,
        subject,
        f"Nobody can reach {subject}: the name servers of the domain do not answer for it",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA, NS {subject} → SERVFAIL, with and without checking signatures",
        impact="Visitors see a browser error, and mail is delayed or bounces.",
        fix="Compare the name servers at your registrar with those that your DNS provider shows. Make "
        f"sure that the provider still has the zone {subject}.",
    )


def both_names(site: Site) -> Iterable[str]:
    return (site.domain, site.www) if site.expects_www else (site.domain,)


@rule("DNS002", family="dns", topic="the site has an address", subjects=both_names)
def site_address(site: Site, subject: str) -> Verdict:
    """The domain and www both lead to a server, because visitors type both.

    A single address that is not public is a finding: visitors who get that address cannot open the site.
    """
    found = yield from addresses(subject)
    apex = subject == site.domain
    if not apex and found.chain and found.last == site.domain:
        # DNS014 reports an alias at the domain itself.
        return FINE if found.state == "found" else NOT_APPLICABLE
    fix: Lines = f"{subject}.  300  IN  A  <the IPv4 address of your server>"
    dangling = found.state != "found" and bool(found.chain)
    impact = "Everybody who types this address sees a browser error."
    if found.state == "bogus":
        title, fix = bogus_dnssec_texts(subject)
    elif dangling:
        gone = f"it points to {found.last}, which does not exist or has no address (a dangling CNAME)"
        title = f"Nobody can open {subject}: {gone}"
        impact += takeover_warning(found.chain)
        fix = [f"Correct the name that {subject} points to, or replace the record:", *one_item(fix)]
    elif found.state != "found":
        title = f"Nobody can open {subject}: the name has no address"
        if not apex:
            fix = f"{subject}.  300  IN  CNAME  {site.domain}."
    elif hidden := [address for address in found.addresses if not is_public(address)]:
        who = "Nobody" if len(hidden) == len(found.addresses) else "Not everybody"
        title = f"{who} can open {subject}: its address {hidden[0]} is private, not on the public internet"
    else:
        return FINE
    claimable = dangling and find_service(found.chain) is not None
    severe = apex or dangling or found.state in ("found", "bogus")
    return [
        site_address.fail(
            site,
            subject,
            title,
            severity="critical" if severe else "high",
            when="48h",
            reason="a stranger can take over a name" if claimable else "customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=found.evidence,
            impact=impact,
            fix=fix,
        )
    ]


def named(site: Site) -> Iterable[str]:
    return named_hosts(site)


@rule("DNS003", family="dns", topic="every host has an address", subjects=named)
def host_address(site: Site, subject: str) -> Verdict:
    """Every named host leads to a server. Hosts of webhook URLs are included.

    An alias whose target does not exist is worse than no record: anybody who registers the target controls the host.
    """
    found = yield from addresses(subject)
    if found.state != "found":
        return [(yield from missing_host(site, subject, found))]
    # One private address of several is enough: visitors who get it cannot use the host.
    return FINE if all(map(is_public, found.addresses)) else [private_host(site, subject, found)]


def missing_host(site: Site, subject: str, found: Addresses) -> Flow[Finding]:
    dangling = bool(found.chain)
    near = "" if found.state == "bogus" else (yield from misspelled(site, found.last))
    record = f"{subject}.  300  IN  A  <the IPv4 address of the server>"
    stranger = find_service(found.chain)
    fix: Lines
    if found.state == "bogus":
        title, fix = bogus_dnssec_texts(subject)
    elif dangling:
        gone = f"it points to {found.last}, which does not exist or has no address (a dangling CNAME)"
        title = f"{subject} is dead: {gone}"
        fix = [
            f"Create {found.last} again where it was hosted, or delete the CNAME record of {subject}, or:",
            record,
        ]
        if near:
            fix = f"{subject}.  300  IN  CNAME  {near}."
    else:
        title = f"{subject} is dead: the name has no address"
        fix = record
    if near:
        title += f" (did you mean {near}?)"
    claimed = takeover_warning(found.chain) if dangling else ""
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
        impact=f"Nothing on this host can be used.{claimed}",
        fix=fix,
    )


def misspelled(site: Site, name: str) -> Flow[str]:
    """The name that was probably meant: an existing host of the site, a common misspelling, or the name of a known
    service.
    """
    hosts = [host for host in site.web if host != name]
    if name.endswith(f".{site.domain}"):
        hosts += misspellings(name)
    ops = [Query(host, "A") for host in dict.fromkeys([*hosts, unused_name(site)])]
    yield AskAll(ops)
    own = [op.name for op in ops if op.answer.records]
    # A wildcard answers for every misspelling, so it proves nothing.
    return "" if unused_name(site) in own else correction(name, own)


def private_host(site: Site, subject: str, found: Addresses) -> Finding:
    """A loopback address works for nobody. A private address is dead for customers and reveals the office network."""
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
        impact="Nothing on this host can be used."
        if needed
        else "Strangers learn how your network is built, and your people reach the host only from inside.",
        fix=f"{subject}.  300  IN  A  <the public IPv4 address of the server>"
        if needed
        else f"Move {subject} to a DNS server of your own network, and delete the public record.",
    )


def registered_domain(site: Site) -> Iterable[str]:
    """Only the registered domain: below it, as in ``app.coach.example``, an alias is correct."""
    return (site.domain,) if registered(site.domain) == site.domain else ()


@rule(
    "DNS014",
    family="dns",
    topic="the domain itself is not an alias",
    subjects=registered_domain,
    after=("DNS002",),
)
def apex_alias(site: Site, subject: str) -> Verdict:
    """The domain itself is not an alias: a name with a CNAME cannot have other records (RFC 1034 section 3.6.2).

    A domain needs NS and SOA records, so a CNAME there is an error and resolvers treat it differently. A missing MX
    or SPF record is a consequence of it.
    """
    found = yield from addresses(subject)
    if not found.chain:
        return FINE
    return [
        apex_alias.fail(
            site,
            subject,
            f"{subject} is an alias of another name, which a domain itself must not be: site and mail can "
            "fail (CNAME at the apex)",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=found.evidence,
            impact="Some visitors see a browser error, and mail to the domain goes wherever the alias leads.",
            fix=[
                f"Delete the CNAME record of {subject}. Add the ALIAS record that your DNS provider offers, or:",
                f"{subject}.  300  IN  A  <the IPv4 address of your server>",
            ],
        )
    ]


LONG = 3600


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "DNS009",
    family="dns",
    topic="a change of address arrives within an hour (TTL)",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    merge=True,
)
def time_to_live(site: Site, subject: str) -> Verdict:
    """Resolvers keep the addresses for an hour at most, so a change at the launch arrives quickly (TTL).

    The remaining time that a resolver reports is a lower bound of the TTL, so the finding is never too strict.
    """
    op = Query(subject, "A")
    yield op
    if not known(op.answer).records:
        return NOT_APPLICABLE
    if op.answer.ttl <= LONG:
        return FINE
    return [
        time_to_live.fail(
            site,
            subject,
            "A change of address takes hours to reach everybody: resolvers may keep the records that long (TTL)",
            severity="low",
            when="can-wait",
            reason="30 days: before the next move",
            score=Score(2, 1, 1),
            minutes=5,
            evidence=f"A {subject} → TTL {op.answer.ttl} s",
            impact="When you move the site, some visitors stay on the old server until the TTL has passed.",
            fix="A day before the launch set the TTL of these records to 300 seconds. Afterwards 3600 is fine.",
        )
    ]


@rule("DNS010", family="dns", topic="unknown names lead nowhere (no wildcard)")
def wildcard(site: Site, subject: str) -> Verdict:
    """Names that do not exist lead nowhere. A wildcard record answers for every misspelling and every old link.

    RFC 4592. Some products need a wildcard: then ignore this code.
    """
    name = unused_name(site)
    address, mail = Query(name, "A"), Query(name, "MX")
    yield AskAll([address, mail])
    found = [op for op in (address, mail) if op.answer.records]
    if not found:
        known(address.answer)
        known(mail.answer)
        return FINE
    kinds = " and ".join(op.rdtype for op in found)
    return [
        wildcard.fail(
            site,
            subject,
            f"Every name below {subject} leads somewhere, misspelled ones too (wildcard {kinds} record)",
            severity="low",
            when="can-wait",
            reason="90 days: right for some products",
            score=Score(1, 2, 1),
            minutes=10,
            evidence=[f"{op.rdtype} {name} → {', '.join(op.answer.records)}" for op in found],
            impact="A missing record goes unnoticed, and links to names that never existed seem to work.",
            fix=f"Create the names that you use and delete the record *.{subject}. If you need the wildcard, "
            "ignore DNS010.",
        )
    ]


@rule("DNS011", family="dns", topic="the site has an IPv6 address", after=("DNS002", "DNS014"))
def ipv6(site: Site, subject: str) -> Verdict:
    """The site can be reached over IPv6. Mobile networks use it, and some have nothing else.

    RFC 6540: IPv6 is no longer optional. Networks without IPv4 translate, so the site still works without it.
    """
    op = Query(site.main, "AAAA")
    yield op
    if known(op.answer).records:
        return FINE
    return [
        ipv6.fail(
            site,
            subject,
            f"{site.main} has no IPv6 address: visitors in some mobile networks are slowed down",
            severity="info",
            when="can-wait",
            reason="90 days: it works without",
            score=Score(1, 1, 1),
            minutes=20,
            evidence=f"AAAA {site.main} → no record",
            impact="Hardly anybody notices. The first page is a little slower in networks without IPv4.",
            fix=f"{site.main}.  300  IN  AAAA  <the IPv6 address of your server, if it has one>",
        )
    ]
