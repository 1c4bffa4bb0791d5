"""What the stores' listeners share: they end when their store is closed; and one for stores that tell nobody."""

import os
import threading
from asyncio import to_thread
from collections.abc import Callable, Iterable
from typing import TypeVar
from weakref import WeakSet

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable

CLOSE_TIMEOUT = 2.0
"""Seconds that who closes a store waits at most for the thread that listens; it looks up ten times a second."""
PAUSE_PER_LOOKUP = 20
"""A look is followed by a pause so many times as long: however much is waited for, it takes a twentieth of a core."""


class Subscription:
    """Belongs to the thread that hears; others may dismiss it."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._dismissed = False
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()

    def raise_if_closed(self) -> None:
        """Raises StoreUnavailable where nobody is to listen any more."""
        if self._dismissed:
            raise StoreUnavailable("the store was closed")

    def dismiss(self) -> None:
        """From another thread: end, and wait until it has. A child of the process leaves its parent's alone."""
        self._dismissed = True
        if self._pid == os.getpid():
            self._closed.wait(CLOSE_TIMEOUT)


SubscriptionType = TypeVar("SubscriptionType", bound=Subscription)


class Subscriptions:
    """Those of one store that are open."""

    def __init__(self) -> None:
        self._open: WeakSet[Subscription] = WeakSet()

    def open(self, subscription: SubscriptionType) -> SubscriptionType:
        self._open.add(subscription)
        return subscription

    def close(self) -> None:
        for subscription in list(self._open):
            subscription.dismiss()
            self._open.discard(subscription)

    async def aclose(self) -> None:
        if self._open:
            await to_thread(self.close)


class PollingSubscription(Subscription):
    """One look at all that is waited for, again and again, instead of one by everybody who waits.

    ``look`` gives the versions of what is there; ``pause``: seconds between two looks.
    """

    asks = False

    def __init__(self, lookup: Callable[[list[bytes]], dict[bytes, int]], pause: float) -> None:
        super().__init__()
        self._lookup = lookup
        self._pause = pause
        self._due = 0.0

    def hear(self, expected: dict[bytes, int], within: float) -> Iterable[bytes]:
        self.raise_if_closed()
        until = SYSTEM.monotonic() + within
        threading.Event().wait(max(0.0, min(self._due, until) - SYSTEM.monotonic()))
        if SYSTEM.monotonic() < self._due:
            return ()
        started, names = SYSTEM.monotonic(), expected.copy()
        found = self._lookup(list(names))
        ended = SYSTEM.monotonic()
        self._due = ended + max(self._pause, PAUSE_PER_LOOKUP * (ended - started))
        return [name for name, version in names.items() if found.get(name) != version]
