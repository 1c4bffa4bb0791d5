"""Cache outcomes by route: hit, miss, stale, collapsed, and bypass with its reason. Each request counts once.

A hit never reaches the app's router, so its route is unknown. Paths are counted and folded from time to time: numbers,
identifiers and long segments become ``{}``, so invented paths cost no memory. Counting takes no lock; under many
threads about one count in a million is lost.
"""

import re

PATHS = 1024
_ROUTES = 256
_IDENTIFIER = re.compile(r"/(?:[^/]*\d[^/]*|[^/]{25,})(?=/|$)")

Row = dict[str, int]


class RouteCounters:
    """``unfolded``: (outcome, path) to a count. The feature counts inline to save a call for each request."""

    __slots__ = ("_routes", "unfolded")

    def __init__(self) -> None:
        self.unfolded: dict[tuple[str, str], int] = {}
        self._routes: dict[str, Row] = {}

    def fold(self) -> None:
        """Merge the unfolded counts into a bounded number of route names."""
        unfolded, self.unfolded = self.unfolded, {}
        for (outcome, path), number in unfolded.items():
            route = _IDENTIFIER.sub("/{}", path)
            if route not in self._routes and len(self._routes) >= _ROUTES:
                route = "other"
            row = self._routes.setdefault(route, {})
            row[outcome] = row.get(outcome, 0) + number

    def rows(self) -> list[dict[str, object]]:
        """One row per route, busiest first: ``{"route": ..., "hit": 3, "miss": 1, "bypass cookie": 2}``."""
        self.fold()
        rows: list[dict[str, object]] = [{"route": route, **row} for route, row in self._routes.items()]
        return sorted(rows, key=lambda row: -sum(value for value in row.values() if isinstance(value, int)))
