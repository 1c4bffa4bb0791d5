"""Opens a connection by URL for one request or call: SQLite, PostgreSQL, MySQL."""

import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from launchready.errors import ConfigError, MissingExtra
from launchready.stores.base import safe_url
from launchready.stores.mysql import parameters

CONNECT_WAIT = 2
LOCK_WAIT = 2.5
"""Seconds. The client is answered 503 within three seconds if the database is locked or unreachable."""


def opener(url: str, *, asynchronous: bool = False) -> Callable[[], Any]:
    """Returns a function that opens a connection; with ``asynchronous`` an awaitable of one, for PostgreSQL.

    Raises ConfigError if the store of this URL has no transactions.
    """
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme == "sqlite":
        path = unquote(urlsplit(url).path)[1:]
        return lambda: _sqlite(path)
    if scheme in {"postgresql", "postgres"}:
        return lambda: _postgresql(url, asynchronous=asynchronous)
    if scheme in {"mysql", "mariadb"}:
        return lambda: _mysql(url)
    raise ConfigError([_NO_TRANSACTIONS.format(safe_url(url))])


_NO_TRANSACTIONS = (
    '@idempotent(mode="transaction"): {!r} has no transactions; write store="sqlite:///app.db", postgresql:// or '
    "mysql://, or pass connection=, a function that returns the app's own connection"
)


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def _postgresql(url: str, *, asynchronous: bool) -> Any:
    try:
        import psycopg  # noqa: PLC0415  an extra
    except ImportError:
        raise MissingExtra("A transaction in PostgreSQL", "postgres") from None
    kind = psycopg.AsyncConnection if asynchronous else psycopg.Connection
    return kind.connect(url, connect_timeout=CONNECT_WAIT)


def _mysql(url: str) -> Any:
    try:
        import pymysql  # noqa: PLC0415  an extra
    except ImportError:
        raise MissingExtra("A transaction in MySQL", "mysql") from None
    return pymysql.connect(**parameters(url), connect_timeout=CONNECT_WAIT)
