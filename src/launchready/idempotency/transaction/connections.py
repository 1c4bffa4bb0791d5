"""Connections of an app, made alike: enter a transaction (or a savepoint in one), execute, leave.

Nothing is imported that the app has not: a connection is known by the module of its class.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from launchready.errors import ConfigError
from launchready.idempotency.transaction.dialects import DIALECTS, MYSQL, POSTGRESQL, SQLITE, Dialect

Params = dict[str, Any]
_NAME = re.compile(r":([a-z]+)")
SAVEPOINT = "launchready"


class Connection(Protocol):
    """What the story needs. On an ``asynchronous`` one every method gives something to await."""

    asynchronous: bool
    dialect: Dialect
    joined: bool
    raw: Any

    async def carry(self, call: Callable[[], Any]) -> Any:
        """Do it from a coroutine."""

    def enter(self) -> Any: ...

    def leave(self, error: BaseException | None) -> Any: ...

    def execute(self, statement: str, params: Params) -> Any: ...

    def pause(self, seconds: float) -> Any: ...


def adapt(connection: Any) -> Connection:
    """Raises ConfigError for what is no connection that we know."""
    for kind in type(connection).__mro__:
        made = _KINDS.get((kind.__module__.partition(".")[0], kind.__name__))
        if made is not None:
            return made(connection)
    name = type(connection).__qualname__
    raise ConfigError([_UNKNOWN.format(name)])


_UNKNOWN = (
    "launchready.idempotency.transaction: {} is no connection that is known; give one of sqlite3, aiosqlite, psycopg, "
    "PyMySQL, SQLAlchemy or Django"
)


def pyformat(statement: str) -> str:
    """``:name`` as ``%(name)s``."""
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%"))


class _Blocking:
    asynchronous = False
    joined = False

    async def carry(self, call: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(call)

    def pause(self, seconds: float) -> None:
        threading.Event().wait(seconds)


class _Awaited:
    asynchronous = True
    joined = False

    async def carry(self, call: Callable[[], Any]) -> Any:
        return await call()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SQLite(_Blocking):
    dialect = SQLITE

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    def enter(self) -> None:
        self.joined = self.raw.in_transaction
        self.raw.execute(f"SAVEPOINT {SAVEPOINT}" if self.joined else "BEGIN IMMEDIATE")

    def leave(self, error: BaseException | None) -> None:
        for statement in _ends(self.joined, error):
            self.raw.execute(statement)

    def execute(self, statement: str, params: Params) -> list[Any]:
        rows: list[Any] = self.raw.execute(statement, params).fetchall()
        return rows


class AsyncSQLite(_Awaited):
    """aiosqlite."""

    dialect = SQLITE

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    async def enter(self) -> None:
        self.joined = self.raw.in_transaction
        await self.raw.execute(f"SAVEPOINT {SAVEPOINT}" if self.joined else "BEGIN IMMEDIATE")

    async def leave(self, error: BaseException | None) -> None:
        for statement in _ends(self.joined, error):
            await self.raw.execute(statement)

    async def execute(self, statement: str, params: Params) -> list[Any]:
        async with self.raw.execute(statement, params) as cursor:
            return list(await cursor.fetchall())


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
    """Rows by position, whatever the row factory of the app makes of them."""
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
        self.dialect = _dialect(bind.dialect.name)

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
        self.dialect = _dialect(bind.dialect.name)

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


@contextmanager
def _begun_already() -> Iterator[None]:
    """Python's sqlite3 begins a transaction with the first write, and SAVEPOINT is none: its release would commit.

    So it is begun by hand, in the way that takes the write lock; where the app has written, it is begun.
    """
    try:
        yield
    except Exception as error:
        if "within a transaction" not in str(error):
            raise


def _text(statement: str) -> Any:
    from sqlalchemy import text  # noqa: PLC0415 - the app uses it, so it is there

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
        """In the thread of this request's other database work: the connection is its alone."""
        from asgiref.sync import sync_to_async  # noqa: PLC0415 - Django brings it

        return await sync_to_async(call, thread_sensitive=True)()

    def enter(self) -> None:
        from django.db import transaction  # noqa: PLC0415 - the app uses it, so it is there

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
