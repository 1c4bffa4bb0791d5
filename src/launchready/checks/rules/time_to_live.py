"""Records that change at a launch are not kept for hours by everybody (TTL)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site

LONG = 3600


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "DNS009",
    family="dns",
    topic="how long old addresses are kept (TTL)",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    merge=True,
)
def time_to_live(site: Site, subject: str) -> Verdict:
    """What a resolver still has left is a lower bound of the TTL, so what is seen is true."""
    op = Query(subject, "A")
    yield op
    if not known(op.answer).records:
        return NOT_APPLICABLE
    if op.answer.ttl <= LONG:
        return FINE
    return [
        time_to_live.fail(
            site,
            subject,
            "A change of address takes hours to reach everybody: the records ask to be kept that long (TTL)",
            severity="low",
            when="can-wait",
            reason="30 days: before the next move",
            score=Score(2, 1, 1),
            minutes=5,
            evidence=f"A {subject} → TTL {op.answer.ttl} s",
            impact="When you move the site, some visitors stay on the old server until it is over.",
            fix="A day before the launch set the TTL of these records to 300 seconds; afterwards 3600 is fine.",
        )
    ]
