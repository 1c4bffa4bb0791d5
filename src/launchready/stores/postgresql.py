"""The PostgreSQL store, for several machines and for payments.

``postgresql://`` or ``postgres://``, as libpq reads it. PostgreSQL 13 or newer; the role may create tables at first
use, or ``sql/postgresql.sql`` is run beforehand.

- A verb is one statement in autocommit, one round trip. Time is the server's clock. (A claim that loses to an
  uncommitted claim runs a second time, to read the winner.)
- Versions come from a sequence, drawn under the row's lock: they grow across deletes.
- Entries that are not evictable are synced as the server is configured. Cached entries are in an UNLOGGED table, and
  rate limit windows commit asynchronously.
- At most eight connections per process and event loop. A connection that the server closed is detected before use.
  Then, and whenever one breaks, all idle ones are closed: after a restart each of them is stale.
- The store never repeats a statement that may have reached the server.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from launchready.clock import SYSTEM
from launchready.errors import ConfigError, MissingExtra, StoreError, StoreFull, StoreUnavailable
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
    StoreOp,
    digest,
)
from launchready.exchange.subscribe import Listener, Subscribe
from launchready.exchange.window import MICRO, Taken
from launchready.stores._subscription import Subscriptions
from launchready.stores.base import (
    PAGE,
    TABLES,
    SweepSchedule,
    is_in_space,
    safe_message,
    safe_url,
    table_of,
    to_micros,
    window_digest,
)

if TYPE_CHECKING:
    from launchready.stores._postgresql_pool import AsyncConnection, AsyncPool, Pool, PooledConnection

SCHEMES = ("postgresql", "postgres")

ANSWER_WAIT = 2.6  # seconds for a whole operation, connecting included

Rows = list[tuple[Any, ...]]
Params = dict[str, Any]


_LIVE = "expires > launchready_now()"

# NOTIFY is slow: see _postgresql_notify.py. A notification queue filled by another application must not fail a settle.
_TELL = "CASE WHEN waited AND pg_notification_queue_usage() < 0.5 THEN pg_notify('launchready', encode(key, 'hex')) END"


class Statements:
    """The statements on one table."""

    def __init__(self, table: str) -> None:
        new = "launchready_now() + %(ttl)s::bigint, launchready_now(), nextval('launchready_version'), %(value)s"
        there = f"SELECT value, launchready_now() - put, version FROM {table} WHERE key = %(key)s AND {_LIVE}"
        upsert = f"ON CONFLICT (key) DO UPDATE SET (expires, put, version, value) = ROW({new}) "  # under the row's lock
        self.get = there
        self.put = f"INSERT INTO {table} VALUES (%(key)s, {new}) {upsert} RETURNING version"
        self.claim = (
            f"WITH there (value, age, version) AS MATERIALIZED ({there}), "
            f"mine AS (INSERT INTO {table} AS old SELECT %(key)s, {new} WHERE NOT EXISTS (SELECT FROM there) "
            f"{upsert} WHERE old.expires <= launchready_now() RETURNING version) "
            "SELECT value, age, version FROM there UNION ALL SELECT NULL, NULL, version FROM mine"
        )
        self.replace = (
            f"UPDATE {table} SET (expires, put, version, value) = ROW({new}) "
            f"WHERE key = %(key)s AND version = %(version)s::bigint AND {_LIVE} RETURNING true, {_TELL}"
        )
        mine = "old.version = %(version)s::bigint OR old.expires <= launchready_now()"
        self.renew = (
            f"INSERT INTO {table} AS old VALUES (%(key)s, launchready_now() + %(ttl)s::bigint, launchready_now(), "
            "%(version)s::bigint, %(value)s) ON CONFLICT (key) DO UPDATE SET (expires, put, version, value) = "
            f"ROW(excluded.expires, excluded.put, excluded.version, excluded.value) WHERE {mine} RETURNING true"
        )
        self.settle = (
            f"INSERT INTO {table} AS old VALUES (%(key)s, {new}) {upsert} WHERE {mine} RETURNING true, {_TELL}"
        )
        self.seize = (
            f"UPDATE {table} SET (expires, put, version, value) = ROW({new}) WHERE key = %(key)s AND {_LIVE} AND "
            "version = %(version)s::bigint AND put <= launchready_now() - %(older)s::bigint RETURNING version"
        )
        self.delete = (
            f"DELETE FROM {table} WHERE key = %(key)s AND {_LIVE} "
            f"AND (%(version)s::bigint IS NULL OR version = %(version)s::bigint) RETURNING true, {_TELL}"
        )
        # Under the row's lock: a write that completes the entry commits first and is seen here, or comes later and sees
        # the mark. A mark need not survive a power cut.
        this = f"WHERE key = %(key)s AND version = %(version)s::bigint AND {_LIVE}"
        self.expect = (
            f"WITH mark AS (UPDATE {table} SET waited = true {this} AND NOT waited "
            "RETURNING set_config('synchronous_commit', 'off', true)) "
            f"SELECT waited OR EXISTS (SELECT FROM mark) FROM {table} {this}"
        )


_SQL = {True: Statements("launchready_cache"), False: Statements("launchready_kept")}  # by Space.evictable
_NAMES = {
    Get: "get", Put: "put", PutIfAbsent: "claim", Replace: "replace", Renew: "renew", Complete: "settle",
    Seize: "seize", Delete: "delete", Subscribe: "expect",
}  # fmt: skip
_TAKE = (
    "SELECT * FROM launchready_take_3"
    "(%(key)s, %(limits)s::bigint[], %(periods)s::bigint[], %(cost)s::bigint, %(now)s::bigint)"
)
_GIVE = _TAKE.replace("take_3", "give_2")
_FORGET = "DELETE FROM launchready_windows WHERE key = %(key)s RETURNING true"
SWEEP_EVERY, SWEEP_ROWS = 64, 256
_SWEEP_ANY = """
WITH page AS MATERIALIZED (SELECT key FROM {0} WHERE key > %(cursor)s ORDER BY key LIMIT %(rows)s),
     expired AS MATERIALIZED (SELECT key FROM {0} WHERE key IN (SELECT key FROM page) AND expires <= launchready_now()
                              FOR UPDATE SKIP LOCKED),
     deleted AS (DELETE FROM {0} WHERE key IN (SELECT key FROM expired) RETURNING 1)
SELECT key, (SELECT count(*) FROM deleted) FROM page ORDER BY key DESC LIMIT 1"""
_SWEEP = {table: _SWEEP_ANY.format(table) for table in TABLES}
_LOCK = "SELECT pg_advisory_xact_lock(5478201731)"
_orphans: list[object] = []  # the parent's connections: closing one in a child would end the parent's session


def connect(url: str) -> "PostgreSQLStore":
    """Raises MissingExtra without psycopg, ConfigError for a URL that libpq rejects."""
    return PostgreSQLStore(url)


class PostgreSQLStore:
    """The store in PostgreSQL."""

    shared = True
    has_epoch = False

    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415  an extra

            from launchready.stores import _postgresql_pool as pools  # noqa: PLC0415  needs the extra
        except ImportError:
            raise MissingExtra("A postgresql:// store", "postgres") from None
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error as error:
            raise ConfigError([f"store={safe_url(url)!r}: {safe_message(error, url)}"]) from None
        self.inline: Inline = {}
        self._driver = psycopg
        errors = psycopg.errors
        self._missing = errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedColumn
        self._pools = pools
        self._url = url
        self._name = f"the PostgreSQL store at {safe_url(url)}"
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._sync: Pool | None = None
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncPool] = WeakKeyDictionary()
        self._sweeps = SweepSchedule(SYSTEM.monotonic, every=SWEEP_EVERY)
        self._subscriptions = Subscriptions()

    def execute(self, op: Op[Any]) -> None:
        until = SYSTEM.monotonic() + ANSWER_WAIT
        sql, params = _encode(op)
        while not _decode(op, self._ask(sql, params, until)):
            continue
        if (table := self._sweep_due(op)) is not None:
            with suppress(StoreError):  # a later sweep repeats it
                self._move_cursor(table, self._ask(*self._sweep(table), until))

    async def aexecute(self, op: Op[Any]) -> None:
        until = SYSTEM.monotonic() + ANSWER_WAIT
        sql, params = _encode(op)
        while not _decode(op, await self._aask(sql, params, until)):
            continue
        if (table := self._sweep_due(op)) is not None:
            with suppress(StoreError):
                self._move_cursor(table, await self._aask(*self._sweep(table), until))

    def take_at(self, op: Consume, now: int) -> None:
        _decode(op, self._ask(*_encode(op, now), SYSTEM.monotonic() + ANSWER_WAIT))

    def _ask(self, sql: str, params: Params, until: float) -> Rows:
        self._check_fork()
        if self._sync is None:
            self._sync = self._pools.Pool(self._url)
        pool = self._sync
        if not pool.gate.acquire(timeout=ANSWER_WAIT):
            raise StoreUnavailable(f"{self._name}: all connections of this process are busy")
        try:
            connection = pool.take(until)
            try:
                return self._run(connection, sql, params)
            finally:
                pool.idle.give(connection)
        except (self._driver.Error, self._pools.DeadlineExceeded) as error:
            raise self._failure(error) from None
        finally:
            pool.gate.release()

    async def _aask(self, sql: str, params: Params, until: float) -> Rows:
        self._check_fork()
        pool = self._loops.get(asyncio.get_running_loop())
        if pool is None:
            pool = self._loops[asyncio.get_running_loop()] = self._pools.AsyncPool(self._url)
        try:
            async with asyncio.timeout(ANSWER_WAIT), pool.gate:
                connection = await pool.take(until)
                try:
                    return await self._arun(connection, sql, params)
                finally:
                    pool.idle.give(connection)
        except (self._driver.Error, self._pools.DeadlineExceeded, TimeoutError) as error:
            raise self._failure(error) from None

    def _run(self, connection: "PooledConnection", sql: str, params: Params) -> Rows:
        try:
            return connection.execute(sql, params, prepare=True, binary=True).fetchall()
        except self._missing:
            with connection.transaction():
                connection.execute(_LOCK)
                connection.execute(_schema())
            return connection.execute(sql, params, binary=True).fetchall()

    async def _arun(self, connection: "AsyncConnection", sql: str, params: Params) -> Rows:
        try:
            cursor = await connection.execute(sql, params, prepare=True, binary=True)
        except self._missing:
            async with connection.transaction():
                await connection.execute(_LOCK)
                await connection.execute(_schema())
            cursor = await connection.execute(sql, params, binary=True)
        return await cursor.fetchall()

    def listen(self) -> Listener:
        from launchready.stores._postgresql_notify import CHANNEL, PostgreSQLSubscription  # noqa: PLC0415  where somebody waits

        def notify(word: str) -> None:
            statement = f"SELECT pg_notify('{CHANNEL}', %(word)s)"
            self._ask(statement, {"word": word}, SYSTEM.monotonic() + ANSWER_WAIT)

        try:
            return self._subscriptions.open(PostgreSQLSubscription(self._url, notify))
        except (self._driver.Error, self._pools.DeadlineExceeded) as error:
            raise self._failure(error) from None

    def close(self) -> None:
        self._subscriptions.close()
        if self._sync is not None and self._pid == os.getpid():
            self._sync.idle.drop()

    async def aclose(self) -> None:
        await self._subscriptions.aclose()
        pool = self._loops.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            pool.idle.drop()
        self.close()

    def _check_fork(self) -> None:
        if self._pid != os.getpid():
            _orphans.extend((self._sync, *self._loops.values()))
            self._forget()

    def _failure(self, error: Exception) -> StoreError:
        if isinstance(error, self._driver.errors.DiskFull):
            return StoreFull(f"{self._name} is full: {safe_message(error, self._url)}")
        if isinstance(error, TimeoutError | self._pools.DeadlineExceeded | self._driver.errors.ConnectionTimeout):
            return StoreUnavailable(f"{self._name} did not respond in time")
        return StoreUnavailable(f"{self._name} failed: {safe_message(error, self._url)}")

    def learn_epoch(self) -> None:
        """Nothing to learn."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        table, cursor = "launchready_cache" if space.evictable else "launchready_kept", b""
        page = (
            f"SELECT key, value, launchready_now() - put, version, {_LIVE} FROM {table} WHERE key > %(cursor)s "
            f"ORDER BY key LIMIT {PAGE}"
        )
        while True:
            rows = self._ask(page, {"cursor": cursor}, SYSTEM.monotonic() + ANSWER_WAIT)
            for key, value, age, version, live in rows:
                if live and is_in_space(space, key, entry := _entry(space, (value, age, version))):
                    yield entry
            if len(rows) < PAGE:
                return
            cursor = rows[-1][0]

    def sweep(self) -> int:
        """Walk each table once by key, so that the time is linear in the number of rows."""
        count = 0
        for table in TABLES:
            cursor: bytes | None = b""
            while cursor is not None:
                params = {"cursor": cursor, "rows": SWEEP_ROWS}
                rows = self._ask(_SWEEP[table], params, SYSTEM.monotonic() + ANSWER_WAIT)
                cursor, deleted = rows[0] if rows else (None, 0)
                count += deleted
        return count

    # Housekeeping: read the next rows of a table from its cursor, and delete the expired ones.

    def _sweep_due(self, op: Op[Any]) -> str | None:
        return None if isinstance(op, Get | GetAll | Subscribe) else self._sweeps.count_write(table_of(op))

    def _sweep(self, table: str) -> tuple[str, Params]:
        return _SWEEP[table], {"cursor": self._sweeps.cursors[table], "rows": SWEEP_ROWS}

    def _move_cursor(self, table: str, rows: Rows) -> None:
        self._sweeps.cursors[table] = rows[0][0] if rows else b""


def _schema() -> bytes:
    return (Path(__file__).parent / "sql" / "postgresql.sql").read_bytes()


@cache
def _get_all(evictable: tuple[bool, ...]) -> str:
    """Return one statement that reads several keys. ``evictable`` selects each table; a row names its key's index."""
    gets = (_SQL[table].get.replace("%(key)s", f"%(key{at})s") for at, table in enumerate(evictable))
    return " UNION ALL ".join(f"SELECT {at}, found.* FROM ({get}) found" for at, get in enumerate(gets))


def _encode(op: Op[Any], now: int | None = None) -> tuple[str, Params]:
    if isinstance(op, GetAll):
        keys = {f"key{at}": digest(get.space.name, get.key) for at, get in enumerate(op.gets)}
        return _get_all(tuple(get.space.evictable for get in op.gets)), keys
    if isinstance(op, Refund) and op.at is None:
        return _FORGET, {"key": window_digest(op)}
    if isinstance(op, Consume | Refund):
        limits, periods = [window.limit for window in op.windows], [window.period_us for window in op.windows]
        text, now = (_TAKE, now) if isinstance(op, Consume) else (_GIVE, op.at)
        return text, {"key": window_digest(op), "limits": limits, "periods": periods, "cost": op.cost, "now": now}
    if type(op) not in _NAMES:
        raise TypeError(f"not a store operation: {op!r}")
    assert isinstance(op, StoreOp)
    sql = _SQL[op.space.evictable]
    params: Params = {"key": digest(op.space.name, op.key)}
    if isinstance(op, Put | PutIfAbsent | Replace | Renew | Complete | Seize):
        params |= {"value": op.space.dump(op.value), "ttl": to_micros(op.ttl)}
    if isinstance(op, Replace | Renew | Complete | Seize | Delete | Subscribe):
        params["version"] = op.version
    if isinstance(op, Seize):
        params["older"] = to_micros(op.older)
    return getattr(sql, _NAMES[type(op)]), params


def _decode(op: Op[Any], rows: Rows) -> bool:
    """Set the answer. Returns False if a claim must run again: it lost to one that was uncommitted when it read."""
    if isinstance(op, GetAll):
        op.answer = None
        found = {row[0]: row[1:] for row in rows}
        for at, get in enumerate(op.gets):
            _decode(get, [found[at]] if at in found else [])
    elif isinstance(op, Get):
        op.answer = _entry(op.space, rows[0]) if rows else None
    elif isinstance(op, Put):
        op.answer = rows[0][0]
    elif isinstance(op, Seize):
        op.answer = rows[0][0] if rows else 0
    elif isinstance(op, PutIfAbsent):
        if not rows:
            return False
        entry = None if rows[0][0] is None else _entry(op.space, rows[0])
        op.answer = Claimed(entry, rows[0][2])
    elif isinstance(op, Consume):
        allowed, which, remaining, reset, op.at = rows[0]
        op.answer = Taken(allowed, which, remaining, reset / MICRO)
    elif isinstance(op, Refund):
        op.answer = None
    elif isinstance(op, Subscribe):
        op.answer = bool(rows and rows[0][0])
    else:
        op.answer = bool(rows)
    return True


def _entry(space: Space[Any], row: tuple[Any, ...]) -> Entry[Any]:
    value, age, version = row
    return Entry(space.load(value), max(0, age) / MICRO, version)
