"""Executes every operation that a feature may yield: store verbs, request coalescing, health checks, waiting."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import StoreError
from launchready.exchange.app import Join, RunChecks
from launchready.exchange.claim import (
    Database,
    KeepAlive,
    RecoverOutcome,
    ReleaseIfMine,
    RunOnConnection,
    WaitForChange,
)
from launchready.exchange.operations import Adapter, Inline, Op
from launchready.exchange.store import Delete, StoreOp, hurried
from launchready.runtime import request_coalescing
from launchready.runtime.circuit_breaker import CircuitBreaker, StoreHung, StoreLate
from launchready.runtime.claims.context import IdempotencyContext
from launchready.runtime.claims.lease_renewer import LeaseRenewer
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.runtime.patient_breaker import PatientBreaker

logger = logging.getLogger("launchready")


class OperationAdapter:
    """The adapter of one app. ``local``: the operations that this process executes even if a shared store is down."""

    def __init__(self, store: Adapter, probes: HealthCheckRunner, local: Inline) -> None:
        self._store = store
        self.secrets: Sequence[str] = ()  # the newest, which signs, comes last
        self.url = ""  # of the store, if it has one
        self.idempotency: object = None  # the app's Idempotency settings, which complete those of a view
        self.key_context: object = None  # the shared state of this app's idempotency, set by settings.build
        shared = getattr(store, "shared", True)
        self._counts = CircuitBreaker(store) if shared else None
        self._cached = PatientBreaker(store) if shared else None
        self._reachable = True
        self._report_late_at = 0.0
        self.renewer = renewer = LeaseRenewer(store)
        self._local = local = {**local, KeepAlive: renewer.keep, ReleaseIfMine: renewer.forget}
        self.inline: Inline = {**store.inline, **local}
        self._blocking: dict[type[Op[Any]], Callable[[Any], None]] = {
            Join: request_coalescing.wait_for_call,
            RunChecks: probes.run,
            WaitForChange: renewer.watch,
            Database: _no_database,
        }
        self._awaiting: dict[type[Op[Any]], Callable[[Any], Awaitable[None]]] = {
            Join: request_coalescing.await_call,
            RunChecks: probes.arun,
            WaitForChange: renewer.awatch,
            Database: _ano_database,
        }

    def set_reader(self, kind: type[Op[Any]], read: Callable[[], Any]) -> None:
        """Set the function that executes Look or Scrape. It reads a file, so coroutines call it in a thread."""

        def blocking(op: Op[Any]) -> None:
            op.answer = read()

        self._blocking[kind] = blocking
        self._awaiting[kind] = lambda op: asyncio.to_thread(blocking, op)

    @property
    def reachable(self) -> bool:
        """Whether the last store operation succeeded."""
        return self._reachable

    def execute(self, op: Op[Any]) -> None:
        """Execute an operation that is not inline, blocking this thread."""
        local = self._local.get(type(op))
        if local is not None:  # the fallback for a store that failed
            local(op)
        elif isinstance(op, StoreOp):
            try:
                self._route(op).execute(op)
            except StoreError as error:
                self._report_down(error)
                raise
            self._report_up()
        elif isinstance(op, RunOnConnection):
            op.answer = op.call()
        elif isinstance(op, RecoverOutcome):
            answer = op.call(IdempotencyContext(op.claim, self))
            op.answer = asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
        else:
            self._blocking[type(op)](op)

    async def aexecute(self, op: Op[Any]) -> None:
        """The same as ``execute``, in a coroutine."""
        local = self._local.get(type(op))
        if local is not None:
            local(op)
        elif isinstance(op, StoreOp):
            try:
                await self._route(op).aexecute(op)
            except StoreError as error:
                self._report_down(error)
                raise
            self._report_up()
        elif isinstance(op, RunOnConnection):
            op.answer = await op.carry(op.call)
        elif isinstance(op, RecoverOutcome):
            answer = op.call(IdempotencyContext(op.claim, self))
            op.answer = await answer if inspect.isawaitable(answer) else answer
        else:
            await self._awaiting[type(op)](op)

    def _route(self, op: StoreOp[Any]) -> "Adapter | CircuitBreaker":
        if self._counts is None or self._cached is None:
            return self._store
        if hurried(op):
            return self._counts
        return self._cached if op.space.evictable and not isinstance(op, Delete) else self._store

    def _report_down(self, error: StoreError) -> None:
        """Log one line when the store fails and one when it is back, not one per request.

        A late operation says nothing about the store. One line a minute reports it.
        """
        if isinstance(error, StoreLate):
            if SYSTEM.monotonic() >= self._report_late_at:
                self._report_late_at = SYSTEM.monotonic() + 60.0
                logger.warning("store late: a request was counted in this process alone (%s)", error)
        elif self._reachable:
            self._reachable = False
            logger.warning(
                "store unavailable, it %s: rate limits are counted in this process, the cache is bypassed, "
                "idempotent requests are refused with 503 (%s)",
                "hangs" if isinstance(error, StoreHung) else "is down",
                error,
            )

    def _report_up(self) -> None:
        if not self._reachable:
            self._reachable = True
            for breaker in (self._counts, self._cached):
                if breaker is not None:
                    breaker.close()
            logger.warning("store available again")


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _no_database(op: Database) -> None:
    op.answer = None  # a framework with a database executes this operation itself


async def _ano_database(op: Database) -> None:
    op.answer = None
