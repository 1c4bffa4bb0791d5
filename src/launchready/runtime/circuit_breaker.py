"""A shared store that is down or slow must not slow down what only counts: a circuit breaker.

Closed, the store is asked, and one that has not answered within ``HURRY`` is taken for down. Open, nobody waits for it:
who hurries is told at once, and in the background it is asked with patience, about twice a second and only while there
are requests, until it answers. So an outage, a hang or a flapping connection costs one request 40 ms and the others
nothing. There is no thread and no task while the store is up.

A cache has a breaker of its own that is ``patient``: an answer may be large, so it is waited for as long as the store
takes to say that it is away; but one request waits, and those after it go on uncached.

What does not hurry (a claim on a payment) always asks, and closes the breaker when it is answered.
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
    """In front of one store. ``within``: seconds that a store of its own kind may take, by its word for it."""

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
        """The store has answered."""
        self._open = False

    def execute(self, op: StoreOp[Any]) -> None:
        """Raises StoreUnavailable in time, or at once."""
        if self._open:
            self._probe_soon()
            raise StoreUnavailable("it did not answer, and is not waited for until it does")
        try:
            self._execute_quickly(op)
        except StoreUnavailable:
            self._open_circuit()
            raise

    async def aexecute(self, op: StoreOp[Any]) -> None:
        """The same from a coroutine."""
        if self._open:
            self._aprobe_soon()
            raise StoreUnavailable("it did not answer, and is not waited for until it does")
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
        """In a thread that may be left behind; for stores without a ``hurry`` of their own."""
        if self._pool is None or self._pid != os.getpid():  # a fork leaves the threads in the parent
            self._pool, self._pid = ThreadPoolExecutor(THREADS, "launchready-store"), os.getpid()
        future: Future[None] = self._pool.submit(self._store.execute, op)
        try:
            future.result(self._within)
        except TimeoutError:
            future.cancel()
            raise StoreUnavailable(f"no answer within {self._within} s") from None

    # Open: one at a time finds out whether it is back.

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
