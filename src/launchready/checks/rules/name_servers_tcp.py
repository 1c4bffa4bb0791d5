"""Each name server answers over TCP as well: long answers come no other way (RFC 7766)."""

from launchready.checks.facts import authorities
from launchready.checks.finding import Score
from launchready.checks.ops import Query, Together, Undetermined
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site


@rule("DNS016", family="dns", topic="that every name server takes TCP", after=("DNS004", "DNS006"))
def name_servers_tcp(site: Site, subject: str) -> Verdict:
    """A closed port is an answer where another server's is open; where all are closed, it may be closed from here."""
    heard = [one for one in (yield from authorities(subject)) if one.answer.known]
    ops = [Query(subject, "SOA", server=one.address, tcp=True) for one in heard]
    yield Together(ops)
    if not any(op.answer.known for op in ops):
        return NOT_APPLICABLE
    closed = [one for one, op in zip(heard, ops, strict=True) if op.answer.status == "closed"]
    if not closed:
        silent = next((op.answer for op in ops if not op.answer.known), None)
        if silent is not None:
            raise Undetermined(silent.question, silent.reason)
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
