"""What the SQLite store does to its file: opening, statements, the clock in it, the checkpoint, a Take's callback."""

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

_BUSY_PAUSE = 0.002  # seconds, as SQLite's own busy handler begins

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
    """The statements on one table. ?1 key, ?2 now, ?3 end of life, ?4 value.

    A version is the time of the write in microseconds, or one more than the last where that is later: it grows past a
    Delete too, when nothing is left to count on from.
    """

    def __init__(self, table: str) -> None:
        upsert = (
            f"INSERT INTO {table} AS old (key, expires, put, version, value) VALUES (?1, ?3, ?2, ?2, ?4) "
            "ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, put = excluded.put, value = excluded.value, "
            "version = max(excluded.version, old.version + 1)"
        )
        self.get = f"SELECT value, put, version FROM {table} WHERE key = ?1 AND expires > ?2"
        self.put_now = f"{upsert} WHERE old.version < ?2"  # where it writes, the version is ?2:
        self.claim_now = f"{self.put_now} AND old.expires <= ?2"  # nothing need be returned, which costs a fifth
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
    """One Take, called back by SQLite with the stored state, while it holds the write lock."""

    def __init__(self, op: Consume, now: Callable[[], int]) -> None:
        self.op = op
        self.now = now
        self.called = False
        self.state = b""

    def on(self, state: bytes) -> bool:
        """The rule, on what is stored. False where it refuses: then nothing is written."""
        self.called = True
        return self._take(unpack(state, len(self.op.windows)))

    def first(self) -> bytes:
        """The rule, where nothing is stored: what to store; b"" where it refuses, and there is nothing to store."""
        return self.state if self._take(fresh(self.op.windows)) else b""

    def _take(self, states: Sequence[State]) -> bool:
        self.op.at = self.now()
        answer: Taken = take(states, self.op.at, self.op.windows, self.op.cost)
        self.op.answer = answer
        if answer.allowed:
            self.state = pack(states)
        return answer.allowed


def pack(states: Sequence[State]) -> bytes:
    """One window: its numbers. More: the length of each, then the numbers of all."""
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
    """An open connection."""

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
            raise StoreUnavailable(f"{path}: SQLite keeps no write-ahead log there; name a file on a local disk")
        self.db.execute(f"PRAGMA synchronous = {synchronous}")
        self.db.execute("PRAGMA wal_autocheckpoint = 20000")  # a last resort: see checkpoint()
        self.db.execute("PRAGMA journal_size_limit = 67108864")
        self.db.execute(f"PRAGMA max_page_count = {max_size // PAGE}")
        self.db.create_function("launchready_take", 1, self._take)
        self.db.create_function("launchready_taken", 0, self._taken)
        self.db.create_function("launchready_given", 1, self._given)

    def _to_wal(self) -> str:
        """Ask for the write-ahead log, as long as others ask for it of the same new file at the same moment.

        The change needs the file to itself, and whoever holds a read lock by then is told SQLITE_BUSY at once: SQLite
        calls no busy handler where waiting could be a deadlock (sqlite.org/c3ref/busy_handler.html).
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
        """How long to wait for another process that writes."""
        if wait != self._wait:
            self.db.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
            self._wait = wait

    def create_tables(self, monotonic: int) -> int:
        """Make the tables where they are not there; answer what to add to the monotonic clock for the store's time.

        The first process since the machine booted reads the wall clock, all others believe it.
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
    """Linux says which boot this is. Elsewhere the distance of the two clocks, to the minute, must do."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


MAX_CHECKPOINT_PASSES = 5


def checkpoint(path: str) -> None:
    """Bring the write-ahead log back into the file. PASSIVE: it waits for nobody, and nobody waits for it.

    The log begins anew only where all of it is back, and a pass takes what stood there when it began: so there are
    passes until nothing came meanwhile. After one alone a log under steady writes grew, pass by pass, until SQLite
    brought it back in the midst of a request.

    Best effort: what fails here is tried again some thousand writes later, and in line where the log has grown large.
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
    """The primary result code; 0 where the module itself complains."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def to_store_error(error: sqlite3.Error, path: str) -> StoreError:
    """What to tell of an error of SQLite's."""
    found = error_code(error)
    if found in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreUnavailable(f"the SQLite store {path} stayed locked: another process writes, or holds it")
    if found == sqlite3.SQLITE_FULL:
        return StoreFull(f"the SQLite store {path} has no room: its disk is full, or max_size is reached")
    if found in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        text = f"{path} is not a SQLite database, or a damaged one; move it away, or name another file"
        return StoreUnavailable(f"{text} ({error})")
    return StoreUnavailable(f"the SQLite store {path} does not work: {error}")
