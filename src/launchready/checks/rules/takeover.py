"""Names that a stranger can take over: aliases of places that nobody holds any more."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import RunAll, Subdomains, Undetermined, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.sanitize import Lines
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
    topic="no name points to a place that a stranger can claim",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def takeover(site: Site, subject: str) -> Verdict:
    """No name of the domain points to an unclaimed place at a service (dangling alias).

    The only evidence is the answer of the service itself for an unclaimed name. DNS003 reports a name that does not
    exist.
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
            f"A stranger can take over {subject}: it points to a place at {claim.title} that nobody holds "
            "(a dangling CNAME)",
            severity="critical",
            when="48h",
            reason="a stranger can take over a name",
            score=Score(5, 2, 3),
            minutes=15,
            evidence=[found.evidence, f"GET {claim.answer.url} → {claim.answer.status}, {claim.quote}"],
            impact="Anybody who claims it can show a page under your name, with a valid certificate: a copy of "
            "your login, for example. Cookies of the whole domain may be sent there as well.",
            fix=f"Delete the CNAME record of {subject}, or create {found.last} again in your {claim.title} account.",
        )
    ]


MOST_NAMES = 100


MOST_SHOWN = 12


@rule("DNS015", family="dns", topic="no forgotten name can be taken over")
def forgotten_names(site: Site, subject: str) -> Verdict:
    """Forgotten names do not lead to a place that a stranger can claim.

    The caller provides the names (``subdomains``), for example from certificate transparency logs. Each name that is
    not a named host is checked: its alias has no target, or a service answers that the place is unclaimed.
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


def inspect_name(name: str) -> Flow[tuple[str, Lines, Undetermined | None]]:
    """Returns the name, the evidence that it can be claimed (or ""), and the reason why that is unknown (or None)."""
    try:
        found: Addresses = yield from addresses(name)
        if found.chain and found.state != "found":
            return name, found.evidence, None
        claim = yield from find_unclaimed(name, found)
    except Undetermined as silent:
        return name, "", silent
    if claim is None or not claim.quote:
        return name, "", None
    return name, [found.evidence, f"GET {claim.answer.url} → {claim.answer.status}, {claim.quote}"], None


def takeover_finding(site: Site, name: str, evidence: Lines) -> Finding:
    return forgotten_names.fail(
        site,
        name,
        f"A stranger can take over {name}, which was forgotten: it points to a place that nobody "
        "holds (a dangling CNAME)",
        severity="critical",
        when="48h",
        reason="a stranger can take over a name",
        score=Score(5, 2, 3),
        minutes=10,
        evidence=evidence,
        impact="Anybody who claims the target can show a page under your name, with a valid certificate.",
        fix=f"Delete the record of {name}.",
    )


def forgotten_finding(site: Site, subject: str, names: list[str]) -> Finding:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return forgotten_names.fail(
        site,
        subject,
        f"Names of {subject} that you did not list have certificates: {len(names)}",
        severity="info",
        when="can-wait",
        reason="90 days: none of them can be taken over",
        score=Score(1, 1, 1),
        minutes=15,
        evidence=", ".join(names[:MOST_SHOWN]) + more,
        impact="Forgotten systems receive no updates.",
        fix="List the names that you use (--hosts), and delete the records of the others.",
    )
