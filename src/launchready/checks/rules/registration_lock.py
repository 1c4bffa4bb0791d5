"""The domain cannot be carried off to another registrar by a single form (transfer lock)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import registration
from launchready.checks.site import Site, registered

LOCKS = ("clienttransferprohibited", "servertransferprohibited", "locked", "transferprohibited")


@rule("REG003", family="registration", topic="that the domain is locked against transfer", after=("REG002",))
def registration_lock(site: Site, subject: str) -> Verdict:
    """EPP clientTransferProhibited. A registry that names no status says nothing about it."""
    found = yield from registration(subject)
    if found is None or not found.statuses:
        return NOT_APPLICABLE
    if any(lock in found.statuses for lock in LOCKS):
        return FINE
    name = registered(subject)
    return [
        registration_lock.fail(
            site,
            subject,
            f"{name} could be moved away by somebody who gets into your mailbox: no transfer lock at the registrar",
            severity="low",
            when="can-wait",
            reason="90 days: it needs a second thing to go wrong",
            score=Score(4, 1, 1),
            minutes=5,
            evidence=f"RDAP {name} → status {', '.join(found.statuses)}, without clientTransferProhibited",
            impact="Nobody notices until it happens; then site and mail belong to somebody else.",
            fix=f"At your registrar switch the transfer lock of {name} on (also called domain lock).",
        )
    ]
