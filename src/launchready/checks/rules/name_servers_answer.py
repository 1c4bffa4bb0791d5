"""Each name server that is entered at the registrar answers for the domain (RFC 1034 section 4.2.2: not lame)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Undetermined
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import authorities
from launchready.checks.site import Site


@rule("DNS006", family="dns", topic="that every name server answers for the domain", after=("DNS004",))
def name_servers_answer(site: Site, subject: str) -> Verdict:
    """Asked directly: an answer without authority (AA), or a refusal, is lame; silence of one proves nothing. Where
    none can be reached at all, port 53 is closed from here, and nothing is said.
    """
    servers = [one for one in (yield from authorities(subject)) if one.answer.status != "unasked"]
    heard = [one for one in servers if one.answer.status not in ("timeout", "broken")]
    if not heard:
        return NOT_APPLICABLE
    lame = [one for one in heard if not one.answer.authoritative or not one.answer.known]
    if not lame:
        silent = next((one for one in servers if one not in heard), None)
        if silent is not None:
            raise Undetermined(silent.answer.question, silent.answer.reason)
        return FINE
    names = ", ".join(dict.fromkeys(one.name for one in lame))
    return [
        name_servers_answer.fail(
            site,
            subject,
            f"Some visitors cannot find {subject}: a name server that is entered for it does not know it: {names}",
            severity="high",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3 if len(lame) == len(servers) else 2, 3),
            minutes=20,
            evidence="\n".join(
                f"SOA {subject} at {one.name} ({one.address}) → {one.answer.reason or 'an answer without authority'}"
                " (lame)"
                for one in lame
            ),
            impact="Every look-up that picks this server fails or is late; which one, is chance.",
            fix=f"Have your DNS provider serve {subject} on {names}, or at your registrar replace them by those "
            "that your DNS provider shows.",
        )
    ]
