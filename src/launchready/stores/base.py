"""The store contract, beyond the verbs in :mod:`launchready.exchange.store`.

- ``execute(op)`` sets ``op.answer`` or raises StoreError. ``aexecute`` does the same without blocking the event loop.
- A store that is unreachable, hung, restarting or read-only raises StoreUnavailable within 3 seconds. It works again
  when the server does, without a restart of the app.
- ``inline``: the verbs that execute without waiting for anything outside the process (see Inline).
- No thread, connection or file exists before the first operation. The store stays usable after a fork.
- A key leaves the process as a digest only. A reader of the store learns no address, user or client value, and a key
  of any length or alphabet takes 32 bytes.
- A store that can abandon a blocking call in time has a method ``execute_quickly(op)``: ``execute`` within HURRY
  seconds, or within its own ``within``. Calls to other stores are abandoned in a thread.
- A shared store that can report completed entries has a method ``listen()``, and executes Expect where its listener
  needs that: :mod:`launchready.exchange.subscribe`. The subscription has closed its connection when ``close`` returns.
- No error message holds a password.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from launchready.exchange.operations import Inline, Op
from launchready.exchange.store import Consume, Entry, Refund, Space, digest
from launchready.exchange.window import MICRO

V = TypeVar("V")
PAGE = 256
"""Rows that a scan or a sweep reads in one statement."""

SWEEP_INTERVAL = 1.0
"""Seconds after which a write sweeps its table, however few writes there were."""

CLAIMS_TABLE, CACHE_TABLE, WINDOWS_TABLE = TABLES = ("launchready_kept", "launchready_cache", "launchready_windows")


def table_of(op: Op[Any]) -> str:
    """Return the table of a verb, for stores with tables."""
    space: Space[Any] | None = getattr(op, "space", None)
    return WINDOWS_TABLE if space is None else CACHE_TABLE if space.evictable else CLAIMS_TABLE


class SweepSchedule:
    """Decides when a process sweeps expired rows, and in which table.

    - A table is swept at every ``every`` writes to it, and at its first write a second after the last sweep.
    - Each fourth sweep goes to the next table in turn, for tables without writes.
    - Each table has a cursor; the sweep continues from it and wraps around.

    Counting writes alone would keep expired rows for hours in a quiet app; the clock alone would fall behind in a busy
    one.
    """

    def __init__(self, clock: Callable[[], float], *, every: int) -> None:
        self._clock = clock
        self._every = every
        self._looks = 0
        self._writes = dict.fromkeys(TABLES, 0)
        self._last = dict.fromkeys(TABLES, clock())
        self.cursors = dict.fromkeys(TABLES, b"")

    def count_write(self, table: str) -> str | None:
        """Called after a write to a table. Returns the table to sweep now, or None."""
        self._writes[table] += 1
        now = self._clock()
        if self._writes[table] % self._every and now - self._last[table] < SWEEP_INTERVAL:
            return None
        self._last[table] = now
        self._looks += 1
        return table if self._looks % 4 else TABLES[self._looks // 4 % len(TABLES)]


class Store(Protocol):
    """The result of ``connect``."""

    inline: Inline
    shared: bool
    """Whether other processes see the same data."""
    has_epoch: bool
    """Whether ``learn_epoch`` does anything."""

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...

    def learn_epoch(self) -> None:
        """Called once, in a thread, when an app is built. Redis learns the server's epoch; other stores do nothing."""

    def scan(self, space: Space[V]) -> Iterator[Entry[V]]:
        """Yield every live entry of a space whose values hold their key, page by page. For administration only."""

    def sweep(self) -> int:
        """Delete all expired entries and return their number. A store with its own expiry returns 0."""

    def take_at(self, op: Consume, now: int) -> None:
        """Execute a Take at a given time in microseconds instead of the store's own. Tests replay traces with it."""


def is_in_space(space: Space[V], key: bytes, entry: Entry[V]) -> bool:
    """Whether an entry belongs to this space. A table holds several spaces."""
    return space.key_of is not None and digest(space.name, space.key_of(entry.value)) == key


def window_digest(op: Consume | Refund) -> bytes:
    """Return the key of the windows of a Take. Incompatible window states have different keys."""
    return digest(" ".join([window.shape for window in op.windows]), op.key)


def to_micros(seconds: float) -> int:
    """Return whole microseconds, rounded up: the unit of time in stores."""
    return ceil(seconds * MICRO)


def safe_message(error: BaseException, url: str) -> str:
    """Return a driver's message on one line, without the password of the URL."""
    text = " ".join(str(error).split()) or type(error).__name__
    password = urlsplit(url).password
    for secret in (password, unquote(password)) if password else ():
        text = text.replace(secret, "...")
    return text[:300]


def safe_url(url: str) -> str:
    """Return a URL without user, password and options, safe for logs and errors."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
