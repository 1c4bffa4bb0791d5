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
from launchready.exchange.claim import Watch
from launchready.exchange.operations import Adapter
from launchready.exchange.store import digest
from launchready.exchange.subscribe import Expect, Listener

SURE = 1.0
"""Seconds between two looks at an entry that the store would tell of."""
IDLE = 5.0
"""Seconds without anybody after which the connection is closed, and the thread ends."""
SLICE = 0.1
"""Seconds that the thread listens at a time."""
AGAIN, LONGEST = 0.1, 30.0
"""Seconds until it is tried again to listen, doubling: a server restarts; a proxy that passes nothing on stays."""

Waiting = Generator[Expect | float, None, None]


class _Row:
    """Who waits for an entry. ``sure``: when it was last asked to be told of."""

    __slots__ = ("sure", "wakes")

    def __init__(self) -> None:
        self.sure = -SURE
        self.wakes: set[Callable[[], None]] = set()


class Bell:
    """Of one store in one process. Safe from any thread, and after a fork."""

    def __init__(self, store: Adapter) -> None:
        self._listen: Callable[[], Listener] | None = getattr(store, "listen", None)
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._rows: dict[bytes, _Row] = {}
        self._expected: dict[bytes, int] = {}
        self._thread: threading.Thread | None = None
        self._ear: Listener | None = None

    def waiting(self, op: Watch, wake: Callable[[], None]) -> Waiting:
        """What one who waits does: ask the store, or wait for ``wake`` so many seconds. At the end he looks."""
        if self._listen is None:
            yield min(op.pause, op.most)
            return
        until = SYSTEM.monotonic() + op.most
        name = digest(op.space.name, op.key)
        row = self._enter(name, op.version, wake)
        try:
            while (left := until - (now := SYSTEM.monotonic())) > 0:
                ear = self._ear
                if self._rows.get(name) is not row:
                    return
                if ear is None:
                    yield min(op.pause, left)
                    return
                if ear.asks and now - row.sure >= SURE:
                    row.sure = now
                    expect = Expect(op.space, op.key, op.version)
                    yield expect
                    if not hasattr(expect, "answer"):  # the store is away
                        row.sure = -SURE
                        yield min(op.pause, left)
                        return
                    if not expect.answer:
                        self._ring(name)  # those who trusted in this one's asking
                        return
                yield min(SURE, left)
        finally:
            self._leave(name, row, wake)

    def _enter(self, name: bytes, version: int, wake: Callable[[], None]) -> _Row:
        if self._pid != os.getpid():
            self._reset()  # the parent's thread listens to the parent's
        with self._lock:
            row = self._rows.get(name)
            if row is None:
                row = self._rows[name] = _Row()
            if self._expected.get(name) != version:
                row.sure = -SURE
                self._expected[name] = version
            row.wakes.add(wake)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="launchready-bell", daemon=True)
                with suppress(RuntimeError):  # no more threads: each looks for himself
                    thread.start()
                    self._thread = thread
        return row

    def _leave(self, name: bytes, row: _Row, wake: Callable[[], None]) -> None:
        with self._lock:
            row.wakes.discard(wake)
            if not row.wakes and self._rows.get(name) is row:
                del self._rows[name], self._expected[name]

    def _ring(self, *names: bytes, ear: Listener | None = None) -> None:
        """Who comes after this asks the store anew. ``ear``: what is listened with from now on."""
        wakes: list[Callable[[], None]] = []
        with self._lock:
            for name in names:
                row = self._rows.pop(name, None)
                if row is not None:
                    del self._expected[name]
                    wakes += row.wakes
            self._ear = ear or self._ear  # after the rows: who sees it and is in one of them has not been woken
        for wake in wakes:
            wake()

    # The thread.

    def _run(self) -> None:
        pause, born = AGAIN, 0.0
        while True:
            with suppress(Exception):  # most often a StoreError; until it works each looks for himself
                born = SYSTEM.monotonic()
                if self._heard():
                    return
            pause = AGAIN if SYSTEM.monotonic() - born > SURE else min(LONGEST, pause * 2)
            until = SYSTEM.monotonic() + pause
            while SYSTEM.monotonic() < until:
                if self._over(-IDLE):
                    return
                threading.Event().wait(SLICE)

    def _heard(self) -> bool:
        """Listen, until nobody has waited for long. Raises where nothing is heard any more."""
        assert self._listen is not None  # or there were no thread
        ear = self._listen()
        alone = SYSTEM.monotonic()
        try:
            self._ring(*(list(self._rows) if ear.asks else ()), ear=ear)  # what was said before is not heard
            while True:
                if self._rows:
                    alone = SYSTEM.monotonic()
                elif self._over(alone if ear.asks else -IDLE):
                    return True
                self._ring(*ear.hear(self._expected, SLICE))
        finally:
            if self._ear is ear:
                self._ear = None
            ear.close()

    def _over(self, alone: float) -> bool:
        """Whether the thread may end, since nobody has waited for so long; then it has ended for those who come."""
        with self._lock:
            if self._rows or SYSTEM.monotonic() - alone < IDLE:
                return False
            self._thread = self._ear = None
            return True
