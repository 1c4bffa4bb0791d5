"""The registration of the domain at its registry (RDAP)."""

from datetime import UTC, datetime

from launchready.checks.finding import Score, Severity
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import registration
from launchready.checks.site import Site, registered

DAY = 86_400.0


@rule("REG001", family="registration", topic="the domain stays registered", after=("REG002",))
def registration_expiry(site: Site, subject: str) -> Verdict:
    """The registration of the domain does not end soon (RDAP, RFC 9083).

    Registrars warn by mail, often to an address that nobody reads. After the end the domain leads nowhere for weeks,
    and then anybody can register it.
    """
    found = yield from registration(subject)
    if found is None or found.expires is None:
        return NOT_APPLICABLE
    days = (found.expires - site.now) / DAY
    if days >= 60:
        return FINE
    severity: Severity = "critical" if days < 14 else "high" if days < 30 else "medium"
    soon = days < 30
    name = registered(subject)
    end = datetime.fromtimestamp(found.expires, UTC).strftime("%Y-%m-%d")
    when = f"expires in {int(days)} days" if days >= 0 else f"expired {int(-days)} days ago"
    return [
        registration_expiry.fail(
            site,
            subject,
            f"The registration of the domain {name} {when}: site and mail stop then",
            severity=severity,
            when="48h" if soon else "can-wait",
            reason="customers cannot reach the site" + ("" if days < 0 else " on a date that is known"),
            score=Score(4, 3, 3 if days < 0 else 2 if soon else 1),
            minutes=10,
            evidence=f"RDAP {name} → expiration {end}",
            impact="Everything under the name stops at once. Weeks later anybody can register it.",
            fix=f"Renew {name} at your registrar, switch automatic renewal on, and check the stored card and "
            "mail address.",
        )
    ]


DEAD = {
    "clienthold": "your registrar has stopped it (client hold): an unpaid bill, or an address that was not confirmed",
    "serverhold": "the registry has stopped it (server hold): a dispute, or data that was not confirmed",
    "redemptionperiod": "it was deleted, and can still be bought back (redemption period)",
    "pendingdelete": "it will be deleted within days (pending delete)",
}


@rule("REG002", family="registration", topic="the domain is not on hold")
def registration_hold(site: Site, subject: str) -> Verdict:
    """The registry publishes the domain: it is not on hold (EPP status codes, RFC 8056).

    A domain on hold is not delegated, so it looks as if it did not exist.
    """
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
            fix=f"Log in at your registrar, read its messages about {name}, and follow them today.",
        )
    ]


LOCKS = ("clienttransferprohibited", "servertransferprohibited", "locked", "transferprohibited")


@rule("REG003", family="registration", topic="the domain is locked against transfer", after=("REG002",))
def registration_lock(site: Site, subject: str) -> Verdict:
    """A single form cannot move the domain to another registrar (transfer lock).

    EPP clientTransferProhibited. If a registry publishes no status, nothing is reported.
    """
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
            f"Somebody who gets into your mailbox could move {name} away: no transfer lock at the registrar",
            severity="low",
            when="can-wait",
            reason="90 days: it needs a second thing to go wrong",
            score=Score(4, 1, 1),
            minutes=5,
            evidence=f"RDAP {name} → status {', '.join(found.statuses)}, without clientTransferProhibited",
            impact="Nobody notices until it happens. Then site and mail belong to somebody else.",
            fix=f"At your registrar, switch on the transfer lock of {name} (also called domain lock).",
        )
    ]
