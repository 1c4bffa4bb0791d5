"""The store inside one process: no wire, no file, nothing after a restart, nothing shared between workers.

Each space is a map of its own, so that a flood of cached pages can never push out a claim on a payment: an evictable
space drops what was used least recently (cachetools), any other refuses when it is full. Expired entries leave when
they are met and, a few at each write, by a hand that goes round; there is no background thread and no long sweep.
"""

from collections import deque
from collections.abc import MutableMapping
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache

from launchready.clock import SYSTEM, Clock
from launchready.errors import StoreFull
from launchready.exchange.ops import Inline, Op
from launchready.exchange.store import Claimed, Delete, Entry, Get, Put, PutIfAbsent, Replace, Space, Take
from launchready.exchange.window import MICRO, State, take

SCHEMES = ("memory",)

MAX_KEYS = 1_000_000
_OVERFLOW = 1024
_OVERHEAD = 512  # bytes of Python around a stored value, measured as the growth per entry of an empty value


def connect(url: str) -> "MemoryStore":
    del url  # there is nothing to say about memory
    return MemoryStore()


class _Row(NamedTuple):
    value: Any
    put: float
    expires: float
    version: int
    size: int


class _Room:
    """The entries of one space."""

    __slots__ = ("evictable", "hand", "limit", "rows", "size_of")

    def __init__(self, space: Space[Any]) -> None:
        self.evictable = space.evictable
        self.limit = space.max_entries
        self.size_of = space.size
        self.rows: MutableMapping[str, _Row] = (
            LRUCache(space.max_bytes, getsizeof=lambda row: row.size) if space.evictable else {}
        )
        self.hand: deque[str] = deque()

    def live(self, key: str, now: float) -> _Row | None:
        row = self.rows.get(key)
        if row is None or row.expires > now:
            return row
        del self.rows[key]
        return None

    def write(self, key: str, row: _Row, now: float) -> None:
        if key not in self.rows:
            self._make_room(now)
            if not self.evictable:
                self.hand.append(key)
        try:
            self.rows[key] = row
        except ValueError:  # cachetools: larger than the whole space; a cache does without it
            self.rows.pop(key, None)

    def _make_room(self, now: float) -> None:
        if self.evictable:
            while len(self.rows) >= self.limit:
                self.rows.popitem()
            return
        for _ in range(min(2, len(self.hand))):
            key = self.hand.popleft()
            if self.live(key, now) is not None:
                self.hand.append(key)
        if len(self.rows) >= self.limit:
            raise StoreFull(f"the memory store holds {self.limit} live entries and may drop none of them")


class MemoryStore:
    """See the module. ``clock`` is monotonic time; a test moves it by hand."""

    shared = False

    def __init__(self, clock: Clock = SYSTEM, *, max_keys: int = MAX_KEYS) -> None:
        self._now = clock.monotonic
        self._lock = Lock()
        self._rooms: dict[str, _Room] = {}
        self._version = 0
        self._windows: dict[str, tuple[list[State], list[float]]] = {}
        self._hand: deque[str] = deque()
        self._max_keys = max_keys
        self.inline: Inline = {
            Get: self._get,
            Put: self._put,
            PutIfAbsent: self._put_if_absent,
            Replace: self._replace,
            Delete: self._delete,
            Take: self.take,
        }

    def execute(self, op: Op[Any]) -> None:
        self.inline[type(op)](op)

    async def aexecute(self, op: Op[Any]) -> None:
        self.inline[type(op)](op)

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""

    def _room(self, space: Space[Any]) -> _Room:
        room = self._rooms.get(space.name)
        if room is None:
            room = self._rooms[space.name] = _Room(space)
        return room

    def _write(self, op: Put[Any] | PutIfAbsent[Any] | Replace[Any], room: _Room, now: float) -> int:
        self._version += 1
        size = room.size_of(op.value) + _OVERHEAD
        room.write(op.key, _Row(op.value, now, now + op.ttl, self._version, size), now)
        return self._version

    def _get(self, op: Get[Any]) -> None:
        now = self._now()
        with self._lock:
            row = self._room(op.space).live(op.key, now)
        op.answer = None if row is None else Entry(row.value, now - row.put, row.version)

    def _put(self, op: Put[Any]) -> None:
        with self._lock:
            op.answer = self._write(op, self._room(op.space), self._now())

    def _put_if_absent(self, op: PutIfAbsent[Any]) -> None:
        now = self._now()
        with self._lock:
            room = self._room(op.space)
            row = room.live(op.key, now)
            if row is None:
                op.answer = Claimed(None, self._write(op, room, now))
            else:
                op.answer = Claimed(Entry(row.value, now - row.put, row.version), row.version)

    def _replace(self, op: Replace[Any]) -> None:
        now = self._now()
        with self._lock:
            room = self._room(op.space)
            row = room.live(op.key, now)
            op.answer = row is not None and row.version == op.version
            if op.answer:
                self._write(op, room, now)

    def _delete(self, op: Delete[Any]) -> None:
        with self._lock:
            room = self._room(op.space)
            row = room.live(op.key, self._now())
            op.answer = row is not None and op.version in (None, row.version)
            if op.answer:
                del room.rows[op.key]

    def take(self, op: Take) -> None:
        now = self._now()
        with self._lock:
            row = self._windows.get(op.key)
            if row is None:
                row = self._new_window(op, now)
            row[1][0] = now + op.windows[-1].period
            op.answer = take(row[0], int(now * MICRO), op.windows, op.cost)

    def _new_window(self, op: Take, now: float) -> tuple[list[State], list[float]]:
        """Two steps of the hand for each new key: idle ones leave about as fast as new ones come.

        At the bound a new key shares one of a thousand common windows. It may be refused for what others did, but
        nobody's counter is dropped: an attacker cannot buy himself a fresh one by inventing addresses.
        """
        for _ in range(min(2, len(self._hand))):
            key = self._hand.popleft()
            if self._windows[key][1][0] <= now:
                del self._windows[key]
            else:
                self._hand.append(key)
        key = op.key if len(self._windows) < self._max_keys else f"*{hash(op.key) % _OVERFLOW}"
        row = self._windows.get(key)
        if row is None:
            row = self._windows[key] = ([[] for _ in op.windows], [0.0])
            self._hand.append(key)
        return row
