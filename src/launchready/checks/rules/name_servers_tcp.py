"""Each name server answers over TCP as well: long answers come no other way (RFC 7766)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Each, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import authorities
from launchready.checks.site import Site


@rule("DNS016", family="dns", topic="that every name server takes TCP", after=("DNS004", "DNS006"))
def name_servers_tcp(site: Site, subject: str) -> Verdict:
    """A closed port is an answer where another server's is open; where all are closed, it may be closed from here."""
    each = Each([authorities(subject), authorities(subject, tcp=True)])
    yield each
    asked = [long for short, long in zip(*each.answer, strict=True) if short.answer.known]
    if not any(one.answer.known for one in asked):
        return NOT_APPLICABLE
    closed = [one for one in asked if one.answer.status == "closed"]
    if not closed:
        for one in asked:
            known(one.answer)
        return FINE
    names = ", ".join(one.name for one in closed)
    return [
        name_servers_tcp.fail(
            site,
            subject,
            f"Long records of {subject} are lost for some: the name server {names} takes no TCP",
            severity="medium",
            when="can-wait",
            reason="30 days: short answers arrive",
            score=Score(3, 1, 2),
            minutes=30,
            evidence="\n".join(f"SOA {subject} at {one.name} ({one.address}) over TCP → refused" for one in closed),
            impact="A mail signature or a list of senders that does not fit into one packet is not found.",
            fix=f"Open TCP port 53 of {names}, in its firewall and in its DNS software.",
        )
    ]
