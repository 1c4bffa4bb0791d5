"""All name servers serve the same version of the zone (RFC 1912 section 2.2)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import authorities
from launchready.checks.site import Site


@rule("DNS007", family="dns", topic="that the name servers agree", after=("DNS004", "DNS006"))
def soa_serial(site: Site, subject: str) -> Verdict:
    """The serial number in the SOA record: it differs for minutes after a change, and for good when one is stuck."""
    asked = yield from authorities(subject)
    serials = {one.name: one.answer.records[0].split()[2] for one in asked if one.answer.records}
    if len(serials) < 2:
        return NOT_APPLICABLE
    if len(set(serials.values())) == 1:
        return FINE
    shown = ", ".join(f"{name} {serial}" for name, serial in serials.items())
    return [
        soa_serial.fail(
            site,
            subject,
            f"The name servers of {subject} serve different versions of its records (the SOA serial differs)",
            severity="low",
            when="can-wait",
            reason="90 days: normal for minutes after a change",
            score=Score(2, 1, 1),
            minutes=10,
            evidence=f"SOA {subject} → {shown}",
            impact="Visitors may see an old address, depending on the server that answers.",
            fix="Wait an hour and check again; if it stays, ask your DNS provider why one server is behind.",
        )
    ]
