"""Verdicts on keys of unknown outcome: a charge proves itself, and a missing charge proves something only in full view."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launchready.reconciliation.charges import Charge, Listing
from launchready.reconciliation.unknown_keys import SKEW, StoredKey, decide, downstream_key, match_keys
from launchready.runtime.claims.context import METADATA_KEY, METADATA_STEP

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUIET = timedelta(minutes=15)
OTHER, MINE = "0" * 64, "1" * 64


def key(root=MINE, minutes=60, **more):
    died = NOW - timedelta(minutes=minutes)
    return StoredKey(**{"id": f"id-{root[:1]}", "route": "POST /pay", "unknown": True, "root": root,
                        "started": died - timedelta(seconds=2), "last_sign": died} | more)  # fmt: skip


def charge(name, root="", step="charge", minutes=60, **more):
    keys = frozenset({downstream_key(root, step)}) if root else frozenset()
    metadata = {METADATA_KEY: downstream_key(root, METADATA_STEP)} if step == METADATA_STEP else {}
    fields = {"id": name, "amount": 4250, "currency": "eur", "created": NOW - timedelta(minutes=minutes),
              "captured": 4250, "keys": keys, "metadata": metadata}  # fmt: skip
    return Charge(**fields | more)


def verdict(*charges, mine=None, steps=("charge",), **listing):
    mine = mine or key()
    whole = Listing(charges, **{"since": NOW - timedelta(days=2), "until": NOW + SKEW} | listing)
    matched = match_keys([mine, key(OTHER, unknown=False)], charges, steps)
    return decide(mine, matched, whole, NOW, QUIET)


OF_OTHER = charge("ch_other", OTHER)
TABLE = [
    ("its charge succeeded", [charge("ch_1", MINE), OF_OTHER], {}, "charged"),
    ("its metadata names it", [charge("ch_1", MINE, METADATA_STEP)], {}, "charged"),
    ("charged moments ago", [charge("ch_1", MINE, minutes=0)], {"mine": key(minutes=0)}, "charged"),
    ("charged, and the list is incomplete", [charge("ch_1", MINE)], {"complete": False}, "charged"),
    ("charged and refunded", [charge("ch_1", MINE, refunded=4250)], {}, "charged"),
    ("partly captured", [charge("ch_1", MINE, captured=100)], {}, "charged"),
    ("authorized, not captured", [charge("ch_1", MINE, status="authorized", captured=0), OF_OTHER], {}, "undetermined"),
    ("pending", [charge("ch_1", MINE, status="pending", captured=0), OF_OTHER], {}, "undetermined"),
    ("declined", [charge("ch_1", MINE, status="failed", captured=0), OF_OTHER], {}, "not-charged"),
    ("no charge of its own", [OF_OTHER], {}, "not-charged"),
    ("a charge of a key with metadata that is gone", [OF_OTHER, charge("x", "2" * 64, METADATA_STEP)], {}, "not-charged"),
    ("no charge at all: perhaps the wrong account", [], {}, "undetermined"),
    ("only charges without keys", [charge("ch_9", minutes=300)], {}, "undetermined"),
    ("a charge without a key at that time", [OF_OTHER, charge("ch_9")], {}, "undetermined"),
    ("a charge without a key at another time", [OF_OTHER, charge("ch_9", minutes=300)], {}, "not-charged"),
    ("a charge with a step that is not known", [OF_OTHER, charge("ch_9", MINE, "my.step")], {}, "undetermined"),
    ("the same with the step", [charge("ch_9", MINE, "my.step")], {"steps": ("charge", "my.step")}, "charged"),
    ("the list is incomplete", [OF_OTHER], {"complete": False}, "undetermined"),
    ("the list begins too late", [OF_OTHER], {"since": NOW - timedelta(minutes=62)}, "undetermined"),
    ("the list ends too early", [OF_OTHER], {"until": NOW - timedelta(minutes=50)}, "undetermined"),
    ("too recent", [OF_OTHER], {"mine": key(minutes=10)}, "undetermined"),
    ("stored with another secret", [OF_OTHER], {"mine": key(root="")}, "undetermined"),
    ("a clock that is four minutes ahead", [OF_OTHER, charge("ch_9", minutes=64)], {}, "undetermined"),
]  # fmt: skip


@pytest.mark.parametrize(("charges", "options", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_verdicts(charges, options, outcome):
    """Each row is a provider's list, and the outcome that it proves."""
    found = verdict(*charges, **options)
    assert found.outcome == outcome, found.evidence
    assert found.evidence


def test_the_same_derivation_as_the_handlers():
    """``downstream_key`` here and in ``current()`` agree, and the metadata is one of them."""
    from launchready.exchange.claim import Claim, root
    from launchready.runtime.claims.context import IdempotencyContext

    claim = Claim(None, "id", 1, lambda _: None, 1.0, 1.0)
    claim.scope_and_key = ("user:7", b"key")
    once = IdempotencyContext(claim, None)
    assert once.downstream_key("charge") == downstream_key(root("user:7", b"key"), "charge")
    assert once.metadata() == {METADATA_KEY: downstream_key(root("user:7", b"key"), METADATA_STEP)}
    assert IdempotencyContext(None, None).metadata() == {}


def test_the_root_is_sealed_in_the_store():
    """With a secret, the stored root is unreadable without it; without a secret it is stored as it is."""
    from launchready.core.idempotency.keys import seal_root

    sealed = seal_root(MINE, "id", b"secret")
    assert sealed != MINE
    assert seal_root(sealed, "id", b"secret") == MINE
    assert seal_root(sealed, "other id", b"secret") != MINE != seal_root(sealed, "id", b"other secret")
    assert seal_root(MINE, "id", None) == MINE
    assert seal_root("", "id", b"secret") == ""


ROOTS = ["1" * 64, "2" * 64, "3" * 64]


@st.composite
def worlds(draw):
    """What happened: attempts, each with at most one charge, passed on in some way, and charges of strangers.

    The provider's clock differs by up to five minutes, and its list shows some period, all of it or cut.
    """
    keys, charges, truth = [], [], {}
    for root in ROOTS:
        died = draw(st.sampled_from([0, 5, 16, 20, 40, 70, 130, 300]))
        lasted = draw(st.integers(0, 30))
        mine = StoredKey(f"id-{root[0]}", "POST /pay", draw(st.booleans()), root,
                         NOW - timedelta(minutes=died + lasted), NOW - timedelta(minutes=died))  # fmt: skip
        keys.append(mine)
        truth[mine.id] = draw(st.sampled_from([None, "succeeded", "failed"]))
        if truth[mine.id]:
            # a request may reach the provider until ``quiet`` after the last sign of life
            at = mine.started + draw(st.floats(0, 1)) * (mine.last_sign + QUIET - mine.started)
            how = draw(st.sampled_from(["charge", "unknown.step", METADATA_STEP, None]))
            if at <= NOW:
                charges.append(charge(f"ch_{root[0]}", root if how else "", how or "charge", created=at,
                                      status=truth[mine.id], captured=4250 * (truth[mine.id] == "succeeded")))  # fmt: skip
            else:
                truth[mine.id] = "later"
    charges += [charge(f"other_{n}", minutes=draw(st.integers(0, 400))) for n in range(draw(st.integers(0, 2)))]
    skew = timedelta(minutes=draw(st.sampled_from([-5, 0, 5])))
    since = NOW - timedelta(minutes=draw(st.sampled_from([10, 100, 1000])))
    until = NOW + SKEW - timedelta(minutes=draw(st.sampled_from([0, 0, 20, 60, 120])))
    moved = [replace(one, created=one.created + skew) for one in charges]
    seen = tuple(one for one in moved if since <= one.created < until)
    complete = draw(st.booleans())
    if not complete and seen:
        seen = seen[draw(st.integers(0, len(seen))) :]
    return keys, Listing(seen, since, until, complete), truth


@settings(max_examples=3000, deadline=None)
@given(worlds())
def test_no_verdict_is_ever_wrong(world):
    """Whatever is visible, "charged" and "not charged" are the truth; all else is undetermined."""
    keys, listing, truth = world
    matched = match_keys(keys, listing.charges, ("charge",))
    for one in keys:
        outcome = decide(one, matched, listing, NOW, QUIET).outcome
        if outcome == "charged":
            assert truth[one.id] == "succeeded"
        if outcome == "not-charged":
            assert truth[one.id] in {None, "failed"}
