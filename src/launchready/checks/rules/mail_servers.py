"""The servers that receive mail (MX, STARTTLS, DANE) and those that send it (PTR)."""

import ipaddress

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.operations import AskAll, Query, RunAll, Smtp, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.sanitize import Lines
from launchready.checks.shared_queries import Addresses, addresses, mail_servers, sends_mail, spf_records, sts_policy
from launchready.checks.site import Site
from launchready.mail import spf
from launchready.mail.mx import MX
from launchready.net.addresses import is_public
from launchready.net.answers import SmtpAnswer
from launchready.web import certificate

RECORD = "{}.  300  IN  MX  10  <the host that your mail provider names>."


@rule("MAIL001", family="mail", topic="mail to the domain is delivered", after=("DNS014",))
def mail_delivery(site: Site, subject: str) -> Verdict:
    """Mail to the domain is delivered somewhere (RFC 5321 section 5.1, RFC 7505).

    Without MX records mail goes to the address of the web server, which usually does not accept it.
    """
    servers = yield from mail_servers(subject)
    if servers.kind in ("none", "null"):
        sends = yield from sends_mail(site)
        if sends is False:
            return NOT_APPLICABLE if servers.kind == "none" else FINE
        return [no_mail_servers(site, subject, servers, needed=sends is True)]
    if servers.kind == "null-and-hosts":
        title = f"Mail to {subject} may bounce: a null MX says that it takes no mail, and stands beside a real one"
        fix: Lines = f"Delete the record that holds a single dot: {subject}.  IN  MX  0  ."
        return [mx_finding(site, subject, title, evidence=format_mx(subject, servers), fix=fix)]
    if servers.addresses:
        title = f"Mail to {subject} bounces: its MX is an IP address, but must be the name of the mail server"
        fix = ["Replace the record with one that has a name:", RECORD.format(subject)]
        return [mx_finding(site, subject, title, evidence=format_mx(subject, servers), fix=fix, severity="critical")]
    each = RunAll([addresses(host) for _, host in servers.hosts])
    yield each
    return broken_host(site, subject, each.answer)


def broken_host(site: Site, subject: str, found: list[Addresses]) -> list[Finding]:
    """A finding about a dead server, else about an alias (RFC 2181 section 10.3)."""
    dead = [one for one in found if one.state != "found"]
    inside = [one for one in found if one.addresses and not any(map(is_public, one.addresses))]
    alias = [one for one in found if one.chain]
    if dead:
        gone = ", ".join(one.name for one in dead)
        title = f"Mail to {subject} bounces or is late: its mail server {gone} does not exist (MX)"
        fix = [f"Replace {gone} with the host that your mail provider names:", RECORD.format(subject)]
        evidence = [one.evidence for one in dead]
        return [mx_finding(site, subject, title, evidence=evidence, fix=fix, severity="critical")]
    if inside:
        title = f"Mail to {subject} bounces: its mail server {inside[0].name} has a private address (MX)"
        fix = [
            f"Give {inside[0].name} its public address, or the host of your mail provider:",
            RECORD.format(subject),
        ]
        evidence = [one.evidence for one in inside]
        return [mx_finding(site, subject, title, evidence=evidence, fix=fix, severity="critical")]
    if alias:
        title = f"Some senders cannot deliver to {subject}: its MX {alias[0].name} is only an alias (CNAME)"
        fix = ["Name the mail server itself:", f"{subject}.  300  IN  MX  10  {alias[0].last}."]
        evidence = [one.evidence for one in alias]
        return [mx_finding(site, subject, title, evidence=evidence, fix=fix, severity="medium", when="can-wait")]
    return []


def no_mail_servers(site: Site, subject: str, servers: MX, *, needed: bool) -> Finding:
    what = "says that it takes no mail (null MX)" if servers.kind == "null" else "names no mail server (no MX)"
    title = f"Nobody can answer your mail: {subject} {what}"
    severity: Severity = "high" if needed else "medium"
    evidence = format_mx(subject, servers)
    fix = [RECORD.format(subject), "If the domain should have no mail at all, say so: --no-sends-mail"]
    return mx_finding(
        site, subject, title, evidence=evidence, fix=fix, severity=severity, when="48h" if needed else "can-wait"
    )


def format_mx(subject: str, servers: MX) -> str:
    hosts = ", ".join(f"{preference} {host}" for preference, host in servers.hosts)
    null = "0 ." if servers.kind.startswith("null") else ""
    return f"MX {subject} → {', '.join(filter(None, (null, hosts))) or 'no record'}"


def mx_finding(
    site: Site,
    subject: str,
    title: str,
    *,
    evidence: Lines,
    fix: Lines,
    severity: Severity = "high",
    when: When = "48h",
) -> Finding:
    return mail_delivery.fail(
        site,
        subject,
        title,
        severity=severity,
        when=when,
        reason="mail the product depends on cannot be delivered" if when == "48h" else "30 days",
        score=Score(3, 3 if when == "48h" else 2, 3 if when == "48h" else 1),
        minutes=15,
        evidence=evidence,
        impact="Customers who write to you, or reply to a confirmation, get their mail back.",
        fix=fix,
    )


@rule("MAIL023", family="mail", topic="your mail servers offer encryption (STARTTLS)", after=("MAIL001",))
def starttls(site: Site, subject: str) -> Verdict:
    """The servers that receive your mail offer encryption, with a certificate for their own name (RFC 3207).

    Only the server's own answer is evidence: most networks block port 25, so a timeout proves nothing. A certificate
    matters only if a policy is enforced (RFC 8461 section 4.1); otherwise senders accept any.
    """
    servers = yield from mail_servers(subject)
    ops = [Smtp(host) for _, host in servers.hosts]
    yield AskAll(ops)
    heard = [op for op in ops if op.answer.probed and op.answer.known]
    if not heard:
        return NOT_APPLICABLE
    record, policy, _ = yield from sts_policy(subject)
    enforced = bool(record.valid and policy and policy.valid and policy.mode == "enforce")
    plain = [op.host for op in heard if not op.answer.starttls]
    wrong = [(op.host, trouble(op.answer, op.host, site.now)) for op in heard if op.answer.starttls]
    wrong = [(host, what) for host, what in wrong if what]
    if plain:
        return [
            starttls_finding(site, subject, f"{plain[0]} offers no encryption (no STARTTLS)", plain, enforced=enforced)
        ]
    if wrong and enforced:
        host, what = wrong[0]
        return [starttls_finding(site, subject, f"the certificate of {host} {what}", [host], enforced=True)]
    return FINE if len(heard) == len(ops) else NOT_APPLICABLE


def trouble(answer: SmtpAnswer, host: str, now: float) -> str:
    """Why a sender that enforces the policy refuses the certificate, or ""."""
    facts = answer.tls
    if facts is None or not facts.known:
        return "cannot be read, the handshake fails"
    if facts.names and not certificate.covers(facts.names, host):
        return f"is for {facts.names[0]}"
    if facts.not_after is not None and facts.not_after < now:
        return "has expired"
    return "is from an authority that nobody trusts" if facts.trusted is False else ""


def starttls_finding(site: Site, subject: str, what: str, hosts: list[str], *, enforced: bool) -> Finding:
    return starttls.fail(
        site,
        subject,
        f"Mail to you is not delivered by Gmail and Outlook: {what}, and your policy (MTA-STS) insists on it"
        if enforced
        else f"Mail to you travels in the open: {what}",
        severity="critical" if enforced else "medium",
        when="48h" if enforced else "can-wait",
        reason="mail the product depends on is refused" if enforced else "30 days: mail arrives",
        score=Score(3, 3, 3) if enforced else Score(2, 2, 1),
        minutes=30,
        evidence=[f"SMTP {host}:25 → {what}" for host in hosts],
        impact="Everybody on the way can read it." if not enforced else "Customers get their mail back after days.",
        fix="Give the mail server a certificate for its own name, and switch TLS on (Postfix: "
        "smtpd_tls_security_level = may, smtpd_tls_chain_files).",
    )


# Section 3.1: usage 3 (this certificate) or 2 (this authority). The other two have no meaning for mail.
USABLE = ("2", "3")


@rule("MAIL021", family="mail", topic="pinned certificates of mail servers are valid (DANE)", after=("MAIL001",))
def dane(site: Site, subject: str) -> Verdict:
    """Certificates of mail servers that are pinned in the DNS (DANE, RFC 7672) count only if the DNS is signed.

    Section 2.2: a TLSA record counts if the resolver has validated it and the MX record.
    """
    servers = yield from mail_servers(subject)
    mx = Query(subject, "MX")
    ops = [Query(f"_25._tcp.{host}", "TLSA") for _, host in servers.hosts]
    yield AskAll([mx, *ops])
    found = [op for op in ops if op.answer.records]
    if not found:
        return NOT_APPLICABLE
    unsigned = [op for op in found if not op.answer.authenticated or not mx.answer.authenticated]
    useless = [op for op in found if not any(record.split()[0] in USABLE for record in op.answer.records)]
    if not unsigned and not useless:
        return FINE
    why = "the DNS is not signed (TLSA without DNSSEC)" if unsigned else "their usage is neither 2 nor 3 (TLSA)"
    return [
        dane.fail(
            site,
            subject,
            f"The certificates that you pinned for your mail servers have no effect: {why} (DANE)",
            severity="low",
            when="can-wait",
            reason="90 days: mail arrives without",
            score=Score(1, 1, 1),
            minutes=30,
            evidence=[f"TLSA {op.name} → {', '.join(op.answer.records)}" for op in unsigned or useless],
            impact="Senders ignore the records, as if they did not exist.",
            fix="Switch DNSSEC on for the domain and for the domain of the mail server, or delete the TLSA records."
            if unsigned
            else "Publish them with usage 3: the certificate itself.",
        )
    ]


MOST_ADDRESSES = 5


@rule("MAIL024", family="mail", topic="your own sending servers have names (PTR)", after=("MAIL002", "MAIL003"))
def sender_ptr(site: Site, subject: str) -> Verdict:
    """The address of each of your own sending servers has a name that leads back to it (PTR). Gmail requires it.

    Gmail's rules for senders: a PTR record, and an address record of that name that leads back. Only single addresses
    in the domain's own SPF record are checked: ranges belong to services, which manage their own names.
    """
    found = yield from spf_records(subject)
    if len(found) != 1 or (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    own = [
        term.network.partition("/")[0] for term in spf.parse(found[0]).terms if term.network.endswith(("/32", "/128"))
    ]
    if not own:
        return NOT_APPLICABLE
    ops = {address: Query(ipaddress.ip_address(address).reverse_pointer, "PTR") for address in own[:MOST_ADDRESSES]}
    yield AskAll(ops.values())
    nameless = [address for address, op in ops.items() if op.answer.status in ("empty", "nxdomain")]
    if not nameless:
        for op in ops.values():
            known(op.answer)
        return FINE
    return [
        sender_ptr.fail(
            site,
            subject,
            f"Gmail may refuse mail from your own server {nameless[0]}: its address has no name (PTR record)",
            severity="low",
            when="can-wait",
            reason="30 days: it matters only if you send from there",
            score=Score(3, 1, 1),
            minutes=20,
            evidence=[f"PTR {address} → no record" for address in nameless],
            impact="Mail from this server bounces with 550-5.7.25 at Gmail.",
            fix="At the host of the server, set the reverse DNS of the address to its name. If you no longer "
            "send from there, remove the address from the SPF record.",
        )
    ]
