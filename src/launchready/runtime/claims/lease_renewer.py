"""The lease renewer: a thread that renews the leases of this process's claims, and retries failed writes.

A lease shows that its holder is alive. It must not expire because a handler is slow, blocks, or blocks the event loop,
so a separate thread renews it. Renewals stop with the process: SIGKILL, SIGSTOP, a power cut.

One thread per store and process, started with the first claim. It polls instead of being woken per claim, because
waking it would add 50 % to a short request. A request pays for two dictionary entries, and only a handler that runs
longer than a renewal interval costs the store anything.

The same thread retries two writes until the store is back: the response of a request that was carried out (insist), and
the release of a claim that may have been written although its request was refused (Forget).
"""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from weakref import ref

from launchready.clock import SYSTEM
from launchready.errors import StoreError
from launchready.exchange.claim import (
    MAX_INTERVAL,
    RENEWALS_PER_LEASE,
    Claim,
    KeepAlive,
    ReleaseIfMine,
    WaitForChange,
)
from launchready.exchange.operations import Adapter
from launchready.exchange.store import Complete, Delete, Get, Renew
from launchready.exchange.subscribe import Subscribe
from launchready.runtime.claims.completion_notifier import CompletionNotifier, WaitSteps

RETRY_INTERVAL = 0.25
"""Seconds until a failed write is retried. Less than the time for which other processes doubt an expired lease."""
MAX_LOOKUPS = 20
"""Lookups of a refused claim: a write in flight may still arrive."""

IDLE_TIMEOUT = 10.0
"""Seconds without a claim after which the thread ends. The next claim starts a new one."""

RetryTask = Callable[[], bool]
"""A function to repeat until it returns True."""


class LeaseRenewer:
    """The renewer of one store in one process. Thread-safe, and safe after a fork."""

    def __init__(self, store: Adapter) -> None:
        self._store = store
        self._notifier = CompletionNotifier(store)
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self.claims: dict[str, Claim] = {}
        self._retry_tasks: list[tuple[float, RetryTask]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._awake = False
        self._used = False  # a claim was made since the last turn of the thread
        self._lease = MAX_INTERVAL * RENEWALS_PER_LEASE  # the shortest lease so far

    # Operations that execute at once.

    def keep(self, op: KeepAlive) -> None:
        claim = op.claim
        claim.since = claim.renewed_at = SYSTEM.monotonic()
        claim.keeper = self
        if self._pid != os.getpid():
            self._reset()  # the parent renews its own claims
        self.claims[claim.key] = claim
        self._used = True
        if not self._awake or claim.lease < self._lease:
            self._lease = min(self._lease, claim.lease)
            self._start()
        op.answer = None

    def forget(self, op: ReleaseIfMine) -> None:
        looked = 0

        def free() -> bool:
            nonlocal looked
            look = Get(op.space, op.key)
            self._store.execute(look)
            looked += 1
            if look.answer is None or not op.mine(look.answer.value):
                return looked >= MAX_LOOKUPS
            self._store.execute(Delete(op.space, op.key, look.answer.version))
            return True

        self._add_retry(free)
        op.answer = None

    # Waiting for a claim.

    def watch(self, op: WaitForChange) -> None:
        event = threading.Event()
        with closing(self._wait_steps(op, event.set)) as steps:
            for step in steps:
                if isinstance(step, Subscribe):
                    with suppress(StoreError):  # repeated until the waiting time is over
                        self._store.execute(step)
                elif event.wait(step):
                    break
        op.answer = SYSTEM.monotonic() - op.since

    async def awatch(self, op: WaitForChange) -> None:
        event, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the event loop of the waiter is closed
                loop.call_soon_threadsafe(event.set)

        with closing(self._wait_steps(op, wake)) as steps:
            for step in steps:
                if isinstance(step, Subscribe):
                    with suppress(StoreError):
                        await self._store.aexecute(step)
                else:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), step)
                        break
        op.answer = SYSTEM.monotonic() - op.since

    def _wait_steps(self, op: WaitForChange, wake: Callable[[], None]) -> WaitSteps:
        """The steps of a waiter: operations to execute, or seconds to wait for ``wake``."""
        if not hasattr(op, "since"):
            op.since = SYSTEM.monotonic()
        claim = self.claims.get(op.key)
        if claim is None:
            yield from self._notifier.wait_steps(op, wake)
        elif claim.wait(wake):
            yield op.most

    # Called by a claim.

    def retry(self, settle: Complete[Any], patience: float) -> None:
        until = SYSTEM.monotonic() + patience

        def try_once() -> bool:
            if SYSTEM.monotonic() < until:
                self._store.execute(settle)
            return True

        self._add_retry(try_once)

    def still_held(self, claim: Claim) -> bool:
        return not claim.landed and self._renew_once(claim)

    # The thread.

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                wake = self._wake
                me = ref(self, lambda _: wake.set())
                self._thread = threading.Thread(
                    target=_run, args=(me, wake), name="launchready-lease-renewer", daemon=True
                )
                self._thread.start()
            self._awake = True
            self._wake.set()

    def _add_retry(self, task: RetryTask) -> None:
        with self._lock:
            self._retry_tasks.append((SYSTEM.monotonic(), task))
        if not self._awake:
            self._start()

    def _run_turn(self) -> float | None:
        """Run one turn. Returns seconds to pause, 0 if there is nothing to do, or None if the thread must end."""
        idle, used, self._used = not self._awake, self._used, False
        if not self.claims and not self._retry_tasks and not used:
            with self._lock:
                self._awake = False
                self._wake.clear()
                if not self.claims and not self._retry_tasks:  # no claim was made since the first check
                    self._thread = None if idle else self._thread
                    return None if idle else 0.0
                self._awake = True
        try:
            self._renew_due()
        except Exception:  # mostly a StoreError, which the remaining renewals would meet too
            return min(RETRY_INTERVAL, self._lease / RENEWALS_PER_LEASE / 2)
        return min(RETRY_INTERVAL if self._retry_tasks else MAX_INTERVAL, self._lease / RENEWALS_PER_LEASE) / 2

    def _renew_due(self) -> None:
        now = SYSTEM.monotonic()
        for claim in list(self.claims.values()):
            if now - claim.renewed_at >= min(MAX_INTERVAL, claim.lease / RENEWALS_PER_LEASE):
                self._renew_once(claim)
        with self._lock:
            due = [task for at, task in self._retry_tasks if at <= now]
            self._retry_tasks = [row for row in self._retry_tasks if row[0] > now]
        left = list(due)
        try:
            for task in due:
                if task():
                    left.remove(task)
        finally:
            with self._lock:
                self._retry_tasks += [(now + RETRY_INTERVAL, task) for task in left]

    def _renew_once(self, claim: Claim) -> bool:
        started = SYSTEM.monotonic()
        renew = Renew(claim.space, claim.key, claim.record(started - claim.since), claim.ttl, claim.version)
        self._store.execute(renew)
        claim.renewed_at = started
        if not renew.answer and not claim.landed:
            claim.lost = True
            if self.claims.get(claim.key) is claim:
                self.claims.pop(claim.key, None)
        if claim.released:  # the key was released while this renewal was in flight
            self._store.execute(Delete(claim.space, claim.key, claim.version))
        return renew.answer


def _run(me: "ref[LeaseRenewer]", wake: threading.Event) -> None:
    """The thread holds only a weak reference: it ends with its app."""
    while True:
        renewer = me()
        pause = None if renewer is None else renewer._run_turn()
        del renewer
        if pause is None:
            return
        if wake.wait(pause or IDLE_TIMEOUT):
            wake.clear()
