"""Metrics for other systems: OpenTelemetry data points, and the Prometheus text format.

Both are made from the totals of the machine, off the request path. Names and units follow OpenTelemetry's HTTP semantic
conventions: ``http.server.request.duration`` in seconds, and ``http.server.active_requests``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from launchready.metrics.histogram import Counts, Histogram, unpack, upper
from launchready.metrics.ledger import Ledger
from launchready.metrics.timing import ERROR, OTHER, UNMATCHED, WEBSOCKET

NAME, ACTIVE = "http.server.request.duration", "http.server.active_requests"
HELP, ACTIVE_HELP = "Duration of HTTP server requests.", "Number of active HTTP server requests."

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Boundaries of the conventions. Our buckets are finer; a count may be off by the values within 1 % of a boundary."""


class Point(NamedTuple):
    """One series since its release began. ``durations``: counts by bucket."""

    attributes: Mapping[str, str | int | bool]
    release: str
    began: float
    durations: Counts
    requests: int
    seconds: float


def points(ledger: Ledger) -> Iterator[Point]:
    """One point per method, route, status and error of each stored release. WebSockets are left out."""
    sql = """SELECT name, started, method, route, status, note, scheme, seconds, last FROM releases
        JOIN series ON series.release = releases.id JOIN totals ON totals.series = series.id ORDER BY series.id"""
    merged: dict[tuple[str, tuple[tuple[str, str | int | bool], ...]], Point] = {}
    for name, began, method, route, status, note, scheme, seconds, last in ledger.rows(sql):
        if note == WEBSOCKET:
            continue
        attributes = _attributes(method, scheme, route, status, note)
        key = (name, tuple(attributes.items()))
        had = merged.get(key)
        found = Histogram(unpack(last), seconds)
        if had is not None:  # notes (streamed, cached) are not part of exported series
            found.merge(Histogram(had.durations, had.seconds))
        merged[key] = Point(attributes, name, began, found.counts, found.count, found.total)
    yield from merged.values()


def active(ledger: Ledger, now: float) -> dict[tuple[str, str], int]:
    """Running requests by method and scheme; 0 for known pairs without any."""
    known = ledger.rows("SELECT DISTINCT method, scheme FROM series WHERE note != ?", (WEBSOCKET,))
    return {**dict.fromkeys(map(tuple, known), 0), **ledger.active(now)}


def _attributes(method: str, scheme: str, route: str, status: int, note: str) -> dict[str, str | int | bool]:
    attributes: dict[str, str | int | bool] = {"http.request.method": method, "url.scheme": scheme}
    if route == OTHER:
        attributes["otel.metric.overflow"] = True
    elif route != UNMATCHED:
        attributes["http.route"] = route
    attributes["http.response.status_code"] = status
    if note.startswith(ERROR):
        attributes["error.type"] = note.removeprefix(ERROR)
    elif status >= 500:
        attributes["error.type"] = str(status)
    return attributes


def explicit(durations: Counts) -> list[int]:
    """Counts up to each of BOUNDS, not cumulative, and above the last."""
    counts = [0] * (len(BOUNDS) + 1)
    for index, count in durations.items():
        # The midpoint decides; it is within 1 % of all values of the bucket.
        value = upper(index) / 1.01
        place = next((place for place, bound in enumerate(BOUNDS) if value <= bound), len(BOUNDS))
        counts[place] += count
    return counts
