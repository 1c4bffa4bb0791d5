"""What happens to a key's row in its transaction, as a flow: the same for a blocking and an awaited connection."""

import itertools
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

from launchready.clock import SYSTEM
from launchready.errors import ConfigError, InFlight, KeyReused, StoreUnavailable
from launchready.exchange.claim import RunOnConnection
from launchready.exchange.operations import Op
from launchready.exchange.window import MICRO
from launchready.idempotency.transaction.connections import Connection
from launchready.idempotency.transaction.dialects import IDLE, Dialect

POLL = 0.02
"""Seconds between two tries of PostgreSQL's lock. Who blocked in it would be woken at once, but a wait in the server
may be a deadlock with what else the app's transaction holds, and its victim who works. A try just gives up."""
BUSY = {1205, 1213}
"""MySQL waited for long enough; or chose this transaction as a deadlock's victim, and undid it."""
HELD = "another transaction holds this key"
SWEEP_EVERY = 64
_turn = itertools.count(1)

KeyRowFlow = Generator[Op[Any], None, Any]


class Row(NamedTuple):
    """A key: its digest, what must be the same, and times in seconds."""

    key: bytes
    print_: bytes
    keep: float
    wait: float
    lease: float


def begin(connection: Connection, *rows: Row) -> KeyRowFlow:
    """Open the transaction and take the key. Answers None where the work is to be done, else what it gave.

    Several rows are one key, under as many secrets, the oldest first. Where one of them is somebody else's, those
    before it are to be rolled back. Raises InFlight, KeyReused; whatever is raised, nothing stays open.
    """
    try:
        yield from _do(connection, connection.enter)
    except Exception as error:
        raise _busy(error) from error
    try:
        return (yield from _take_all(connection, rows))
    except Exception as error:
        yield from _left(connection, error)
        raise


def _take_all(connection: Connection, rows: Sequence[Row]) -> KeyRowFlow:
    found = None
    for row in rows:
        found = found or (yield from _take(connection, row))
    return found


def _take(connection: Connection, row: Row) -> KeyRowFlow:
    dialect = connection.dialect
    if dialect.name == "postgresql":
        yield from _locked(connection, dialect, row)
    params = {"k": row.key, "fp": row.print_, "keep": int(row.keep * MICRO)}
    if dialect.name == "mysql":
        mine = yield from _inserted(connection, dialect, row, params)
    else:
        if dialect.name == "sqlite":
            yield from _sql(connection, dialect.create[0])
        try:
            mine = yield from _sql(connection, dialect.claim, **params)
        except Exception as error:
            raise _busy(error) from error
    if mine:
        return None
    rows = yield from _sql(connection, dialect.read, k=row.key)
    if dialect.name == "mysql" and rows[0][2]:
        try:
            yield from _sql(connection, dialect.again, **params)
        except Exception as error:
            if code(error) in BUSY:
                raise InFlight(HELD) from error
            raise
        return None
    print_, result = bytes(rows[0][0]), rows[0][1]
    if row.print_ and print_ and print_ != row.print_:
        raise KeyReused("this key was used before for something else")
    return b"null" if result is None else bytes(result)


def _locked(connection: Connection, dialect: Dialect, row: Row) -> KeyRowFlow:
    """The key's advisory lock; and the table, where it is not there."""
    until = SYSTEM.monotonic() + row.wait
    assert dialect.lock is not None  # PostgreSQL's
    lock = int.from_bytes(row.key[:8], "big", signed=True)
    statement = dialect.lock if connection.joined else dialect.lock + IDLE
    while True:
        rows = yield from _sql(connection, statement, lock=lock, idle=int(row.lease * 1000))
        if rows[0][0]:
            break
        if SYSTEM.monotonic() > until:
            raise InFlight(HELD)
        yield from _do(connection, lambda: connection.pause(POLL))
    if not rows[0][1]:
        for statement in dialect.create:
            yield from _sql(connection, statement)


def _inserted(connection: Connection, dialect: Dialect, row: Row, params: dict[str, Any]) -> KeyRowFlow:
    """Whether the row is ours: the INSERT says so, and no count does."""
    seconds = max(1, int(row.wait))
    rows = yield from _sql(connection, "SELECT @@innodb_lock_wait_timeout")
    usual = int(rows[0][0])
    yield from _sql(connection, f"SET SESSION innodb_lock_wait_timeout = {seconds}")
    made = False
    try:
        while True:
            try:
                yield from _sql(connection, dialect.claim, **params)
            except Exception as error:
                number = code(error)
                if number in BUSY:
                    raise InFlight(HELD) from error
                if number == 1062:
                    return False
                if number != 1146 or made:
                    raise
                yield from _created(connection, dialect, error)
                made = True  # and somebody else may be first with the key now
            else:
                return True
    finally:
        yield from _sql(connection, f"SET SESSION innodb_lock_wait_timeout = {usual}")


def _created(connection: Connection, dialect: Dialect, error: Exception) -> KeyRowFlow:
    """CREATE TABLE commits what is open: so never inside a transaction of the app's."""
    if connection.joined:
        raise ConfigError(
            ["the table launchready_once is missing: run `launchready idempotency migrate --store mysql://...` once"]
        ) from error
    yield from _do(connection, lambda: connection.leave(error))
    yield from _do(connection, connection.enter)
    yield from _sql(connection, dialect.create[0])
    yield from _left(connection, None)
    yield from _do(connection, connection.enter)


def finish(
    connection: Connection, rows: Sequence[Row], result: bytes | None, error: BaseException | None
) -> KeyRowFlow:
    """Write the result down and commit; roll back where there is an error."""
    if error is None and result is not None:
        try:
            for row in rows:
                yield from _sql(connection, connection.dialect.write, k=row.key, result=result)
            if next(_turn) % SWEEP_EVERY == 0:
                yield from _sql(connection, connection.dialect.sweep)
        except Exception as broken:
            yield from _left(connection, broken)
            raise
    yield from _do(connection, lambda: connection.leave(error))


def _left(connection: Connection, error: BaseException | None) -> KeyRowFlow:
    yield from _do(connection, lambda: connection.leave(error))


def _sql(connection: Connection, statement: str, **params: Any) -> KeyRowFlow:
    return (yield from _do(connection, lambda: connection.execute(statement, params)))


def _do(connection: Connection, call: Callable[[], Any]) -> KeyRowFlow:
    work = RunOnConnection(call, connection.carry)
    yield work
    return work.answer


def _busy(error: Exception) -> Exception:
    """SQLite's one writer is somebody else for too long."""
    return StoreUnavailable("the database stayed locked by another writer") if "locked" in str(error) else error


def code(error: BaseException | None) -> int:
    """MySQL's error number, however many libraries have wrapped it."""
    while error is not None:
        number = error.args[0] if error.args else None
        if isinstance(number, int):
            return number
        error = getattr(error, "orig", None) or error.__cause__
    return 0
