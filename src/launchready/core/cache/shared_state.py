"""State shared by the parts of the cache: compiled settings, and what this process knows about requests under way."""

from collections.abc import Callable, Iterable
from itertools import count

from launchready.core.cache import no_vary_search, request_directives
from launchready.core.cache.app_call import AppCall
from launchready.core.cache.cache_key import append_headers, url_key
from launchready.core.cache.invalidation import RecentChanges
from launchready.core.cache.profiles import CachePolicy
from launchready.core.cache.request_directives import ORDINARY, SIGNIFICANT_FIELDS, RequestDirectives
from launchready.core.cache.route_counters import RouteCounters
from launchready.core.cache.storability import Storability
from launchready.core.cache.stored_response import StoredResponse
from launchready.core.cache.suggestions import Suggestions
from launchready.exchange.store import Entry, Space
from launchready.http.message import Request
from launchready.http.routes import RouteTable

MAX_UNCACHEABLE = 4096
"""Bound on the keys remembered as not worth waiting for."""


MAX_NAMES = 4096


class CacheState:
    """- ``clock``: monotonic; ``wall``: wall time, for conditions on dates.
    - ``shared_store``: other processes use the store, so misses are announced there by a lease.
    - ``is_proxy``: whether a peer is a trusted proxy. ``user``: the user of a private cache; "" or None for nobody.
    - ``check_purges``: a purge may have happened: always in a shared store, otherwise after the first one.
    - ``in_flight``: calls of the app that others may wait for; ``uncacheable``: keys for which waiting is useless.
    - ``sequence``: numbers requests and calls of the app in the order of their beginning.
    - ``ordinary_fields``: names of request headers known to mean nothing to the cache.
    - ``pointers``: last known pointers of URLs in a shared store.
    - ``deferred``: keys whose invalidation failed while the store was down; "" stands for all keys.
    - ``dropped``: versions of leases that this process abandoned, by key.
    """

    def __init__(
        self,
        policy: CachePolicy,
        storable: Storability,
        space: Space[StoredResponse],
        *,
        max_body: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        shared_store: bool = False,
        is_proxy: Callable[[str], bool] = lambda peer: False,  # noqa: ARG005 - no trusted proxy
        private: RouteTable[int] | None = None,
        user: Callable[[Request], str | None] = lambda request: None,  # noqa: ARG005 - no private cache
    ) -> None:
        self.policy = policy
        self.storable = storable
        self.space = space
        self.max_body = max_body
        self.clock = clock
        self.wall = wall
        self.shared_store = self.check_purges = shared_store
        self.private = private or None
        self.ordinary_fields: set[bytes] = set()
        self.unsteering_fields: set[bytes] = set()
        self.counts = RouteCounters()
        self.changes = RecentChanges()
        self.in_flight: dict[str, AppCall] = {}
        self.sequence = count(1)
        self.uncacheable: set[str] = set()
        self.dropped: dict[str, int] = {}
        self.deferred: set[str] = set()
        self.pointers: dict[str, Entry[StoredResponse]] = {}
        self.variants: dict[tuple[str, int], int] = {}
        self.search_rules: no_vary_search.Rules = {}
        self.suggestions = Suggestions(policy)
        self._is_proxy = is_proxy
        self._user = user

    def read_request(self, request: Request) -> RequestDirectives:
        """The directives of a request; ORDINARY if its headers mean nothing to the cache."""
        policy = self.policy
        significant = [
            name
            for name in request.fields
            if name in SIGNIFICANT_FIELDS or policy.is_credential(name) or policy.is_steering(name)
        ]
        if not significant:
            remember(self.ordinary_fields, request.fields)
            if self.private is None:
                return ORDINARY
        directives = request_directives.read_directives(request, policy)
        steering = frozenset(name for name in significant if policy.is_steering(name))
        if steering and not directives.bypass:
            if self._is_proxy(request.peer):
                directives.key_prefix = append_headers("", steering, request.headers) + "\n"
            else:
                directives.bypass = min(steering)
        if self.private is not None and (seconds := self.private.find("GET", request.path, None)) is not None:
            user = self._user(request)
            if user:
                directives.user, directives.seconds = user, seconds
                directives.key_prefix += f"user {len(user)}:{user}\n"
                directives.authorization = directives.cookie = False
        return directives

    def has_steering(self, request: Request) -> bool:
        if self.unsteering_fields.issuperset(request.fields):
            return False
        if any(self.policy.is_steering(name) for name in request.fields):
            return True
        remember(self.unsteering_fields, request.fields)
        return False

    def key(self, request: Request) -> str:
        """The key of a URL, without the parts that No-Vary-Search ignores."""
        return no_vary_search.key(self.search_rules, request) if self.search_rules else url_key(request)

    def count(self, outcome: str, request: Request) -> None:
        counts = self.counts.unfolded
        counts[outcome, request.path] = counts.get((outcome, request.path), 0) + 1


def remember(names: set[bytes], more: Iterable[bytes]) -> None:
    """Add names to a bounded set: invented headers must not fill the memory."""
    if len(names) >= MAX_NAMES:
        names.clear()
    names.update(more)
