"""Decides what a key of unknown outcome did, from the provider's list of charges. Pure: no I/O and no clock.

A charge that carries the key proves that the money moved. The absence of a charge proves that it did not only if

- the list is complete for the whole life of the attempt;
- at least one charge of the list carries a key of this store: the list is of the right account, and the app passes
  its keys on;
- every charge made at that time is known to belong to another key;
- the last sign of life is long enough ago that no request can still be on its way.

Anything less is undetermined, and the key stays as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from launchready.reconciliation.charges import AUTHORIZED, FAILED, PENDING, Charge, Listing
from launchready.reconciliation.money import show
from launchready.reconciliation.report import CHARGED, NOT_CHARGED, UNDETERMINED, KeyVerdict
from launchready.runtime.claims.context import METADATA_STEP

SKEW = timedelta(minutes=5)
"""Allowed difference between the clocks of the store and of the provider."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An idempotency key of the store. ``root``: the digest that its downstream keys derive from, "" if unreadable."""

    id: str
    route: str
    unknown: bool
    root: str
    started: datetime
    last_sign: datetime


def downstream_key(root: str, step: str) -> str:
    """The same as ``current().downstream_key(step)``."""
    return sha256(f"{root}:{step}".encode()).hexdigest()[:40]


def match_keys(
    keys: Iterable[StoredKey], charges: Iterable[Charge], steps: Sequence[str]
) -> Mapping[str, list[Charge]]:
    """Charges by the id of the key that made them."""
    owner = {downstream_key(key.root, step): key.id for key in keys if key.root for step in (*steps, METADATA_STEP)}
    found: defaultdict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        for key_id in {owner[text] for text in charge.keys if text in owner}:
            found[key_id].append(charge)
    return found


def decide(
    key: StoredKey, matched: Mapping[str, list[Charge]], listing: Listing, now: datetime, quiet: timedelta
) -> KeyVerdict:
    """The verdict on one key of unknown outcome."""
    mine = matched.get(key.id, [])
    ids = tuple(charge.id for charge in mine)
    moved = [charge for charge in mine if charge.captured > 0 and charge.status not in {FAILED, PENDING}]
    if moved:
        amounts = ", ".join(_describe(charge) for charge in moved)
        return KeyVerdict(key.id, key.route, CHARGED, amounts, ids)
    waiting = [charge for charge in mine if charge.status in {PENDING, AUTHORIZED}]
    if waiting:
        return KeyVerdict(key.id, key.route, UNDETERMINED, f"{waiting[0].id} is still {waiting[0].status}", ids)
    doubt = _doubt(key, matched, listing, now, quiet)
    if doubt:
        return KeyVerdict(key.id, key.route, UNDETERMINED, doubt, ids)
    evidence = f"{ids[0]} failed, and no other charge carries the key" if ids else "no charge carries the key"
    return KeyVerdict(key.id, key.route, NOT_CHARGED, evidence, ids)


def _describe(charge: Charge) -> str:
    refund = f", {show(charge.refunded, charge.currency)} refunded" if charge.refunded else ""
    return f"{charge.id} {show(charge.captured, charge.currency)}{refund}"


def _doubt(
    key: StoredKey, matched: Mapping[str, list[Charge]], listing: Listing, now: datetime, quiet: timedelta
) -> str:
    """The reason why a missing charge proves nothing; "" if it is proof."""
    first, last = key.started - SKEW, key.last_sign + quiet + SKEW
    if not key.root:
        return "the key was stored with another secret_key, or by an earlier version"
    if not listing.complete:
        return "the list of charges is incomplete"
    if listing.since > first:
        return f"the attempt began before the period; use --since {_age(first, now)}"
    if now - key.last_sign < quiet:
        return "the attempt is too recent: its request may still be on the way"
    if listing.until < last:
        return "the list of charges ends too early"
    if not any(matched.values()):
        return "no charge carries a key of this store: wrong account, or the app does not pass its keys on"
    around = [charge for charge in listing.charges if first <= charge.created <= last]
    owned = {charge.id for charges in matched.values() for charge in charges}
    strangers = [charge.id for charge in around if charge.id not in owned and not charge.identified]
    if strangers:
        return f"{strangers[0]} was made at that time and carries no known key; it may be this one"
    return ""


def _age(time: datetime, now: datetime) -> str:
    return f"{(now - time).days + 1}d"
