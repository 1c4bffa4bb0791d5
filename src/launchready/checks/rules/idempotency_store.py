"""The store of the idempotency keys: does it keep them, and did every request end?"""

from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.checks.store_queries import FindUnknownOutcomes, ReadDurability, store_subject


@rule("DB005", family="db", topic="the store keeps the keys of payments", subjects=store_subject)
def store_durability(site: Site, subject: str) -> Verdict:
    """The store of the idempotency keys does not lose acknowledged keys.

    If a key is lost after its payment was made, a retry pays again: docs/guarantees.md, "Stores".
    """
    op = ReadDurability(site.store)
    yield op
    found = known(op.answer)
    if not found.losses:
        return FINE
    return [
        store_durability.fail(
            site,
            subject,
            "The store may forget payments that were made",
            severity="high",
            when="48h",
            reason="a retry after that charges twice",
            score=Score(4, 2, 1),
            minutes=15,
            evidence=found.losses,
            impact="A customer whose phone repeats the request after such a loss is charged a second time.",
            fix=(
                [
                    "Use a store that keeps its data: sqlite:///launchready.db on one machine, else postgresql://.",
                    "Or in redis.conf:",
                    "maxmemory-policy noeviction",
                    "appendonly yes",
                ]
            ),
        )
    ]


@rule("DB006", family="db", topic="every payment request has a known outcome", subjects=store_subject)
def idempotency_unknown(site: Site, subject: str) -> Verdict:
    """No request ended without a known outcome.

    A worker that dies in the middle of a request leaves a key that never runs again: docs/guarantees.md,
    "Idempotency".
    """
    op = FindUnknownOutcomes(site.store)
    yield op
    found = known(op.answer).found
    if not found.count:
        return FINE
    many = found.count != 1
    return [
        idempotency_unknown.fail(
            site,
            subject,
            f"The outcome of {found.count} request{'s' if many else ''} is unknown",
            severity="high",
            when="48h",
            reason="somebody may have paid for nothing",
            score=Score(4, 3, 2),
            minutes=10 * found.count,
            evidence=f"{found.count} key{'s' if many else ''} whose worker died before it answered; the oldest began "
            f"{found.oldest / 3600:.1f} hours ago",
            impact="A retry of such a request gets 409 and does not run. A booking may be paid and not made, or "
            "made and not paid.",
            fix=[
                "launchready idempotency ls --unknown",
                "Look each one up at the payment provider, then run one of",
                "launchready idempotency resolve KEY --done",
                "launchready idempotency resolve KEY --retry",
            ],
        )
    ]
