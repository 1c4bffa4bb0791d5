"""The SQLite file: connection, statements, clock, checkpoint, and the window callback of a Take."""

import sqlite3
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

from launchready.clock import SYSTEM
from launchready.errors import StoreError, StoreFull, StoreUnavailable
from launchready.exchange.store import Consume, Refund
from launchready.exchange.window import State, Taken, fresh, give, take

PAGE = 4096

_BUSY_PAUSE = 0.002  # seconds, the first pause of SQLite's own busy handler

_ENTRIES = "(key BLOB PRIMARY KEY, expires INTEGER, put INTEGER, version INTEGER, value BLOB) WITHOUT ROWID"
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS launchready_kept {_ENTRIES}",
    f"CREATE TABLE IF NOT EXISTS launchready_cache {_ENTRIES}",
    "CREATE TABLE IF NOT EXISTS launchready_windows (key BLOB PRIMARY KEY, expires INTEGER, state BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS launchready_boot (id TEXT PRIMARY KEY, base INTEGER)",
)
_WALL = "SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"  # unixepoch('subsec') needs 3.42

TAKE = (
    "UPDATE launchready_windows SET expires = ?, state = launchready_taken() WHERE key = ? AND launchready_take(state)"
)
GIVE = "UPDATE launchready_windows SET state = launchready_given(state) WHERE key = ?"
FORGET = "DELETE FROM launchready_windows WHERE key = ?"
FIRST = "INSERT INTO launchready_windows VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


class Statements:
    """The statements on one table. ?1 key, ?2 now, ?3 expiry, ?4 value.

    A version is the time of the write in microseconds, or the last version plus one if that is greater. So versions
    grow across a Delete too, which leaves no previous version.
    """

    def __init__(self, table: str) -> None:
        upsert = (
            f"INSERT INTO {table} AS old (key, expires, put, version, value) VALUES (?1, ?3, ?2, ?2, ?4) "
            "ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, put = excluded.put, value = excluded.value, "
            "version = max(excluded.version, old.version + 1)"
        )
        self.get = f"SELECT value, put, version FROM {table} WHERE key = ?1 AND expires > ?2"
        # A row that these write has version ?2, so they need no RETURNING, which costs a fifth more.
        self.put_now = f"{upsert} WHERE old.version < ?2"
        self.claim_now = f"{self.put_now} AND old.expires <= ?2"
        self.put = f"{upsert} RETURNING version"
        self.claim = f"{upsert} WHERE old.expires <= ?2 RETURNING version"
        self.replace = (
            f"UPDATE {table} SET expires = ?3, put = ?2, value = ?4, version = max(?2, version + 1) "
            "WHERE key = ?1 AND version = ?5 AND expires > ?2"
        )
        mine = "WHERE old.version = ?5 OR old.expires <= ?2"
        self.renew = (
            f"INSERT INTO {table} AS old (key, expires, put, version, value) VALUES (?1, ?3, ?2, ?5, ?4) "
            "ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, put = excluded.put, value = excluded.value, "
            f"version = ?5 {mine}"
        )
        self.settle = (
            f"INSERT INTO {table} AS old (key, expires, put, version, value) VALUES (?1, ?3, ?2, max(?2, ?5 + 1), ?4) "
            "ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, put = excluded.put, value = excluded.value, "
            f"version = excluded.version {mine}"
        )
        self.seize = f"{self.replace} AND put <= ?2 - ?6 RETURNING version"
        self.delete = f"DELETE FROM {table} WHERE key = ?1 AND expires > ?2 AND (?3 IS NULL OR version = ?3)"


SQL = {True: Statements("launchready_cache"), False: Statements("launchready_kept")}  # by Space.evictable
EVICT = "DELETE FROM launchready_cache WHERE key IN (SELECT key FROM launchready_cache LIMIT 256)"


class WindowCallback:
    """One Take. SQLite calls it with the stored state while it holds the write lock."""

    def __init__(self, op: Consume, now: Callable[[], int]) -> None:
        self.op = op
        self.now = now
        self.called = False
        self.state = b""

    def on(self, state: bytes) -> bool:
        """Apply the limit to the stored state. Returns False if it refuses; then nothing is written."""
        self.called = True
        return self._take(unpack(state, len(self.op.windows)))

    def first(self) -> bytes:
        """Apply the limit to a new key. Returns the state to store, or b"" if the limit refuses."""
        return self.state if self._take(fresh(self.op.windows)) else b""

    def _take(self, states: Sequence[State]) -> bool:
        self.op.at = self.now()
        answer: Taken = take(states, self.op.at, self.op.windows, self.op.cost)
        self.op.answer = answer
        if answer.allowed:
            self.state = pack(states)
        return answer.allowed


def pack(states: Sequence[State]) -> bytes:
    """Encode states: the numbers of one window, or the length of each of several windows and then all numbers."""
    if len(states) == 1:
        return array("q", states[0]).tobytes()
    flat = array("q", [len(state) for state in states])
    for state in states:
        flat.extend(state)
    return flat.tobytes()


def unpack(data: bytes, count: int) -> list[State]:
    flat = array("q", data)
    if count == 1:
        return [flat]
    states: list[State] = []
    start = count
    for length in flat[:count]:
        states.append(flat[start : start + length])
        start += length
    return states


class SQLiteConnection:
    """An open connection to the store's file, with the SQL functions of a Take."""

    def __init__(self, path: str, synchronous: str, max_size: int, wait: float) -> None:
        self.callback: WindowCallback | None = None
        self.giving: Refund | None = None
        self._wait = wait
        self.db = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(path, synchronous, max_size)
        except BaseException:
            self.db.close()
            raise

    def _set_up(self, path: str, synchronous: str, max_size: int) -> None:
        mode = self._to_wal()
        if mode != "wal":
            raise StoreUnavailable(f"{path}: SQLite cannot use a write-ahead log there; name a file on a local disk")
        self.db.execute(f"PRAGMA synchronous = {synchronous}")
        self.db.execute("PRAGMA wal_autocheckpoint = 20000")  # only if checkpoint() falls behind
        self.db.execute("PRAGMA journal_size_limit = 67108864")
        self.db.execute(f"PRAGMA max_page_count = {max_size // PAGE}")
        self.db.create_function("launchready_take", 1, self._take)
        self.db.create_function("launchready_taken", 0, self._taken)
        self.db.create_function("launchready_given", 1, self._given)

    def _to_wal(self) -> str:
        """Switch to the write-ahead log, and retry while other processes switch the same new file.

        The switch needs the file exclusively. A connection that holds a read lock gets SQLITE_BUSY at once: SQLite
        calls no busy handler where waiting could deadlock (sqlite.org/c3ref/busy_handler.html).
        """
        until = SYSTEM.monotonic() + self._wait
        while True:
            try:
                return str(self.db.execute("PRAGMA journal_mode = WAL").fetchall()[0][0])
            except sqlite3.OperationalError as error:
                if error_code(error) != sqlite3.SQLITE_BUSY or SYSTEM.monotonic() >= until:
                    raise
                sleep(_BUSY_PAUSE)

    def _take(self, state: bytes) -> bool:
        return self.callback is not None and self.callback.on(state)

    def _taken(self) -> bytes:
        return b"" if self.callback is None else self.callback.state

    def _given(self, state: bytes) -> bytes:
        op = self.giving
        if op is None or op.at is None:
            return state
        states = unpack(state, len(op.windows))
        give(states, op.windows, op.cost, op.at)
        return pack(states)

    def set_busy_timeout(self, wait: float) -> None:
        """Set how long to wait for a writer in another process."""
        if wait != self._wait:
            self.db.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
            self._wait = wait

    def create_tables(self, monotonic: int) -> int:
        """Create missing tables. Returns the offset from the monotonic clock to the store's time.

        The first process after a boot derives the offset from the wall clock; all others read it from the file.
        """
        self.db.execute("BEGIN IMMEDIATE")
        try:
            for statement in _SCHEMA:
                self.db.execute(statement)
            base: int = self.db.execute(_WALL).fetchall()[0][0] - monotonic
            boot = _boot_id() or f"{base // 60_000_000}"
            known: list[tuple[int]] = self.db.execute(
                "SELECT base FROM launchready_boot WHERE id = ?", (boot,)
            ).fetchall()
            if not known:
                self.db.execute("DELETE FROM launchready_boot")
                self.db.execute("INSERT INTO launchready_boot VALUES (?, ?)", (boot, base))
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
        return known[0][0] if known else base


def _boot_id() -> str:
    """Return the boot id on Linux, else "". Then the distance of the two clocks, in minutes, identifies a boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


MAX_CHECKPOINT_PASSES = 5


def checkpoint(path: str) -> None:
    """Copy the write-ahead log back into the file. PASSIVE mode blocks no reader and no writer.

    SQLite restarts the log only after all of it was copied, and one pass copies what existed when it began. So passes
    repeat until no write came in between. With a single pass the log grew under steady writes, until SQLite ran the
    checkpoint inside a request.

    Best effort: a failed checkpoint is retried after CHECKPOINT_EVERY writes, or by SQLite once the log is large.
    """
    try:
        db = sqlite3.connect(path, timeout=0)
    except sqlite3.Error:
        return
    try:
        back = -1
        for _ in range(MAX_CHECKPOINT_PASSES):
            log = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()[0][1]
            if log <= back:
                return
            back = log
    except sqlite3.Error:
        return
    finally:
        db.close()


def error_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 for an error of the Python module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def to_store_error(error: sqlite3.Error, path: str) -> StoreError:
    """Translate an error of SQLite."""
    found = error_code(error)
    if found in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreUnavailable(f"the SQLite store {path} stayed locked by another process")
    if found == sqlite3.SQLITE_FULL:
        return StoreFull(f"the SQLite store {path} is full: the disk is full, or max_size is reached")
    if found in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        text = f"{path} is damaged or not a SQLite database; move it away, or name another file"
        return StoreUnavailable(f"{text} ({error})")
    return StoreUnavailable(f"the SQLite store {path} failed: {error}")
