"""``@idempotent(mode="transaction")``: the view's answer is stored in the transaction of its own work.

The connection is the app's (``connection=``), Django's, or opened by URL for this request; the view finds it as
``current().tx``. An exception or a 5xx rolls back and frees the key. Every other answer commits with the work.

Errors of the database are of two kinds:

- An outage, or a COMMIT of unknown outcome: 503. A retry reads the key's row and finds out.
- A bug in the app's ``connection=`` function or in SQL: the error is raised, so that it is seen. If the database
  refuses the COMMIT, by a deferred constraint for instance, the answer is 500 and the error is logged.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from launchready.core.idempotency import (
    HEADER,
    ClaimRecord,
    IdempotencyFlow,
    KeyContext,
    KeyFinder,
    RoutePolicy,
    dump,
    load,
    refusals,
)
from launchready.core.idempotency.keys import lookup_key
from launchready.core.idempotency.owner import owner_of
from launchready.errors import InFlight, KeyReused, SafeToRetry
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import Database, RunOnConnection, root
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.problem import problem
from launchready.idempotency.transaction import Row, TransactionContext
from launchready.idempotency.transaction.connections import Connection, adapt, open_in_thread
from launchready.idempotency.transaction.key_row import begin, enter, finish, release_turn
from launchready.idempotency.transaction.outages import is_outage

logger = logging.getLogger("launchready")

Open = Callable[[], Any]


class TransactionFlow(IdempotencyFlow):
    """The flow of one request.

    - ``opens``: returns the connection or an awaitable of it. ``ours``: the flow closes it.
    - ``asks``: a connection of the framework is preferred, if it has one.
    """

    settles_at_once = True

    def __init__(
        self, policy: RoutePolicy, context: KeyContext, key: KeyFinder | None, scope: str | None, opens: Open, *,
        ours: bool, asks: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(policy, context, key, scope)
        self._opens = opens
        self._ours = ours
        self._asks = asks

    def _owner_by_secret(self, sent: bytes, left: bytes | None) -> bytes:
        """One answer stands in the rows of all secrets, so it holds the owner under each of them."""
        context = self._context
        return b"".join([owner_of(sent, self.user, each.secret, left) for each in (*context.older, context)])

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        """A request without a key runs in a transaction as well, but nothing is remembered."""
        if request.claimed is None and self._finder is None and not request.lines(HEADER):
            self._request = request
            return self._without()
        return super().handle(request)

    def _without(self) -> Flow[Response | None]:
        if self._policy.required:
            return refusals.missing()
        try:
            connection = yield from self._opened()
        except Exception as error:
            return self._outage(error)
        try:
            yield from enter(connection)
        except Exception as error:
            return (yield from self._failed(connection, error))
        return (yield from self._run(connection, (), None))

    def run(self, request: Request | None = None) -> Flow[Response | None]:
        """Take the key in the app's transaction, or answer why not."""
        known = yield from self.read(request)
        if isinstance(known, Response):
            return known
        if not known:
            return (yield from self._without())
        counts = self._context.counts
        try:
            connection = yield from self._opened()
        except Exception as error:
            return self._outage(error)
        policy = self._policy
        names = [lookup_key(*self.scope_and_key, older.secret) for older in self._context.older]
        rows = [
            Row(bytes.fromhex(name), self.request_digest, policy.keep, policy.wait, policy.lease)
            for name in (*names, self.id_)
        ]
        try:
            found = yield from begin(connection, *rows)
        except KeyReused:
            counts.mismatch += 1
            return (yield from self._closed(connection, refusals.mismatch()))
        except InFlight:
            counts.conflict += 1
            return (yield from self._closed(connection, refusals.in_flight()))
        except Exception as error:
            return (yield from self._failed(connection, error))
        except BaseException:  # cancelled: nothing can be awaited
            self._abandon(connection)
            raise
        if found is not None:
            counts.replay += 1
            with suppress(Exception):  # the only new rows are those under older secrets, which are not needed
                yield from finish(connection, (), None, SafeToRetry() if names else None)
            there = load(found)
            if not self._may_see(there):
                counts.other_owner += 1
                told = refusals.other_owner()
            else:
                told = refusals.replay(there, self.sender) if there.status > 0 else refusals.answer_not_stored()
            return (yield from self._closed(connection, told))
        counts.first += 1
        return (yield from self._run(connection, rows, self.record()))

    def _opened(self) -> Flow[Connection]:
        if self._asks:
            database = Database()
            yield database
            if database.answer is not None:
                self._ours = False
                return adapt(database.answer)
        opens = self._opens
        opened = RunOnConnection(lambda: adapt(opens()), lambda _: open_in_thread(opens))
        yield opened
        connection: Connection = opened.answer
        return connection

    def _run(self, connection: Connection, rows: Sequence[Row], record: ClaimRecord | None) -> Flow[Response | None]:
        app = ForwardBuffered(self._policy.max_body)
        if self._request is not None:
            scope, key = self.scope_and_key
            made = None if record is None else root(scope, key)
            self._request.claimed = TransactionContext(made, None if record is None else key.decode(), connection.raw)
        self.waits = True
        try:
            yield app
        except SafeToRetry as reason:
            yield from self._rolled_back(connection, rows, reason)
            return refusals.safe_to_retry(str(reason))
        except Exception as error:
            yield from self._rolled_back(connection, rows, error)
            raise
        finally:
            self.waits = False
            if not hasattr(app, "answer"):
                self._abandon(connection)  # on GeneratorExit nothing can be awaited
        response = app.answer
        if response.status in self._releases or response.status >= min(500, self._policy.release_from):
            yield from self._rolled_back(connection, rows, SafeToRetry())
            return None
        try:
            answer = None if record is None else dump(record.answered(response, self._owner_after(response)))
            yield from finish(connection, rows, answer, None)
        except Exception as error:
            if is_outage(error):
                return (yield from self._failed(connection, error))
            logger.exception("the database refused the idempotency transaction at its end; it was rolled back")
            return (yield from self._closed(connection, _not_committed()))
        return (yield from self._closed(connection, None))

    def _rolled_back(self, connection: Connection, rows: Sequence[Row], error: BaseException) -> Flow[None]:
        self._context.counts.released += 1
        with suppress(Exception):  # a lost connection has rolled back
            yield from finish(connection, rows, None, error)
        yield from self._closed(connection, None)

    def _failed(self, connection: Connection, error: Exception) -> Flow[Response | None]:
        yield from self._closed(connection, None)
        return self._outage(error)

    def _outage(self, error: Exception) -> Response:
        """503 for an outage: a retry finds out what happened. Raises any other error."""
        if not is_outage(error):
            raise error
        self._context.counts.refused_by_store += 1
        logger.warning("could not complete the idempotency transaction: %s", type(error).__name__, exc_info=error)
        return refusals.store_unavailable()

    def _closed(self, connection: Connection, told: Response | None) -> Flow[Response | None]:
        if self._ours:
            work = RunOnConnection(connection.raw.close, connection.carry)
            with suppress(Exception):  # a broken connection may fail to close
                yield work
            self._ours = False
        if connection.thread is not None:
            connection.thread.release()
        return told

    def _abandon(self, connection: Connection) -> None:
        """Close without waiting, behind a statement that still runs. The transaction rolls back."""
        thread, close = connection.thread, None
        if self._ours:
            low = getattr(connection.raw, "pgconn", None)
            close = low.finish if low is not None else connection.raw.close
            self._ours = False

        def end() -> None:
            try:
                if close is not None:
                    close()
            finally:
                release_turn(connection)

        if thread is None:
            end()
        else:
            thread.release(end)


def _not_committed() -> Response:
    return problem(
        500, "idempotency-transaction-failed", "Not carried out",
        "The database refused to commit the work, so nothing was carried out.",
        code="transaction_failed", retryable=False,
    )  # fmt: skip
