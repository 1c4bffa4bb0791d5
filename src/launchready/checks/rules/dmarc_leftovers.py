"""The policy for forged mail holds nothing that does nothing: removed, unknown and unreadable tags (RFC 9989)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site


@rule("MAIL016", family="mail", topic="that the policy for forged mail is read as it was meant", after=("MAIL005",))
def dmarc_leftovers(site: Site, subject: str) -> Verdict:
    """RFC 9989 took out pct, rf and ri: a ``pct=20`` that was meant as a start acts as the whole. Unknown tags are
    ignored, so a slip in the name of one is as well.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    found = policy.found
    notes = list(found.problems) + [f"{name} is not a tag of the standard" for name in found.unknown]
    if not notes:
        return FINE
    gone = {*found.removed, *found.unknown}
    kept = "; ".join(f"{name}={value}" for name, value in found.tags.items() if name not in gone)
    return [
        dmarc_leftovers.fail(
            site,
            subject,
            f"A part of your policy for forged mail does nothing: {'; '.join(notes)} (DMARC)",
            severity="low",
            when="can-wait",
            reason="90 days: the rest of the policy acts",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{found.records[0]}"',
            impact="The record says something else than it seems to.",
            fix=f'_dmarc.{policy.source}.  300  IN  TXT  "{kept}"',
        )
    ]
