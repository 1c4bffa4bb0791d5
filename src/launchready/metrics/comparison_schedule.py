"""When two releases are compared: at planned looks, independent of page views (a group sequential test).

A test repeated until it alarms will alarm: at 1 % per look and one look every 20 requests, 4 % of identical releases
are called worse. Releases are therefore compared when a route of the new one has answered 100, 200, 400 ... requests.
The verdicts are stored, and the chance of a false alarm is divided among these looks in advance.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import astuple

from launchready.metrics import compare
from launchready.metrics.histogram import Counts, Histogram, unpack

LOOKS = tuple(100 * 2**power for power in range(9))
LEAST = LOOKS[0]

_SUCCESSFUL = "status BETWEEN 200 AND 399 AND note = ''"
_COUNT = f"""SELECT coalesce(sum(count), 0) FROM series JOIN totals ON totals.series = series.id
    WHERE release = ? AND method = ? AND route = ? AND {_SUCCESSFUL}"""
_ALL = f"""SELECT count, last, status, {_SUCCESSFUL} FROM series JOIN totals ON totals.series = series.id
    WHERE release = ? AND method = ? AND route = ? AND status != 429 AND note NOT IN ('stream', 'websocket')"""

Route = tuple[str, str]


def prepare_comparisons(db: sqlite3.Connection, release: int, routes: Iterable[Route]) -> Callable[[], None]:
    """Call before the counts of ``routes`` grow; call the returned function afterwards."""
    earlier = [
        number
        for (number,) in db.execute(
            "SELECT id FROM releases WHERE started < (SELECT started FROM releases WHERE id = ?) ORDER BY started DESC",
            (release,),
        )
    ]
    if not earlier:
        return lambda: None
    counts = {route: _count(db, release, route) for route in routes}

    def grown() -> None:
        for route, count in counts.items():
            now = _count(db, release, route)
            reached = [look for look in LOOKS if count < look <= now]
            if reached:
                _keep(db, release, earlier, route, reached[-1])

    return grown


def _count(db: sqlite3.Connection, release: int, route: Route) -> int:
    return int(db.execute(_COUNT, (release, *route)).fetchone()[0])


def _keep(db: sqlite3.Connection, release: int, earlier: Iterable[int], route: Route, look: int) -> None:
    """Compare with the latest earlier release that answered often enough, and store the verdict."""
    before = next((number for number in earlier if _count(db, number, route) >= LEAST), None)
    if before is not None:
        was, was_all = _side(db, before, route)
        now, now_all = _side(db, release, route)
        slower = compare.durations(was, now, look)
        failing = compare.errors(was_all, now_all, look)
        values = (release, *route, look, *astuple(slower), *astuple(failing))
        db.execute(f"INSERT OR IGNORE INTO looks VALUES ({','.join('?' * len(values))})", values)


def _side(db: sqlite3.Connection, release: int, route: Route) -> tuple[Counts, tuple[int, int]]:
    """Durations of successful responses; requests and errors of all."""
    durations, requests, errors = Histogram(), 0, 0
    for count, last, status, fine in db.execute(_ALL, (release, *route)):
        requests += count
        errors += count if status >= 500 else 0
        if fine:
            durations.merge(Histogram(unpack(last)))
    return durations.counts, (requests, errors)
