"""Answers every operation that a feature may yield: the store's verbs, single flight, health checks, waiting."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from launchready.errors import StoreError
from launchready.exchange.app import Join, RunChecks
from launchready.exchange.claim import Ask, Database, Forget, Keep, Watch, Work
from launchready.exchange.operations import Adapter, Inline, Op
from launchready.exchange.store import Delete, StoreOp, hurried
from launchready.runtime import request_coalescing
from launchready.runtime.circuit_breaker import Breaker
from launchready.runtime.claims.context import Once
from launchready.runtime.claims.lease_renewer import Heart
from launchready.runtime.health.checks import Probes

logger = logging.getLogger("launchready")


class Answers:
    """The adapter of one app. ``here``: what this process answers even while a shared store is away."""

    def __init__(self, store: Adapter, probes: Probes, here: Inline) -> None:
        self._store = store
        self.secrets: Sequence[str] = ()  # the newest last, which signs
        self.url = ""  # of the store, where it has one
        self.vault: object = None  # what the idempotency of this app shares; set by whoever builds it
        shared = getattr(store, "shared", True)
        self._counts = Breaker(store) if shared else None
        self._cached = Breaker(store, patient=True) if shared else None
        self._reachable = True
        self.heart = heart = Heart(store)
        self._here = here = {**here, Keep: heart.keep, Forget: heart.forget}
        self.inline: Inline = {**store.inline, **here}
        self._blocking: dict[type[Op[Any]], Callable[[Any], None]] = {
            Join: request_coalescing.join,
            RunChecks: probes.run,
            Watch: heart.watch,
            Database: _no_database,
        }
        self._awaiting: dict[type[Op[Any]], Callable[[Any], Awaitable[None]]] = {
            Join: request_coalescing.ajoin,
            RunChecks: probes.arun,
            Watch: heart.awatch,
            Database: _ano_database,
        }

    def reads(self, kind: type[Op[Any]], read: Callable[[], Any]) -> None:
        """What answers Look and Scrape. It reads a file, which the event loop must not wait for."""

        def blocking(op: Op[Any]) -> None:
            op.answer = read()

        self._blocking[kind] = blocking
        self._awaiting[kind] = lambda op: asyncio.to_thread(blocking, op)

    @property
    def reachable(self) -> bool:
        """Whether the store answered when it was last asked."""
        return self._reachable

    def execute(self, op: Op[Any]) -> None:
        """Answer an operation that is not inline, blocking this thread."""
        here = self._here.get(type(op))
        if here is not None:  # the store's own answer failed, and the driver is asked for what comes instead
            here(op)
        elif isinstance(op, StoreOp):
            try:
                self._for(op).execute(op)
            except StoreError as error:
                self._lost(error)
                raise
            self._found()
        elif isinstance(op, Work):
            op.answer = op.call()
        elif isinstance(op, Ask):
            answer = op.call(Once(op.claim, self))
            op.answer = asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
        else:
            self._blocking[type(op)](op)

    async def aexecute(self, op: Op[Any]) -> None:
        """The same from a coroutine."""
        here = self._here.get(type(op))
        if here is not None:
            here(op)
        elif isinstance(op, StoreOp):
            try:
                await self._for(op).aexecute(op)
            except StoreError as error:
                self._lost(error)
                raise
            self._found()
        elif isinstance(op, Work):
            op.answer = await op.carry(op.call)
        elif isinstance(op, Ask):
            answer = op.call(Once(op.claim, self))
            op.answer = await answer if inspect.isawaitable(answer) else answer
        else:
            await self._awaiting[type(op)](op)

    def _for(self, op: StoreOp[Any]) -> "Adapter | Breaker":
        if self._counts is None or self._cached is None:
            return self._store
        if hurried(op):
            return self._counts
        return self._cached if op.space.evictable and not isinstance(op, Delete) else self._store

    def _lost(self, error: StoreError) -> None:
        """One line when the store goes and one when it is back, not one for each request in between."""
        if self._reachable:
            self._reachable = False
            logger.warning(
                "store unavailable: rate limits are counted in this process, the cache is bypassed, "
                "idempotent requests are refused with 503 (%s)",
                error,
            )

    def _found(self) -> None:
        if not self._reachable:
            self._reachable = True
            for breaker in (self._counts, self._cached):
                if breaker is not None:
                    breaker.close()
            logger.warning("store available again")


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _no_database(op: Database) -> None:
    op.answer = None  # a face whose framework has one answers it itself


async def _ano_database(op: Database) -> None:
    op.answer = None
