"""The policy for forged mail is meant (``t=y`` takes it one level down, RFC 9989 section 4.7)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site


@rule("MAIL013", family="mail", topic="that the policy for forged mail is not a test", after=("MAIL005", "MAIL006"))
def dmarc_testing(site: Site, subject: str) -> Verdict:
    """With ``t=y`` reject acts as quarantine, and quarantine as none."""
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if not policy.found.testing:
        return FINE
    kept = "; ".join(f"{name}={value}" for name, value in policy.found.tags.items() if name != "t")
    return [
        dmarc_testing.fail(
            site,
            subject,
            f"Forged mail is held back less than it looks: the policy is marked as a test (DMARC t=y), so "
            f"{policy.policy} acts as {policy.acts_as}",
            severity="medium",
            when="can-wait",
            reason="30 days: right while the reports are read",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{policy.found.records[0]}"',
            impact="Others can still imitate your address, or more of it than you think.",
            fix=f'When the reports show that your own mail passes:\n_dmarc.{policy.source}.  300  IN  TXT  "{kept}"',
        )
    ]
