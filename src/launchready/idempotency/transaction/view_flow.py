"""``@idempotent(mode="transaction")``: the view's answer is written down in the transaction of its own work.

The connection is the app's (``connection=``), Django's, or opened by URL for this request; the view finds it as
``current().tx``. What it raises rolls back, and so does a 5xx: nothing happened, so the key is free. Everything else is
an answer, and commits with the work. A commit of which nobody knows whether it took place is answered with 503: the
retry reads the key's row, and knows.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
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
from launchready.errors import InFlight, KeyReused, LaunchReadyError, SafeToRetry
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import Database, RunOnConnection, root
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.idempotency.transaction import Held, Row
from launchready.idempotency.transaction.connections import Connection, adapt
from launchready.idempotency.transaction.key_row import begin, finish

logger = logging.getLogger("launchready")

Open = Callable[[], Any]


class TransactionFlow(IdempotencyFlow):
    """``opens`` gives the connection, or something to await for it. ``ours``: it is closed when the answer is known.

    ``asks``: the framework is asked first whether it has one.
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

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        """Without a key there is a transaction all the same: the view's work stands in it."""
        if request.claimed is None and self._finder is None and not request.lines(HEADER):
            self._request = request
            return self._without()
        return super().handle(request)

    def _without(self) -> Flow[Response | None]:
        if self._policy.required:
            return refusals.missing()
        try:
            connection = yield from self._opened()
            enter = RunOnConnection(connection.enter, connection.carry)
            yield enter
        except Exception as error:
            return self._down(error)
        return (yield from self._run(connection, (), None))

    def run(self, request: Request | None = None) -> Flow[Response | None]:
        """Take the key in the app's transaction, or say why not."""
        known = yield from self.read(request)
        if isinstance(known, Response):
            return known
        if not known:
            return (yield from self._without())
        counts = self._context.counts
        try:
            connection = yield from self._opened()
        except Exception as error:
            return self._down(error)
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
            return (yield from self._closed(connection, self._down(error)))
        if found is not None:
            counts.replay += 1
            with suppress(Exception):  # nothing was written but rows under older secrets, which are for nothing
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
        opened = RunOnConnection(self._opens, _opened)
        yield opened
        return adapt(opened.answer)

    def _run(self, connection: Connection, rows: Sequence[Row], record: ClaimRecord | None) -> Flow[Response | None]:
        app = ForwardBuffered(self._policy.max_body)
        if self._request is not None:
            scope, key = self.scope_and_key
            made = None if record is None else root(scope, key)
            self._request.claimed = Held(made, None if record is None else key.decode(), connection.raw)
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
                self._abandon(connection)  # where nobody waits any more, nothing can be awaited either
        response = app.answer
        if response.status in self._releases or response.status >= min(500, self._policy.release_from):
            yield from self._rolled_back(connection, rows, SafeToRetry())
            return None
        try:
            answer = None if record is None else dump(record.answered(response, self._owner_after(response)))
            yield from finish(connection, rows, answer, None)
        except Exception as error:
            return (yield from self._closed(connection, self._down(error)))
        return (yield from self._closed(connection, None))

    def _rolled_back(self, connection: Connection, rows: Sequence[Row], error: BaseException) -> Flow[None]:
        self._context.counts.released += 1
        with suppress(Exception):  # a connection that is gone has rolled back
            yield from finish(connection, rows, None, error)
        yield from self._closed(connection, None)

    def _down(self, error: Exception) -> Response:
        """Nothing was done, or nobody knows: a retry finds out. A mistake in the code is nobody's retry."""
        if isinstance(error, LaunchReadyError) and error.status == 500:
            raise error
        self._context.counts.refused_by_store += 1
        logger.warning("a transaction for a key did not come about: %s", type(error).__name__, exc_info=error)
        return refusals.store_unavailable()

    def _closed(self, connection: Connection, told: Response | None) -> Flow[Response | None]:
        if self._ours:
            work = RunOnConnection(connection.raw.close, connection.carry)
            with suppress(Exception):  # it is of no use any more
                yield work
            self._ours = False
        return told

    def _abandon(self, connection: Connection) -> None:
        if self._ours:
            low = getattr(connection.raw, "pgconn", None)
            (low.finish if low is not None else connection.raw.close)()
            self._ours = False


async def _opened(call: Open) -> Any:
    """Something to await is awaited; what blocks was made to be called in a thread."""
    import asyncio  # noqa: PLC0415 - only where it is awaited

    made = await asyncio.to_thread(call)
    return await made if isinstance(made, Awaitable) else made
