"""The registry of the caches in this process, for purges and the dashboard."""

from collections.abc import Iterable
from typing import Protocol
from weakref import WeakSet

from launchready.exchange.operations import Flow
from launchready.runtime.adapter import OperationAdapter


class PurgeableCache(Protocol):
    """A cache, as seen from outside a request."""

    def purge(self, names: Iterable[str], *, soft: bool) -> Flow[None]: ...

    def rows(self) -> list[dict[str, object]]: ...

    def suggestions(self) -> list[dict[str, object]]: ...


class RegisteredCache:
    """A cache, and the adapter that executes its operations."""

    def __init__(self, answers: OperationAdapter, feature: PurgeableCache) -> None:
        self.adapter = answers
        self.feature = feature


CACHES: WeakSet[RegisteredCache] = WeakSet()
"""Weak references: a cache leaves the registry with its app."""
