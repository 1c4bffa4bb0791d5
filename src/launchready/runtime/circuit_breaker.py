"""A circuit breaker: a shared store that is down or slow must not slow down rate limits and the cache.

- Closed: the store is called. If it responds to no operation for ``HURRY`` seconds, it hangs and the breaker opens.
- In a coroutine that time counts only while the event loop is on time: a busy process is not a slow store. While the
  store responds to other operations, this one waits in a queue or for a lock. After ``PATIENCE`` seconds it is late:
  the request goes on without the store, and the breaker stays closed.
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
SLICES = 4  # the time limit is checked in so many steps
PATIENCE = 0.4  # seconds that an operation may take while the store responds to others, or the event loop is late

_PROBE = Space[bytes]("probe", dump=bytes, load=bytes, size=len, evictable=True, max_entries=1)


class StoreHung(StoreUnavailable):
    """The store has responded to no operation within the time limit. The breaker opens."""


class StoreLate(StoreUnavailable):
    """The store works, but this operation takes too long. The breaker stays closed."""


class _Watch:
    """Ends an operation of a store that hangs. Time in which the event loop itself is late does not count."""

    __slots__ = ("_breaker", "_end", "_handle", "_idle", "_loop", "_responses", "_slice", "_timeout", "late")

    def __init__(self, breaker: "CircuitBreaker", within: float) -> None:
        self._breaker = breaker
        self._slice = within / SLICES
        self._idle = 0
        self._responses = breaker.responses
        self.late = False
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + within + PATIENCE

    def start(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._handle = self._loop.call_later(self._slice, self._tick)

    def stop(self) -> None:
        self._handle.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        if self._responses != self._breaker.responses:
            self._responses, self._idle = self._breaker.responses, 0
        elif now - self._handle.when() < self._slice:
            self._idle += 1
        if self._idle >= SLICES or now >= self._end:
            self.late = self._idle < SLICES
            self._timeout.reschedule(now)
        else:
            self._handle = self._loop.call_later(self._slice, self._tick)


class CircuitBreaker:
    """Guards one store. A store may set its own time limit with the attribute ``within``."""

    def __init__(self, store: Adapter, *, patient: bool = False) -> None:
        self._store = store
        self._within = None if patient else float(getattr(store, "within", HURRY))
        self._execute_quickly: Callable[[StoreOp[Any]], None]
        self._execute_quickly = store.execute if patient else getattr(store, "execute_quickly", self._in_thread)
        self._open = False
        self.responses = 0  # of the store, to any operation
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
        self.responses += 1

    async def aexecute(self, op: StoreOp[Any]) -> None:
        """The same as ``execute``, in a coroutine."""
        if self._open:
            self._aprobe_soon()
            raise StoreUnavailable("the store did not respond; it is retried in the background")
        watch = _Watch(self, self._within) if self._within is not None else None
        try:
            async with asyncio.timeout(None) as timeout:
                if watch is not None:
                    watch.start(timeout)
                await self._store.aexecute(op)
        except TimeoutError:
            if watch is not None and watch.late:
                raise StoreLate(f"no response within {PATIENCE} s, while it responds to other operations") from None
            self._open_circuit()
            raise StoreHung(f"no response within {self._within} s") from None
        except StoreUnavailable:
            self._open_circuit()
            raise
        finally:
            if watch is not None:
                watch.stop()
        self.responses += 1

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
            raise StoreHung(f"no response within {self._within} s") from None

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
