"""The key's row and the work in one database transaction: both are there, or neither is.

::

    with launchready.idempotency.transaction(connection, key, scope="user:7") as once:
        if once.first:
            once.result = book_slot(connection, slot)
    return once.result

Exactly once, through any crash: a process that dies rolls both back, and a connection lost at COMMIT is no riddle,
because the retry reads the key's row. It holds for work in that database alone; who calls a payment provider as well
uses ``downstream_key``, or writes an outbox row in the same transaction.

Connections: sqlite3, aiosqlite, psycopg (both), PyMySQL, SQLAlchemy (Connection, Session and their async kin), Django.
The async ones with ``async with``. A transaction that is open already is joined by a savepoint, and is its owner's to
commit: then the key is taken when he does. The rows stand in ``launchready_once`` of that database, made at first use.
"""

import json
import os
from hashlib import sha256
from types import TracebackType
from typing import Any

from launchready.core.idempotency.keys import lookup_key
from launchready.errors import ConfigError
from launchready.idempotency.transaction.connections import Connection, adapt
from launchready.idempotency.transaction.key_row import KeyRowFlow, Row, begin, finish
from launchready.runtime.claims.context import IdempotencyContext
from launchready.runtime.current import HELD
from launchready.runtime.drive import adrive, drive
from launchready.settings.problems import Problems

KEEP, WAIT, LEASE = "30d", "2500ms", "60s"


class Held(IdempotencyContext):
    """What runs in the transaction that holds its key: it cannot be taken over, so there is nothing to renew."""

    def __init__(self, root: str | None, text: str | None, connection: Any) -> None:
        super().__init__(None, None)
        self._root = root or os.urandom(20).hex()
        self._text = text
        self.tx = connection

    @property
    def key(self) -> str | None:
        return self._text

    def downstream_key(self, step: str = "") -> str:
        return sha256(f"{self._root}:{step}".encode()).hexdigest()[:40]


class Transaction:
    """A context manager, plain and async. What is raised inside rolls back, and the key is free again."""

    def __init__(self, connection: Any, row: Row, text: str) -> None:
        self._connection = adapt(connection)
        self._row = row
        self.once = Held(row.key.hex(), text, connection)

    def __enter__(self) -> Held:
        self._refuse(asynchronous=True)
        self._begun(_run(begin(self._connection, self._row)))
        return self.once

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        _run(finish(self._connection, [self._row], self._result(error), error))

    async def __aenter__(self) -> Held:
        self._refuse(asynchronous=False)
        self._begun(await _arun(begin(self._connection, self._row)))
        return self.once

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        await _arun(finish(self._connection, [self._row], self._result(error), error))

    def _refuse(self, *, asynchronous: bool) -> None:
        if self._connection.asynchronous is asynchronous:
            word = "async with" if asynchronous else "with"
            raise ConfigError([f"launchready.idempotency.transaction: for this connection write {word!r}"])

    def _begun(self, found: bytes | None) -> None:
        if found is not None:
            self.once.first = False
            self.once.result = json.loads(found)
        self._token = HELD.set(self.once)

    def _leave(self) -> None:
        try:
            HELD.reset(self._token)
        except ValueError:  # entered in another context: a generator that a framework resumes in its own
            HELD.set(None)

    def _result(self, error: BaseException | None) -> bytes | None:
        """None: there is nothing to write down."""
        return json.dumps(self.once.result).encode() if self.once.first and error is None else None


def transaction(
    connection: Any,
    key: str,
    *,
    scope: str = "",
    fingerprint: object = None,
    keep: str | float = KEEP,
    wait: str | float = WAIT,
    lease: str | float = LEASE,
) -> Transaction:
    """Do the work of a key once, in the transaction of this connection.

    - ``scope``: whose key it is: another scope's key is another key.
    - ``fingerprint``: what must be the same under one key, as bytes, text, or anything JSON can hold.
    - ``keep``: how long the row is remembered. ``wait``: how long to wait while another holds the key. ``lease``: after
      this a transaction that stands still is ended by the server (PostgreSQL), so that its key is free.

    Inside, ``once.first`` says whether the work is to be done; set ``once.result`` to what JSON can hold. On a retry
    ``first`` is False, and ``result`` what it was. Raises KeyReused (another fingerprint), InFlight (another holds the
    key), ConfigError (no such connection), and whatever the driver raises: then nothing is done, or a retry knows.
    """
    problems = Problems()
    keeps = problems.duration("transaction.keep", keep)
    waits = problems.duration("transaction.wait", wait, zero=True)
    leases = problems.duration("transaction.lease", lease)
    problems.raise_if_any()
    digest = bytes.fromhex(lookup_key(scope, str(key).encode("utf-8", "surrogatepass")))
    return Transaction(connection, Row(digest, _print(fingerprint), keeps, waits, leases), str(key))


def _print(fingerprint: object) -> bytes:
    if fingerprint is None:
        return b""
    if isinstance(fingerprint, bytes):
        return sha256(fingerprint).digest()
    text = fingerprint if isinstance(fingerprint, str) else json.dumps(fingerprint, sort_keys=True, default=repr)
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _run(story: KeyRowFlow) -> Any:
    def carry(op: Any) -> None:
        op.answer = op.call()

    return drive(story, carry)


async def _arun(story: KeyRowFlow) -> Any:
    async def carry(op: Any) -> None:
        op.answer = await op.carry(op.call)

    return await adrive(story, carry)


__all__ = ["Connection", "Held", "Row", "Transaction", "transaction"]
