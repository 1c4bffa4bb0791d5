"""Subscriptions to completed entries: their life cycle, and polling for stores without notifications."""

import os
import threading
from asyncio import to_thread
from collections.abc import Callable, Iterable
from typing import TypeVar
from weakref import WeakSet

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable

CLOSE_TIMEOUT = 2.0
"""Seconds that ``close`` waits for the listening thread, which checks ten times a second."""
PAUSE_PER_LOOKUP = 20
"""The pause after a lookup, as a multiple of its duration: polling takes at most a twentieth of a core."""


class Subscription:
    """Owned by the listening thread. Other threads may call ``dismiss``."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._dismissed = False
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()

    def raise_if_closed(self) -> None:
        """Raise StoreUnavailable after ``dismiss``."""
        if self._dismissed:
            raise StoreUnavailable("the store was closed")

    def dismiss(self) -> None:
        """Called by another thread: end the subscription and wait for it. A forked child does not wait."""
        self._dismissed = True
        if self._pid == os.getpid():
            self._closed.wait(CLOSE_TIMEOUT)


SubscriptionType = TypeVar("SubscriptionType", bound=Subscription)


class Subscriptions:
    """The open subscriptions of one store."""

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
    """Polls all expected entries in one lookup, in place of one lookup per waiter.

    - ``lookup`` returns the versions of the entries that exist.
    - ``pause``: seconds between two lookups.
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
