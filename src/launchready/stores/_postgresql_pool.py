"""Connections of the PostgreSQL store. Idle ones are reused, a broken one closes all idle ones, every wait is bounded.

Imported with the driver, by the first PostgreSQL store.
"""

import asyncio
import select
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus, TransactionStatus

from launchready.clock import SYSTEM

CONNECTIONS = 8
CONNECT_WAIT = 2  # seconds, the minimum of libpq
_CLOCK_INTERVAL = 0.1  # seconds between two checks of the deadline
_SETUP = "SET statement_timeout = 2200; SET default_transaction_isolation = 'read committed'"

T = TypeVar("T")
Row = tuple[Any, ...]


class DeadlineExceeded(Exception):
    """The server took too long. Not a TimeoutError, because psycopg takes an OSError for a closed socket."""


def _bounded(work: PQGen[T], until: float) -> Generator[Any, Any, T]:
    """Add a deadline to psycopg's wait generator. It is resumed every _CLOCK_INTERVAL, ready or not."""
    try:
        want = next(work)
        while True:
            ready = yield want
            if not ready and SYSTEM.monotonic() > until:
                raise DeadlineExceeded
            want = work.send(ready)
    except StopIteration as stop:
        done: T = stop.value
        return done


class PooledConnection(psycopg.Connection[Row]):
    """``until``: the deadline, in monotonic time."""

    until = 0.0

    def wait(self, gen: PQGen[T], interval: float = _CLOCK_INTERVAL, timeout: float | None = None) -> T:
        del timeout
        return waiting.wait(_bounded(gen, self.until), self.pgconn.socket, interval=interval)


class AsyncConnection(psycopg.AsyncConnection[Row]):
    """The same in an event loop. A cancelled wait sends no cancel request; the connection is dropped."""

    until = 0.0

    async def wait(  # psycopg's own signature
        self,
        gen: PQGen[T],
        interval: float = _CLOCK_INTERVAL,
        timeout: float | None = None,
    ) -> T:
        del timeout
        return await waiting.wait_async(_bounded(gen, self.until), self.pgconn.socket, interval=interval)


def readable(socket: int, within: float = 0) -> bool:
    """Whether the socket is readable. An idle socket is readable mostly because the server closed it."""
    if not hasattr(select, "poll"):
        return bool(select.select([socket], [], [], within)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(within * 1000))


C = TypeVar("C", PooledConnection, AsyncConnection)


class IdleConnections(Generic[C]):
    """Open connections that are not in use."""

    def __init__(self) -> None:
        self.rows: list[C] = []

    def take(self) -> C | None:
        try:
            connection = self.rows.pop()
        except IndexError:
            return None
        if connection.pgconn.status == ConnStatus.OK and not readable(connection.pgconn.socket):
            return connection
        self.give(connection, broken=True)
        return None

    def give(self, connection: C, *, broken: bool = False) -> None:
        """Return a connection. A broken one, or one inside a transaction, closes all idle connections too."""
        if broken or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            connection.pgconn.finish()
            self.drop()
        else:
            self.rows.append(connection)

    def drop(self) -> None:
        while self.rows:
            connection = self.rows.pop()  # keep a reference until it is closed: psycopg warns otherwise
            connection.pgconn.finish()

    __del__ = drop  # an event loop that ended without aclose()


@contextmanager
def _close_on_error(connection: PooledConnection | AsyncConnection) -> Iterator[None]:
    """Close a new connection if its setup fails or is cancelled."""
    try:
        yield
    except BaseException:
        connection.pgconn.finish()
        raise


class Pool:
    """The connections of a process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.idle: IdleConnections[PooledConnection] = IdleConnections()
        self.gate = threading.Semaphore(CONNECTIONS)

    def take(self, until: float) -> PooledConnection:
        connection = self.idle.take()
        if connection is None:
            connection = PooledConnection.connect(self.url, autocommit=True, connect_timeout=CONNECT_WAIT)
            connection.until = until
            with _close_on_error(connection):
                connection.execute(_SETUP)
        connection.until = until
        return connection


class AsyncPool:
    """The connections of an event loop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.idle: IdleConnections[AsyncConnection] = IdleConnections()
        self.gate = asyncio.Semaphore(CONNECTIONS)

    async def take(self, until: float) -> AsyncConnection:
        connection = self.idle.take()
        if connection is None:
            connection = await AsyncConnection.connect(self.url, autocommit=True, connect_timeout=CONNECT_WAIT)
            connection.until = until
            with _close_on_error(connection):
                await connection.execute(_SETUP)
        connection.until = until
        return connection
