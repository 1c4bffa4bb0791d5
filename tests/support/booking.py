"""A table of bookings and every kind of connection to it, for the tests of ``transaction()``."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

from launchready.errors import LaunchReadyError
from launchready.idempotency import transaction
from support import servers

CREATE = "CREATE TABLE IF NOT EXISTS bookings_{} (slot INTEGER)"


class Bookings:
    """``book`` in a transaction; ``rows`` as another connection sees them."""

    asynchronous = False
    mark = "%s"

    def __init__(self, folder, url=None):
        self.folder = folder
        self.table = "bookings_" + type(self).__name__.lower()
        self.url = url or self.make_url()
        if url is None:
            with self.opened() as connection:
                self.run(connection, f"DROP TABLE IF EXISTS {self.table}")
                with contextlib.suppress(Exception):
                    self.run(connection, "DROP TABLE IF EXISTS launchready_once")
                self.run(connection, f"CREATE TABLE {self.table} (slot INTEGER)")

    def close(self):
        pass

    def rows(self):
        with self.opened() as connection:
            return sorted(row[0] for row in self.run(connection, f"SELECT slot FROM {self.table}"))

    def book(self, key, *, slot, error=None, inside=None, **options):
        with self.opened() as connection:
            return self._book(connection, key, slot, error, inside, options)

    def _book(self, connection, key, slot, error, inside, options):
        with transaction(connection, key, **options) as once:
            if inside:
                inside(once)
            if once.first:
                self.insert(connection, slot)
                if error == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if error:
                    raise error
                once.result = {"slot": slot}
        return once.first, once.result

    def insert(self, connection, slot):
        self.execute(connection, f"INSERT INTO {self.table} VALUES ({int(slot)})")

    def execute(self, connection, statement):
        connection.execute(statement)

    def book_joined(self, key, *, slot, commit):
        with self.opened() as connection:
            self.execute(connection, "BEGIN")
            self._book(connection, key, slot, None, None, {})
            self.execute(connection, "COMMIT" if commit else "ROLLBACK")

    def at_once(self, count, key, *, slot):
        go = threading.Barrier(count)

        def one(_):
            go.wait()
            try:
                return self.book(key, slot=slot, wait="10s")
            except LaunchReadyError as error:
                return error

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))


class Sqlite3(Bookings):
    def make_url(self):
        return str(self.folder / "app.db")

    @contextlib.contextmanager
    def opened(self):
        with contextlib.closing(sqlite3.connect(self.url, timeout=10)) as connection:
            yield connection

    def run(self, connection, statement):
        with connection:
            return connection.execute(statement).fetchall()


class Psycopg(Bookings):
    def make_url(self):
        return servers.server("postgresql").url

    @contextlib.contextmanager
    def opened(self):
        import psycopg

        with contextlib.closing(psycopg.connect(self.url)) as connection:
            yield connection

    def run(self, connection, statement):
        cursor = connection.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


class Async(Bookings):
    """Runs coroutines one by one."""

    asynchronous = True

    def book(self, key, *, slot, error=None, inside=None, **options):
        return asyncio.run(self.abook(key, slot, error, inside, options))

    async def abook(self, key, slot, error, inside, options):
        async with self.aopened() as connection:
            return await self._abook(connection, key, slot, error, inside, options)

    async def _abook(self, connection, key, slot, error, inside, options):
        async with transaction(connection, key, **options) as once:
            if inside:
                inside(once)
            if once.first:
                await self.aexecute(connection, f"INSERT INTO {self.table} VALUES ({int(slot)})")
                if error:
                    raise error
                once.result = {"slot": slot}
        return once.first, once.result

    async def aexecute(self, connection, statement):
        await connection.execute(statement)

    async def abegin(self, connection):
        await self.aexecute(connection, "BEGIN")

    async def aend(self, connection, commit):
        await self.aexecute(connection, "COMMIT" if commit else "ROLLBACK")

    def book_joined(self, key, *, slot, commit):
        async def joined():
            async with self.aopened() as connection:
                await self.abegin(connection)
                await self._abook(connection, key, slot, None, None, {})
                await self.aend(connection, commit)

        asyncio.run(joined())

    def at_once(self, count, key, *, slot):
        async def all_of_them():
            work = [self.abook(key, slot, None, None, {"wait": "10s"}) for _ in range(count)]
            return await asyncio.gather(*work, return_exceptions=True)

        return asyncio.run(all_of_them())


class AioSqlite(Async, Sqlite3):
    @contextlib.asynccontextmanager
    async def aopened(self):
        import aiosqlite

        async with aiosqlite.connect(self.url, timeout=10) as connection:
            yield connection


class AsyncPsycopg(Async, Psycopg):
    @contextlib.asynccontextmanager
    async def aopened(self):
        import psycopg

        connection = await psycopg.AsyncConnection.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()


class Pymysql(Bookings):
    def make_url(self):
        return servers.server("mysql").url

    @contextlib.contextmanager
    def opened(self):
        import pymysql

        from launchready.stores.mysql import parameters

        with contextlib.closing(pymysql.connect(**parameters(self.url))) as connection:
            yield connection

    def execute(self, connection, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def run(self, connection, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


class Alchemy(Bookings):
    """SQLAlchemy; subclasses say of what, and on which database."""

    session = False
    scheme = "sqlite:///"

    def make_url(self):
        return f"sqlite:///{self.folder}/app.db"

    def engine(self):
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        return create_engine(self.url, poolclass=NullPool, connect_args={"timeout": 10} if "sqlite" in self.url else {})

    @contextlib.contextmanager
    def opened(self):
        from sqlalchemy.orm import Session

        engine = self.engine()
        with Session(engine) if self.session else engine.connect() as connection:
            yield connection
        engine.dispose()

    def execute(self, connection, statement):
        from sqlalchemy import text

        return connection.execute(text(statement))

    def run(self, connection, statement):
        result = self.execute(connection, statement)
        rows = result.fetchall() if result.returns_rows else []
        connection.commit()
        return rows

    def book_joined(self, key, *, slot, commit):
        with self.opened() as connection:
            block = connection.begin()
            self._book(connection, key, slot, None, None, {})
            (block.commit if commit else block.rollback)()


class AlchemyConnection(Alchemy):
    pass


class AlchemySession(Alchemy):
    session = True


class AlchemySessionPostgreSQL(AlchemySession):
    def make_url(self):
        return servers.server("postgresql").url.replace("postgresql:", "postgresql+psycopg:")


class AlchemySessionMySQL(AlchemySession):
    def make_url(self):
        return servers.server("mysql").url.replace("mysql:", "mysql+pymysql:")


class AsyncAlchemy(Async, Alchemy):
    session = False

    def aengine(self):
        return self.aengine_of(self.url.replace("sqlite:", "sqlite+aiosqlite:"))

    def aengine_of(self, url):
        from sqlalchemy.ext.asyncio import create_async_engine
        from sqlalchemy.pool import NullPool

        return create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10} if "sqlite" in url else {})

    @contextlib.asynccontextmanager
    async def aopened(self):
        from sqlalchemy.ext.asyncio import AsyncSession

        engine = self.aengine()
        async with AsyncSession(engine) if self.session else engine.connect() as connection:
            yield connection
        await engine.dispose()

    async def aexecute(self, connection, statement):
        from sqlalchemy import text

        await connection.execute(text(statement))

    async def abegin(self, connection):
        await connection.begin()

    async def aend(self, connection, commit):
        await (connection.commit() if commit else connection.rollback())


class AsyncAlchemyConnection(AsyncAlchemy):
    pass


class AsyncAlchemySessionPostgreSQL(AsyncAlchemy, AlchemySessionPostgreSQL):
    session = True


class AsyncAlchemySessionSqlite(AsyncAlchemy):
    session = True


class AsyncAlchemySessionAsyncpg(AsyncAlchemy, AlchemySessionPostgreSQL):
    session = True

    def aengine(self):
        return self.aengine_of(self.url.replace("+psycopg:", "+asyncpg:"))


class AsyncAlchemySessionAiomysql(AsyncAlchemy, AlchemySessionMySQL):
    session = True

    def aengine(self):
        return self.aengine_of(self.url.replace("+pymysql:", "+aiomysql:"))


KINDS = {
    kind.__name__: kind
    for kind in (
        Sqlite3, Psycopg, AioSqlite, AsyncPsycopg, Pymysql, AlchemyConnection, AlchemySession,
        AlchemySessionPostgreSQL, AlchemySessionMySQL, AsyncAlchemyConnection, AsyncAlchemySessionPostgreSQL,
        AsyncAlchemySessionSqlite, AsyncAlchemySessionAsyncpg, AsyncAlchemySessionAiomysql,
    )
}  # fmt: skip


def die(kind, folder, url):
    """In a process of its own: book, and die before the commit."""
    KINDS[kind](folder, url).book("key-1", slot=7, error="kill")
