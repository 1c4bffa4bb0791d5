"""The records of the domain are signed (DNSSEC, RFC 9364), so that nobody can answer in their place."""

from launchready.checks.finding import Score
from launchready.checks.operations import Query, Together, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site, registered


@rule("DNS012", family="dns", topic="that the records of the domain are signed (DNSSEC)")
def dnssec(site: Site, subject: str) -> Verdict:
    """Signed is what the parent vouches for (DS), or what the resolver has checked (AD). Whether the signatures are
    right is the first question of all: see DNS001.
    """
    name = registered(subject)
    ds, soa = Query(name, "DS"), Query(subject, "SOA")
    yield Together([ds, soa])
    if soa.answer.authenticated or known(ds.answer).records:
        return FINE
    return [
        dnssec.fail(
            site,
            subject,
            f"The records of {name} are not signed (DNSSEC is off)",
            severity="info",
            when="can-wait",
            reason="90 days: it needs an attacker between you and a resolver",
            score=Score(1, 1, 1),
            minutes=15,
            evidence=f"DS {name} → no record",
            impact="Nobody notices. Some certificates and encrypted mail (DANE) build on it.",
            fix="Switch DNSSEC on at your DNS provider, and enter the DS record that it shows at your registrar.",
        )
    ]
