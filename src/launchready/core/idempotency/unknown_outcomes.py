"""Keys whose outcome nobody knows, for people: how many, and since when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from launchready.core.idempotency.record import RUNNING, ClaimRecord
from launchready.exchange.store import Entry

QUIET = 15.0
"""Seconds without a sign of life after which nobody expects one, where the claim does not say."""


@dataclass(frozen=True)
class Unknown:
    """``oldest``: seconds since the first attempt of the oldest. ``whole``: everything was looked at."""

    count: int
    oldest: float
    whole: bool = True


def state(entry: Entry[ClaimRecord]) -> str:
    """What became of a key, as far as its record says."""
    record = entry.value
    return "done" if record.status != RUNNING else "unknown" if entry.age >= (record.lease or QUIET) else "running"


def unknown(entries: Iterable[Entry[ClaimRecord]], going_on: Callable[[], bool] = lambda: True) -> Unknown:
    """Counts. An attempt has one token, under however many secrets its claim stands; an answer under one is known."""
    since: dict[str, float] = {}
    known: set[str] = set()
    whole = True
    for entry in entries:
        record = entry.value
        if state(entry) == "unknown":
            since[record.token] = max(since.get(record.token, 0.0), entry.age + record.elapsed)
        else:
            known.add(record.token)
        if not going_on():
            whole = False
            break
    left = [seconds for token, seconds in since.items() if token not in known]
    return Unknown(len(left), max(left, default=0.0), whole)
