"""The flow of a key's row through its transaction, the same for blocking and awaited connections."""

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
from launchready.idempotency.transaction.scheduling import WriterTurn

POLL = 0.02
"""Seconds between two tries of PostgreSQL's lock. A blocking lock could deadlock with other locks of the app's
transaction, and PostgreSQL might abort the transaction that holds the key. A failed try has no such effect."""
BUSY = {1205, 1213}
"""MySQL error numbers: the lock wait timed out; this transaction was rolled back to end a deadlock."""
IN_FLIGHT = "another transaction holds this key"
SWEEP_EVERY = 64
_finished = itertools.count(1)

KeyRowFlow = Generator[Op[Any], None, Any]


class Row(NamedTuple):
    """A key: its digest, the fingerprint of the request, and times in seconds."""

    key: bytes
    fingerprint: bytes
    keep: float
    wait: float
    lease: float


def begin(connection: Connection, *rows: Row) -> KeyRowFlow:
    """Open the transaction and take the key. Returns None if the work has to be done, else its stored result.

    - Several rows are one key under several secrets, the oldest secret first.
    - Raises InFlight, KeyReused, StoreUnavailable, and the driver's errors. No transaction stays open then.
    """
    yield from enter(connection)
    try:
        return (yield from _take_all(connection, rows))
    except Exception as error:
        yield from leave(connection, error)
        raise


def enter(connection: Connection) -> KeyRowFlow:
    """Open the transaction, in turn if it locks a SQLite file. If that fails, the turn goes to the next transaction."""
    file = yield from _call(connection, connection.writer)
    if file is not None:
        turn = WriterTurn(file)
        yield RunOnConnection(turn.acquire, lambda _: turn.aacquire())
        connection.turn = turn
    try:
        yield from _call(connection, connection.enter)
    except Exception as error:
        release_turn(connection)
        raise _locked_as_outage(error) from error


def leave(connection: Connection, error: BaseException | None) -> KeyRowFlow:
    """Commit, or roll back if there is an error; then the next transaction may start."""
    try:
        yield from _call(connection, lambda: connection.leave(error))
    finally:
        release_turn(connection)


def release_turn(connection: Connection) -> None:
    turn, connection.turn = connection.turn, None
    if turn is not None:
        turn.release()


def _take_all(connection: Connection, rows: Sequence[Row]) -> KeyRowFlow:
    found = None
    for row in rows:
        found = found or (yield from _take(connection, row))
    return found


def _take(connection: Connection, row: Row) -> KeyRowFlow:
    dialect = connection.dialect
    if dialect.name == "postgresql":
        yield from _locked(connection, dialect, row)
    params = {"k": row.key, "fp": row.fingerprint, "keep": int(row.keep * MICRO)}
    if dialect.name == "mysql":
        mine = yield from _inserted(connection, dialect, row, params)
    else:
        if dialect.name == "sqlite":
            yield from _sql(connection, dialect.create[0])
        try:
            mine = yield from _sql(connection, dialect.claim, **params)
        except Exception as error:
            raise _locked_as_outage(error) from error
    if mine:
        return None
    rows = yield from _sql(connection, dialect.read, k=row.key)
    if dialect.name == "mysql" and rows[0][2]:
        try:
            yield from _sql(connection, dialect.again, **params)
        except Exception as error:
            if code(error) in BUSY:
                raise InFlight(IN_FLIGHT) from error
            raise
        return None
    fingerprint, result = bytes(rows[0][0]), rows[0][1]
    if row.fingerprint and fingerprint and fingerprint != row.fingerprint:
        raise KeyReused("this key was used before for something else")
    return b"null" if result is None else bytes(result)


def _locked(connection: Connection, dialect: Dialect, row: Row) -> KeyRowFlow:
    """Take the key's advisory lock; create the table if it is missing."""
    until = SYSTEM.monotonic() + row.wait
    assert dialect.lock is not None  # PostgreSQL's
    lock = int.from_bytes(row.key[:8], "big", signed=True)
    statement = dialect.lock if connection.joined else dialect.lock + IDLE
    while True:
        rows = yield from _sql(connection, statement, lock=lock, idle=str(int(row.lease * 1000)))
        if rows[0][0]:
            break
        if SYSTEM.monotonic() > until:
            raise InFlight(IN_FLIGHT)
        yield from _call(connection, lambda: connection.pause(POLL))
    if not rows[0][1]:
        for statement in dialect.create:
            yield from _sql(connection, statement)


def _inserted(connection: Connection, dialect: Dialect, row: Row, params: dict[str, Any]) -> KeyRowFlow:
    """Whether this transaction inserted the row. An affected-rows count would not tell (CLIENT.FOUND_ROWS)."""
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
                    raise InFlight(IN_FLIGHT) from error
                if number == 1062:
                    return False
                if number != 1146 or made:
                    raise
                yield from _created(connection, dialect, error)
                made = True  # another transaction may have taken the key meanwhile
            else:
                return True
    finally:
        yield from _sql(connection, f"SET SESSION innodb_lock_wait_timeout = {usual}")


def _created(connection: Connection, dialect: Dialect, error: Exception) -> KeyRowFlow:
    """CREATE TABLE commits implicitly, so it never runs inside a transaction of the app."""
    if connection.joined:
        raise ConfigError(
            ["the table launchready_once is missing: run `launchready idempotency migrate --store mysql://...` once"]
        ) from error
    yield from leave(connection, error)
    yield from enter(connection)
    yield from _sql(connection, dialect.create[0])
    yield from leave(connection, None)
    yield from enter(connection)


def finish(
    connection: Connection, rows: Sequence[Row], result: bytes | None, error: BaseException | None
) -> KeyRowFlow:
    """Store the result and commit; roll back if there is an error."""
    if error is None and result is not None:
        try:
            for row in rows:
                yield from _sql(connection, connection.dialect.write, k=row.key, result=result)
            if next(_finished) % SWEEP_EVERY == 0:
                yield from _sql(connection, connection.dialect.sweep)
        except Exception as broken:
            yield from leave(connection, broken)
            raise
    yield from leave(connection, error)


def _sql(connection: Connection, statement: str, **params: Any) -> KeyRowFlow:
    if connection.dialect.name == "mysql":
        params = {name: value.hex() if isinstance(value, bytes) else value for name, value in params.items()}
    return (yield from _call(connection, lambda: connection.execute(statement, params)))


def _call(connection: Connection, call: Callable[[], Any]) -> KeyRowFlow:
    work = RunOnConnection(call, connection.carry)
    yield work
    return work.answer


def _locked_as_outage(error: Exception) -> Exception:
    """Another process wrote to the SQLite file for too long."""
    return StoreUnavailable("the database stayed locked by another writer") if "locked" in str(error) else error


def code(error: BaseException | None) -> int:
    """MySQL's error number, through the libraries that wrapped the error; 0 if there is none."""
    while error is not None:
        number = error.args[0] if error.args else None
        if isinstance(number, int):
            return number
        error = getattr(error, "orig", None) or error.__cause__
    return 0
