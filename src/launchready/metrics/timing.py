"""Durations by method, route template and status class, for one release.

The route is a template, never a path: forty scanner paths are one row, "(unmatched)". Routes are bounded as well; an
app that makes templates out of data fills one row "(other)" and not the memory.
"""

from launchready.metrics.histogram import Histogram

UNMATCHED = "(unmatched)"
OTHER = "(other)"
MAX_SERIES = 1000
MIN_FOR_QUANTILE = 20
"""Below this many requests a 95th percentile is one request's luck, and is not shown."""

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "CONNECT", "TRACE"})


class Timings:
    """The table of one process."""

    def __init__(self, release: str) -> None:
        self.release = release
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def record(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """``route`` None is a path that the app does not know. ``seconds``: from the first look to the last byte."""
        key = (method, route or UNMATCHED, status // 100)
        (self._series.get(key) or self._new(key)).add(seconds)

    def _new(self, key: tuple[str, str, int]) -> Histogram:
        method, route, status = key
        if method not in KNOWN_METHODS:
            method = "_OTHER"  # the word of the OpenTelemetry semantic conventions
        if len(self._series) >= MAX_SERIES:
            route = OTHER
        return self._series.setdefault((method, route, status), Histogram())

    def rows(self) -> list[dict[str, object]]:
        """One row a route, the slowest p95 first: count, errors (5xx), seconds at p50, p95 and p99."""
        merged: dict[tuple[str, str], tuple[Histogram, int]] = {}
        for (method, route, status), histogram in list(self._series.items()):
            whole, errors = merged.get((method, route), (Histogram(), 0))
            whole.merge(histogram)
            merged[method, route] = whole, errors + (histogram.count if status == 5 else 0)
        rows = [_row(method, route, whole, errors) for (method, route), (whole, errors) in merged.items()]
        return sorted(rows, key=lambda row: (-(row["p95"] or 0.0), str(row["route"])))  # type: ignore[operator]


def _row(method: str, route: str, whole: Histogram, errors: int) -> dict[str, object]:
    enough = whole.count >= MIN_FOR_QUANTILE
    quantiles = {f"p{int(q * 100)}": whole.quantile(q) if enough else None for q in (0.5, 0.95, 0.99)}
    return {"method": method, "route": route, "count": whole.count, "errors": errors, **quantiles}
