"""Durations of this process by method, route template, status, scheme and note.

The route is a template and never a path: forty scanner paths are one row, "(unmatched)". Templates are bounded too: an
app that builds them from data fills one row "(other)".

``record`` runs for every request: one lookup and one increment, without a lock. CPython switches no threads between
reading and writing a count, because nothing is called in between. Everything else happens in ``drain``.
"""

from asyncio import CancelledError
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import ceil, log
from threading import Lock
from typing import NamedTuple
from uuid import uuid4

from launchready.http.routes import Route, RouteTable
from launchready.metrics.histogram import LOWEST, PER_E, SMALLEST, Counts
from launchready.metrics.query_times import READ, SQL, QueryTimes

UNMATCHED = "(unmatched)"
OTHER = "(other)"
MAX_ROUTES = 200
MAX_SERIES = 4 * MAX_ROUTES
"""Per process and release: a route has a handful of methods and statuses."""

MAX_PATHS = 1024
MAX_WORK = 2000

SCHEMES = frozenset({"http", "https"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "CONNECT", "TRACE"})

ANSWERED_EARLY = "own"
"""A note: answered before the app, by the cache, a rate limit, an idempotent replay or a preflight."""

STREAM = "stream"
WEBSOCKET = "websocket"
DISCONNECT = "disconnect"
ERROR = "error:"
"""Prefix of a note, followed by the class of the app's exception."""

CLIENT_GONE = 499
"""Status of a request whose client disconnected before the last byte (nginx's code). Not an error of the app."""


class SeriesKey(NamedTuple):
    """Requests with equal keys are counted together. ``note`` is "" for an ordinary response; ``scheme`` is the
    server's.
    """

    method: str
    route: str
    status: int
    note: str = ""
    scheme: str = "http"


class Series:
    """Counts since the last drain."""

    __slots__ = ("counts", "first", "key", "total")

    def __init__(self, key: SeriesKey) -> None:
        self.key = key
        self.counts: Counts = {}
        self.first: Counts = {}
        self.total = 0.0


class RouteQueries:
    """Totals of one statement or host under one route.

    ``repeats``: most repetitions in one request; for a host, most consecutive calls in one request.
    """

    __slots__ = ("calls", "repeats", "requests", "seconds", "slowest")

    def __init__(self) -> None:
        self.requests = self.calls = self.repeats = 0
        self.seconds = self.slowest = 0.0


def classify_failure(error: BaseException) -> tuple[int, str]:
    """Status and note of a request that ended with this exception.

    Servers report a disconnect by cancelling the task, Starlette by ClientDisconnect. Any other ConnectionError is the
    app's own, such as a broken database connection.
    """
    if isinstance(error, CancelledError | GeneratorExit) or type(error).__name__ == "ClientDisconnect":
        return CLIENT_GONE, DISCONNECT
    return 500, ERROR + type(error).__name__


def is_route_pattern(template: str) -> bool:
    """Whether a framework's template is also a valid pattern of ours."""
    try:
        Route(template)
    except ValueError:
        return False
    return True


def _kind(method: str, scheme: str) -> tuple[str, str]:
    """Method and scheme, bounded as in the OpenTelemetry semantic conventions."""
    return method if method in KNOWN_METHODS else "_OTHER", scheme if scheme in SCHEMES else "http"


class Timings:
    """The durations of one process."""

    def __init__(self, release: str) -> None:
        self.release = release
        self._series: dict[tuple[str, str, int, str, str], Series] = {}
        self._routes: set[str] = set()
        self._table: RouteTable[str] = RouteTable({})
        self._known_routes = 0
        self._paths: dict[str, str | None] = {}
        self._work: dict[tuple[str, str, str, str], RouteQueries] = {}
        self._lock = Lock()
        self.process = uuid4().hex
        self.begun: defaultdict[tuple[str, str], int] = defaultdict(int)
        """Requests that began, by method and scheme. Each of them is recorded once, when it ends."""
        self._ended: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.started: Callable[[], None] = lambda: None
        """Called when something is measured that was not before: whoever drains may begin."""

    def record(
        self,
        method: str,
        route: str | None,
        status: int,
        seconds: float,
        note: str = "",
        first: float | None = None,
        scheme: str = "http",
    ) -> None:
        """Record one request; ``seconds`` lasts until the last byte. ``route`` None: the app does not know the path.

        ``first``: seconds until the first byte, if that differs (a stream).
        """
        index = ceil(log(seconds) * PER_E) if seconds > SMALLEST else LOWEST
        series = self._series.get((method, route or UNMATCHED, status, note, scheme)) or self._new(
            method, route or UNMATCHED, status, note, scheme
        )
        while True:
            try:
                series.counts[index] += 1
                break
            except KeyError:  # retry if another thread drains in between
                series.counts.setdefault(index, 0)
        series.total += seconds
        if first is not None:
            index = ceil(log(first) * PER_E) if first > SMALLEST else LOWEST
            while True:
                try:
                    series.first[index] += 1
                    break
                except KeyError:
                    series.first.setdefault(index, 0)

    def _new(self, method: str, route: str, status: int, note: str, scheme: str) -> Series:
        asked = (method, route, status, note, scheme)
        key = self._key(*asked)
        series = self._series.get(key)
        if series is None:
            series = self._series.setdefault(key, Series(key))
            self._routes.add(key.route)
        self.started()
        if len(self._series) < 2 * MAX_SERIES:
            self._series[asked] = series  # the next such request finds it directly
        return series

    def _key(self, method: str, route: str, status: int, note: str, scheme: str) -> SeriesKey:
        """The key to count under: unknown methods are merged, and past the bounds also routes and statuses."""
        method, scheme = _kind(method, scheme)
        if len(self._routes) >= MAX_ROUTES and route not in self._routes and route != UNMATCHED:
            route = OTHER
        if len(self._series) >= MAX_SERIES and (method, route, status, note, scheme) not in self._series:
            return SeriesKey(method, OTHER, status // 100 * 100, "", scheme)
        return SeriesKey(method, route, status, note, scheme)

    def record_early(self, method: str, path: str, status: int, seconds: float, scheme: str = "http") -> None:
        """Record a response that did not come from the app, under the route that would have answered."""
        route = self._paths.get(path)
        if route is None or len(self._routes) != self._known_routes:
            route = self.template(method, path)
        self.record(method, route, status, seconds, ANSWERED_EARLY, None, scheme)

    def record_stream(
        self,
        method: str,
        route: str | None,
        status: int,
        seconds: float,
        first: float,
        whole: bool,
        note: str = "",
        scheme: str = "http",
    ) -> None:
        """Record a stream. ``whole`` False without a note: the client disconnected and the app stopped."""
        if note:
            self.record(method, route, 500, seconds, note, first, scheme)
        elif whole:
            self.record(method, route, status, seconds, STREAM, first, scheme)
        else:
            self.record(method, route, CLIENT_GONE, seconds, DISCONNECT, first, scheme)

    def record_queries(self, method: str, route: str | None, spent: QueryTimes) -> None:
        """Add the query times of a request to its route."""
        if method not in KNOWN_METHODS or not spent.did:
            return
        if route is not None and route not in self._routes and len(self._routes) >= MAX_ROUTES:
            route = OTHER
        with self._lock:
            for (kind, what), did in spent.did.items():
                key = (method, route or UNMATCHED, kind, what)
                work = self._work.get(key)
                if work is None:
                    if len(self._work) >= MAX_WORK:
                        continue
                    work = self._work[key] = RouteQueries()
                work.requests += 1
                work.calls += did.calls
                work.seconds += did.seconds
                work.repeats = max(work.repeats, did.calls if kind == SQL else spent.chained)
                work.slowest = max(work.slowest, did.slowest)

    def record_repeated_read(self, method: str, path: str, signed_in: bool, same: bool) -> None:
        """Count a repeated read; ``calls`` counts those with the same body."""
        key = (method, self.template(method, path) or UNMATCHED, READ, "private" if signed_in else "public")
        with self._lock:
            work = self._work.get(key)
            if work is None:
                if len(self._work) >= MAX_WORK:
                    return
                work = self._work[key] = RouteQueries()
            work.requests += 1
            work.calls += same

    def drain_work(self) -> dict[tuple[str, str, str, str], "RouteQueries"]:
        with self._lock:
            work, self._work = self._work, {}
        return work

    def template(self, method: str, path: str) -> str | None:
        """The route of a response that did not come from the app, from the templates seen so far."""
        if len(self._routes) != self._known_routes or len(self._paths) > MAX_PATHS:
            self._known_routes, self._paths = len(self._routes), {}
            self._table = RouteTable((route, route) for route in list(self._routes) if is_route_pattern(route))
        if path not in self._paths:
            self._paths[path] = self._table.find(method, path, None)
        return self._paths[path]

    def drain(self) -> Iterator[Series]:
        """The counts since the last call; ownership passes to the caller."""
        for series in set(self._series.values()):
            if series.counts:
                part = Series(series.key)
                part.counts, series.counts = series.counts, {}
                part.first, series.first = series.first, {}
                part.total, series.total = series.total, 0.0
                if part.key.note != WEBSOCKET:
                    self._ended[part.key.method, part.key.scheme] += sum(part.counts.values())
                yield part

    def active(self) -> dict[tuple[str, str], int]:
        """Running requests by method and scheme. Call right after ``drain``."""
        for kind in [kind for kind in list(self.begun) if _kind(*kind) != kind]:
            self.begun[_kind(*kind)] += self.begun.pop(kind)
        found = {kind: begun - self._ended[kind] for kind, begun in list(self.begun.items())}
        return {kind: count for kind, count in found.items() if count > 0}

    def forget(self) -> None:
        """Clear the counts in a forked child: the parent will write them."""
        self._series.clear()
        self.begun.clear()
        self._ended.clear()
        self.process = uuid4().hex
        self._lock = Lock()
        self._work = {}
