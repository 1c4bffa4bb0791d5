"""The bell: wakes whoever waits in this process for an entry that another process holds.

It is rung by a thread that listens to the store, where the store can be listened to. Thread and connection are there
while somebody waits, and IDLE seconds longer; one of each for a store of a process, however many wait. Threads and
tasks are woken alike.

==========================  =============================================================
the store cannot tell       each looks again after a pause of his own
it tells                    each looks when he hears, and one of all who wait for the
                            same entry once in SURE seconds: a lost word costs that much
the connection is broken    each looks after a pause of his own until there is another;
                            then all look at once, for what was said meanwhile
==========================  =============================================================
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import suppress

from launchready.clock import SYSTEM
from launchready.exchange.claim import WaitForChange
from launchready.exchange.operations import Adapter
from launchready.exchange.store import digest
from launchready.exchange.subscribe import Listener, Subscribe

RECHECK_INTERVAL = 1.0
"""Seconds between two looks at an entry that the store would tell of."""
IDLE_TIMEOUT = 5.0
"""Seconds without anybody after which the connection is closed, and the thread ends."""
LISTEN_TIMEOUT = 0.1
"""Seconds that the thread listens at a time."""
RETRY_INTERVAL, MAX_RETRY_INTERVAL = 0.1, 30.0
"""Seconds until it is tried again to listen, doubling: a server restarts; a proxy that passes nothing on stays."""

WaitSteps = Generator[Subscribe | float, None, None]


class _Waiters:
    """Who waits for an entry. ``sure``: when it was last asked to be told of."""

    __slots__ = ("last_polled", "wakes")

    def __init__(self) -> None:
        self.last_polled = -RECHECK_INTERVAL
        self.wakes: set[Callable[[], None]] = set()


class CompletionNotifier:
    """Of one store in one process. Safe from any thread, and after a fork."""

    def __init__(self, store: Adapter) -> None:
        self._listen: Callable[[], Listener] | None = getattr(store, "listen", None)
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiters: dict[bytes, _Waiters] = {}
        self._expected: dict[bytes, int] = {}
        self._thread: threading.Thread | None = None
        self._subscription: Listener | None = None

    def wait_steps(self, op: WaitForChange, wake: Callable[[], None]) -> WaitSteps:
        """What one who waits does: ask the store, or wait for ``wake`` so many seconds. At the end he looks."""
        if self._listen is None:
            yield min(op.pause, op.most)
            return
        until = SYSTEM.monotonic() + op.most
        name = digest(op.space.name, op.key)
        waiters = self._register(name, op.version, wake)
        try:
            while (left := until - (now := SYSTEM.monotonic())) > 0:
                subscription = self._subscription
                if self._waiters.get(name) is not waiters:
                    return
                if subscription is None:
                    yield min(op.pause, left)
                    return
                if subscription.asks and now - waiters.last_polled >= RECHECK_INTERVAL:
                    waiters.last_polled = now
                    expect = Subscribe(op.space, op.key, op.version)
                    yield expect
                    if not hasattr(expect, "answer"):  # the store is away
                        waiters.last_polled = -RECHECK_INTERVAL
                        yield min(op.pause, left)
                        return
                    if not expect.answer:
                        self._notify(name)  # those who trusted in this one's asking
                        return
                yield min(RECHECK_INTERVAL, left)
        finally:
            self._unregister(name, waiters, wake)

    def _register(self, name: bytes, version: int, wake: Callable[[], None]) -> _Waiters:
        if self._pid != os.getpid():
            self._reset()  # the parent's thread listens to the parent's
        with self._lock:
            waiters = self._waiters.get(name)
            if waiters is None:
                waiters = self._waiters[name] = _Waiters()
            if self._expected.get(name) != version:
                waiters.last_polled = -RECHECK_INTERVAL
                self._expected[name] = version
            waiters.wakes.add(wake)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="launchready-completion-notifier", daemon=True)
                with suppress(RuntimeError):  # no more threads: each looks for himself
                    thread.start()
                    self._thread = thread
        return waiters

    def _unregister(self, name: bytes, waiters: _Waiters, wake: Callable[[], None]) -> None:
        with self._lock:
            waiters.wakes.discard(wake)
            if not waiters.wakes and self._waiters.get(name) is waiters:
                del self._waiters[name], self._expected[name]

    def _notify(self, *names: bytes, subscription: Listener | None = None) -> None:
        """Who comes after this asks the store anew. ``ear``: what is listened with from now on."""
        wakes: list[Callable[[], None]] = []
        with self._lock:
            for name in names:
                waiters = self._waiters.pop(name, None)
                if waiters is not None:
                    del self._expected[name]
                    wakes += waiters.wakes
            self._subscription = (
                subscription or self._subscription
            )  # after the rows: who sees it and is in one of them has not been woken
        for wake in wakes:
            wake()

    # The thread.

    def _run(self) -> None:
        pause, born = RETRY_INTERVAL, 0.0
        while True:
            with suppress(Exception):  # most often a StoreError; until it works each looks for himself
                born = SYSTEM.monotonic()
                if self._listen_until_idle():
                    return
            pause = (
                RETRY_INTERVAL if SYSTEM.monotonic() - born > RECHECK_INTERVAL else min(MAX_RETRY_INTERVAL, pause * 2)
            )
            until = SYSTEM.monotonic() + pause
            while SYSTEM.monotonic() < until:
                if self._end_if_idle(-IDLE_TIMEOUT):
                    return
                threading.Event().wait(LISTEN_TIMEOUT)

    def _listen_until_idle(self) -> bool:
        """Listen, until nobody has waited for long. Raises where nothing is heard any more."""
        assert self._listen is not None  # or there were no thread
        subscription = self._listen()
        alone = SYSTEM.monotonic()
        try:
            self._notify(
                *(list(self._waiters) if subscription.asks else ()), subscription=subscription
            )  # what was said before is not heard
            while True:
                if self._waiters:
                    alone = SYSTEM.monotonic()
                elif self._end_if_idle(alone if subscription.asks else -IDLE_TIMEOUT):
                    return True
                self._notify(*subscription.hear(self._expected, LISTEN_TIMEOUT))
        finally:
            if self._subscription is subscription:
                self._subscription = None
            subscription.close()

    def _end_if_idle(self, alone: float) -> bool:
        """Whether the thread may end, since nobody has waited for so long; then it has ended for those who come."""
        with self._lock:
            if self._waiters or SYSTEM.monotonic() - alone < IDLE_TIMEOUT:
                return False
            self._thread = self._subscription = None
            return True
