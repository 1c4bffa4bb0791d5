"""The policy for forged mail asks for something: ``p=none`` only watches (RFC 9989 section 4.7)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site


@rule("MAIL006", family="mail", topic="that forged mail is held back (DMARC policy)", after=("MAIL005",))
def dmarc_none(site: Site, subject: str) -> Verdict:
    """Right for the first weeks, while the reports are read; after that it protects nobody."""
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if policy.policy != "none":
        return FINE
    record = policy.found.records[0]
    reports = ",".join(policy.found.rua) or f"mailto:dmarc@{subject}"
    return [
        dmarc_none.fail(
            site,
            subject,
            f"Others can still imitate your address: {subject} asks receivers to let forged mail pass (DMARC p=none)",
            severity="medium",
            when="can-wait",
            reason="30 days: first read two to four weeks of reports",
            score=Score(1, 3, 1),
            minutes=30,
            evidence=f'TXT _dmarc.{policy.source} → "{record}"',
            impact="Customers may get mail that looks like yours; providers trust your own mail less.",
            fix="When the reports show that your own mail passes:\n"
            f'_dmarc.{subject}.  300  IN  TXT  "v=DMARC1; p=quarantine; rua={reports}"',
        )
    ]
