"""The caches of this process: whom a purge is told to."""

from collections.abc import Iterable
from typing import Protocol
from weakref import WeakSet

from launchready.exchange.operations import Flow
from launchready.runtime.adapter import OperationAdapter


class PurgeableCache(Protocol):
    """A cache, as far as anybody outside of a request may ask it something."""

    def purge(self, names: Iterable[str], *, soft: bool) -> Flow[None]: ...

    def rows(self) -> list[dict[str, object]]: ...

    def suggestions(self) -> list[dict[str, object]]: ...


class RegisteredCache:
    """A cache, and who answers its operations."""

    def __init__(self, answers: OperationAdapter, feature: PurgeableCache) -> None:
        self.adapter = answers
        self.feature = feature


CACHES: WeakSet[RegisteredCache] = WeakSet()
"""As long as their apps live."""
