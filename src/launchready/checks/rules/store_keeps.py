"""The store of idempotency keys keeps what it was given."""

from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.checks.store_queries import Kept, store


@rule("DB005", family="db", topic="that the keys of payments are kept", subjects=store)
def store_keeps(site: Site, subject: str) -> Verdict:
    """A key that is lost after its payment was made lets a retry pay again: docs/guarantees.md, "Stores"."""
    op = Kept(site.store)
    yield op
    found = known(op.answer)
    if not found.losses:
        return FINE
    return [
        store_keeps.fail(
            site,
            subject,
            "The store may forget payments that were made",
            severity="high",
            when="48h",
            reason="a retry after that charges twice",
            score=Score(4, 2, 1),
            minutes=15,
            evidence="\n".join(found.losses),
            impact="A customer whose phone repeats the request after such a loss is charged a second time.",
            fix=(
                "Give the middleware a store that keeps: sqlite:///launchready.db on one machine, postgresql:// on "
                "several. Or in redis.conf:\nmaxmemory-policy noeviction\nappendonly yes"
            ),
        )
    ]
