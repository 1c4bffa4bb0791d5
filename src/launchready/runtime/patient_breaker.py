"""The circuit breaker of the cache: one request waits for a hung store, and no other.

A response may be large, so an operation of the cache may take longer than HURRY. The oldest operation in flight waits
as long as the store's own timeout. All others wait FOLLOWER_WAIT seconds at most; then the circuit opens for all.
"""

import asyncio
from concurrent.futures import Future
from threading import Lock
from typing import Any

from launchready.errors import StoreUnavailable
from launchready.exchange.operations import Adapter
from launchready.exchange.store import StoreOp
from launchready.runtime.circuit_breaker import CircuitBreaker

FOLLOWER_WAIT = 0.25
"""Seconds that an operation waits for the store while an older one is still in flight."""
SLICES = 5
"""Parts of FOLLOWER_WAIT. A busy event loop lengthens a part but does not add one, so it does not look like a store."""


class PatientBreaker(CircuitBreaker):
    """Guards one store."""

    def __init__(self, store: Adapter) -> None:
        super().__init__(store, patient=True)
        self._leader = Lock()

    def execute(self, op: StoreOp[Any]) -> None:
        if self._leader.acquire(blocking=False):
            try:
                super().execute(op)
            finally:
                self._leader.release()
        elif self._open:
            super().execute(op)  # raises
        else:
            self._follow(op)

    def _follow(self, op: StoreOp[Any]) -> None:
        future: Future[None] = self._threads().submit(self._store.execute, op)
        try:
            future.result(FOLLOWER_WAIT)
        except TimeoutError:
            future.cancel()
            self._open_circuit()
            raise StoreUnavailable(f"no response within {FOLLOWER_WAIT} s") from None
        except StoreUnavailable:
            self._open_circuit()
            raise

    async def aexecute(self, op: StoreOp[Any]) -> None:
        if self._leader.acquire(blocking=False):
            try:
                await super().aexecute(op)
            finally:
                self._leader.release()
        elif self._open:
            await super().aexecute(op)
        else:
            await self._afollow(op)

    async def _afollow(self, op: StoreOp[Any]) -> None:
        task = asyncio.ensure_future(self._store.aexecute(op))
        try:
            for _ in range(SLICES):
                if (await asyncio.wait({task}, timeout=FOLLOWER_WAIT / SLICES))[0]:
                    break
            else:
                raise StoreUnavailable(f"no response within {FOLLOWER_WAIT} s")
            task.result()
        except StoreUnavailable:
            self._open_circuit()
            raise
        finally:
            task.cancel()
