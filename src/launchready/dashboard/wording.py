"""Numbers as an owner reads them, and the sentence at the top of the page."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

MANY_ERRORS = 0.01
"""Share of errors above which a route is failing."""

LEAST_ERRORS = 3
"""Errors below which a share is not meaningful."""

DASH = "–"  # noqa: RUF001 - an en dash marks an empty cell


def duration(seconds: float | None) -> str:
    """180 ms, 1.20 s; a dash for None."""
    if seconds is None:
        return DASH
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else DASH


def count(number: float) -> str:
    """1 234, with a thin space: unambiguous in every language."""
    return f"{number:,.0f}".replace(",", "\u2009")


OVERDUE_AFTER = 3600.0
"""Seconds after which an unknown outcome is overdue."""


def age(seconds: float) -> str:
    """45 s, 12 min, 3 h, 2 d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f}\u202f{unit}"
    return f"{seconds:.0f}\u202fs"


def unresolved(status: Row) -> Row | None:
    """Counts of keys with an unknown outcome; None if the store did not answer."""
    found: Row | None = status.get("idempotency", {}).get("unresolved")
    return found


def name(row: Row) -> str:
    return f"{row['method']} {row['route']}"


NO_REQUESTS, ALL_FINE = "No requests yet.", "All routes answer as they should."
LONGEST = 44
"""Characters of a route in a sentence."""


def short(row: Row) -> str:
    """A route for a sentence: the end of a long one, which is the most specific."""
    route = str(row["route"])
    if len(route) > LONGEST:
        end = route[-LONGEST + 2 :]
        route = "…" + (end[end.find("/") :] if "/" in end else end)
    return f"{row['method']} {route}"


def failing(row: Row) -> bool:
    return bool(row["errors"] >= LEAST_ERRORS and row["errors"] > MANY_ERRORS * row["count"])


def slow(row: Row) -> bool:
    return bool(row["target"] and row["p95"] and row["p95"] > row["target"])


def verdict(status: Row) -> str:
    """One sentence: the most serious problem, or that there is none."""
    release = status["releases"][0] if status.get("releases") else None
    worse, broke = (_significantly(release, kind) for kind in ("latency", "errors"))
    rows = status.get("routes", [])
    parts = []
    if release and broke:
        parts.append(f"{_list(broke)} {_is(broke)} failing more since release {release['release']}")
    if release and worse:
        parts.append(f"{_list(worse)} {_is(worse)} slower since release {release['release']}")
    known = {name(row) for row in (*broke, *worse)}
    errors = [row for row in rows if failing(row) and name(row) not in known]
    if errors:
        parts.append(f"{_list(errors)} {_is(errors)} failing")
    over = [row for row in rows if slow(row) and name(row) not in known]
    if over:
        parts.append(f"{_list(over)} {_is(over)} over target")
    late = [job["name"] for job in status.get("jobs", []) if job["late"]]
    if late:
        parts.append(f"the job{'s' if len(late) > 1 else ''} {', '.join(late)} did not run in time")
    open_ = unresolved(status)
    if open_ and open_["count"]:
        many = open_["count"] != 1
        parts.append(f"the outcome of {count(open_['count'])} request{'s' if many else ''} is not known")
    if parts:
        sentence = "; ".join(parts)
        return sentence[0].upper() + sentence[1:] + "."
    if not sum(row["count"] for row in rows):
        return NO_REQUESTS
    return ALL_FINE


def _significantly(release: Row | None, kind: str) -> list[Row]:
    rows = release["routes"] if release else []
    return [row for row in rows if kind in row["sure"] and row[kind]["word"] == "worse"]


def _is(rows: Sequence[Row]) -> str:
    return "are" if len(rows) > 1 else "is"


def _list(rows: Sequence[Row]) -> str:
    """At most two routes by name."""
    names = [short(row) for row in rows[:2]]
    more = len(rows) - len(names)
    if more:
        return f"{', '.join(names)} and {more} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
