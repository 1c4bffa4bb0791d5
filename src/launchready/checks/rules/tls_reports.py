"""Somebody learns when mail to you cannot be delivered encrypted (TLS-RPT, RFC 8460)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Txt, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers
from launchready.checks.site import Site
from launchready.mail import tls_rpt


@rule("MAIL020", family="mail", topic="reports about undelivered encrypted mail (TLS-RPT)", after=("MAIL001",))
def tls_reports(site: Site, subject: str) -> Verdict:
    """Section 3: exactly one record, with mailto: or https:. It matters most where MTA-STS is enforced."""
    servers = yield from mail_servers(subject)
    if servers.kind not in ("hosts", "null-and-hosts"):
        return NOT_APPLICABLE
    op = Txt(f"_smtp._tls.{subject}")
    yield op
    found = tls_rpt.parse(known(op.answer).records)
    if found.valid:
        return FINE
    seen = [f'TXT {op.name} → "{text}"' for text in found.records] or [f"TXT {op.name} → no record"]
    return [
        tls_reports.fail(
            site,
            subject,
            "You do not learn when encrypted mail to you fails: "
            + (
                "the record for such reports is broken (TLS-RPT)"
                if found.present
                else "no reports are asked for (TLS-RPT)"
            ),
            severity="low",
            when="can-wait",
            reason="90 days: mail arrives without",
            score=Score(1, 1, 1),
            minutes=10,
            evidence="\n".join([*seen, *found.problems]),
            impact="An expired certificate on your mail server goes unnoticed.",
            fix=f'{op.name}.  300  IN  TXT  "v=TLSRPTv1; rua=mailto:tlsrpt@{subject}"',
        )
    ]
