"""The ledger as plain data: routes, releases, chart points, cards.

Everything covers the last ``hours``, except releases, which are compared over their whole life.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

from launchready.metrics import compare
from launchready.metrics.comparison_schedule import LEAST
from launchready.metrics.histogram import Counts, Histogram, unpack
from launchready.metrics.ledger import GRAIN, HOUR, Ledger, is_business
from launchready.metrics.timing import ANSWERED_EARLY, CLIENT_GONE, STREAM, UNMATCHED, WEBSOCKET, SeriesKey

MIN_FOR_QUANTILE = 20
"""With fewer requests a 95th percentile depends on a single request and is not shown."""

QUANTILES = (0.5, 0.95, 0.99)
POINTS = 300
"""Points of a chart: five minutes each for 25 hours."""
BACK = 12
"""Points that may be merged into one that has too few requests."""
BARS = 90
MAX_RELEASES_SHOWN = 5
SERVING = 120.0
"""Seconds without a request, while another release has some, after which a release no longer serves."""

Row = dict[str, Any]
Target = Callable[[str, str], float | None]


class Tally:
    """The sum of one route's series."""

    def __init__(self) -> None:
        self.requests = self.errors = self.limited = self.streams = self.websockets = self.disconnects = 0
        self.hits = self.replays = 0
        self.exceptions: dict[str, int] = {}
        self.durations = Histogram()
        self.first = Histogram()

    def add(self, key: SeriesKey, count: int, total: float, last: Counts, first: Counts) -> None:
        if key.note == WEBSOCKET:
            self.websockets += count
            return
        self.requests += count
        self.errors += count if key.status >= 500 else 0
        self.limited += count if key.status == 429 else 0
        self.disconnects += count if key.status == CLIENT_GONE else 0
        self.streams += count if key.note == STREAM else 0
        if key.note == ANSWERED_EARLY and key.status < 400:
            self.hits += count if key.method in ("GET", "HEAD") else 0
            self.replays += count if key.method not in ("GET", "HEAD", "OPTIONS") else 0
        name = key.note.partition(":")[2]
        if name:
            self.exceptions[name] = self.exceptions.get(name, 0) + count
        if is_business(key):
            self.durations.merge(Histogram(last, total))
        if first:
            self.first.merge(Histogram(first))

    def row(self, method: str, route: str, target: float | None) -> Row:
        p50, p95, p99 = quantiles(self.durations)
        first = p95  # a response in one chunk: first byte and last byte coincide
        if self.first.counts:
            self.first.merge(self.durations)
            first = quantiles(self.first)[1]
        return {
            "method": method, "route": route, "count": self.requests, "errors": self.errors,
            "p50": p50, "p95": p95, "p99": p99, "first_byte_p95": first, "target": target,
            "over_target": None if target is None else self.durations.above(target), "seconds": self.durations.total,
            "limited": self.limited, "streams": self.streams, "websockets": self.websockets,
            "disconnects": self.disconnects, "exceptions": self.exceptions,
            "cached": self.hits, "replayed": self.replays,
        }  # fmt: skip


def quantiles(histogram: Histogram) -> list[float | None]:
    """p50, p95 and p99 in seconds; None below 20 requests."""
    return [None] * len(QUANTILES) if histogram.count < MIN_FOR_QUANTILE else histogram.quantiles(QUANTILES)


_SLOTS = """SELECT method, route, status, note, sum_count, seconds, last, first FROM (
    SELECT series, count AS sum_count, seconds, last, first FROM slots WHERE start + width > ?)
    JOIN series ON series.id = series"""
_TOTALS = """SELECT method, route, status, note, count, seconds, last, first FROM series
    JOIN totals ON totals.series = series.id WHERE release = ?"""


def tallies(rows: Iterable[Any]) -> dict[tuple[str, str], Tally]:
    found: dict[tuple[str, str], Tally] = {}
    for method, route, status, note, count, seconds, last, first in rows:
        tally = found.get((method, route)) or found.setdefault((method, route), Tally())
        tally.add(SeriesKey(method, route, status, note), count, seconds, unpack(last), unpack(first))
    return found


def routes(ledger: Ledger, since: float, target: Target, verdicts: Mapping[tuple[str, str], Row]) -> list[Row]:
    """Routes with a target first, then the worst: furthest over target, then slowest; unmatched paths last."""
    rows = []
    for (method, route), tally in tallies(ledger.rows(_SLOTS, (since,))).items():
        verdict = verdicts.get((method, route), {})
        rows.append({**tally.row(method, route, target(method, route)), "verdict": verdict.get("latency")})
    return sorted(
        rows,
        key=lambda row: (
            row["route"] == UNMATCHED, row["target"] is None, -_over(row), -(row["p95"] or 0.0), row["route"],
        ),
    )  # fmt: skip


def _over(row: Row) -> float:
    """p95 as a multiple of the target; 0 if it is within the target or there is none."""
    p95, target = row["p95"], row["target"]
    return p95 / target if p95 and target and p95 > target else 0.0


def comparison(ledger: Ledger, release: int) -> dict[tuple[str, str], Row]:
    """By route: verdicts on latency and errors with their tests and counts. See comparison_schedule.py."""
    found: dict[tuple[str, str], tuple[list[compare.ComparisonVerdict], list[compare.ComparisonVerdict]]] = {}
    for method, route, _, *values in ledger.rows(
        "SELECT method, route, n, latency, latency_test, latency_p, latency_before, latency_after, latency_odds, "
        "errors, errors_test, errors_p, errors_before, errors_after, errors_odds "
        "FROM looks WHERE release = ? ORDER BY n",
        (release,),
    ):
        latency, errors = found.setdefault((method, route), ([], []))
        latency.append(compare.ComparisonVerdict(*values[:6]))
        errors.append(compare.ComparisonVerdict(*values[6:]))
    return {
        key: {"latency": _verdict_row(compare.latest(latency)), "errors": _verdict_row(compare.latest(errors))}
        for key, (latency, errors) in found.items()
    }


def _verdict_row(verdict: compare.ComparisonVerdict | None) -> Row:
    assert verdict is not None  # every route has at least one look
    return asdict(verdict)


def releases(ledger: Ledger) -> list[Row]:
    """Releases with requests, errors, p95 and verdicts: the serving one first, then the newest.

    After a rollback the older release serves again and stands first. Of forty routes compared at 1 %, one is called
    worse by chance every third release. The release's word, and the sentence on the page, therefore use only verdicts
    that are ``sure``: their odds count after division by the number of routes (Bonferroni).
    """
    rows = []
    sql = """SELECT id, name, started, seen FROM releases
        ORDER BY seen < (SELECT max(seen) FROM releases) - ?, started DESC LIMIT ?"""
    for number, name, started, seen in ledger.rows(sql, (SERVING, MAX_RELEASES_SHOWN)):
        whole = Tally()
        for method, route, status, note, count, seconds, last, first in ledger.rows(_TOTALS, (number,)):
            whole.add(SeriesKey(method, route, status, note), count, seconds, unpack(last), unpack(first))
        compared = comparison(ledger, number)
        rows.append({
            "release": name, "started": started, "seen": seen, "count": whole.requests, "errors": whole.errors,
            "p95": quantiles(whole.durations)[1], "verdict": _overall(compared), "needed": LEAST,
            "routes": [{"method": method, "route": route, **row} for (method, route), row in compared.items()],
        })  # fmt: skip
    if rows:
        rows[-1]["verdict"] = rows[-1]["verdict"] if rows[-1]["routes"] else "first"
    return rows


def _overall(compared: Mapping[tuple[str, str], Row]) -> str:
    """The word for the release, from its ``sure`` verdicts."""
    words = set()
    for row in compared.values():
        row["sure"] = [kind for kind in ("latency", "errors") if row[kind]["odds"] * len(compared) < 1]
        words |= {row[kind]["word"] for kind in row["sure"]}
    for word in (compare.WORSE, compare.BETTER):
        if word in words:
            return word
    return compare.SAME if compared else compare.NOT_ENOUGH


def timeline(ledger: Ledger, since: float, now: float, points: int = POINTS) -> tuple[list[Row], float | None]:
    """Evenly spaced requests, errors and p95 over all routes, with empty points for no data; and the overall p95."""
    width = _width(since, now, points)
    found = [(0, 0, Histogram()) for _ in range(int((now - since) // width) + 1)]
    whole = Histogram()
    sql = "SELECT start, requests, errors, last FROM timeline WHERE start >= ?"
    for start, requests, errors, last in ledger.rows(sql, (since,)):
        index = min(len(found) - 1, int((start - since) // width))
        had = found[index]
        had[2].merge(Histogram(unpack(last)))
        found[index] = had[0] + requests, had[1] + errors, had[2]
    for _, _, durations in found:
        whole.merge(durations)
    rows = [_point(since + index * width, found[: index + 1]) for index in range(len(found))]
    return rows, quantiles(whole)[1]


def _point(start: float, until: Sequence[tuple[int, int, Histogram]]) -> Row:
    """One point. With few requests, p95 and error share include earlier points, up to an hour.

    Twelve requests have no meaningful p95, and one error in two requests is not "50 %".
    """
    requests, errors, _ = until[-1]
    seen = failed = 0
    durations = Histogram()
    for many, bad, part in reversed(until[-BACK:]) if requests else ():
        seen, failed = seen + many, failed + bad
        durations.merge(part)
        if seen >= MIN_FOR_QUANTILE:
            break
    rate = failed / seen if seen >= MIN_FOR_QUANTILE else None
    return {"start": start, "requests": requests, "errors": errors, "error_share": rate, "p95": quantiles(durations)[1]}


def _width(since: float, now: float, points: int) -> float:
    """Seconds per point: a whole number of grains, so that all points are equally wide."""
    return float(GRAIN * max(1, ceil((now - since) / points / GRAIN)))


def failures(ledger: Ledger, since: float, now: float, points: int = POINTS) -> list[float]:
    """Signals that end in ".failed", over time."""
    width = _width(since, now, points)
    found = [0.0 for _ in range(int((now - since) // width) + 1)]
    sql = "SELECT start, sum(count) FROM signals WHERE start >= ? AND name LIKE '%.failed' GROUP BY start"
    for start, count in ledger.rows(sql, (since,)):
        found[min(len(found) - 1, int((start - since) // width))] += count
    return found


def presence(ledger: Ledger, since: float, now: float, bars: int = BARS) -> list[bool | None]:
    """For each bar: True served and ready, False not ready at least once, None no process reported."""
    width = (now - since) / bars
    found: list[bool | None] = [None] * bars
    for start, _, unready in ledger.rows("SELECT start, ready, unready FROM presence WHERE start >= ?", (since,)):
        index = min(bars - 1, int((start - since) // width))
        last = min(bars - 1, int((min(now, start + GRAIN) - 1 - since) // width))
        for bar in range(index, last + 1):
            found[bar] = not unready and found[bar] is not False
    return found


def signals(ledger: Ledger, since: float) -> dict[str, int]:
    sql = "SELECT name, sum(count) FROM signals WHERE start >= ? GROUP BY name ORDER BY name"
    return dict(ledger.rows(sql, (since,)))


def jobs(ledger: Ledger, now: float) -> list[Row]:
    """Each job with its last successful run, and whether it is late."""
    rows = []
    for name, every, grace, began, ended, failed, runs, failures in ledger.rows("SELECT * FROM jobs ORDER BY name"):
        late = ended is None or now > ended + every + grace
        rows.append({
            "name": name, "every": every, "grace": grace, "began": began, "ended": ended, "failed": failed,
            "runs": runs, "failures": failures, "late": late and now > (began or 0) + every + grace,
        })  # fmt: skip
    return rows


def window(hours: float, now: float) -> float:
    """Start of the last ``hours``, rounded to an hour: slots are hours."""
    return (now - hours * HOUR) // HOUR * HOUR
