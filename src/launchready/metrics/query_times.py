"""What one request spent its time on: database statements and calls to other hosts, noted while it runs.

Nothing is noted until something is watched (``launchready.watch``, ``launchready.client``, Django): a request then
carries one object, found by a ContextVar from its tasks and threads. Statements are kept without their values.
"""

import re
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter

SQL, HTTP, READ = "sql", "http", "read"
"""Kinds of work. A read that was looked at is one as well: what it asked for was asked before."""
MAX_KINDS = 40
"""Statements and hosts that one request keeps apart; the rest is one."""

MAX_TEXT = 300
REPEATED = 5
"""The same statement so many times in one request is a query in a loop (N+1)."""

OTHER = "(other)"


TRACE = ("traceparent", "tracestate")


class Instrumentation:
    """Whether anything in this process notes. Set once, by whatever is watched first."""

    enabled = False


class CallTotals:
    """One statement or host, in one request."""

    __slots__ = ("calls", "seconds", "slowest")

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0
        self.slowest = 0.0


class QueryTimes:
    """One request's. ``chained``: calls to other hosts that began after another one had ended. ``trace``: the fields of
    its trace context, which go on with its own calls (W3C Trace Context: forwarding)."""

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
        """Calls and seconds."""
        found = [did for (which, _), did in self.did.items() if which == kind]
        return sum(did.calls for did in found), sum(did.seconds for did in found)


QUERY_TIMES: ContextVar[QueryTimes | None] = ContextVar("launchready_spent", default=None)


def begin(get: Callable[[bytes], bytes | None] = lambda _: None) -> QueryTimes | None:
    """A request begins, of these header fields. None where nothing is watched."""
    if not Instrumentation.enabled:
        return None
    found = {field: get(field.encode()) for field in TRACE}
    spent = QueryTimes({field: value.decode("latin-1") for field, value in found.items() if value is not None})
    QUERY_TIMES.set(spent)
    return spent


def statement(sql: str, seconds: float) -> None:
    """A statement ran. Outside of a request nobody asks."""
    spent = QUERY_TIMES.get()
    if spent is not None:
        spent.note(SQL, normalised(sql), seconds)


def forward(headers: MutableMapping[str, str]) -> None:
    """The trace context of the request that is being answered goes on with its own calls, where they have none."""
    spent = QUERY_TIMES.get()
    for field, value in (spent.trace if spent is not None else {}).items():
        headers.setdefault(field, value)


def call(host: str, seconds: float) -> None:
    """Another host was asked."""
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
    """The statement without values, comments and the length of lists: what a loop repeats is the same text."""
    bare = _LITERALS.sub("?", _COMMENTS.sub(" ", sql[: 20 * MAX_TEXT]))
    return " ".join(_LISTS.sub("(?)", bare).split())[:MAX_TEXT]
