"""Have statements and calls to other hosts counted for the route that makes them.

::

    launchready.watch.sqlalchemy(engine)          # sync or async
    launchready.watch.httpx(client)               # sync or async; launchready.client is watched already
    launchready.watch.requests(session)
    connection = sqlite3.connect(path, factory=launchready.watch.SQLite3)
    connection = psycopg.connect(url, cursor_factory=launchready.watch.psycopg())

Django's connections are watched once ``launchready.django`` is in INSTALLED_APPS. What is kept of a statement is its
text without values; of a call, the host and never the path.
"""

import sqlite3
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

from launchready.metrics.spent import Watching, call, statement

T = TypeVar("T")

STARTED = "launchready.started"


def sqlalchemy(engine: Any) -> None:
    """Every statement of an engine, by its own events. Watched twice, it is counted once."""
    from sqlalchemy import event  # noqa: PLC0415 - the app uses it, so it is there

    Watching.on = True
    plain = getattr(engine, "sync_engine", engine)
    if not event.contains(plain, "before_cursor_execute", _before):
        event.listen(plain, "before_cursor_execute", _before)
        event.listen(plain, "after_cursor_execute", _after)


def _before(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    del cursor, sql, parameters, context, many
    connection.info[STARTED] = perf_counter()


def _after(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    del cursor, parameters, context, many
    statement(sql, perf_counter() - connection.info.pop(STARTED, perf_counter()))


def django() -> None:
    """Every connection of Django, those that are open and those to come."""
    from django.db import connections  # noqa: PLC0415 - only in a Django app
    from django.db.backends.signals import connection_created  # noqa: PLC0415

    Watching.on = True
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
        Watching.on = True

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        return self.cursor().executemany(sql, parameters)


def psycopg() -> Any:
    """A class for ``psycopg.connect(..., cursor_factory=...)``."""
    import psycopg as driver  # noqa: PLC0415 - the extra

    Watching.on = True

    class Watched(driver.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **more: Any) -> Any:
            started = perf_counter()
            try:
                return super().execute(query, *arguments, **more)
            finally:
                text = query if isinstance(query, str) else getattr(query, "as_string", lambda _: str(query))(self)
                statement(text, perf_counter() - started)

    return Watched


def httpx(client: Any) -> None:
    """Each request of a client, until its answer begins. A request that fails is not counted."""
    Watching.on = True

    def begin(request: Any) -> None:
        request.extensions[STARTED] = perf_counter()

    def end(response: Any) -> None:
        started = response.request.extensions.get(STARTED)
        if started is not None:
            call(response.request.url.host, perf_counter() - started)

    async def abegin(request: Any) -> None:
        begin(request)

    async def aend(response: Any) -> None:
        end(response)

    waits = hasattr(client, "aclose")
    hooks = client.event_hooks
    hooks["request"].append(abegin if waits else begin)
    hooks["response"].append(aend if waits else end)
    client.event_hooks = hooks


def requests(session: Any) -> None:
    """Each request of a session, until its answer begins."""
    Watching.on = True

    def end(response: Any, *arguments: Any, **more: Any) -> None:
        del arguments, more
        call(response.request.url.split("/")[2].rpartition("@")[2].partition(":")[0], response.elapsed.total_seconds())

    session.hooks["response"].append(end)
