"""Somebody gets the reports about mail in your name (``rua``, RFC 9990)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy, sends_mail
from launchready.checks.site import Site


@rule("MAIL014", family="mail", topic="that reports about your mail go somewhere (DMARC rua)", after=("MAIL005",))
def dmarc_reports(site: Site, subject: str) -> Verdict:
    """Without reports nobody sees which of your services fails. A domain that sends nothing needs none."""
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if policy.found.rua:
        return FINE
    if (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    given = policy.found.tags.get("rua", "")
    what = f"the address {given!r} cannot be used" if given else "no address for reports is given (no rua)"
    kept = "; ".join(f"{name}={value}" for name, value in policy.found.tags.items() if name != "rua")
    return [
        dmarc_reports.fail(
            site,
            subject,
            f"You do not learn when your mail fails, or who forges it: {what} (DMARC)",
            severity="medium",
            when="can-wait",
            reason="30 days: mail arrives without",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{policy.found.records[0]}"',
            impact="A service that signs wrongly goes unnoticed until customers complain.",
            fix=f'_dmarc.{policy.source}.  300  IN  TXT  "{kept}; rua=mailto:dmarc@{policy.source}"',
        )
    ]
