"""The servers that take your mail offer encryption, with a certificate of their own name (RFC 3207)."""

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Smtp, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers, sts_policy
from launchready.checks.site import Site
from launchready.net.answers import SmtpAnswer
from launchready.web import certificate


@rule("MAIL023", family="mail", topic="that your mail servers offer encryption (STARTTLS)", after=("MAIL001",))
def starttls(site: Site, subject: str) -> Verdict:
    """Only what a server says itself is evidence: port 25 is closed from most networks, so silence says nothing. A
    certificate matters where a policy is enforced (RFC 8461 section 4.1); else senders take any.
    """
    servers = yield from mail_servers(subject)
    ops = [Smtp(host) for _, host in servers.hosts]
    yield Together(ops)
    heard = [op for op in ops if op.answer.probed and op.answer.known]
    if not heard:
        return NOT_APPLICABLE
    record, policy, _ = yield from sts_policy(subject)
    enforced = bool(record.valid and policy and policy.valid and policy.mode == "enforce")
    plain = [op.host for op in heard if not op.answer.starttls]
    wrong = [(op.host, trouble(op.answer, op.host, site.now)) for op in heard if op.answer.starttls]
    wrong = [(host, what) for host, what in wrong if what]
    if plain:
        return [finding(site, subject, f"{plain[0]} offers no encryption (no STARTTLS)", plain, enforced=enforced)]
    if wrong and enforced:
        host, what = wrong[0]
        return [finding(site, subject, f"the certificate of {host} {what}", [host], enforced=True)]
    return FINE if len(heard) == len(ops) else NOT_APPLICABLE


def trouble(answer: SmtpAnswer, host: str, now: float) -> str:
    """What a sender that insists would object to."""
    facts = answer.tls
    if facts is None or not facts.known:
        return "cannot be read, the handshake fails"
    if facts.names and not certificate.covers(facts.names, host):
        return f"is for {facts.names[0]}"
    if facts.not_after is not None and facts.not_after < now:
        return "has expired"
    return "is from an authority that nobody knows" if facts.trusted is False else ""


def finding(site: Site, subject: str, what: str, hosts: list[str], *, enforced: bool) -> Finding:
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
        evidence="\n".join(f"SMTP {host}:25 → {what}" for host in hosts),
        impact="Everybody on the way can read it." if not enforced else "Customers get their mail back after days.",
        fix="Give the mail server a certificate for its own name, and switch TLS on (Postfix: smtpd_tls_security_level "
        "= may, smtpd_tls_chain_files).",
    )
