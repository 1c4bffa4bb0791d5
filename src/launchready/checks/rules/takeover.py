"""TOPIC takeover"""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import RunAll, Subdomains, Undetermined, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import Addresses, addresses, named_hosts
from launchready.checks.site import Site
from launchready.checks.takeover import find_unclaimed
from launchready.checks.takeover_services import find_service
from launchready.exchange.operations import Flow


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
    """No name of the domain points to a place at a service that anybody can claim (dangling aliases).

    Evidence is only what the service itself answers for a name that nobody holds: see the list of services. A name
    that does not exist at all is the address check's.
    """
    found = yield from addresses(subject)
    claim = yield from find_unclaimed(subject, found)
    if claim is None:
        return FINE if found.chain and find_service(found.chain) is None else NOT_APPLICABLE
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


MOST_NAMES = 100


MOST_SHOWN = 12


@rule("DNS015", family="dns", topic="that no forgotten name can be taken over")
def forgotten_names(site: Site, subject: str) -> Verdict:
    """Names that were forgotten lead to nothing that a stranger can claim: see certificate transparency logs.

    Where the names come from is the caller's (``subdomains``): no log has an interface that stays. Each that was
    not named is looked at: an alias whose target is gone, or that a service has for nobody.
    """
    op = Subdomains(subject)
    yield op
    if not op.answer.probed:
        return NOT_APPLICABLE
    told = {site.domain, site.www, *site.hosts, *named_hosts(site)}
    strange = [name for name in known(op.answer).names if name not in told]
    each = RunAll([inspect_name(name) for name in strange[:MOST_NAMES]])
    yield each
    open_to = [(name, evidence) for name, evidence, _ in each.answer if evidence]
    if open_to:
        return [takeover_finding(site, name, evidence) for name, evidence in open_to]
    unknown = next((silent for _, _, silent in each.answer if silent), None)
    if unknown is not None:
        raise unknown
    return [forgotten_finding(site, subject, strange)] if strange else FINE


def inspect_name(name: str) -> Flow[tuple[str, str, Undetermined | None]]:
    """The name; what shows that it can be claimed, or ""; why that is not known, or None."""
    try:
        found: Addresses = yield from addresses(name)
        if found.chain and found.state != "found":
            return name, found.evidence, None
        claim = yield from find_unclaimed(name, found)
    except Undetermined as silent:
        return name, "", silent
    if claim is None or not claim.quote:
        return name, "", None
    return name, f"{found.evidence}\nGET {claim.answer.url} → {claim.answer.status}, {claim.quote}", None


def takeover_finding(site: Site, name: str, evidence: str) -> Finding:
    return forgotten_names.fail(
        site,
        name,
        f"A stranger can take over {name}, which was forgotten: it points to what nobody holds (a dangling CNAME)",
        severity="critical",
        when="48h",
        reason="a stranger can take over a name",
        score=Score(5, 2, 3),
        minutes=10,
        evidence=evidence,
        impact="Whoever claims the target shows their own page under your name, with a valid certificate.",
        fix=f"Delete the record of {name}.",
    )


def forgotten_finding(site: Site, subject: str, names: list[str]) -> Finding:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return forgotten_names.fail(
        site,
        subject,
        f"Names of {subject} that you did not name have certificates: {len(names)}",
        severity="info",
        when="can-wait",
        reason="90 days: none of them can be taken over",
        score=Score(1, 1, 1),
        minutes=15,
        evidence=", ".join(names[:MOST_SHOWN]) + more,
        impact="What was forgotten is not updated either.",
        fix="Name those that you use (--hosts), and delete the records of the others.",
    )
