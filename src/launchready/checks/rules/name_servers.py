"""The name servers of the domain, and DNSSEC."""

import ipaddress

from launchready.checks.finding import Score
from launchready.checks.operations import AskAll, Query, RunAll, Undetermined, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import MAX_SERVERS, addresses, authorities
from launchready.checks.site import Site, registered


@rule("DNS004", family="dns", topic="the domain has two working name servers")
def name_servers(site: Site, subject: str) -> Verdict:
    """The domain has at least two name servers (RFC 2182 section 5), and each has an address.

    DNS006 checks whether each server answers for the domain.
    """
    op = Query(subject, "NS")
    yield op
    servers = known(op.answer).records[:MAX_SERVERS]
    if not servers:
        return NOT_APPLICABLE
    each = RunAll([addresses(server) for server in servers])
    yield each
    dead = [found for found in each.answer if found.state != "found"]
    if dead:
        gone = ", ".join(found.name for found in dead)
        return [
            name_servers.fail(
                site,
                subject,
                f"Some visitors cannot find {subject}: a name server of the domain does not exist: {gone}",
                severity="high",
                when="48h",
                reason="customers cannot reach the site",
                score=Score(4, 3 if len(dead) == len(servers) else 2, 3),
                minutes=20,
                evidence=[found.evidence for found in dead],
                impact="Every lookup that picks this server is slow or fails.",
                fix=f"At your registrar, replace {gone} with the name servers that your DNS provider shows.",
            )
        ]
    if len(servers) == 1:
        return [
            name_servers.fail(
                site,
                subject,
                f"When one machine fails, {subject} is gone: the domain has a single name server",
                severity="medium",
                when="can-wait",
                reason="30 days: it breaks only if something else fails",
                score=Score(4, 3, 1),
                minutes=20,
                evidence=f"NS {subject} → {servers[0]}",
                impact="Site and mail depend on one machine of the DNS provider.",
                fix="At your registrar, add a second name server of your DNS provider.",
            )
        ]
    return FINE


@rule("DNS006", family="dns", topic="every name server answers for the domain", after=("DNS004",))
def name_servers_answer(site: Site, subject: str) -> Verdict:
    """Each name server that the registrar lists answers for the domain (RFC 1034 section 4.2.2: not lame).

    Each server is asked directly. An answer without authority (AA) or a refusal is lame; a timeout proves nothing. If
    no server can be reached, port 53 is probably closed here, and nothing is reported.
    """
    servers = [one for one in (yield from authorities(subject)) if one.answer.status != "unasked"]
    heard = [one for one in servers if one.answer.status not in ("timeout", "broken")]
    if not heard:
        return NOT_APPLICABLE
    lame = [one for one in heard if not one.answer.authoritative or not one.answer.known]
    if not lame:
        silent = next((one for one in servers if one not in heard), None)
        if silent is not None:
            raise Undetermined(silent.answer.question, silent.answer.reason)
        return FINE
    names = ", ".join(dict.fromkeys(one.name for one in lame))
    return [
        name_servers_answer.fail(
            site,
            subject,
            f"Some visitors cannot find {subject}: a name server that is listed for it does not know it: {names}",
            severity="high",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3 if len(lame) == len(servers) else 2, 3),
            minutes=20,
            evidence=[
                f"SOA {subject} at {one.name} ({one.address}) → {one.answer.reason or 'an answer without authority'}"
                " (lame)"
                for one in lame
            ],
            impact="Every lookup that picks this server fails or is late, and chance decides which one is picked.",
            fix=f"Have your DNS provider serve {subject} on {names}, or replace them at your registrar with "
            "the name servers that your DNS provider shows.",
        )
    ]


@rule("DNS016", family="dns", topic="every name server accepts TCP", after=("DNS004", "DNS006"))
def name_servers_tcp(site: Site, subject: str) -> Verdict:
    """Each name server answers over TCP, too: long answers arrive in no other way (RFC 7766).

    A closed port counts only if another server's is open. If all are closed, TCP may be blocked on this side.
    """
    each = RunAll([authorities(subject), authorities(subject, tcp=True)])
    yield each
    asked = [long for short, long in zip(*each.answer, strict=True) if short.answer.known]
    if not any(one.answer.known for one in asked):
        return NOT_APPLICABLE
    closed = [one for one in asked if one.answer.status == "closed"]
    if not closed:
        for one in asked:
            known(one.answer)
        return FINE
    names = ", ".join(one.name for one in closed)
    return [
        name_servers_tcp.fail(
            site,
            subject,
            f"Long records of {subject} are lost for some receivers: the name server {names} does not accept TCP",
            severity="medium",
            when="can-wait",
            reason="30 days: short answers arrive",
            score=Score(3, 1, 2),
            minutes=30,
            evidence=[f"SOA {subject} at {one.name} ({one.address}) over TCP → refused" for one in closed],
            impact="A mail signature or a list of senders that does not fit into one packet is not found.",
            fix=f"Open TCP port 53 on {names}, in its firewall and in its DNS software.",
        )
    ]


@rule("DNS013", family="dns", topic="the name servers are in different networks", after=("DNS004", "DNS006"))
def name_servers_diversity(site: Site, subject: str) -> Verdict:
    """The name servers are not all in one network (RFC 2182 section 3.1).

    One network is a /24 of IPv4 or a /48 of IPv6: a single router or a single mistake can take it down.
    """
    op = Query(subject, "NS")
    yield op
    servers = known(op.answer).records[:MAX_SERVERS]
    if len(servers) < 2:
        return NOT_APPLICABLE
    each = RunAll([addresses(server) for server in servers])
    yield each
    found = [address for one in each.answer for address in one.addresses]
    if not found or len({network(address) for address in found}) > 1:
        return FINE
    return [
        name_servers_diversity.fail(
            site,
            subject,
            f"When one network fails, {subject} is gone: all its name servers are in {network(found[0])}",
            severity="low",
            when="can-wait",
            reason="90 days: it breaks only if something else fails",
            score=Score(4, 1, 1),
            minutes=30,
            evidence=[one.evidence for one in each.answer],
            impact="Site and mail depend on one network of the DNS provider.",
            fix="Use a DNS provider whose name servers are in several networks.",
        )
    ]


def network(address: str) -> str:
    length = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


@rule("DNS007", family="dns", topic="the name servers have the same records", after=("DNS004", "DNS006"))
def soa_serial(site: Site, subject: str) -> Verdict:
    """All name servers serve the same version of the zone (RFC 1912 section 2.2).

    The serial number of the SOA record shows the version. It differs for minutes after a change, and for good when a
    server no longer updates.
    """
    asked = yield from authorities(subject)
    serials = {one.name: one.answer.records[0].split()[2] for one in asked if one.answer.records}
    if len(serials) < 2:
        return NOT_APPLICABLE
    if len(set(serials.values())) == 1:
        return FINE
    shown = ", ".join(f"{name} {serial}" for name, serial in serials.items())
    return [
        soa_serial.fail(
            site,
            subject,
            f"The name servers of {subject} serve different versions of its records (the SOA serial differs)",
            severity="low",
            when="can-wait",
            reason="90 days: normal for minutes after a change",
            score=Score(2, 1, 1),
            minutes=10,
            evidence=f"SOA {subject} → {shown}",
            impact="Visitors may see an old address, depending on the server that answers.",
            fix="Wait an hour and check again. If it stays, ask your DNS provider why one server is behind.",
        )
    ]


@rule("DNS012", family="dns", topic="the records of the domain are signed (DNSSEC)")
def dnssec(site: Site, subject: str) -> Verdict:
    """The records of the domain are signed, so that nobody can forge answers (DNSSEC, RFC 9364).

    The domain counts as signed if the parent has a DS record or the resolver has validated an answer (AD). DNS001
    reports wrong signatures.
    """
    name = registered(subject)
    ds, soa = Query(name, "DS"), Query(subject, "SOA")
    yield AskAll([ds, soa])
    if soa.answer.authenticated or known(ds.answer).records:
        return FINE
    return [
        dnssec.fail(
            site,
            subject,
            f"The records of {name} are not signed (DNSSEC is off)",
            severity="info",
            when="can-wait",
            reason="90 days: it needs an attacker between you and a resolver",
            score=Score(1, 1, 1),
            minutes=15,
            evidence=f"DS {name} → no record",
            impact="Nobody notices. Some certificates and encrypted mail (DANE) depend on it.",
            fix="Switch DNSSEC on at your DNS provider, and enter the DS record that it shows at your registrar.",
        )
    ]
