"""The key's row and the work commit in one database transaction, or neither does.

::

    with launchready.idempotency.transaction(connection, key, scope="user:7") as once:
        if once.first:
            once.result = book_slot(connection, slot)
    return once.result

The work happens exactly once, through any crash. A process that dies rolls both back; if the connection is lost at
COMMIT, the retry reads the key's row. This holds for work in that database alone. For a payment provider pass
``downstream_key`` on, or write an outbox row in the same transaction.

Connections: sqlite3, aiosqlite, psycopg (both), PyMySQL, Django, and SQLAlchemy's Connection, Session and their async
forms, with ``async with``. An open transaction of the app is joined by a savepoint: the key is taken when the app
commits. The rows are in the table ``launchready_once`` of that database, which is created at first use.
"""

import json
import os
from hashlib import sha256
from types import TracebackType
from typing import Any

from launchready.core.idempotency.keys import lookup_key
from launchready.errors import ConfigError
from launchready.idempotency.arguments import stable_form
from launchready.idempotency.transaction.connections import Connection, adapt
from launchready.idempotency.transaction.key_row import KeyRowFlow, Row, begin, finish
from launchready.runtime.claims.context import IdempotencyContext
from launchready.runtime.current import HELD
from launchready.runtime.drive import adrive, drive
from launchready.settings.problems import Problems

KEEP, WAIT, LEASE = "30d", "2500ms", "60s"


class TransactionContext(IdempotencyContext):
    """``current()`` inside the transaction that holds the key. It cannot be taken over, so no lease is renewed."""

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
    """A context manager, sync and async. An exception inside rolls back and frees the key."""

    def __init__(self, connection: Any, row: Row, text: str) -> None:
        self._connection = adapt(connection)
        self._carried = False
        self._row = row
        self.once = TransactionContext(row.key.hex(), text, connection)

    def __enter__(self) -> TransactionContext:
        self._refuse(asynchronous=True)
        self._begun(_run(begin(self._connection, self._row)))
        return self.once

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        _run(finish(self._connection, [self._row], self._result(error), error))

    def carried_by(self, connection: Connection) -> "Transaction":
        """Let ``async with`` drive this connection, a blocking one in its own thread."""
        self._connection = connection
        self._carried = True
        return self

    async def __aenter__(self) -> TransactionContext:
        self._refuse(asynchronous=False)
        self._begun(await _arun(begin(self._connection, self._row)))
        return self.once

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        await _arun(finish(self._connection, [self._row], self._result(error), error))

    def _refuse(self, *, asynchronous: bool) -> None:
        if not self._carried and self._connection.asynchronous is asynchronous:
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
        except ValueError:  # entered in another context, by a generator that a framework resumes in its own
            HELD.set(None)

    def _result(self, error: BaseException | None) -> bytes | None:
        """The result as JSON, or None if nothing has to be stored."""
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

    - ``scope``: the owner of the key, such as a user id. The same key in another scope is another key.
    - ``fingerprint``: the content that must not change under one key: bytes, text, or anything JSON can hold.
    - ``keep``: how long the row is remembered. ``wait``: how long to wait while another transaction holds the key.
      ``lease``: PostgreSQL ends a transaction that is idle for longer, which frees its key.

    Inside, do the work if ``once.first`` is True, and set ``once.result`` to a JSON value. On a retry ``first`` is
    False and ``result`` is the stored value. Raises KeyReused (another fingerprint), InFlight (another transaction
    holds the key), ConfigError (unknown connection), StoreUnavailable (SQLite stays locked), and the driver's errors.
    """
    problems = Problems()
    keeps = problems.duration("transaction.keep", keep)
    waits = problems.duration("transaction.wait", wait, zero=True)
    leases = problems.duration("transaction.lease", lease)
    problems.raise_if_any()
    digest = bytes.fromhex(lookup_key(scope, str(key).encode("utf-8", "surrogatepass")))
    return Transaction(connection, Row(digest, _digest_of(fingerprint), keeps, waits, leases), str(key))


def _digest_of(fingerprint: object) -> bytes:
    if fingerprint is None:
        return b""
    if isinstance(fingerprint, bytes):
        return sha256(fingerprint).digest()
    text = (
        fingerprint
        if isinstance(fingerprint, str)
        else json.dumps(stable_form(fingerprint, "fingerprint"), sort_keys=True)
    )
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _run(story: KeyRowFlow) -> Any:
    def carry(op: Any) -> None:
        op.answer = op.call()

    return drive(story, carry)


async def _arun(story: KeyRowFlow) -> Any:
    async def carry(op: Any) -> None:
        op.answer = await op.carry(op.call)

    return await adrive(story, carry)


__all__ = ["Connection", "Row", "Transaction", "TransactionContext", "transaction"]
