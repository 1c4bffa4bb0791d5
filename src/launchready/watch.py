"""Instrument database connections and HTTP clients: their calls are counted for the route that makes them.

::

    launchready.watch.sqlalchemy(engine)          # sync or async
    launchready.watch.httpx(client)               # sync or async; launchready.client is instrumented already
    launchready.watch.requests(session)
    connection = sqlite3.connect(path, factory=launchready.watch.SQLite3)
    connection = psycopg.connect(url, cursor_factory=launchready.watch.psycopg())    # waits=True: AsyncConnection

Django's connections are instrumented if ``launchready.django`` is in INSTALLED_APPS. A statement is kept as text
without values; a call as its host, without the path.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import urlsplit

from launchready.metrics.query_times import Instrumentation, call, forward, statement

T = TypeVar("T")

STARTED = "launchready_started"


def sqlalchemy(engine: Any) -> None:
    """Instrument an engine through its own events. A second call has no effect."""
    from sqlalchemy import event  # noqa: PLC0415 - installed by the app

    Instrumentation.enabled = True
    plain = getattr(engine, "sync_engine", engine)
    if not event.contains(plain, "before_cursor_execute", _before):
        event.listen(plain, "before_cursor_execute", _before)
        event.listen(plain, "after_cursor_execute", _after)
        event.listen(plain, "handle_error", _failed)


def _before(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    del cursor, sql, parameters, context, many
    connection.info[STARTED] = perf_counter()


def _after(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    del cursor, parameters, context, many
    statement(sql, perf_counter() - connection.info.pop(STARTED, perf_counter()))


def _failed(context: Any) -> None:
    """Count a failed statement too: it often took its whole timeout."""
    started = context.connection.info.pop(STARTED, None) if context.connection is not None else None
    if started is not None and context.statement:
        statement(context.statement, perf_counter() - started)


def django() -> None:
    """Instrument all connections of Django, existing and future."""
    from django.db import connections  # noqa: PLC0415 - only in a Django app
    from django.db.backends.signals import connection_created  # noqa: PLC0415

    Instrumentation.enabled = True
    connection_created.connect(_created, dispatch_uid="launchready")
    for connection in connections.all(initialized_only=True):
        _created(None, connection)


def _created(sender: object, connection: Any, **more: object) -> None:
    del sender, more
    if _execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_execute)


def _execute(execute: Callable[..., T], sql: str, params: Any, many: bool, context: Any) -> T:
    started = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        statement(sql, perf_counter() - started)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> "_Cursor":
        started = perf_counter()
        try:
            super().execute(sql, parameters)
        finally:
            statement(sql, perf_counter() - started)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> "_Cursor":
        started = perf_counter()
        try:
            super().executemany(sql, parameters)
        finally:
            statement(sql, perf_counter() - started)
        return self


class SQLite3(sqlite3.Connection):
    """``sqlite3.connect(..., factory=SQLite3)``."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        Instrumentation.enabled = True

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        return self.cursor().executemany(sql, parameters)


def psycopg(*, waits: bool = False) -> Any:
    """A class for ``psycopg.connect(..., cursor_factory=...)``; ``waits`` for ``psycopg.AsyncConnection``."""
    import psycopg as driver  # noqa: PLC0415 - the extra

    Instrumentation.enabled = True
    plain: Any = driver.AsyncCursor if waits else driver.Cursor

    class InstrumentedCursor(plain):  # type: ignore[misc]  # one of two classes
        def _record(self, query: Any, started: float) -> None:
            text = query if isinstance(query, str) else getattr(query, "as_string", lambda _: str(query))(self)
            statement(text, perf_counter() - started)

    class AsyncCursor(InstrumentedCursor):
        async def execute(self, query: Any, *arguments: Any, **more: Any) -> Any:
            with _timed(self._record, query):
                return await super().execute(query, *arguments, **more)

        async def executemany(self, query: Any, *arguments: Any, **more: Any) -> Any:
            with _timed(self._record, query):
                return await super().executemany(query, *arguments, **more)

    class BlockingCursor(InstrumentedCursor):
        def execute(self, query: Any, *arguments: Any, **more: Any) -> Any:
            with _timed(self._record, query):
                return super().execute(query, *arguments, **more)

        def executemany(self, query: Any, *arguments: Any, **more: Any) -> Any:
            with _timed(self._record, query):
                return super().executemany(query, *arguments, **more)

    return AsyncCursor if waits else BlockingCursor


@contextmanager
def _timed(record: Callable[[Any, float], None], what: Any) -> Iterator[None]:
    started = perf_counter()
    try:
        yield
    finally:
        record(what, started)


def httpx(client: Any) -> None:
    """Instrument a client: each request with its redirects, failed ones too. The trace context is forwarded."""
    if hasattr(client.send, STARTED):
        return
    Instrumentation.enabled = True
    send = client.send

    def record(request: Any, started: float) -> None:
        call(request.url.host, perf_counter() - started)

    async def async_send(request: Any, **more: Any) -> Any:
        forward(request.headers)
        with _timed(record, request):
            return await send(request, **more)

    def sync_send(request: Any, **more: Any) -> Any:
        forward(request.headers)
        with _timed(record, request):
            return send(request, **more)

    client.send = async_send if hasattr(client, "aclose") else sync_send
    setattr(client.send, STARTED, True)


def requests(session: Any) -> None:
    """Instrument a session: each request and redirect, failed ones too. The trace context is forwarded."""
    if hasattr(session.send, STARTED):
        return
    Instrumentation.enabled = True
    send = session.send

    def record(url: str, seconds: float) -> None:
        call(urlsplit(url).hostname or "", seconds)

    def sent(request: Any, **more: Any) -> Any:
        forward(request.headers)
        started = perf_counter()
        try:
            return send(request, **more)
        except Exception:
            record(request.url, perf_counter() - started)
            raise

    def answered(response: Any, *arguments: Any, **more: Any) -> None:
        del arguments, more
        record(response.request.url, response.elapsed.total_seconds())

    session.send = sent
    setattr(sent, STARTED, True)
    session.hooks["response"].append(answered)
