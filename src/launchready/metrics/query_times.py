"""Query times of one request: its database statements and its calls to other hosts.

Nothing is recorded until something is instrumented (``launchready.watch``, ``launchready.client``, Django). A request
then carries one object, found through a ContextVar from its tasks and threads. Statements are kept without values.
"""

import re
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter

SQL, HTTP, READ = "sql", "http", "read"
"""Kinds of entries. READ is a sampled read that was requested before."""
MAX_KINDS = 40
"""Distinct statements and hosts per request; further ones are merged."""

MAX_TEXT = 300
REPEATED = 5
"""Repetitions of one statement in one request that count as a query in a loop (N+1)."""

OTHER = "(other)"


TRACE = ("traceparent", "tracestate")


class Instrumentation:
    """Whether this process records anything. Set by the first instrumented object."""

    enabled = False


class CallTotals:
    """Totals of one statement or host in one request."""

    __slots__ = ("calls", "seconds", "slowest")

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0
        self.slowest = 0.0


class QueryTimes:
    """Totals of one request.

    ``chained``: calls to other hosts that began after another one had ended. ``trace``: trace context fields, forwarded
    with the request's own calls (W3C Trace Context).
    """

    __slots__ = ("chained", "did", "ended", "trace")

    def __init__(self, trace: Mapping[str, str]) -> None:
        self.trace = trace
        self.did: dict[tuple[str, str], CallTotals] = {}
        self.chained = 0
        self.ended = 0.0

    def note(self, kind: str, what: str, seconds: float) -> None:
        key = (kind, what)
        did = self.did.get(key)
        if did is None:
            key = key if len(self.did) < MAX_KINDS else (kind, OTHER)
            did = self.did.setdefault(key, CallTotals())
        did.calls += 1
        did.seconds += seconds
        did.slowest = max(did.slowest, seconds)
        if kind == HTTP:
            now = perf_counter()
            self.chained += bool(self.ended) and now - seconds >= self.ended
            self.ended = now

    def total(self, kind: str) -> tuple[int, float]:
        """Number of calls, and seconds."""
        found = [did for (which, _), did in self.did.items() if which == kind]
        return sum(did.calls for did in found), sum(did.seconds for did in found)


QUERY_TIMES: ContextVar[QueryTimes | None] = ContextVar("launchready_spent", default=None)


def begin(get: Callable[[bytes], bytes | None] = lambda _: None) -> QueryTimes | None:
    """Start recording a request with these header fields. None if nothing is instrumented."""
    if not Instrumentation.enabled:
        return None
    found = {field: get(field.encode()) for field in TRACE}
    spent = QueryTimes({field: value.decode("latin-1") for field, value in found.items() if value is not None})
    QUERY_TIMES.set(spent)
    return spent


def statement(sql: str, seconds: float) -> None:
    """Record a statement. Ignored outside of a request."""
    spent = QUERY_TIMES.get()
    if spent is not None:
        spent.note(SQL, normalised(sql), seconds)


def forward(headers: MutableMapping[str, str]) -> None:
    """Add the trace context of the current request to a call that has none."""
    spent = QUERY_TIMES.get()
    for field, value in (spent.trace if spent is not None else {}).items():
        headers.setdefault(field, value)


def call(host: str, seconds: float) -> None:
    """Record a call to another host."""
    spent = QUERY_TIMES.get()
    if spent is not None:
        spent.note(HTTP, host, seconds)


_LITERALS = re.compile(
    r"""'(?:[^']|'')*'                                   # text
    | \$(\w*)\$.*?\$\1\$                                 # PostgreSQL's dollar quotes
    | (?:(?<=[=<>(,])|(?<=[=<>(,]\s))"(?:[^"]|"")*"(?!\s*\.)   # text of MySQL and SQLite: a name goes on with a dot
    | \b(?:x|b|n|e)?(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b      # numbers
    | %\(\w+\)s | %s | (?<!:):\w+ | \$\d+               # the placeholders of the drivers
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LISTS = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)


@lru_cache(maxsize=1024)
def normalised(sql: str) -> str:
    """The statement without values, comments and list lengths, so that a loop repeats the same text."""
    bare = _LITERALS.sub("?", _COMMENTS.sub(" ", sql[: 20 * MAX_TEXT]))
    return " ".join(_LISTS.sub("(?)", bare).split())[:MAX_TEXT]
