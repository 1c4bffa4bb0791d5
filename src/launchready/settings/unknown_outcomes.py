"""Keys whose outcome nobody knows, as the store has them: counted for the dashboard, and told when one is asked for."""

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict

from launchready.core.idempotency import KeyContext
from launchready.core.idempotency.unknown_outcomes import unknown
from launchready.errors import StoreError
from launchready.metrics.events import signal
from launchready.stores.base import Store

logger = logging.getLogger("launchready")

FRESH = 25.0
"""Seconds for which a count is believed: the page asks every half minute."""
BUDGET = 1.0
"""Seconds for a count. A store with more keys than can be read in this time is counted in part."""
QUIET = 60.0
"""Seconds between two lines of the log."""
SIGNAL = "outcome.unknown"


class UnknownOutcomes:
    """Counts what all workers left in the store, one at a time, and remembers it."""

    def __init__(self, store: Store, key_context: KeyContext, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._spaces = [each.space for each in (*key_context.older, key_context)]
        self._monotonic = monotonic
        self._until: float | None = None
        self._known: dict[str, object] | None = None
        self._turn = threading.Lock()

    def __call__(self) -> dict[str, object] | None:
        """``count``, ``oldest`` (seconds), ``whole``. None: the store does not answer."""
        with self._turn:
            now = self._monotonic()
            if self._until is None or now >= self._until:
                self._known = self._counted(now + BUDGET)
                self._until = self._monotonic() + FRESH
            return self._known

    def _counted(self, deadline: float) -> dict[str, object] | None:
        entries = itertools.chain.from_iterable(self._store.scan(space) for space in self._spaces)
        try:
            found = unknown(entries, lambda: self._monotonic() < deadline)
        except StoreError:
            return None
        return asdict(found)


class Alert:
    """Somebody was told that the outcome is not known: an event of the business, and a line for who watches the log."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: float | None = None

    def __call__(self) -> None:
        signal(SIGNAL)
        now = self._monotonic()
        if self._until is None or now >= self._until:
            self._until = now + QUIET
            logger.warning(
                "a request came again whose first attempt never answered, and was not repeated; what became of it: "
                "launchready idempotency ls --unknown"
            )
