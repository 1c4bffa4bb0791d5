"""One interface over the connections of an app: enter a transaction (or a savepoint in one), execute, leave.

A connection is recognised by the module and name of its class, so no driver is imported here.
"""

import asyncio
import inspect
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from launchready.errors import ConfigError
from launchready.idempotency.transaction.dialects import DIALECTS, MYSQL, POSTGRESQL, SQLITE, Dialect
from launchready.idempotency.transaction.scheduling import TransactionThread, WriterTurn

Params = dict[str, Any]
_NAME = re.compile(r":([a-z]+)")
SAVEPOINT = "launchready"
DATABASES = "PRAGMA database_list"


class Connection(Protocol):
    """A database connection. The methods of an ``asynchronous`` one return awaitables.

    - ``joined``: the app's own transaction was open already.
    - ``turn``: the place in the queue for SQLite's writer, from ``enter`` to ``leave``.
    - ``thread``: where the calls of a blocking connection run under an ``async def`` view.
    """

    asynchronous: bool
    dialect: Dialect
    joined: bool
    raw: Any
    turn: WriterTurn | None
    thread: TransactionThread | None

    async def carry(self, call: Callable[[], Any]) -> Any:
        """Run ``call`` from a coroutine."""

    def writer(self) -> Any:
        """The SQLite file whose write lock ``enter`` takes, or None."""

    def enter(self) -> Any: ...

    def leave(self, error: BaseException | None) -> Any: ...

    def execute(self, statement: str, params: Params) -> Any: ...

    def pause(self, seconds: float) -> Any: ...


def adapt(connection: Any) -> Connection:
    """Raises ConfigError for an object that is not a known connection."""
    for kind in type(connection).__mro__:
        made = _KINDS.get((kind.__module__.partition(".")[0], kind.__name__))
        if made is not None:
            return made(connection)
    name = type(connection).__qualname__
    raise ConfigError([_UNKNOWN.format(name)])


_UNKNOWN = (
    "launchready.idempotency.transaction: {} is not a known connection; use sqlite3, aiosqlite, psycopg, PyMySQL, "
    "SQLAlchemy or Django"
)


def pyformat(statement: str) -> str:
    """``:name`` as ``%(name)s``."""
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%"))


class _Blocking:
    asynchronous = False
    joined = False
    turn: WriterTurn | None = None
    thread: TransactionThread | None = None

    async def carry(self, call: Callable[[], Any]) -> Any:
        if self.thread is None:
            self.thread = await TransactionThread.start()
        return await self.thread.run(call)

    def writer(self) -> str | None:
        return None

    def pause(self, seconds: float) -> None:
        threading.Event().wait(seconds)


class _Awaited:
    asynchronous = True
    joined = False
    turn: WriterTurn | None = None
    thread: TransactionThread | None = None

    async def carry(self, call: Callable[[], Any]) -> Any:
        return await call()

    async def writer(self) -> str | None:
        return None

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SQLite(_Blocking):
    dialect = SQLITE

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    def writer(self) -> str | None:
        return None if self.raw.in_transaction else _main_file(self.raw.execute(DATABASES).fetchall())

    def enter(self) -> None:
        self.joined = self.raw.in_transaction
        self.raw.execute(f"SAVEPOINT {SAVEPOINT}" if self.joined else "BEGIN IMMEDIATE")

    def leave(self, error: BaseException | None) -> None:
        try:
            for statement in _ends(self.joined, error):
                self.raw.execute(statement)
        except Exception:
            if not self.joined and self.raw.in_transaction:  # a refused COMMIT leaves the transaction open
                self.raw.rollback()
            raise

    def execute(self, statement: str, params: Params) -> list[Any]:
        rows: list[Any] = self.raw.execute(statement, params).fetchall()
        return rows


class AsyncSQLite(_Awaited):
    """aiosqlite."""

    dialect = SQLITE

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    async def writer(self) -> str | None:
        return None if self.raw.in_transaction else _main_file(await self.raw.execute_fetchall(DATABASES))

    async def enter(self) -> None:
        self.joined = self.raw.in_transaction
        await self.raw.execute(f"SAVEPOINT {SAVEPOINT}" if self.joined else "BEGIN IMMEDIATE")

    async def leave(self, error: BaseException | None) -> None:
        try:
            for statement in _ends(self.joined, error):
                await self.raw.execute(statement)
        except Exception:
            if not self.joined and self.raw.in_transaction:
                await self.raw.rollback()
            raise

    async def execute(self, statement: str, params: Params) -> list[Any]:
        async with self.raw.execute(statement, params) as cursor:
            return list(await cursor.fetchall())


def _main_file(databases: Iterable[Any]) -> str | None:
    """None for a database in memory, which no other connection shares."""
    return next((file or None for _, name, file in map(tuple, databases) if name == "main"), None)


def _ends(joined: bool, error: BaseException | None) -> tuple[str, ...]:
    if joined:
        release = f"RELEASE SAVEPOINT {SAVEPOINT}"
        return (release,) if error is None else (f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", release)
    return ("COMMIT",) if error is None else ("ROLLBACK",)


class Psycopg(_Blocking):
    dialect = POSTGRESQL

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    def enter(self) -> None:
        self.joined = self.raw.info.transaction_status != 0  # IDLE
        self._block = self.raw.transaction()  # a savepoint where a transaction is open
        self._block.__enter__()

    def leave(self, error: BaseException | None) -> None:
        self._block.__exit__(type(error) if error else None, error, None)

    def execute(self, statement: str, params: Params) -> list[Any]:
        cursor = self.raw.execute(pyformat(statement), params)
        return _plain(cursor.fetchall()) if cursor.description else []


class AsyncPsycopg(_Awaited):
    dialect = POSTGRESQL

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    async def enter(self) -> None:
        self.joined = self.raw.info.transaction_status != 0
        self._block = self.raw.transaction()
        await self._block.__aenter__()

    async def leave(self, error: BaseException | None) -> None:
        await self._block.__aexit__(type(error) if error else None, error, None)

    async def execute(self, statement: str, params: Params) -> list[Any]:
        cursor = await self.raw.execute(pyformat(statement), params)
        return _plain(await cursor.fetchall()) if cursor.description else []


def _plain(rows: list[Any]) -> list[Any]:
    """Rows by position, whatever row factory the app has set."""
    return [tuple(row.values()) if isinstance(row, dict) else row for row in rows]


class PyMySQL(_Blocking):
    dialect = MYSQL

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    def enter(self) -> None:
        self.joined = bool(self.raw.server_status & 1)  # SERVER_STATUS_IN_TRANS
        self.execute(f"SAVEPOINT {SAVEPOINT}" if self.joined else "BEGIN", {})

    def leave(self, error: BaseException | None) -> None:
        for statement in _ends(self.joined, error):
            self.execute(statement, {})

    def execute(self, statement: str, params: Params) -> list[Any]:
        with self.raw.cursor() as cursor:
            cursor.execute(pyformat(statement), params)
            return _plain(list(cursor.fetchall())) if cursor.description else []


class SQLAlchemy(_Blocking):
    """Connection and Session."""

    def __init__(self, connection: Any) -> None:
        self.raw = connection
        bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
        self.engine = bind.engine
        self.dialect = _dialect(bind.dialect.name)

    def writer(self) -> str | None:
        return _file_of(self)

    def enter(self) -> None:
        self.joined = self.raw.in_transaction()
        if not self.joined:
            self._block = self.raw.begin()
        if self.dialect is SQLITE:
            with _begun_already():
                self.execute("BEGIN IMMEDIATE", {})
        if self.joined:
            self._block = self.raw.begin_nested()

    def leave(self, error: BaseException | None) -> None:
        if error is None:
            self._block.commit()
        elif self._block.is_active or not self.joined:
            self._block.rollback()

    def execute(self, statement: str, params: Params) -> list[Any]:
        result = self.raw.execute(_text(statement), params)
        return list(result.fetchall()) if result.returns_rows else []


class AsyncSQLAlchemy(_Awaited):
    """AsyncConnection and AsyncSession."""

    def __init__(self, connection: Any) -> None:
        self.raw = connection
        bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
        self.engine = bind.engine
        self.dialect = _dialect(bind.dialect.name)

    async def writer(self) -> str | None:
        return _file_of(self)

    async def enter(self) -> None:
        self.joined = self.raw.in_transaction()
        if not self.joined:
            self._block = await self.raw.begin().start()
        if self.dialect is SQLITE:
            with _begun_already():
                await self.execute("BEGIN IMMEDIATE", {})
        if self.joined:
            self._block = await self.raw.begin_nested().start()

    async def leave(self, error: BaseException | None) -> None:
        if error is None:
            await self._block.commit()
        elif self._block.is_active or not self.joined:
            await self._block.rollback()

    async def execute(self, statement: str, params: Params) -> list[Any]:
        result = await self.raw.execute(_text(statement), params)
        return list(result.fetchall()) if result.returns_rows else []


def _file_of(connection: SQLAlchemy | AsyncSQLAlchemy) -> str | None:
    """None in a transaction of the app: it may hold the write lock already, and waiting would be a deadlock."""
    if connection.dialect is not SQLITE or connection.raw.in_transaction():
        return None
    file: str | None = connection.engine.url.database
    return None if not file or ":memory:" in file else file.removeprefix("file:").partition("?")[0]


@contextmanager
def _begun_already() -> Iterator[None]:
    """Ignores SQLite's error that a transaction is open already.

    Python's sqlite3 begins a transaction at the first write only, and a SAVEPOINT outside of one commits at its
    release. So BEGIN IMMEDIATE is sent by hand; it fails where the app has written before.
    """
    try:
        yield
    except Exception as error:
        if "within a transaction" not in str(error):
            raise


def _text(statement: str) -> Any:
    from sqlalchemy import text  # noqa: PLC0415 - the app uses it, so it is installed

    return text(statement)


def _dialect(name: str) -> Dialect:
    try:
        return DIALECTS[name]
    except KeyError:
        raise ConfigError([f"launchready.idempotency.transaction: {name} is not SQLite, PostgreSQL or MySQL"]) from None


class Django(_Blocking):
    """A connection of ``django.db``: ``connection``, or one of ``connections``."""

    def __init__(self, connection: Any) -> None:
        self.raw = connection
        self.dialect = _dialect(connection.vendor)

    async def carry(self, call: Callable[[], Any]) -> Any:
        """Run in the thread of this request's other database work, because Django binds connections to threads."""
        from asgiref.sync import sync_to_async  # noqa: PLC0415 - Django brings it

        return await sync_to_async(call, thread_sensitive=True)()

    def writer(self) -> str | None:
        if self.dialect is not SQLITE or self.raw.in_atomic_block:
            return None
        file = str(self.raw.settings_dict["NAME"])
        return None if not file or "memory" in file else file

    def enter(self) -> None:
        from django.db import transaction  # noqa: PLC0415 - the app uses it, so it is installed

        self.joined = self.raw.in_atomic_block
        self._block = transaction.atomic(using=self.raw.alias)
        self._block.__enter__()

    def leave(self, error: BaseException | None) -> None:
        self._block.__exit__(type(error) if error else None, error, None)

    def execute(self, statement: str, params: Params) -> list[Any]:
        with self.raw.cursor() as cursor:
            cursor.execute(pyformat(statement), params)
            return list(cursor.fetchall()) if cursor.description else []


_KINDS: dict[tuple[str, str], Callable[[Any], Connection]] = {
    ("sqlite3", "Connection"): SQLite,
    ("aiosqlite", "Connection"): AsyncSQLite,
    ("psycopg", "Connection"): Psycopg,
    ("psycopg", "AsyncConnection"): AsyncPsycopg,
    ("pymysql", "Connection"): PyMySQL,
    ("sqlalchemy", "Connection"): SQLAlchemy,
    ("sqlalchemy", "Session"): SQLAlchemy,
    ("sqlalchemy", "scoped_session"): SQLAlchemy,
    ("sqlalchemy", "AsyncConnection"): AsyncSQLAlchemy,
    ("sqlalchemy", "AsyncSession"): AsyncSQLAlchemy,
    ("sqlalchemy", "async_scoped_session"): AsyncSQLAlchemy,
    ("django", "BaseDatabaseWrapper"): Django,
    ("django", "ConnectionProxy"): Django,
}


async def open_in_thread(opens: Callable[[], Any]) -> Connection:
    """Call ``opens`` in a thread, because it may block, and await its result if that is an awaitable."""
    thread = await TransactionThread.start()
    try:
        made = await thread.run(opens)
        connection = adapt(await made if inspect.isawaitable(made) else made)
    except BaseException:
        thread.release()
        raise
    if connection.asynchronous:
        thread.release()
    else:
        connection.thread = thread
    return connection
