"""A call of the app on behalf of the cache, and the place of its response in the store."""

from launchready.core.cache.stored_response import StoredResponse
from launchready.exchange.app import Flight
from launchready.exchange.store import Entry


class Slot:
    """Where a response will be stored.

    - ``url_key``: key of the URL; ``key``: key of the entry: the same, or that of a variant behind ``pointer``.
    - ``version``: version in a shared store; None if another process stores.
    - ``purge_version``: version when the app was asked. ``holds_lease``: other processes wait for this response.
    """

    __slots__ = ("holds_lease", "key", "pointer", "purge_version", "url_key", "version")

    def __init__(self, url_key: str, key: str, pointer: Entry[StoredResponse] | None) -> None:
        self.url_key = url_key
        self.key = key
        self.pointer = pointer
        self.version: int | None = None
        self.purge_version = 0
        self.holds_lease = False


class AppCall(Flight):
    """A call of the app that concurrent requests may wait for.

    ``key``: of the entry; ``started``: its place in ``CacheState.sequence``; ``began``: its time;
    ``purge_version``: the latest purge before it; ``stored``: the response was stored;
    ``slot``: where it will be, in a shared store.
    """

    key: str
    started: int
    began: float
    purge_version: int
    stored = False
    slot: Slot | None = None
