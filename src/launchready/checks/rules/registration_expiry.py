"""The registration of the domain does not end soon (RDAP, RFC 9083)."""

from datetime import UTC, datetime

from launchready.checks.finding import Score, Severity
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import registration
from launchready.checks.site import Site, registered

DAY = 86_400.0


@rule("REG001", family="registration", topic="how long the domain is registered", after=("REG002",))
def registration_expiry(site: Site, subject: str) -> Verdict:
    """Registrars warn by mail, often to an address that nobody reads any more. After the end come weeks in which the
    domain leads nowhere, and then it is free for anybody.
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
            f"The registration of the domain {name} {when}: then site and mail are gone",
            severity=severity,
            when="48h" if soon else "can-wait",
            reason="customers cannot reach the site" + ("" if days < 0 else " on a date that is known"),
            score=Score(4, 3, 3 if days < 0 else 2 if soon else 1),
            minutes=10,
            evidence=f"RDAP {name} → expiration {end}",
            impact="Everything under the name stops at once; weeks later anybody can register it.",
            fix=f"Renew {name} at your registrar, switch automatic renewal on, and look at the card and the mail "
            "address that are stored there.",
        )
    ]
