"""A circuit breaker: a shared store that is down or slow must not slow down rate limits and the cache.

- Closed: the store is called. If it does not respond within ``HURRY`` seconds, the breaker opens.
- Open: operations fail at once. A background probe calls the store about twice a second, while there are requests,
  until it responds. So an outage, a hang or a flapping connection delays one request by 40 ms and no other.
- There is no thread and no task while the store is up.
- The cache has a ``patient`` breaker of its own. A response may be large, so the first request waits until the store's
  own timeout; later requests continue uncached.
- Claims on idempotency keys bypass the breaker. A successful one closes it.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import StoreError, StoreUnavailable
from launchready.exchange.operations import Adapter
from launchready.exchange.store import HURRY, Get, Space, StoreOp

PAUSE = 0.4  # seconds between two probes
THREADS = 16

_PROBE = Space[bytes]("probe", dump=bytes, load=bytes, size=len, evictable=True, max_entries=1)


class CircuitBreaker:
    """Guards one store. A store may set its own time limit with the attribute ``within``."""

    def __init__(self, store: Adapter, *, patient: bool = False) -> None:
        self._store = store
        self._within = None if patient else float(getattr(store, "within", HURRY))
        self._execute_quickly: Callable[[StoreOp[Any]], None]
        self._execute_quickly = store.execute if patient else getattr(store, "execute_quickly", self._in_thread)
        self._open = False
        self._again = 0.0
        self._probing = False
        self._task: asyncio.Task[None] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the circuit: the store has responded."""
        self._open = False

    def execute(self, op: StoreOp[Any]) -> None:
        """Execute the operation. Raises StoreUnavailable within the time limit, or at once if the circuit is open."""
        if self._open:
            self._probe_soon()
            raise StoreUnavailable("the store did not respond; it is retried in the background")
        try:
            self._execute_quickly(op)
        except StoreUnavailable:
            self._open_circuit()
            raise

    async def aexecute(self, op: StoreOp[Any]) -> None:
        """The same as ``execute``, in a coroutine."""
        if self._open:
            self._aprobe_soon()
            raise StoreUnavailable("the store did not respond; it is retried in the background")
        try:
            async with asyncio.timeout(self._within):
                await self._store.aexecute(op)
        except TimeoutError:
            self._open_circuit()
            raise StoreUnavailable(f"no answer within {self._within} s") from None
        except StoreUnavailable:
            self._open_circuit()
            raise

    def _open_circuit(self) -> None:
        self._open = True
        self._again = SYSTEM.monotonic()

    def _in_thread(self, op: StoreOp[Any]) -> None:
        """Execute in a thread that may be abandoned, for stores without ``execute_quickly``."""
        future: Future[None] = self._threads().submit(self._store.execute, op)
        try:
            future.result(self._within)
        except TimeoutError:
            future.cancel()
            raise StoreUnavailable(f"no answer within {self._within} s") from None

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._pid != os.getpid():  # a forked child has no threads
            self._pool, self._pid = ThreadPoolExecutor(THREADS, "launchready-store"), os.getpid()
        return self._pool

    # Open: one probe at a time checks whether the store is back.

    def _due(self) -> bool:
        if self._probing or SYSTEM.monotonic() < self._again:
            return False
        self._probing = True
        return True

    def _probe_soon(self) -> None:
        if self._due():
            threading.Thread(target=self._probe, name="launchready-probe", daemon=True).start()

    def _probe(self) -> None:
        try:
            self._store.execute(Get(_PROBE, "probe"))
            self._open = False
        except Exception:
            self._again = SYSTEM.monotonic() + PAUSE
        finally:
            self._probing = False

    def _aprobe_soon(self) -> None:
        if self._due():
            self._task = asyncio.get_running_loop().create_task(self._aprobe())

    async def _aprobe(self) -> None:
        try:
            with suppress(StoreError):
                await self._store.aexecute(Get(_PROBE, "probe"))
                self._open = False
        finally:
            self._again = SYSTEM.monotonic() + PAUSE
            self._probing = False
