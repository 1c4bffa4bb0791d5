"""Certificates of mail servers that are pinned in the DNS (DANE, RFC 7672) count only where the DNS is signed."""

from launchready.checks.finding import Score
from launchready.checks.operations import Query, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers
from launchready.checks.site import Site

# Section 3.1: usage 3 (this certificate) or 2 (this authority); the other two mean nothing for mail.
USABLE = ("2", "3")


@rule("MAIL021", family="mail", topic="that pinned certificates of mail servers count (DANE)", after=("MAIL001",))
def dane(site: Site, subject: str) -> Verdict:
    """Section 2.2: TLSA counts when the resolver has checked the signatures of it and of the MX."""
    servers = yield from mail_servers(subject)
    mx = Query(subject, "MX")
    ops = [Query(f"_25._tcp.{host}", "TLSA") for _, host in servers.hosts]
    yield Together([mx, *ops])
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
            f"The certificates that you pinned for your mail servers count for nothing: {why} (DANE)",
            severity="low",
            when="can-wait",
            reason="90 days: mail arrives without",
            score=Score(1, 1, 1),
            minutes=30,
            evidence="\n".join(f"TLSA {op.name} → {', '.join(op.answer.records)}" for op in unsigned or useless),
            impact="Senders ignore the records, as if there were none.",
            fix="Switch DNSSEC on for the domain and for the domain of the mail server, or delete the TLSA records."
            if unsigned
            else "Publish them with usage 3: the certificate itself.",
        )
    ]
