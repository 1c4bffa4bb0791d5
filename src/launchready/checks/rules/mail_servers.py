"""Mail to the domain is delivered somewhere (RFC 5321 section 5.1, RFC 7505)."""

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.operations import Each
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import Addresses, addresses, mail_servers, sends_mail
from launchready.checks.site import Site
from launchready.mail.mx import MX
from launchready.net.addresses import is_public

RECORD = "{}.  300  IN  MX  10  <the host that your mail provider names>."


@rule("MAIL001", family="mail", topic="where mail to the domain goes", after=("DNS014",))
def mail_delivery(site: Site, subject: str) -> Verdict:
    """Without MX records mail falls back to the web server's address, where nobody usually takes it."""
    servers = yield from mail_servers(subject)
    if servers.kind in ("none", "null"):
        sends = yield from sends_mail(site)
        if sends is False:
            return NOT_APPLICABLE if servers.kind == "none" else FINE
        return [nowhere(site, subject, servers, needed=sends is True)]
    if servers.kind == "null-and-hosts":
        title = f"Mail to {subject} may come back: a null MX says that it takes no mail, and stands beside a real one"
        fix = f"Delete the record that holds a single dot: {subject}.  IN  MX  0  ."
        return [finding(site, subject, title, evidence=shown(subject, servers), fix=fix)]
    if servers.addresses:
        title = f"Mail to {subject} comes back: its MX is an IP address, and has to be the name of the mail server"
        fix = f"Replace the record by one with a name:\n{RECORD.format(subject)}"
        return [finding(site, subject, title, evidence=shown(subject, servers), fix=fix, severity="critical")]
    each = Each([addresses(host) for _, host in servers.hosts])
    yield each
    return judged(site, subject, each.answer)


def judged(site: Site, subject: str, found: list[Addresses]) -> list[Finding]:
    """A dead server, else an alias (RFC 2181 section 10.3)."""
    dead = [one for one in found if one.state != "found"]
    inside = [one for one in found if one.addresses and not any(map(is_public, one.addresses))]
    alias = [one for one in found if one.chain]
    if dead:
        gone = ", ".join(one.name for one in dead)
        title = f"Mail to {subject} comes back or is late: its mail server {gone} does not exist (MX)"
        fix = f"Replace {gone} by the host that your mail provider names:\n{RECORD.format(subject)}"
        evidence = "\n".join(one.evidence for one in dead)
        return [finding(site, subject, title, evidence=evidence, fix=fix, severity="critical")]
    if inside:
        title = f"Mail to {subject} comes back: its mail server {inside[0].name} has a private address (MX)"
        fix = f"Give {inside[0].name} its public address, or name the host that your mail provider gives you:\n"
        evidence = "\n".join(one.evidence for one in inside)
        return [finding(site, subject, title, evidence=evidence, fix=fix + RECORD.format(subject), severity="critical")]
    if alias:
        title = f"Some senders cannot deliver to {subject}: its MX {alias[0].name} is only an alias (CNAME)"
        fix = f"Name the mail server itself:\n{subject}.  300  IN  MX  10  {alias[0].last}."
        evidence = "\n".join(one.evidence for one in alias)
        return [finding(site, subject, title, evidence=evidence, fix=fix, severity="medium", when="can-wait")]
    return []


def nowhere(site: Site, subject: str, servers: MX, *, needed: bool) -> Finding:
    what = (
        "says that it takes no mail (null MX)" if servers.kind == "null" else "names no server that takes mail (no MX)"
    )
    title = f"Nobody can answer your mail: {subject} {what}"
    severity: Severity = "high" if needed else "medium"
    evidence = shown(subject, servers)
    fix = f"{RECORD.format(subject)}\nIf the domain shall not have mail at all, say so: --no-sends-mail"
    return finding(
        site, subject, title, evidence=evidence, fix=fix, severity=severity, when="48h" if needed else "can-wait"
    )


def shown(subject: str, servers: MX) -> str:
    hosts = ", ".join(f"{preference} {host}" for preference, host in servers.hosts)
    null = "0 ." if servers.kind.startswith("null") else ""
    return f"MX {subject} → {', '.join(filter(None, (null, hosts))) or 'no record'}"


def finding(
    site: Site,
    subject: str,
    title: str,
    *,
    evidence: str,
    fix: str,
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
