"""The SQLite store: one file for all workers of one machine. The default for data that must survive a restart.

``sqlite:///relative.db``, ``sqlite:////absolute.db``; options ``?synchronous=NORMAL|FULL|EXTRA&max_size=2147483648``.

Guarantees:

- A verb is one statement, and a statement is one transaction that takes SQLite's write lock before it reads. (A lost
  claim and a Take on a new key need a second statement.) A Take runs the limit inside its UPDATE, as a function that
  SQLite calls under that lock, so counts are exact across processes.
- WAL mode: readers never wait. In the event loop a verb waits at most 30 ms for another writer, then raises Elsewhere.
  In a thread it waits at most 2.5 s, then raises StoreUnavailable.
- One connection per process, behind a lock: threads wait for each other without SQLite's sleeping retries. It is closed
  before a fork and reopened when needed (sqlite.org/howtocorrupt.html, section 2.6).
- A short-lived thread checkpoints the write-ahead log, so no request pays for it.
- Time is the wall clock of the first open after a boot, continued by the monotonic clock, which all processes share.
  Setting the wall clock neither frees a claim nor bans a client.

``synchronous`` concerns power cuts and kernel crashes, not processes: kill -9 loses nothing under any value.

- NORMAL, the default, syncs at a checkpoint. A power cut may lose the last seconds, never the file's integrity.
- FULL syncs every write to a space that is not evictable. No acknowledged write is lost, at 170-280 us a write instead
  of 13. Choose it on a machine you own that charges without a provider's idempotency key.
- Evictable entries and rate limit windows are never synced.

NORMAL is the default because every payment waits for its claim, most crashes are process crashes, and the disk of a
cloud instance is usually lost with the instance.
"""

import os
import sqlite3
from asyncio import to_thread
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from math import ceil
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakSet

from launchready.clock import SYSTEM, Clock
from launchready.errors import ConfigError, StoreUnavailable
from launchready.exchange.operations import Inline, Op, WouldBlock
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
    digest,
)
from launchready.exchange.subscribe import Listener
from launchready.exchange.window import MICRO
from launchready.stores._sqlite_file import (
    EVICT,
    FIRST,
    FORGET,
    GIVE,
    SQL,
    TAKE,
    SQLiteConnection,
    Statements,
    WindowCallback,
    checkpoint,
    error_code,
    to_store_error,
)
from launchready.stores._subscription import PollingSubscription, Subscriptions
from launchready.stores.base import PAGE, SWEEP_INTERVAL, TABLES, is_in_space, to_micros, window_digest

SCHEMES = ("sqlite",)

INLINE_WAIT = 0.03
THREAD_WAIT = 2.5
MAX_SIZE = 2 * 1024**3
SWEEP_EVERY, SWEEP_ROWS = 16, 48  # three rows per write, so expired rows are never most of a table
CHECKPOINT_EVERY = 2_000  # writes, a multiple of SWEEP_EVERY: about 16 MB of log
POLL_INTERVAL = (
    0.005  # seconds: a look at one key takes 4 us, at two hundred 150 us (PRAGMA data_version alone takes 3)
)

Row = tuple[bytes, int, int, bytes]

new_tuple = tuple.__new__


def connect(url: str) -> "SQLiteStore":
    """Raises ConfigError for a URL without a file, or with an unknown option."""
    parts = urlsplit(url)
    problems: list[str] = []
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = unquote(parts.path)[1:]
    synchronous = options.pop("synchronous", "NORMAL").upper()
    size = options.pop("max_size", str(MAX_SIZE))
    if parts.netloc:
        problems.append(f"store={url!r}: a file has no host; write sqlite:///{parts.netloc}{parts.path}")
    elif path in {"", ":memory:"}:
        problems.append(f"store={url!r}: no file in the URL; write sqlite:///launchready.db, or memory://")
    if synchronous not in {"NORMAL", "FULL", "EXTRA"}:
        problems.append(f"store={url!r}: synchronous={synchronous}; write NORMAL, FULL or EXTRA")
    if not size.isdecimal() or int(size) < 1024**2:
        problems.append(f"store={url!r}: max_size={size}; write a number of bytes, at least 1048576")
    problems += [f"store={url!r}: unknown option {name!r}; write synchronous or max_size" for name in options]
    if problems:
        raise ConfigError(problems)
    return SQLiteStore(path, synchronous=synchronous, max_size=int(size))


class SQLiteStore:
    """The store in one file. ``clock.monotonic`` continues the store's time."""

    shared = True
    has_epoch = False
    within = 0.25  # longer than HURRY: a writer in another process is rare, and done soon

    def __init__(
        self, path: str, *, synchronous: str = "NORMAL", max_size: int = MAX_SIZE, clock: Clock = SYSTEM
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._max_size = max_size
        self._monotonic = clock.monotonic
        self._lock = Lock()
        self._files: dict[bool, SQLiteConnection] = {}  # by Space.evictable; the same one under NORMAL
        self._handles: dict[bool, tuple[Callable[..., sqlite3.Cursor], Statements]] = {}
        self._base = 0
        self._writes = self._next_table = 0
        self._next_sweep = 0  # when the next write looks for what is over
        self._cursors = dict.fromkeys(TABLES, b"")
        self._busy_timeout = -1.0  # how long the open files wait for a writer of another process
        self._checkpoint: Thread | None = None
        self._subscriptions = Subscriptions()
        self._verbs: dict[type[Op[Any]], Callable[[Any], None]] = {
            Get: self._get,
            GetAll: self._get_all,
            Put: self._put,
            PutIfAbsent: self._put_if_absent,
            Replace: self._replace,
            Renew: self._renew,
            Complete: self._settle,
            Seize: self._seize,
            Delete: self._delete,
            Consume: self._take,
            Refund: self._give,
        }
        self.inline: Inline = {kind: partial(self._inline, verb) for kind, verb in self._verbs.items()}
        _ALL.add(self)

    def execute(self, op: Op[Any]) -> None:
        self._execute_within(op, THREAD_WAIT)

    def execute_quickly(self, op: Op[Any]) -> None:
        """Execute within ``within`` seconds."""
        self._execute_within(op, self.within)

    def _execute_within(self, op: Op[Any], patience: float) -> None:
        start = SYSTEM.monotonic()
        if not self._lock.acquire(timeout=patience):
            raise StoreUnavailable(f"the SQLite store {self.path} is busy: another thread is using it")
        try:
            self._run(self._verbs[type(op)], op, max(0.1, round(start + patience - SYSTEM.monotonic(), 1)))
        finally:
            self._lock.release()

    async def aexecute(self, op: Op[Any]) -> None:
        await to_thread(self.execute, op)

    def _inline(self, verb: Callable[[Any], None], op: Op[Any]) -> None:
        lock = self._lock
        if not self._files or not (lock.acquire(blocking=False) or lock.acquire(timeout=INLINE_WAIT)):
            raise WouldBlock  # a file is never opened in the event loop
        try:
            if self._busy_timeout != INLINE_WAIT:
                self._open(INLINE_WAIT)
            verb(op)
        except sqlite3.Error as error:
            self._failed(error, verb, op, INLINE_WAIT)
        finally:
            lock.release()

    def take_at(self, op: Consume, now: int) -> None:
        with self._lock:
            self._run(partial(self._take, clock=lambda: now), op, THREAD_WAIT)

    def listen(self) -> Listener:
        return self._subscriptions.open(PollingSubscription(self._versions, POLL_INTERVAL))

    def _versions(self, names: list[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for start in range(0, len(names), PAGE):
            some = names[start : start + PAGE]
            which = f"WHERE key IN ({','.join('?' * len(some))})"
            look = (
                f"SELECT key, version FROM launchready_kept {which} "
                f"UNION ALL SELECT key, version FROM launchready_cache {which}"
            )
            found |= dict(self._ask(look, (*some, *some))[0])
        return found

    def close(self) -> None:
        self._subscriptions.close()
        with self._lock:
            self._close_files()

    async def aclose(self) -> None:
        await to_thread(self.close)

    def learn_epoch(self) -> None:
        """Nothing to learn."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        table, cursor = "launchready_cache" if space.evictable else "launchready_kept", b""
        page = f"SELECT key, value, put, version, expires FROM {table} WHERE key > ? ORDER BY key LIMIT {PAGE}"
        while True:
            rows, now = self._ask(page, (cursor,))
            for key, value, put, version, expires in rows:
                if expires > now and is_in_space(space, key, entry := _entry(space, (value, put, version), now)):
                    yield entry
            if len(rows) < PAGE:
                return
            cursor = rows[-1][0]

    def sweep(self) -> int:
        """Walk each table once by key, so that the time is linear in the number of rows."""
        count = 0
        for table in TABLES:
            page = f"SELECT key, expires FROM {table} WHERE key > ? ORDER BY key LIMIT {PAGE}"
            drop = f"DELETE FROM {table} WHERE key > ? AND key <= ? AND expires <= ? RETURNING 1"
            cursor = b""
            while rows := (found := self._ask(page, (cursor,)))[0]:
                first, cursor, now = cursor, rows[-1][0], found[1]
                if any(expires <= now for _, expires in rows):
                    count += len(self._ask(drop, (first, cursor, now))[0])
        return count

    def _ask(self, sql: str, params: tuple[Any, ...]) -> tuple[list[Any], int]:
        """Run a housekeeping statement. Returns (rows, now)."""
        with self._lock:
            try:
                self._open(THREAD_WAIT)
                return self._files[True].db.execute(sql, params).fetchall(), self._now()
            except sqlite3.Error as error:
                raise to_store_error(error, self.path) from error

    # The following methods run under the lock.

    def _run(self, verb: Callable[[Any], None], op: Op[Any], wait: float) -> None:
        try:
            if wait != self._busy_timeout:
                self._open(wait)
            verb(op)
        except sqlite3.Error as error:
            self._failed(error, verb, op, wait)

    def _failed(self, error: sqlite3.Error, verb: Callable[[Any], None], op: Op[Any], wait: float) -> None:
        """Evict cached entries from a full file and retry once. Raises the error to report otherwise."""
        if error_code(error) == sqlite3.SQLITE_FULL and self._files:
            try:
                if self._files[True].db.execute(EVICT).rowcount:
                    verb(op)
                    return
            except sqlite3.Error as again:
                error = again
        if error_code(error) not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}:
            self._close_files()  # the next operation reopens the file
        if error_code(error) == sqlite3.SQLITE_BUSY and wait == INLINE_WAIT:
            raise WouldBlock from None
        raise to_store_error(error, self.path) from error

    def _open(self, wait: float) -> None:
        if not self._files:
            relaxed = SQLiteConnection(self.path, "NORMAL", self._max_size, wait)
            try:
                self._base = relaxed.create_tables(int(self._monotonic() * MICRO))
                self._next_sweep = 0  # by another clock
                full = self._synchronous != "NORMAL"
                strict = SQLiteConnection(self.path, self._synchronous, self._max_size, wait) if full else relaxed
            except BaseException:
                relaxed.db.close()
                raise
            self._files.update({True: relaxed, False: strict})
            self._handles = {kind: (file.db.execute, SQL[kind]) for kind, file in self._files.items()}
        for file in self._files.values():
            file.set_busy_timeout(wait)
        self._busy_timeout = wait

    def _close_files(self) -> None:
        if self._checkpoint is not None:
            self._checkpoint.join()
            self._checkpoint = None
        for file in self._files.values():
            file.db.close()
        self._files.clear()
        self._handles.clear()
        self._busy_timeout = -1.0

    def _now(self) -> int:
        return self._base + int(self._monotonic() * MICRO)

    def _row(self, op: Put[Any] | Replace[Any] | Renew[Any] | Complete[Any] | Seize[Any]) -> Row:
        now = self._base + int(self._monotonic() * MICRO)
        return digest(op.space.name, op.key), now, now + ceil(op.ttl * MICRO), op.space.dump(op.value)

    def _get(self, op: Get[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        now = self._base + int(self._monotonic() * MICRO)
        rows = execute(sql.get, (digest(op.space.name, op.key), now)).fetchall()
        op.answer = _entry(op.space, rows[0], now) if rows else None

    def _get_all(self, op: GetAll) -> None:
        op.answer = None
        for get in op.gets:
            self._get(get)

    def _put(self, op: Put[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        row = self._row(op)
        written = execute(sql.put_now, row).rowcount
        op.answer = row[1] if written else execute(sql.put, row).fetchall()[0][0]
        self._count_write()

    def _put_if_absent(self, op: PutIfAbsent[Any]) -> None:
        """Read first, without a lock: most repeated claims end there, before a value is serialised."""
        execute, sql = self._handles[op.space.evictable]
        now = self._base + int(self._monotonic() * MICRO)
        key = digest(op.space.name, op.key)
        while not (rows := execute(sql.get, (key, now)).fetchall()):
            row = key, now, now + ceil(op.ttl * MICRO), op.space.dump(op.value)
            if execute(sql.claim_now, row).rowcount:
                op.answer = new_tuple(Claimed, (None, now))
                self._writes += 1
                if now >= self._next_sweep or not self._writes % SWEEP_EVERY:
                    self._keep_house(now)
                return
            if won := execute(sql.claim, row).fetchall():
                op.answer = new_tuple(Claimed, (None, won[0][0]))
                self._count_write()
                return
            now = self._now()  # retry: the entry that won is already gone
        entry = _entry(op.space, rows[0], now)
        op.answer = new_tuple(Claimed, (entry, entry[2]))

    def _replace(self, op: Replace[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        op.answer = execute(sql.replace, (*self._row(op), op.version)).rowcount > 0
        self._count_write()

    def _renew(self, op: Renew[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        op.answer = execute(sql.renew, (*self._row(op), op.version)).rowcount > 0
        self._count_write()

    def _settle(self, op: Complete[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        space, now = op.space, self._base + int(self._monotonic() * MICRO)
        row = digest(space.name, op.key), now, now + ceil(op.ttl * MICRO), space.dump(op.value), op.version
        op.answer = execute(sql.settle, row).rowcount > 0
        self._writes += 1
        if now >= self._next_sweep or not self._writes % SWEEP_EVERY:
            self._keep_house(now)

    def _seize(self, op: Seize[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        rows = execute(sql.seize, (*self._row(op), op.version, to_micros(op.older))).fetchall()
        op.answer = rows[0][0] if rows else 0
        self._count_write()

    def _delete(self, op: Delete[Any]) -> None:
        execute, sql = self._handles[op.space.evictable]
        row = (digest(op.space.name, op.key), self._now(), op.version)
        op.answer = execute(sql.delete, row).rowcount > 0
        self._count_write()

    def _take(self, op: Consume, clock: Callable[[], int] | None = None) -> None:
        file = self._files[True]
        key = window_digest(op)
        expires = self._now() + op.windows[-1].period_us
        file.callback = callback = WindowCallback(op, clock or self._now)
        while True:  # repeated only if another process inserts the same new key first
            file.db.execute(TAKE, (expires, key))
            if (
                callback.called
                or not (state := callback.first())
                or file.db.execute(FIRST, (key, expires, state)).rowcount
            ):
                break
        self._count_write()

    def _give(self, op: Refund) -> None:
        file = self._files[True]
        file.giving = op
        file.db.execute(FORGET if op.at is None else GIVE, (window_digest(op),))
        op.answer = None
        self._count_write()

    # Housekeeping: at every SWEEP_EVERY writes, and at the first write SWEEP_INTERVAL after the last sweep. Counting
    # writes alone would keep expired rows for hours in a quiet app.

    def _count_write(self) -> None:
        self._writes += 1
        now = self._now()
        if now >= self._next_sweep or not self._writes % SWEEP_EVERY:
            self._keep_house(now)

    def _keep_house(self, now: int) -> None:
        self._next_sweep = now + to_micros(SWEEP_INTERVAL)
        left = SWEEP_ROWS
        for _ in TABLES:  # SWEEP_ROWS in all: an empty table costs the others nothing
            left -= self._sweep(TABLES[self._next_table], left, now)
            if left <= 0:
                break
            self._next_table = (self._next_table + 1) % len(TABLES)
        if self._writes % CHECKPOINT_EVERY == 0 and (self._checkpoint is None or not self._checkpoint.is_alive()):
            self._checkpoint = Thread(target=checkpoint, args=(self.path,), name="launchready-checkpoint", daemon=True)
            self._checkpoint.start()

    def _sweep(self, table: str, most: int, now: int) -> int:
        """Read the next rows from the cursor, and delete the expired ones. Returns how many were read."""
        db, cursor = self._files[True].db, self._cursors[table]
        page = f"SELECT key, expires FROM {table} WHERE key > ? ORDER BY key LIMIT ?"
        rows = db.execute(page, (cursor, most)).fetchall()
        self._cursors[table] = rows[-1][0] if len(rows) == most else b""
        if any(expires <= now for _, expires in rows):
            drop = f"DELETE FROM {table} WHERE key > ? AND key <= ? AND expires <= ?"
            with suppress(sqlite3.OperationalError):  # another process writes; the next sweep follows soon
                db.execute(drop, (cursor, rows[-1][0], now))
        return len(rows)


def _entry(space: Space[Any], row: tuple[bytes, int, int], now: int) -> Entry[Any]:
    value, put, version = row
    return new_tuple(Entry, (space.load(value), (now - put) / MICRO if now > put else 0.0, version))


# A connection does not survive a fork, and the child would never release a lock of another thread.

_ALL: "WeakSet[SQLiteStore]" = WeakSet()
_forking: list[SQLiteStore] = []
_orphans: list[SQLiteConnection] = []


def _before_fork() -> None:
    for store in list(_ALL):
        store._lock.acquire()
        store._close_files()
        _forking.append(store)


def _after_fork() -> None:
    while _forking:
        _forking.pop()._lock.release()


def _after_fork_in_child() -> None:
    """After a fork outside Python (uWSGI) the files are still open: drop them without closing."""
    _after_fork()
    for store in list(_ALL):
        _orphans.extend(store._files.values())
        store._files.clear()
        store._handles.clear()
        store._busy_timeout = -1.0
        store._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
