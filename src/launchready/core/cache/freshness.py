"""Freshness lifetime and age of a response (RFC 9111 section 4.2)."""

from launchready.core.cache.cache_control import MAX_AGE_CAP, seconds
from launchready.http import dates

Fields = dict[bytes, bytes]

# RFC 9110 section 15.1: statuses that may get heuristic freshness without ``public``.
HEURISTIC = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
_HEURISTIC_CAP = 86_400


def expires(value: bytes, fields: Fields, now: float) -> int:
    """Section 4.2.1: Expires minus Date, or minus the time of receipt. An invalid date is in the past (section 5.3)."""
    moment = dates.parse(value, now=now)
    if moment is None:
        return 0
    date = _date(fields, now)
    return min(moment - (int(now) if date is None else date), MAX_AGE_CAP)


def heuristic(fields: Fields, now: float) -> int:
    """Section 4.2.2: a tenth of the time since Last-Modified, at most one day."""
    changed = dates.parse(fields.get(b"last-modified", b""), now=now)
    if changed is None:
        return 0
    date = _date(fields, now)
    return min(max((int(now) if date is None else date) - changed, 0) // 10, _HEURISTIC_CAP)


def initial_age(fields: Fields, headers: list[tuple[bytes, bytes]], delay: float, now: float) -> int:
    """Section 4.2.3: age on arrival, the larger of the Age field plus the delay and the age by Date."""
    age = 0
    if b"age" in fields:
        first = next(value for name, value in headers if name == b"age").partition(b",")[0].strip(b" \t")
        age = seconds(first) or 0  # section 5.1: the first of several members; an invalid one is ignored
    date = _date(fields, now)
    apparent = 0 if date is None else max(0, int(now) - date)
    return max(apparent, age + int(delay))


def _date(fields: Fields, now: float) -> int | None:
    value = fields.get(b"date")
    return None if value is None else dates.parse(value, now=now)
