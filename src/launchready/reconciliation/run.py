"""``launchready.reconcile(provider, since=...)``: reads charges, bookings and keys, compares them, and settles keys."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from launchready.clock import SYSTEM
from launchready.errors import ConfigError, StoreError
from launchready.idempotency.admin import KeyAdmin
from launchready.reconciliation.bookings import Source, load_bookings
from launchready.reconciliation.charges import PaymentProvider, parse_time
from launchready.reconciliation.compare import Period, compare
from launchready.reconciliation.report import CHARGED, UNDETERMINED, KeyVerdict, ReconcileReport
from launchready.reconciliation.unknown_keys import SKEW, StoredKey, decide, match_keys
from launchready.settings.problems import Problems

STEPS = ("", "charge", "payment", "pay", "stripe", "stripe.charge")
"""Steps of ``downstream_key(step)`` that are tried besides those in ``steps``."""

_MARGIN = timedelta(days=1)


def reconcile(
    provider: PaymentProvider,
    since: str | float | datetime = "7d",
    *,
    bookings: Source | None = None,
    database: str | None = None,
    reference: str = "booking_id",
    store: str | None = None,
    secret_key: str | None = None,
    secret_key_fallbacks: Sequence[str] = (),
    encrypt: bool = False,
    steps: Sequence[str] = (),
    quiet: str | float = "15m",
    settle: bool = False,
    now: datetime | None = None,
) -> ReconcileReport:
    """Compare the provider's charges with the app's bookings and idempotency keys.

    - ``since``: "7d", seconds, or a datetime. The period ends now.
    - ``bookings``: a callable of (since, until), or an SQL query for ``database``; None compares keys alone.
    - ``reference``: the metadata field of a charge that holds the booking's ``reference``.
    - ``store``, ``secret_key``: those of the app; default LAUNCHREADY_STORE and LAUNCHREADY_SECRET_KEY.
    - ``steps``: the app's ``downstream_key(step)`` names, besides the usual ones.
    - ``quiet``: charges, bookings and keys younger than this may still change, and are not judged.
    - ``settle``: settle keys with a proven outcome. Otherwise nothing is written anywhere.
    - Raises ConfigError, ProviderError, and StoreError.
    """
    until = now or datetime.fromtimestamp(SYSTEM.wall(), UTC)
    begin, margin = _period(since, until, quiet)
    listing = provider.list_charges(begin - _MARGIN, until + SKEW)  # the provider's clock may be ahead
    rows = None if bookings is None else load_bookings(bookings, begin, until, database)
    period = Period(begin, until - margin)
    differences = tuple(compare(listing, rows, period, reference, provider.find_charge))
    notes = list(listing.notes)
    url = store or os.environ.get("LAUNCHREADY_STORE")
    keys: list[StoredKey] | None = None
    verdicts: tuple[KeyVerdict, ...] = ()
    if url and not url.startswith("memory:"):
        desk = KeyAdmin(url, secret_key, secret_key_fallbacks, encrypt=encrypt)
        try:
            keys = [stored_key(row, until) for row in desk.reconcilable()]
            matched = match_keys(keys, listing.charges, (*STEPS, *steps))
            verdicts = tuple(decide(key, matched, listing, until, margin) for key in keys if key.unknown)
            if settle:
                verdicts = tuple(_settle(desk, verdict, notes) for verdict in verdicts)
        finally:
            desk.close()
    else:
        notes.append("no store: keys of unknown outcome were not checked; set LAUNCHREADY_STORE")
    if keys == []:
        notes.append("the store holds no readable key: use the app's store, and its LAUNCHREADY_SECRET_KEY")
    inside = [charge for charge in listing.charges if charge.created >= begin]
    return ReconcileReport(
        provider.name, begin, until, len(inside), None if rows is None else len(rows),
        None if keys is None else len(keys), differences, verdicts, listing.complete, tuple(notes),
    )  # fmt: skip


def _period(since: str | float | datetime, until: datetime, quiet: str | float) -> tuple[datetime, timedelta]:
    problems = Problems()
    margin = timedelta(seconds=problems.duration("quiet", quiet, zero=True))
    begin = parse_time(since, "since") if isinstance(since, datetime) else until
    if not isinstance(since, datetime):
        begin -= timedelta(seconds=problems.duration("since", since))
    problems.raise_if_any()
    if begin >= until:
        raise ConfigError([f"since={since}: the period must begin before now"])
    return begin, margin


def stored_key(row: dict[str, object], now: datetime) -> StoredKey:
    """A row of the key administration, with times by the wall clock."""
    started, last_sign = (now - timedelta(seconds=float(str(row[name]))) for name in ("started", "age"))
    return StoredKey(str(row["id"]), str(row["route"]), row["state"] == "unknown", str(row["root"]), started, last_sign)


def _settle(desk: KeyAdmin, verdict: KeyVerdict, notes: list[str]) -> KeyVerdict:
    if verdict.outcome == UNDETERMINED:
        return verdict
    try:
        desk.resolve(verdict.key, done=verdict.outcome == CHARGED)
    except (ConfigError, StoreError) as error:  # it changed since it was read
        notes.append(f"{verdict.key[:12]} was not settled: {error}")
        return verdict
    return KeyVerdict(verdict.key, verdict.route, verdict.outcome, verdict.evidence, verdict.charges, settled=True)
