"""The list of senders has room for one more service: of ten lookups, not nearly all are used."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import walk
from launchready.mail.spf import MOST_LOOKUPS

NEAR = 8


@rule(
    "MAIL009",
    family="mail",
    topic="that the list of senders (SPF) has room for more",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_near_limit(site: Site, subject: str) -> Verdict:
    """RFC 7208 section 4.6.4: the eleventh is an error, and whoever is included may add one tomorrow."""
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from walk(subject, found[0])
    if tree.unknown:
        raise tree.unknown
    if not NEAR <= tree.lookups <= MOST_LOOKUPS:
        return FINE
    return [
        spf_near_limit.fail(
            site,
            subject,
            f"The list of senders (SPF) is nearly full: {tree.lookups} of {MOST_LOOKUPS} DNS lookups are used",
            severity="low",
            when="can-wait",
            reason="90 days: it works today",
            score=Score(3, 1, 1),
            minutes=20,
            evidence=f'TXT {subject} → "{found[0]}"\n{tree.lookups} lookups over {len(tree.nodes)} records',
            impact="With one more service, or one more line at a service you include, your mail lands in spam.",
            fix="Remove the include: of every service that you do not send with any more, and let services that allow "
            "it send from a subdomain with a record of its own.",
        )
    ]
