"""Rate limit counters in any storage of the ``limits`` package: ``limits+memcached://host:11211`` and others.

For deployments that have such a server and no other. The part after "limits+" is the package's own URL, and the package
names the driver to install. The store only counts requests: no claims, no cached responses, no bans.

- A storage that keeps times (memory, Redis, MongoDB) uses its moving window: never more than N in any window.
- A storage that only counts (Memcached) uses fixed windows of N/2. Any window touches two of them, so at most N pass,
  and of a burst at most N/2. Memcached expires entries by whole seconds, so each window gets one second more.
- Time is the clock of each process. Several windows are tested first and then charged one by one: of two concurrent
  requests one may be charged in the first window and refused in the second.
- Hits cannot be refunded, so settings that refund are refused (see ``settings/limits_store_check.py``).
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
    """Raises ConfigError for a URL that the package rejects, or for a missing storage driver."""
    return LimitsStore(url)


class LimitsStore:
    """A store for rate limits only; see the module docstring."""

    counts_only = True
    has_epoch = False

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
        assert isinstance(kept, storage.Storage)  # "async+" URLs are not in SCHEMES
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
                raise StoreError(f"{self._name} only counts requests")
        except self._errors as error:
            raise StoreUnavailable(f"{self._name} failed: {safe_message(error, self._url)}") from None

    async def aexecute(self, op: Op[Any]) -> None:
        await to_thread(self.execute, op)

    def close(self) -> None:
        """The package offers no way to close a connection."""

    async def aclose(self) -> None:
        """See ``close``."""

    def learn_epoch(self) -> None:
        """Nothing to learn."""

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        del space
        return iter(())

    def sweep(self) -> int:
        return 0

    def take_at(self, op: Consume, now: int) -> None:
        raise StoreError(f"{self._name} uses its own clock; cannot take {op.key!r} at {now}")

    def _take(self, op: Consume) -> None:
        key = window_digest(op).hex()
        items = [self._item(window) for window in op.windows]
        limiter, op.at = self._limiter, int(SYSTEM.wall() * MICRO)
        fits = len(items) == 1 or all(limiter.test(item, key, cost=op.cost) for item in items)
        if fits and op.cost:
            fits = all(limiter.hit(item, key, cost=op.cost) for item in items)
        left = [limiter.get_window_stats(item, key) for item in items]
        which = min(range(len(left)), key=lambda index: left[index].remaining)
        if not fits:  # report the full window with the longest wait
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
        """Check that the storage responds. The store holds no entries, so the answer is None."""
        if not self._limiter.storage.check():
            raise StoreUnavailable(f"{self._name} does not respond")
        op.answer = None

    def _item(self, window: Window) -> Any:
        from limits import RateLimitItemPerSecond  # noqa: PLC0415 - imported by now

        seconds = ceil(window.period)
        if self._moving:
            return RateLimitItemPerSecond(window.limit, seconds, "launchready")
        return RateLimitItemPerSecond(max(1, window.limit // 2), seconds + 1, "launchready")
