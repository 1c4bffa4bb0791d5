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
from launchready.exchange.claim import Claim, Forget, Keep, Watch
from launchready.exchange.operations import Adapter
from launchready.exchange.store import Delete, Get, Renew, Settle
from launchready.exchange.subscribe import Expect
from launchready.runtime.claims.completion_notifier import Bell, Waiting

BEATS = 4
"""Signs of life in a lease: three may be missed."""
LONGEST = 2.0
"""Seconds between two, however long the lease: a store that lost its data hears soon what is running."""
AGAIN = 0.25
"""Seconds until the store is asked again that did not answer: less than others doubt a lease that is over."""
SURE = 20
"""So often a refused claim is looked for: what was on its way may still arrive."""

IDLE = 10.0
"""Seconds without any claim after which the thread ends; the next claim starts another."""

Chore = Callable[[], bool]
"""Something to repeat until it answers True."""


class Heart:
    """Of one store in one process. Safe from any thread, and after a fork."""

    def __init__(self, store: Adapter) -> None:
        self._store = store
        self._bell = Bell(store)
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self.held: dict[str, Claim] = {}
        self._chores: list[tuple[float, Chore]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._awake = False
        self._used = False  # a claim was made since the thread last looked
        self._lease = LONGEST * BEATS  # the shortest that there was

    # Operations, answered at once.

    def keep(self, op: Keep) -> None:
        claim = op.claim
        claim.since = claim.beaten = SYSTEM.monotonic()
        claim.keeper = self
        if self._pid != os.getpid():
            self._reset()  # the parent keeps its own
        self.held[claim.key] = claim
        self._used = True
        if not self._awake or claim.lease < self._lease:
            self._lease = min(self._lease, claim.lease)
            self._start()
        op.answer = None

    def forget(self, op: Forget) -> None:
        looked = 0

        def free() -> bool:
            nonlocal looked
            look = Get(op.space, op.key)
            self._store.execute(look)
            looked += 1
            if look.answer is None or not op.mine(look.answer.value):
                return looked >= SURE
            self._store.execute(Delete(op.space, op.key, look.answer.version))
            return True

        self._repeat(free)
        op.answer = None

    # Waiting for a claim.

    def watch(self, op: Watch) -> None:
        event = threading.Event()
        with closing(self._waiting(op, event.set)) as steps:
            for step in steps:
                if isinstance(step, Expect):
                    with suppress(StoreError):  # it is asked again, as long as there is patience
                        self._store.execute(step)
                elif event.wait(step):
                    break
        op.answer = SYSTEM.monotonic() - op.since

    async def awatch(self, op: Watch) -> None:
        event, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop of that waiter is closed: nobody waits there any more
                loop.call_soon_threadsafe(event.set)

        with closing(self._waiting(op, wake)) as steps:
            for step in steps:
                if isinstance(step, Expect):
                    with suppress(StoreError):
                        await self._store.aexecute(step)
                else:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), step)
                        break
        op.answer = SYSTEM.monotonic() - op.since

    def _waiting(self, op: Watch, wake: Callable[[], None]) -> Waiting:
        """What to ask the store, or for how many seconds to wait for ``wake``."""
        if not hasattr(op, "since"):
            op.since = SYSTEM.monotonic()
        claim = self.held.get(op.key)
        if claim is None:
            yield from self._bell.waiting(op, wake)
        elif claim.wait(wake):
            yield op.most

    # What a claim asks.

    def insist(self, settle: Settle[Any], patience: float) -> None:
        until = SYSTEM.monotonic() + patience

        def offer() -> bool:
            if SYSTEM.monotonic() < until:
                self._store.execute(settle)
            return True

        self._repeat(offer)

    def still_held(self, claim: Claim) -> bool:
        return not claim.landed and self._beat(claim)

    # The thread.

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                wake = self._wake
                me = ref(self, lambda _: wake.set())
                self._thread = threading.Thread(target=_run, args=(me, wake), name="launchready-heart", daemon=True)
                self._thread.start()
            self._awake = True
            self._wake.set()

    def _repeat(self, chore: Chore) -> None:
        with self._lock:
            self._chores.append((SYSTEM.monotonic(), chore))
        if not self._awake:
            self._start()

    def _turn(self) -> float | None:
        """One round. How long to pause; 0 where nothing is held; None where that was so for long: the thread ends."""
        idle, used, self._used = not self._awake, self._used, False
        if not self.held and not self._chores and not used:
            with self._lock:
                self._awake = False
                self._wake.clear()
                if not self.held and not self._chores:  # none came between the look and the bell
                    self._thread = None if idle else self._thread
                    return None if idle else 0.0
                self._awake = True
        try:
            self._round()
        except Exception:  # most often a StoreError: the rest of this round would wait for it as well
            return min(AGAIN, self._lease / BEATS / 2)
        return min(AGAIN if self._chores else LONGEST, self._lease / BEATS) / 2

    def _round(self) -> None:
        now = SYSTEM.monotonic()
        for claim in list(self.held.values()):
            if now - claim.beaten >= min(LONGEST, claim.lease / BEATS):
                self._beat(claim)
        with self._lock:
            due = [chore for at, chore in self._chores if at <= now]
            self._chores = [row for row in self._chores if row[0] > now]
        left = list(due)
        try:
            for chore in due:
                if chore():
                    left.remove(chore)
        finally:
            with self._lock:
                self._chores += [(now + AGAIN, chore) for chore in left]

    def _beat(self, claim: Claim) -> bool:
        started = SYSTEM.monotonic()
        renew = Renew(claim.space, claim.key, claim.record(started - claim.since), claim.ttl, claim.version)
        self._store.execute(renew)
        claim.beaten = started
        if not renew.answer and not claim.landed:
            claim.lost = True
            if self.held.get(claim.key) is claim:
                self.held.pop(claim.key, None)
        if claim.released:  # it was freed while this sign of life was on its way
            self._store.execute(Delete(claim.space, claim.key, claim.version))
        return renew.answer


def _run(me: "ref[Heart]", wake: threading.Event) -> None:
    """The thread does not keep its heart: an app that is gone has nothing to be kept alive."""
    while True:
        heart = me()
        pause = None if heart is None else heart._turn()
        del heart
        if pause is None:
            return
        if wake.wait(pause or IDLE):
            wake.clear()
