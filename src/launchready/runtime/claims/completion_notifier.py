"""The completion notifier: wakes requests of this process that wait for an entry held by another process.

A thread listens to the store, if the store supports it. Each store of a process has one thread and one connection,
however many requests wait. Both end IDLE_TIMEOUT seconds after the last waiter. Threads and tasks are woken alike.

==========================  =============================================================
store without listen()      each waiter polls after its own pause
connected                   waiters are woken by notifications; one waiter per entry also
                            polls every RECHECK_INTERVAL, the cost of a lost notification
connection broken           each waiter polls after its own pause until it is restored;
                            then all poll at once, for notifications lost meanwhile
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
"""Seconds between two lookups of an entry with a subscription."""
IDLE_TIMEOUT = 5.0
"""Seconds without a waiter after which the connection is closed and the thread ends."""
LISTEN_TIMEOUT = 0.1
"""Seconds of one ``hear`` call."""
RETRY_INTERVAL, MAX_RETRY_INTERVAL = 0.1, 30.0
"""Seconds until the next attempt to listen, doubling: a server restarts soon, a proxy without LISTEN stays."""

WaitSteps = Generator[Subscribe | float, None, None]


class _Waiters:
    """The waiters for one entry. ``last_polled``: when a waiter last executed Expect."""

    __slots__ = ("last_polled", "wakes")

    def __init__(self) -> None:
        self.last_polled = -RECHECK_INTERVAL
        self.wakes: set[Callable[[], None]] = set()


class CompletionNotifier:
    """The notifier of one store in one process. Thread-safe, and safe after a fork."""

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
        """The steps of a waiter: execute Expect, or wait some seconds for ``wake``. Then it reads the entry."""
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
                    if not hasattr(expect, "answer"):  # the store is down
                        waiters.last_polled = -RECHECK_INTERVAL
                        yield min(op.pause, left)
                        return
                    if not expect.answer:
                        self._notify(name)  # the other waiters rely on this lookup
                        return
                yield min(RECHECK_INTERVAL, left)
        finally:
            self._unregister(name, waiters, wake)

    def _register(self, name: bytes, version: int, wake: Callable[[], None]) -> _Waiters:
        if self._pid != os.getpid():
            self._reset()  # the listening thread belongs to the parent
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
                with suppress(RuntimeError):  # no thread available: each waiter polls
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
            # Set after popping waiters: a waiter that sees the new subscription and is still registered was not woken.
            self._subscription = subscription or self._subscription
        for wake in wakes:
            wake()

    # The thread.

    def _run(self) -> None:
        pause, born = RETRY_INTERVAL, 0.0
        while True:
            with suppress(Exception):  # mostly a StoreError; until it works each waiter polls
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
        """Listen until there has been no waiter for IDLE_TIMEOUT. Raises if the subscription breaks."""
        assert self._listen is not None  # otherwise no thread is started
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
        """Return True if there has been no waiter for IDLE_TIMEOUT. Then the next waiter starts a new thread."""
        with self._lock:
            if self._waiters or SYSTEM.monotonic() - alone < IDLE_TIMEOUT:
                return False
            self._thread = self._subscription = None
            return True
