"""The registry has not taken the domain out of the DNS (EPP status codes, RFC 8056)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import registration
from launchready.checks.site import Site, registered

DEAD = {
    "clienthold": "your registrar has stopped it (client hold): an unpaid bill, or an address that was not confirmed",
    "serverhold": "the registry has stopped it (server hold): a dispute, or data that was not confirmed",
    "redemptionperiod": "it was deleted, and can still be bought back (redemption period)",
    "pendingdelete": "it will be deleted within days (pending delete)",
}


@rule("REG002", family="registration", topic="that the domain is not on hold")
def registration_hold(site: Site, subject: str) -> Verdict:
    """A domain on hold is not delegated: it looks as if it did not exist."""
    found = yield from registration(subject)
    if found is None:
        return NOT_APPLICABLE
    reasons = [text for status, text in DEAD.items() if status in found.statuses]
    if not reasons:
        return FINE
    name = registered(subject)
    return [
        registration_hold.fail(
            site,
            subject,
            f"The domain {name} is on hold, or about to be deleted: {reasons[0]}",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=30,
            evidence=f"RDAP {name} → status {', '.join(found.statuses)}",
            impact="Site and mail are gone for everybody.",
            fix=f"Log in at your registrar, look at the messages about {name}, and do what they ask for today.",
        )
    ]
