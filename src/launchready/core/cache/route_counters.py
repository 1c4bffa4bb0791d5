"""What the cache did, counted by route: hit, miss, stale, collapsed, and why it was passed by; each request once.

A hit never reaches the app's router, so nobody knows its route. Paths are counted as they come, and now and then
folded into names in which a number, an identifier or a long word is ``{}``: a stranger's inventions cost no memory.
Counted without a lock: under many threads one of a million may be lost.
"""

import re

PATHS = 1024
_ROUTES = 256
_IDENTIFIER = re.compile(r"/(?:[^/]*\d[^/]*|[^/]{25,})(?=/|$)")

Row = dict[str, int]


class RouteCounters:
    """``raw``: counted by the feature itself, (outcome, path) to a number: a call would cost every request a frame."""

    __slots__ = ("_routes", "unfolded")

    def __init__(self) -> None:
        self.unfolded: dict[tuple[str, str], int] = {}
        self._routes: dict[str, Row] = {}

    def fold(self) -> None:
        """Into names of routes, which are bounded."""
        unfolded, self.unfolded = self.unfolded, {}
        for (outcome, path), number in unfolded.items():
            route = _IDENTIFIER.sub("/{}", path)
            if route not in self._routes and len(self._routes) >= _ROUTES:
                route = "other"
            row = self._routes.setdefault(route, {})
            row[outcome] = row.get(outcome, 0) + number

    def rows(self) -> list[dict[str, object]]:
        """One row a route, the busiest first: ``{"route": ..., "hit": 3, "miss": 1, "bypass cookie": 2}``."""
        self.fold()
        rows: list[dict[str, object]] = [{"route": route, **row} for route, row in self._routes.items()]
        return sorted(rows, key=lambda row: -sum(value for value in row.values() if isinstance(value, int)))
