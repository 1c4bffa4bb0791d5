"""Durations of this process, by method, route template, status, scheme and what was special about the answer.

The route is a template, never a path: forty scanner paths are one row, "(unmatched)". Routes are bounded as well: an
app that makes templates out of data fills one row "(other)", and not the memory.

``record`` runs for every request: one look-up, one count. No lock: between reading and writing a count CPython
switches no threads, since nothing is called there. Everything else happens in ``drain``, off the request.
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
"""Of one process and release: a route has a handful of methods and statuses."""

MAX_PATHS = 1024
MAX_WORK = 2000

SCHEMES = frozenset({"http", "https"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "CONNECT", "TRACE"})

ANSWERED_EARLY = "own"
"""A note: answered in front of the app, by the cache, a limit, a key's replay or a preflight."""

STREAM = "stream"
WEBSOCKET = "websocket"
DISCONNECT = "disconnect"
ERROR = "error:"
"""Notes. After ``ERROR`` comes the class of what the app raised."""

CLIENT_GONE = 499
"""The status of a request whose client went away before the last byte (nginx's word). Not an error of the app."""


class SeriesKey(NamedTuple):
    """What is counted together. ``note`` is "" for an ordinary answer; ``scheme`` is the server's word."""

    method: str
    route: str
    status: int
    note: str = ""
    scheme: str = "http"


class Series:
    """What came since the last drain."""

    __slots__ = ("counts", "first", "key", "total")

    def __init__(self, key: SeriesKey) -> None:
        self.key = key
        self.counts: Counts = {}
        self.first: Counts = {}
        self.total = 0.0


class RouteQueries:
    """One statement or host under one route. ``repeats``: the most that one request made of it; of a host, the most
    calls that one request made one after the other."""

    __slots__ = ("calls", "repeats", "requests", "seconds", "slowest")

    def __init__(self) -> None:
        self.requests = self.calls = self.repeats = 0
        self.seconds = self.slowest = 0.0


def classify_failure(error: BaseException) -> tuple[int, str]:
    """Status and note of a request that ended with this, before its answer or in the middle of it.

    A cancelled task is how a server, and ClientDisconnect how Starlette says that the client has left. Any other
    ConnectionError is the app's own: its database can break a connection as well.
    """
    if isinstance(error, CancelledError | GeneratorExit) or type(error).__name__ == "ClientDisconnect":
        return CLIENT_GONE, DISCONNECT
    return 500, ERROR + type(error).__name__


def is_route_pattern(template: str) -> bool:
    """Whether a framework's template is one of our patterns as well."""
    try:
        Route(template)
    except ValueError:
        return False
    return True


def _kind(method: str, scheme: str) -> tuple[str, str]:
    """Bounded, by the words of the OpenTelemetry semantic conventions."""
    return method if method in KNOWN_METHODS else "_OTHER", scheme if scheme in SCHEMES else "http"


class Timings:
    """The table of one process."""

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
        """``route`` None is a path that the app does not know. ``seconds``: from the first look to the last byte.

        ``first``: to the first byte, where that is another moment (a stream).
        """
        index = ceil(log(seconds) * PER_E) if seconds > SMALLEST else LOWEST
        series = self._series.get((method, route or UNMATCHED, status, note, scheme)) or self._new(
            method, route or UNMATCHED, status, note, scheme
        )
        while True:
            try:
                series.counts[index] += 1
                break
            except KeyError:  # and again where another thread drains between the two
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
            self._series[asked] = series  # the next of these takes the short way
        return series

    def _key(self, method: str, route: str, status: int, note: str, scheme: str) -> SeriesKey:
        """What it is counted under: unknown methods are one, and past the bounds so are routes and statuses."""
        method, scheme = _kind(method, scheme)
        if len(self._routes) >= MAX_ROUTES and route not in self._routes and route != UNMATCHED:
            route = OTHER
        if len(self._series) >= MAX_SERIES and (method, route, status, note, scheme) not in self._series:
            return SeriesKey(method, OTHER, status // 100 * 100, "", scheme)
        return SeriesKey(method, route, status, note, scheme)

    def record_early(self, method: str, path: str, status: int, seconds: float, scheme: str = "http") -> None:
        """An answer that did not come from the app: counted under the route that would have made it."""
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
        """``whole`` False: the app stopped in the middle without an error, since it was told that nobody reads."""
        if note:
            self.record(method, route, 500, seconds, note, first, scheme)
        elif whole:
            self.record(method, route, status, seconds, STREAM, first, scheme)
        else:
            self.record(method, route, CLIENT_GONE, seconds, DISCONNECT, first, scheme)

    def record_queries(self, method: str, route: str | None, spent: QueryTimes) -> None:
        """What a request spent its time on: added up by route."""
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
        """A read was asked for again: ``calls`` counts those that were answered with the same."""
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
        """The route of an answer that did not come from the app, by the templates that the app has matched so far."""
        if len(self._routes) != self._known_routes or len(self._paths) > MAX_PATHS:
            self._known_routes, self._paths = len(self._routes), {}
            self._table = RouteTable((route, route) for route in list(self._routes) if is_route_pattern(route))
        if path not in self._paths:
            self._paths[path] = self._table.find(method, path, None)
        return self._paths[path]

    def drain(self) -> Iterator[Series]:
        """What came since the last call, which then is the caller's."""
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
        """How many requests run now, by method and scheme. Right after ``drain``."""
        for kind in [kind for kind in list(self.begun) if _kind(*kind) != kind]:
            self.begun[_kind(*kind)] += self.begun.pop(kind)
        found = {kind: begun - self._ended[kind] for kind, begun in list(self.begun.items())}
        return {kind: count for kind, count in found.items() if count > 0}

    def forget(self) -> None:
        """In a process that was just forked: what is here is the parent's, who will write it down."""
        self._series.clear()
        self.begun.clear()
        self._ended.clear()
        self.process = uuid4().hex
        self._lock = Lock()
        self._work = {}
