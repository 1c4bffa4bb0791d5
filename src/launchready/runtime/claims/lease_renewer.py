"""The heart: a thread of this process that keeps its claims alive, and brings late words to the store.

A lease says that its holder lives. It must not run out because a handler is slow, blocks, or blocks the event loop,
so the signs of life come from a thread of their own. They stop when the process does: with SIGKILL, SIGSTOP, a power
cut. There is one thread, started with the first claim. It looks now and then, and sleeps where none was made since it
last looked: were it woken by each claim that finds it asleep, claims that end at once would each pay for that, half as
much again as a whole request. So a request pays for two entries in a dictionary, and only a handler that takes longer
than a beat costs the store anything.

The same thread repeats, until the store is back, what the store did not take: the answer to a request that was carried
out (insist), and the claim of a request that was refused because nobody knew whether it was written (Forget).
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
from launchready.exchange.claim import Claim, KeepAlive, ReleaseIfMine, WaitForChange
from launchready.exchange.operations import Adapter
from launchready.exchange.store import Complete, Delete, Get, Renew
from launchready.exchange.subscribe import Subscribe
from launchready.runtime.claims.completion_notifier import CompletionNotifier, WaitSteps

RENEWALS_PER_LEASE = 4
"""Signs of life in a lease: three may be missed."""
MAX_INTERVAL = 2.0
"""Seconds between two, however long the lease: a store that lost its data hears soon what is running."""
RETRY_INTERVAL = 0.25
"""Seconds until the store is asked again that did not answer: less than others doubt a lease that is over."""
MAX_LOOKUPS = 20
"""So often a refused claim is looked for: what was on its way may still arrive."""

IDLE_TIMEOUT = 10.0
"""Seconds without any claim after which the thread ends; the next claim starts another."""

RetryTask = Callable[[], bool]
"""Something to repeat until it answers True."""


class LeaseRenewer:
    """Of one store in one process. Safe from any thread, and after a fork."""

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
        self._used = False  # a claim was made since the thread last looked
        self._lease = MAX_INTERVAL * RENEWALS_PER_LEASE  # the shortest that there was

    # Operations, answered at once.

    def keep(self, op: KeepAlive) -> None:
        claim = op.claim
        claim.since = claim.renewed_at = SYSTEM.monotonic()
        claim.keeper = self
        if self._pid != os.getpid():
            self._reset()  # the parent keeps its own
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
                    with suppress(StoreError):  # it is asked again, as long as there is patience
                        self._store.execute(step)
                elif event.wait(step):
                    break
        op.answer = SYSTEM.monotonic() - op.since

    async def awatch(self, op: WaitForChange) -> None:
        event, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop of that waiter is closed: nobody waits there any more
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
        """What to ask the store, or for how many seconds to wait for ``wake``."""
        if not hasattr(op, "since"):
            op.since = SYSTEM.monotonic()
        claim = self.claims.get(op.key)
        if claim is None:
            yield from self._notifier.wait_steps(op, wake)
        elif claim.wait(wake):
            yield op.most

    # What a claim asks.

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
        """One round. How long to pause; 0 where nothing is held; None where that was so for long: the thread ends."""
        idle, used, self._used = not self._awake, self._used, False
        if not self.claims and not self._retry_tasks and not used:
            with self._lock:
                self._awake = False
                self._wake.clear()
                if not self.claims and not self._retry_tasks:  # none came between the look and the bell
                    self._thread = None if idle else self._thread
                    return None if idle else 0.0
                self._awake = True
        try:
            self._renew_due()
        except Exception:  # most often a StoreError: the rest of this round would wait for it as well
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
        if claim.released:  # it was freed while this sign of life was on its way
            self._store.execute(Delete(claim.space, claim.key, claim.version))
        return renew.answer


def _run(me: "ref[LeaseRenewer]", wake: threading.Event) -> None:
    """The thread does not keep its heart: an app that is gone has nothing to be kept alive."""
    while True:
        renewer = me()
        pause = None if renewer is None else renewer._run_turn()
        del renewer
        if pause is None:
            return
        if wake.wait(pause or IDLE_TIMEOUT):
            wake.clear()
