"""Counts in any storage of the ``limits`` package: ``limits+memcached://host:11211``, ``limits+mongodb://host`` ...

For who has such a server and no other. What stands behind "limits+" is that package's own URL, and the package names
what to install for it. Such a store counts requests and keeps nothing else: no claims, no cached answers, no bans.

- Where the storage keeps times (memory, Redis, MongoDB) the rule is its moving window: never more than N in any window.
- Where it only counts (Memcached) the rule is its fixed window with half of N, two of which touch any window: never
  more than N either, and of a burst no more than half. Memcached ends entries by the second, so they get one more.
- Time is the clock of each process. Of several windows all are looked at and then charged one by one: of two requests
  at once one may be charged in the first window and refused in the second.
- What was taken cannot be given back, so nothing that gives back can be had (see ``settings/limits_store_check.py``).
"""

from asyncio import to_thread
from collections.abc import Iterator
from math import ceil
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import ConfigError, StoreError, StoreUnavailable
from launchready.exchange.operations import Inline, Op
from launchready.exchange.store import Consume, Entry, Get, Refund, Space
from launchready.exchange.window import MICRO, Taken, Window
from launchready.stores.base import safe_message, safe_url, window_digest

SCHEMES = (
    "limits+memcached", "limits+memory", "limits+mongodb", "limits+mongodb+srv", "limits+redis", "limits+redis+cluster",
    "limits+redis+sentinel", "limits+redis+unix", "limits+rediss", "limits+valkey", "limits+valkey+cluster",
    "limits+valkey+sentinel", "limits+valkey+unix", "limits+valkeys",
)  # fmt: skip


def connect(url: str) -> "LimitsStore":
    """Raises ConfigError for a URL that the package cannot read, or where it misses a package itself."""
    return LimitsStore(url)


class LimitsStore:
    """See the module."""

    counts_only = True

    def __init__(self, url: str) -> None:
        from limits import storage, strategies  # noqa: PLC0415 - 15 ms of import
        from limits.errors import ConfigurationError, StorageError  # noqa: PLC0415

        self.inline: Inline = {}
        self.shared = not url.startswith("limits+memory:")
        self._url = url
        self._name = f"the store at {safe_url(url)}"
        self._errors: tuple[type[Exception], ...] = (StorageError, OSError)
        try:
            kept = storage.storage_from_string(url.removeprefix("limits+"), wrap_exceptions=True)
        except (ConfigurationError, ImportError, ValueError, TypeError) as error:
            raise ConfigError([f"store={safe_url(url)!r}: {safe_message(error, url)}"]) from None
        assert isinstance(kept, storage.Storage)  # or the URL began with "async+", which is none of ours
        self._moving = isinstance(kept, storage.MovingWindowSupport)
        rule = strategies.MovingWindowRateLimiter if self._moving else strategies.FixedWindowRateLimiter
        self._limiter: strategies.RateLimiter = rule(kept)

    def execute(self, op: Op[Any]) -> None:
        try:
            if isinstance(op, Consume):
                self._take(op)
            elif isinstance(op, Refund):
                self._give(op)
            elif isinstance(op, Get):
                self._get(op)
            else:
                raise StoreError(f"{self._name} counts requests and keeps nothing else")
        except self._errors as error:
            raise StoreUnavailable(f"{self._name} does not work: {safe_message(error, self._url)}") from None

    async def aexecute(self, op: Op[Any]) -> None:
        await to_thread(self.execute, op)

    def close(self) -> None:
        """The package knows no end of a connection."""

    async def aclose(self) -> None:
        """Nor here."""

    def learn_epoch(self) -> None:
        """Nothing to know."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        del space
        return iter(())

    def sweep(self) -> int:
        return 0

    def take_at(self, op: Consume, now: int) -> None:
        raise StoreError(f"{self._name} goes by its own clock, and not by {now} for {op.key!r}")

    def _take(self, op: Consume) -> None:
        key = window_digest(op).hex()
        items = [self._item(window) for window in op.windows]
        limiter, op.at = self._limiter, int(SYSTEM.wall() * MICRO)
        fits = len(items) == 1 or all(limiter.test(item, key, cost=op.cost) for item in items)
        if fits and op.cost:
            fits = all(limiter.hit(item, key, cost=op.cost) for item in items)
        left = [limiter.get_window_stats(item, key) for item in items]
        which = min(range(len(left)), key=lambda index: left[index].remaining)
        if not fits:  # of those with no room, the one to be waited for longest
            full = [index for index, stats in enumerate(left) if stats.remaining < op.cost] or [which]
            which = max(full, key=lambda index: left[index].reset_time)
        reset = min(max(left[which].reset_time - SYSTEM.wall(), 0.0), op.windows[which].period)
        op.answer = Taken(fits, which, max(0, left[which].remaining), reset)

    def _give(self, op: Refund) -> None:
        op.answer = None
        if op.at is None:
            for window in op.windows:
                self._limiter.clear(self._item(window), window_digest(op).hex())

    def _get(self, op: Get[Any]) -> None:
        """Nothing was ever put; it is how one asks whether the storage is there."""
        if not self._limiter.storage.check():
            raise StoreUnavailable(f"{self._name} does not answer")
        op.answer = None

    def _item(self, window: Window) -> Any:
        from limits import RateLimitItemPerSecond  # noqa: PLC0415 - imported by now

        seconds = ceil(window.period)
        if self._moving:
            return RateLimitItemPerSecond(window.limit, seconds, "launchready")
        return RateLimitItemPerSecond(max(1, window.limit // 2), seconds + 1, "launchready")
