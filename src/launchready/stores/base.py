"""What every store promises, beyond the verbs in :mod:`launchready.exchange.store`.

- ``execute(op)`` sets ``op.answer`` or raises StoreError; ``aexecute`` does the same without blocking the event loop.
- A store that cannot be reached, hangs, restarts or is read-only raises StoreUnavailable within 3 seconds, and works
  again by itself when the server does: no restart of the app.
- ``inline``: the verbs that are answered without waiting for anything outside the process (see Inline).
- No thread, no connection and no file before the first operation; usable after a fork from then on.
- A key leaves the process as a digest only: what a key is made of (an address, a user, a client's own word) is nobody's
  business who can read the store, and a key of any length or alphabet costs the same 32 bytes.
- A store whose blocking half can give up in time says so by a method ``hurry(op)``: ``execute`` within HURRY seconds,
  or within its own ``within``. Others are left behind in a thread.
- A store that others share, and that can tell or look for all at once when an entry ends, has a method ``listen()``,
  and answers Expect where its listener asks for that: :mod:`launchready.exchange.subscribe`. What listens has let go of
  its connection when ``close`` returns.
- No message of an error holds a password.
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
"""Rows that a scan or a sweep looks at in one statement."""

SWEEP_INTERVAL = 1.0
"""Seconds after which a write to a table looks for what is over there, however few writes there were."""

CLAIMS_TABLE, CACHE_TABLE, WINDOWS_TABLE = TABLES = ("launchready_kept", "launchready_cache", "launchready_windows")


def table_of(op: Op[Any]) -> str:
    """The table that a verb works on, where a store has tables."""
    space: Space[Any] | None = getattr(op, "space", None)
    return WINDOWS_TABLE if space is None else CACHE_TABLE if space.evictable else CLAIMS_TABLE


class SweepSchedule:
    """When a process looks for rows that are over, and where: in a table at every so many writes to it and at its first
    write a second after the last look; each fourth look is at the next table in turn, for those that nobody writes to
    any more. In each a hand goes round.

    By writes alone a quiet shop would keep for hours what it said it keeps for seconds; by the clock alone a busy one
    would fall behind.
    """

    def __init__(self, clock: Callable[[], float], *, every: int) -> None:
        self._clock = clock
        self._every = every
        self._looks = 0
        self._writes = dict.fromkeys(TABLES, 0)
        self._last = dict.fromkeys(TABLES, clock())
        self.cursors = dict.fromkeys(TABLES, b"")

    def count_write(self, table: str) -> str | None:
        """After a write to a table: the one to look at, if it is time."""
        self._writes[table] += 1
        now = self._clock()
        if self._writes[table] % self._every and now - self._last[table] < SWEEP_INTERVAL:
            return None
        self._last[table] = now
        self._looks += 1
        return table if self._looks % 4 else TABLES[self._looks // 4 % len(TABLES)]


class Store(Protocol):
    """What ``connect`` returns."""

    inline: Inline
    shared: bool
    """Other processes see the same data."""

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...

    def learn_epoch(self) -> None:
        """Once, when an app is built, in a thread of its own: what the store has to know from the start."""

    def scan(self, space: Space[V]) -> Iterator[Entry[V]]:
        """Every live entry of a space whose values know their key, page by page: for people, not for requests."""

    def sweep(self) -> int:
        """Clear away everything that is over, and answer how many; a store that does so by itself answers 0."""

    def take_at(self, op: Consume, now: int) -> None:
        """A Take as of a time in microseconds, in place of the store's own: how a test plays a trace."""


def is_in_space(space: Space[V], key: bytes, entry: Entry[V]) -> bool:
    """Whether an entry, found by its digest, is one of this space: a table holds several."""
    return space.key_of is not None and digest(space.name, space.key_of(entry.value)) == key


def window_digest(op: Consume | Refund) -> bytes:
    """The same for the windows of a Take: states that could not be read as each other have different keys."""
    return digest(" ".join([window.shape for window in op.windows]), op.key)


def to_micros(seconds: float) -> int:
    """Whole microseconds, rounded up: the unit in which stores keep time."""
    return ceil(seconds * MICRO)


def safe_message(error: BaseException, url: str) -> str:
    """What a driver said, on one line, without the password that it may have repeated from the URL."""
    text = " ".join(str(error).split()) or type(error).__name__
    password = urlsplit(url).password
    for secret in (password, unquote(password)) if password else ():
        text = text.replace(secret, "...")
    return text[:300]


def safe_url(url: str) -> str:
    """A URL as it may be shown: no user, no password, no options."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
