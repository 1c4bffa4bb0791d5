"""Tells a database outage, which a retry survives, from a bug in SQL or in the app's code, which it does not.

Errors are known by SQLSTATE, by number, and by the names of their classes, so no driver is imported here.
"""

import sqlite3
from collections.abc import Iterator

from launchready.errors import LaunchReadyError
from launchready.idempotency.transaction.key_row import code

_SQLITE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT,
}  # fmt: skip
_SQLSTATES = ("08", "25P03", "40", "53", "55P03", "57", "58")
"""Connection, idle transaction ended, rollback (deadlock), resources, lock timeout, intervention, system error."""
_MYSQL_NUMBERS = {
    1021, 1028, 1030, 1037, 1040, 1041, 1053, 1077, 1129, 1158, 1159, 1160, 1161, 1180, 1184, 1203, 1205, 1213, 1226,
    1290, 1317, 1792, 1836, 1927, 1969, 3024, 3100, 3572, 4031,
}  # fmt: skip
"""Full disk, memory, too many connections, shutdown, broken network, lock timeout, deadlock, read-only, killed."""
_CLIENT_NUMBERS = range(2000, 2100)  # raised by the client library: refused, gone away, lost
_NAMES = {"InterfaceError", "TimeoutError", "ConnectionDoesNotExistError", "CannotConnectNowError"}


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later although neither the app nor its SQL changes."""
    for each in _chain(error):
        if isinstance(each, LaunchReadyError):
            return each.status != 500
        if isinstance(each, OSError | TimeoutError):
            return True
        decided = _by_code(each)
        if decided is not None:
            return decided
    return any(_by_name(each) for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it wraps."""
    for _ in range(8):
        if error is None:
            return
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def _by_code(error: BaseException) -> bool | None:
    """None: the error carries no code."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return state.startswith(_SQLSTATES)
    if isinstance(error, sqlite3.Error):
        number = getattr(error, "sqlite_errorcode", None)
        return None if number is None else number & 0xFF in _SQLITE
    number = code(error)
    if number:
        return number in _MYSQL_NUMBERS or number in _CLIENT_NUMBERS
    return None


def _by_name(error: BaseException) -> bool:
    """A driver's error without a code: psycopg's and PyMySQL's lost connections are such."""
    if getattr(error, "connection_invalidated", False):
        return True
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, sqlite3.Error):
        return False
    return bool(names & _NAMES) or ("OperationalError" in names and "ProgrammingError" not in names)
