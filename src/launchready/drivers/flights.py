"""Single flight within a process: who leads a key, and who waits for it.

Waiting is the driver's: an asyncio task awaits a future, a thread waits on a condition. Leading and releasing never
wait, so both are inline operations. All who wait are let go at once; whoever comes then looks again.
"""

import asyncio
import threading
from contextlib import suppress

from launchready.exchange.app import Lead, Release
from launchready.exchange.ops import Elsewhere, Inline

PATIENCE = 10.0
"""Seconds after which a waiter stops waiting and goes ahead by itself: a leader that hangs must not hang the others."""


class Flights:
    """The keys in flight, and a way to wake up the waiters of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[str, list[threading.Event | tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self.inline: Inline = {Lead: self._lead, Release: self._release}

    def _lead(self, op: Lead) -> None:
        with self._lock:
            if op.key in self._waiters:
                raise Elsewhere
            self._waiters[op.key] = []
        op.answer = True

    def _release(self, op: Release) -> None:
        with self._lock:
            waiters = self._waiters.pop(op.key, ())
        for waiter in waiters:
            if isinstance(waiter, threading.Event):
                waiter.set()
            else:
                loop, event = waiter
                loop.call_soon_threadsafe(event.set)
        op.answer = None

    def wait(self, op: Lead) -> None:
        """Answers False when the leader is done, or when it took too long: look again either way."""
        event = threading.Event()
        if self._enlist(op.key, event):
            event.wait(PATIENCE)
        op.answer = False

    async def await_(self, op: Lead) -> None:
        event = asyncio.Event()
        if self._enlist(op.key, (asyncio.get_running_loop(), event)):
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), PATIENCE)
        op.answer = False

    def _enlist(self, key: str, waiter: threading.Event | tuple[asyncio.AbstractEventLoop, asyncio.Event]) -> bool:
        with self._lock:
            waiters = self._waiters.get(key)
            if waiters is None:  # released since
                return False
            waiters.append(waiter)
            return True
