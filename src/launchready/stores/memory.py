"""The store inside one process. Its data is lost at a restart and is not shared between workers.

Each space has its own table, so cached pages never evict a claim on a payment. An evictable space drops the least
recently used entry; any other space raises StoreFull. Expired entries are removed on access and, two per write, by a
cursor that wraps around. There is no background thread and no long sweep.

Rows are plain tuples in plain dictionaries: a read takes one Python frame and a write three, where cachetools takes two
and seven.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import islice
from threading import Lock
from typing import Any

from launchready.clock import SYSTEM, Clock
from launchready.errors import StoreFull
from launchready.exchange.operations import Inline, Op
from launchready.exchange.store import (
    Claimed,
    Complete,
    Consume,
    Delete,
    Entry,
    Get,
    GetAll,
    Put,
    PutIfAbsent,
    Refund,
    Renew,
    Replace,
    Seize,
    Space,
)
from launchready.stores._memory_windows import MAX_KEYS, MemoryWindows

SCHEMES = ("memory",)

_OVERHEAD = 512  # bytes of Python objects per entry, measured with empty values

_Row = tuple[Any, float, float, int, int]  # value, put at, expires at, version, size

new_tuple = tuple.__new__


def connect(url: str) -> "MemoryStore":
    del url  # memory:// has no options
    return MemoryStore()


class _SpaceTable:
    """The entries of one space, in order of use (evictable) or of insertion."""

    __slots__ = ("cursor", "evictable", "max_bytes", "max_entries", "name", "rows", "size", "size_of")

    def __init__(self, space: Space[Any]) -> None:
        self.name = space.name
        self.evictable = space.evictable
        self.max_entries = space.max_entries
        self.max_bytes = space.max_bytes
        self.size_of = space.size
        self.size = 0
        self.rows: OrderedDict[str, _Row] = OrderedDict()
        self.cursor: deque[str] = deque()

    def live(self, key: str, now: float) -> _Row | None:
        """Return the row or None. Drops an expired row."""
        row = self.rows.get(key)
        if row is None or row[2] > now:
            return row
        self.drop(key)
        return None

    def drop(self, key: str) -> None:
        self.size -= self.rows.pop(key)[4]

    def write(self, key: str, value: Any, now: float, ttl: float, version: int) -> None:
        """Raises StoreFull if the space is full and not evictable."""
        size = self.size_of(value) + len(key) + _OVERHEAD
        rows = self.rows
        old = rows.pop(key, None)
        if old is not None:
            self.size -= old[4]
        elif not self.evictable:
            self._drop_expired(now)
            self.cursor.append(key)
        rows[key] = (value, now, now + ttl, version, size)
        self.size += size
        if self.evictable:
            while len(rows) > self.max_entries or self.size > self.max_bytes:
                self.size -= rows.popitem(last=False)[1][4]

    def _drop_expired(self, now: float) -> None:
        """Check two entries per new entry, so that expired ones leave at least as fast as new ones come."""
        cursor, rows = self.cursor, self.rows
        for key in list(islice(cursor, 2)):
            row = rows.get(key)
            if row is not None and row[2] > now:
                cursor.rotate(-1)
                continue
            cursor.popleft()
            if row is not None:
                self.drop(key)
        if len(rows) >= self.max_entries:
            raise StoreFull(f"{self.name}: the memory store holds its maximum of {self.max_entries} live entries")


class MemoryStore:
    """``memory://``. ``clock.monotonic`` is the store's time; tests pass a clock of their own."""

    shared = False
    has_epoch = False

    def __init__(self, clock: Clock = SYSTEM, *, max_keys: int = MAX_KEYS) -> None:
        self._now = clock.monotonic
        self._lock = Lock()
        self._tables: dict[str, _SpaceTable] = {}
        self._version = 0
        self.windows = MemoryWindows(clock.monotonic, max_keys)
        self.inline: Inline = {
            Get: self._get,
            GetAll: self._get_all,
            Put: self._put,
            PutIfAbsent: self._put_if_absent,
            Replace: self._replace,
            Renew: self._renew,
            Complete: self._settle,
            Seize: self._seize,
            Delete: self._delete,
            Consume: self.windows.take,
            Refund: self.windows.give,
        }

    def execute(self, op: Op[Any]) -> None:
        self.inline[type(op)](op)

    async def aexecute(self, op: Op[Any]) -> None:
        self.inline[type(op)](op)

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""

    def learn_epoch(self) -> None:
        """Nothing to learn."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        now = self._now()
        table = self._tables.get(space.name)
        for value, put, expires, version, _ in list(table.rows.values()) if table is not None else ():
            if expires > now:
                yield Entry(value, now - put, version)

    def sweep(self) -> int:
        return 0

    def _table(self, space: Space[Any]) -> _SpaceTable:
        return self._tables.setdefault(space.name, _SpaceTable(space))

    def _get(self, op: Get[Any]) -> None:
        op.answer = None
        table = self._tables.get(op.space.name)
        if table is None:
            return
        with self._lock:
            row = table.rows.get(op.key)
            if row is None:
                return
            value, put, expires, version, _ = row
            now = self._now()
            if expires <= now:
                table.drop(op.key)
                return
            if table.evictable:
                table.rows.move_to_end(op.key)
        op.answer = new_tuple(Entry, (value, now - put, version))

    def _get_all(self, op: GetAll) -> None:
        op.answer = None
        for get in op.gets:
            self._get(get)

    def _put(self, op: Put[Any]) -> None:
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            self._version = op.answer = self._version + 1
            table.write(op.key, op.value, self._now(), op.ttl, op.answer)

    def _put_if_absent(self, op: PutIfAbsent[Any]) -> None:
        now = self._now()
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.rows.get(op.key)
            if row is not None and row[2] > now:
                version = row[3]
                op.answer = new_tuple(Claimed, (new_tuple(Entry, (row[0], now - row[1], version)), version))
            else:
                self._version = version = self._version + 1
                table.write(op.key, op.value, now, op.ttl, version)
                op.answer = new_tuple(Claimed, (None, version))

    def _replace(self, op: Replace[Any]) -> None:
        now = self._now()
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.live(op.key, now)
            op.answer = row is not None and row[3] == op.version
            if op.answer:
                self._version += 1
                table.write(op.key, op.value, now, op.ttl, self._version)

    def _renew(self, op: Renew[Any]) -> None:
        now = self._now()
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.live(op.key, now)
            op.answer = row is None or row[3] == op.version
            if op.answer:
                table.write(op.key, op.value, now, op.ttl, op.version)

    def _settle(self, op: Complete[Any]) -> None:
        now = self._now()
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.rows.get(op.key)
            op.answer = mine = row is None or row[3] == op.version or row[2] <= now
            if mine:
                self._version += 1
                table.write(op.key, op.value, now, op.ttl, self._version)

    def _seize(self, op: Seize[Any]) -> None:
        now = self._now()
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.live(op.key, now)
            op.answer = 0
            if row is not None and row[3] == op.version and now - row[1] >= op.older:
                self._version += 1
                op.answer = self._version
                table.write(op.key, op.value, now, op.ttl, self._version)

    def _delete(self, op: Delete[Any]) -> None:
        with self._lock:
            table = self._tables.get(op.space.name) or self._table(op.space)
            row = table.live(op.key, self._now())
            op.answer = row is not None and op.version in (None, row[3])
            if op.answer:
                table.drop(op.key)

    def take_at(self, op: Consume, now: int) -> None:
        self.windows.take_at(op, now)
