"""The MySQL and MariaDB store, by PyMySQL: for an app that already keeps its data there.

``mysql://user:password@host[:port]/database``, or ``?unix_socket=/path``. MySQL 8 or MariaDB 10.5, or newer; the role
may create tables at first use, or ``sql/mysql.sql`` is run beforehand.

- A verb is one round trip in autocommit: its statement and a read of the current row. Row counts are never used: under
  CLIENT.FOUND_ROWS, which some libraries always set, ON DUPLICATE KEY UPDATE reports 1 to every writer. Instead every
  write stores a random mark, and the writer that reads its own mark back has won. (A Take needs four round trips: the
  limit runs in this process, in a transaction that locks the row.)
- ON DUPLICATE KEY UPDATE assigns from left to right, and later assignments see earlier ones: ``expires`` comes last.
- Time is the server's UTC_TIMESTAMP, whatever the time zone of the session.
- At most eight connections per process. After one breaks, all idle ones are closed. PyMySQL blocks, so coroutines use a
  thread.
- The store never repeats a statement that may have reached the server.
"""

import os
import select
import threading
from array import array
from asyncio import to_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

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
from launchready.exchange.subscribe import Listener
from launchready.exchange.window import MICRO, fresh, give, take
from launchready.stores._subscription import PollingSubscription, Subscriptions
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

SCHEMES = ("mysql", "mariadb")

CONNECT_WAIT, ANSWER_WAIT, LOCK_WAIT = 2, 2.4, 2
CONNECTIONS = 8
SWEEP_EVERY, SWEEP_ROWS = 64, 256
MISSING, DEADLOCK, FULL, NO_ROOM = 1146, 1213, 1114, 1021
POLL_INTERVAL = 0.025  # seconds between two lookups of claims held by other processes
DEADLOCKS = 8
"""Attempts of a statement that fails with a deadlock. The server has rolled it back, so a repeat is safe."""

# READ COMMITTED: reading a missing row takes no gap lock, on which two inserting sessions would wait.
_SETUP = (
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT}, SESSION sql_mode = 'STRICT_ALL_TABLES'; "
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
)

NOW = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"

Params = dict[str, Any]
Rows = list[tuple[Any, ...]]


def connect(url: str) -> "MySQLStore":
    """Raises MissingExtra without PyMySQL, ConfigError for a URL without a database."""
    return MySQLStore(url)


def parameters(url: str) -> dict[str, Any]:
    """Return the arguments of PyMySQL's ``connect`` for a URL. Raises ConfigError for a URL without a database."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    database = unquote(parts.path)[1:]
    if not database or "/" in database:
        problem = "no database name in the URL; write mysql://user:password@host/database"
        raise ConfigError([f"store={safe_url(url)!r}: {problem}"])
    found: dict[str, Any] = {"database": database, "charset": "utf8mb4"}
    if parts.username:
        found["user"] = unquote(parts.username)
    if parts.password:
        found["password"] = unquote(parts.password)
    if "unix_socket" in options:
        return found | {"unix_socket": options["unix_socket"]}
    try:
        return found | {"host": parts.hostname or "127.0.0.1", "port": parts.port or 3306}
    except ValueError:
        raise ConfigError([f"store={safe_url(url)!r}: the port is a number from 1 to 65535"]) from None


class Statements:
    """The statements on one table. A read of the row follows each write, in the same round trip."""

    def __init__(self, table: str) -> None:
        now, live = f"SET @now = {NOW}; ", "k = %(key)s AND expires > @now"
        newer = "GREATEST(@now, version + 1)"
        mine = "expires <= @now OR version = %(version)s"
        look = f"; SELECT value, @now - put, version, mark = %(mark)s FROM {table} WHERE {live}"
        values = "put = @now, mark = %(mark)s, value = %(value)s, expires = @now + %(ttl)s"

        def insert(version: str, otherwise: str) -> str:
            row = f"(%(key)s, @now + %(ttl)s, @now, {version}, %(mark)s, %(value)s)"
            columns = "(k, expires, put, version, mark, value)"
            return f"{now}INSERT INTO {table} {columns} VALUES {row} ON DUPLICATE KEY UPDATE {otherwise}{look}"

        def only(condition: str, version: str) -> str:
            """Assign columns that keep their value unless the condition holds."""
            first = f"version = IF(@free := ({condition}), {version}, version)"
            rest = {"put": "@now", "mark": "%(mark)s", "value": "%(value)s", "expires": "@now + %(ttl)s"}
            return ", ".join([first, *(f"{name} = IF(@free, {new}, {name})" for name, new in rest.items())])

        update = f"{now}UPDATE {table} SET version = {newer}, {values} WHERE {live} AND version = %(version)s"
        settled = "GREATEST(@now, %(version)s + 1)"
        self.get = f"SELECT value, {NOW} - put, version, 0 FROM {table} WHERE k = %(key)s AND expires > {NOW}"
        counted = insert("LAST_INSERT_ID(@now)", f"version = LAST_INSERT_ID({newer}), {values}")
        self.put = counted.replace(look, "; SELECT LAST_INSERT_ID()")  # our version, even after a later write
        self.claim = insert("@now", only("expires <= @now", newer))
        self.renew = insert("%(version)s", only(mine, "%(version)s"))
        self.settle = insert(settled, only(mine, settled))
        self.replace = f"{update}{look}"
        self.seize = f"{update} AND put <= @now - %(older)s{look}"
        self.delete = (
            f"DELETE FROM {table} WHERE k = %(key)s AND expires > {NOW} "
            "AND (%(version)s IS NULL OR version = %(version)s)"
        )


_SQL = {True: Statements("launchready_cache"), False: Statements("launchready_kept")}  # by Space.evictable
_NAMES = {
    Get: "get", Put: "put", PutIfAbsent: "claim", Replace: "replace", Renew: "renew", Complete: "settle",
    Seize: "seize", Delete: "delete",
}  # fmt: skip


class MySQLStore:
    """The store in MySQL or MariaDB."""

    shared = True
    has_epoch = False

    def __init__(self, url: str) -> None:
        try:
            import pymysql  # noqa: PLC0415  an extra
        except ImportError:
            raise MissingExtra("A mysql:// store", "mysql") from None
        self.inline: Inline = {}
        self._driver = pymysql
        self._url = url
        self._parameters = parameters(url)
        self._name = f"the MySQL store at {safe_url(url)}"
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._idle: list[Any] = []
        self._gate = threading.Semaphore(CONNECTIONS)
        self._sweeps = SweepSchedule(SYSTEM.monotonic, every=SWEEP_EVERY)
        self._subscriptions = Subscriptions()

    def execute(self, op: Op[Any]) -> None:
        if isinstance(op, GetAll):
            op.answer = None
            for get in op.gets:
                self.execute(get)
            return
        if isinstance(op, Consume):
            self._run(lambda connection: self._take(connection, op, None))
        elif isinstance(op, Refund):
            self._run(lambda connection: self._give(connection, op))
        else:
            while not self._execute_verb(op):
                continue
        if not isinstance(op, Get) and (table := self._sweeps.count_write(table_of(op))) is not None:
            with suppress(StoreError):  # a later sweep repeats it
                self._sweep(table)

    async def aexecute(self, op: Op[Any]) -> None:
        await to_thread(self.execute, op)

    def take_at(self, op: Consume, now: int) -> None:
        self._run(lambda connection: self._take(connection, op, now))

    def listen(self) -> Listener:
        """Poll: MySQL has no notifications. (GET_LOCK would need one connection per held claim.)"""
        return self._subscriptions.open(PollingSubscription(self._versions, POLL_INTERVAL))

    def _versions(self, names: list[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for start in range(0, len(names), PAGE):
            look = " UNION ALL ".join(f"SELECT k, version FROM {table} WHERE k IN %(names)s" for table in TABLES[:2])
            rows, _ = self._run(partial(_ask, sql=look, params={"names": names[start : start + PAGE]}))
            found |= {bytes(key): version for key, version in rows}
        return found

    def close(self) -> None:
        self._subscriptions.close()
        if self._pid == os.getpid():
            self._drop()

    async def aclose(self) -> None:
        await to_thread(self.close)

    # Verbs.

    def _execute_verb(self, op: Op[Any]) -> bool:
        """Returns False if the verb must be repeated: a claim lost to an entry that was gone when it was read."""
        sql, params = _encode(op)
        rows, count = self._run(lambda connection: _ask(connection, sql, params))
        return _decode(op, rows, count)

    def _take(self, connection: Any, op: Consume, now: int | None) -> None:
        with _lock_windows(connection, op, fresh(op.windows)) as row:
            op.at = moment = row.now if now is None else now
            op.answer = take(row.states, moment, op.windows, op.cost)
            if op.answer.allowed:
                row.save(row.now + op.windows[-1].period_us)

    def _give(self, connection: Any, op: Refund) -> None:
        op.answer = None
        if op.at is None:
            _ask(connection, "DELETE FROM launchready_windows WHERE k = %(k)s", {"k": window_digest(op)})
            return
        with _lock_windows(connection, op, fresh(op.windows)) as row:
            give(row.states, op.windows, op.cost, op.at)
            row.save(row.now + op.windows[-1].period_us)

    def _sweep(self, table: str) -> None:
        """Read the next rows of a table from its cursor, and delete the expired ones."""
        cursor = self._sweeps.cursors[table]
        keys = self._next_keys(table, cursor)
        self._sweeps.cursors[table] = keys[-1] if len(keys) == SWEEP_ROWS else b""
        if keys:
            self._delete_expired(table, cursor, keys[-1])

    def learn_epoch(self) -> None:
        """Nothing to learn."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        table, cursor = "launchready_cache" if space.evictable else "launchready_kept", b""
        page = (
            f"SELECT k, value, {NOW} - put, version, expires > {NOW} FROM {table} WHERE k > %(cursor)s "
            f"ORDER BY k LIMIT {PAGE}"
        )
        while True:
            rows, _ = self._run(partial(_ask, sql=page, params={"cursor": cursor}))
            for key, value, age, version, live in rows:
                if live and is_in_space(space, bytes(key), entry := _entry(space, (value, age, version, 0))):
                    yield entry
            if len(rows) < PAGE:
                return
            cursor = rows[-1][0]

    def sweep(self) -> int:
        """Walk each table once by key, so that the time is linear in the number of rows."""
        count = 0
        for table in TABLES:
            cursor = b""
            while rows := self._next_keys(table, cursor):
                count += self._delete_expired(table, cursor, rows[-1])
                cursor = rows[-1]
        return count

    def _next_keys(self, table: str, cursor: bytes) -> list[bytes]:
        page = f"SELECT k FROM {table} WHERE k > %(cursor)s ORDER BY k LIMIT {SWEEP_ROWS}"
        rows, _ = self._run(partial(_ask, sql=page, params={"cursor": cursor}))
        return [bytes(key) for (key,) in rows]

    def _delete_expired(self, table: str, after: bytes, last: bytes) -> int:
        drop = f"DELETE FROM {table} WHERE k > %(after)s AND k <= %(last)s AND expires <= {NOW}"
        count: int = self._run(partial(_ask, sql=drop, params={"after": after, "last": last}))[1]
        return count

    # Connections.

    def _run(self, work: Callable[[Any], Any]) -> Any:
        if self._pid != os.getpid():  # closing a connection of the parent would end the parent's session
            _orphans.extend(self._idle)
            self._forget()
        if not self._gate.acquire(timeout=ANSWER_WAIT):
            raise StoreUnavailable(f"{self._name}: all connections of this process are busy")
        try:
            connection = self._connection()
            try:
                done = self._run_with_retries(connection, work)
            except BaseException:
                connection._force_close()
                self._drop()
                raise
            self._idle.append(connection)
        except (self._driver.Error, OSError) as error:
            raise self._failure(error) from None
        finally:
            self._gate.release()
        return done

    def _run_with_retries(self, connection: Any, work: Callable[[Any], Any]) -> Any:
        for _ in range(DEADLOCKS):
            try:
                return work(connection)
            except self._driver.Error as error:
                number = error.args[0] if error.args else None
                if number == MISSING:
                    _ask(connection, (Path(__file__).parent / "sql" / "mysql.sql").read_text(), None)
                elif number != DEADLOCK:
                    raise
        return work(connection)

    def _connection(self) -> Any:
        while self._idle:
            connection = self._idle.pop()
            if not select.select([connection._sock], [], [], 0)[0]:  # readable while idle: the server closed it
                return connection
            connection._force_close()
        connection = self._driver.connect(
            **self._parameters,
            autocommit=True,
            connect_timeout=CONNECT_WAIT,
            read_timeout=ANSWER_WAIT,
            write_timeout=ANSWER_WAIT,
            client_flag=self._driver.constants.CLIENT.MULTI_STATEMENTS,
        )
        _ask(connection, _SETUP, None)
        return connection

    def _drop(self) -> None:
        while self._idle:
            self._idle.pop()._force_close()

    __del__ = close

    def _failure(self, error: Exception) -> StoreError:
        number = error.args[0] if error.args else None
        if number in {FULL, NO_ROOM}:
            return StoreFull(f"{self._name} is full")
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            return StoreUnavailable(f"{self._name} did not respond in time")
        return StoreUnavailable(f"{self._name} failed: {safe_message(error, self._url)}")


_orphans: list[Any] = []


def _ask(connection: Any, sql: str, params: Params | None) -> tuple[Rows, int]:
    """Return the rows of the last statement, and the number of rows it affected."""
    with connection.cursor() as cursor:
        count = cursor.execute(sql, params)
        while cursor.nextset():
            count = cursor.rowcount
        return list(cursor.fetchall()) if cursor.description else [], count


def _encode(op: Op[Any]) -> tuple[str, Params]:
    if type(op) not in _NAMES:
        raise TypeError(f"not a store operation: {op!r}")
    assert isinstance(op, StoreOp)
    params: Params = {"key": digest(op.space.name, op.key), "mark": os.urandom(16)}
    if isinstance(op, Put | PutIfAbsent | Replace | Renew | Complete | Seize):
        params |= {"value": op.space.dump(op.value), "ttl": to_micros(op.ttl)}
    if isinstance(op, Replace | Renew | Complete | Seize | Delete):
        params["version"] = op.version
    if isinstance(op, Seize):
        params["older"] = to_micros(op.older)
    return getattr(_SQL[op.space.evictable], _NAMES[type(op)]), params


def _decode(op: Op[Any], rows: Rows, count: int) -> bool:
    if isinstance(op, Put):
        op.answer = rows[0][0]
        return True
    mine = bool(rows and rows[0][3])
    if isinstance(op, Get):
        op.answer = _entry(op.space, rows[0]) if rows else None
    elif isinstance(op, PutIfAbsent):
        if not rows:
            return False
        op.answer = Claimed(None if mine else _entry(op.space, rows[0]), rows[0][2])
    elif isinstance(op, Seize):
        op.answer = rows[0][2] if mine else 0
    elif isinstance(op, Delete):
        op.answer = count > 0
    else:
        op.answer = mine
    return True


def _entry(space: Space[Any], row: tuple[Any, ...]) -> Entry[Any]:
    value, age, version, _ = row
    return Entry(space.load(bytes(value)), max(0, age) / MICRO, version)


class _LockedWindows(NamedTuple):
    """The windows of a key, whose row the transaction has locked."""

    connection: Any
    key: bytes
    states: list[Any]
    now: int

    def save(self, end: int) -> None:
        """``end``: when the row expires."""
        sql = "UPDATE launchready_windows SET state = %(state)s, expires = %(end)s WHERE k = %(k)s"
        _ask(self.connection, sql, {"k": self.key, "state": _pack(self.states), "end": end})


@contextmanager
def _lock_windows(connection: Any, op: Consume | Refund, empty: list[Any]) -> Iterator[_LockedWindows]:
    """Lock the row of the windows, so that the limit can run in this process."""
    key = window_digest(op)
    connection.begin()
    try:
        sql = f"SELECT state, {NOW} FROM launchready_windows WHERE k = %(k)s FOR UPDATE"
        while not (rows := _ask(connection, sql, {"k": key})[0]):
            _ask(connection, "INSERT IGNORE INTO launchready_windows VALUES (%(k)s, 0, '')", {"k": key})
        state = bytes(rows[0][0])
        yield _LockedWindows(connection, key, _unpack(state, len(op.windows)) if state else empty, int(rows[0][1]))
        connection.commit()
    except BaseException:
        with suppress(Exception):
            connection.rollback()
        raise


def _pack(states: Any) -> bytes:
    """Encode states: the length of each window's state, then all numbers."""
    flat = array("q", [len(state) for state in states])
    for state in states:
        flat.extend(state)
    return flat.tobytes()


def _unpack(data: bytes, count: int) -> list[Any]:
    flat = array("q", data)
    states: list[Any] = []
    start = count
    for length in flat[:count]:
        states.append(flat[start : start + length])
        start += length
    return states
