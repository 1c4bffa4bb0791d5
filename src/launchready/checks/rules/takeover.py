"""No name of the domain points to a place at a service that anybody can claim (dangling aliases)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import addresses, named_hosts
from launchready.checks.site import Site
from launchready.checks.takeover import claimable
from launchready.checks.takeover_services import service


def hosts(site: Site) -> Iterable[str]:
    return dict.fromkeys([*site.web, *named_hosts(site)])


@rule(
    "DNS005",
    family="dns",
    topic="that no name points to a place that strangers can claim",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def takeover(site: Site, subject: str) -> Verdict:
    """Evidence is only what the service itself answers for a name that nobody holds: see the list of services. A name
    that does not exist at all is the address check's.
    """
    found = yield from addresses(subject)
    claim = yield from claimable(subject, found)
    if claim is None:
        return FINE if found.chain and service(found.chain) is None else NOT_APPLICABLE
    if not claim.quote:
        return FINE
    return [
        takeover.fail(
            site,
            subject,
            f"A stranger can take over {subject}: it points to a place at {claim.title} that nobody holds (a "
            "dangling CNAME)",
            severity="critical",
            when="48h",
            reason="a stranger can take over a name",
            score=Score(5, 2, 3),
            minutes=15,
            evidence=f"{found.evidence}\nGET {claim.answer.url} → {claim.answer.status}, {claim.quote}",
            impact="Whoever claims it shows their own page under your name, with a valid certificate: a copy of your "
            "login, for example. Cookies of the whole domain may go there as well.",
            fix=f"Delete the CNAME record of {subject}, or create {found.last} again in your {claim.title} account.",
        )
    ]
