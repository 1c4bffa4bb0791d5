"""Order and threads for transactions: a queue for SQLite's one writer, and a thread for each blocking connection.

- SQLite has one writer. Transactions of this process that want to write the same file start in the order in which
  they ask. A coroutine that waits for its turn occupies no thread.
- A blocking connection under an ``async def`` view gets a thread of its own until it is closed. So COMMIT never waits
  for a thread behind transactions that wait for a lock, and the event loop's default pool stays free for the app.

Both hold for one process. Between processes the database's own lock decides.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable

MAX_THREADS = 32
"""Blocking connections that ``async def`` views use at the same time. More wait, first come first served."""
STALLED_AFTER = 2.5
"""Seconds without a start or an end in a queue after which its waiters give up."""
MAX_WAIT = 30.0


class FairSlots:
    """A semaphore that serves in the order of arrival, threads and coroutines alike.

    A wait ends with StoreUnavailable when no slot was given or returned for ``STALLED_AFTER`` seconds: a queue that
    moves is not an outage.
    """

    def __init__(self, slots: int, busy: str) -> None:
        self._free = slots
        self._busy = busy
        self._waiting: deque[Future[None]] = deque()
        self._lock = Lock()
        self._moved = 0.0

    def acquire(self) -> None:
        """Wait in this thread."""
        place = self._enqueue()
        start = SYSTEM.monotonic()
        while True:
            try:
                place.result(self._patience(start))
            except TimeoutError:
                self._give_up_if_stalled(place, start)
            except BaseException:
                self._withdraw(place)
                raise
            else:
                return

    async def aacquire(self) -> None:
        """Wait in this coroutine."""
        place = self._enqueue()
        if place.done():
            return
        start = SYSTEM.monotonic()
        served = asyncio.wrap_future(place)
        try:
            while not (await asyncio.wait([served], timeout=self._patience(start)))[0]:
                self._give_up_if_stalled(place, start)
        except BaseException:
            self._withdraw(place)
            raise

    def release(self) -> None:
        with self._lock:
            self._moved = SYSTEM.monotonic()
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_result(None)
                    return
            self._free += 1

    def _enqueue(self) -> Future[None]:
        place: Future[None] = Future()
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                self._moved = SYSTEM.monotonic()
                place.set_result(None)
            else:
                self._waiting.append(place)
        return place

    def _patience(self, start: float) -> float:
        return max(0.001, max(self._moved, start) + STALLED_AFTER - SYSTEM.monotonic())

    def _give_up_if_stalled(self, place: "Future[None]", start: float) -> None:
        now = SYSTEM.monotonic()
        if now - start < MAX_WAIT and now - max(self._moved, start) < STALLED_AFTER:
            return
        if place.cancel():  # else the slot arrived at this very moment
            raise StoreUnavailable(self._busy)

    def _withdraw(self, place: "Future[None]") -> None:
        """The waiter is gone; a slot that it was given goes to the next one."""
        if not place.cancel():
            self.release()


class WriterTurn:
    """The right to be this process's writer of one SQLite file. ``release`` may be called more than once."""

    def __init__(self, file: str) -> None:
        self._slots = _writers(file)
        self._held = False

    def acquire(self) -> None:
        self._slots.acquire()
        self._held = True

    async def aacquire(self) -> None:
        await self._slots.aacquire()
        self._held = True

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slots.release()

    __del__ = release


class TransactionThread:
    """One thread for the calls of one connection, from opening to closing."""

    def __init__(self, worker: ThreadPoolExecutor, slots: FairSlots) -> None:
        self._worker: ThreadPoolExecutor | None = worker
        self._slots = slots

    @classmethod
    async def start(cls) -> "TransactionThread":
        slots = _state.threads
        await slots.aacquire()
        try:
            worker = _state.idle.pop()
        except IndexError:
            worker = ThreadPoolExecutor(1, "launchready-transaction")
        return cls(worker, slots)

    async def run(self, call: Callable[[], Any]) -> Any:
        assert self._worker is not None  # not released
        return await asyncio.get_running_loop().run_in_executor(self._worker, copy_context().run, call)

    def release(self, last: Callable[[], Any] | None = None) -> None:
        """Give the thread back. ``last`` runs in it first, behind a call that is still under way."""
        worker, self._worker = self._worker, None
        if worker is None:
            return

        def give_back(_: object = None) -> None:
            _state.idle.append(worker)
            self._slots.release()

        if last is None:
            give_back()
        else:
            worker.submit(last).add_done_callback(give_back)

    def __del__(self) -> None:
        self.release()


class _State:
    """What all transactions of this process share."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.writers: dict[str, FairSlots] = {}
        self.idle: list[ThreadPoolExecutor] = []
        self.threads = FairSlots(MAX_THREADS, "all threads for transactions are in use")


_state = _State()


def _reset() -> None:
    """A forked child has neither the threads nor the transactions of its parent."""
    _state.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_reset)


def _writers(file: str) -> FairSlots:
    name = os.path.realpath(file)
    with _state.lock:
        slots = _state.writers.get(name)
        if slots is None:
            slots = _state.writers[name] = FairSlots(1, "the database stayed locked by another writer")
        return slots
