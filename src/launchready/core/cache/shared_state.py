"""What the parts of the cache share: its settings, compiled, and what this process knows of what is under way."""

from collections.abc import Callable

from launchready.core.cache import no_vary_search, request_directives
from launchready.core.cache.cache_key import target, with_lines
from launchready.core.cache.invalidation import Changes
from launchready.core.cache.profiles import Policy
from launchready.core.cache.request_directives import Ask
from launchready.core.cache.route_counters import Counts
from launchready.core.cache.storability import Storing
from launchready.core.cache.stored_response import Stored
from launchready.core.cache.suggestions import Suggestions
from launchready.exchange.app import Flight
from launchready.exchange.store import Entry, Space
from launchready.http.message import Request
from launchready.http.routes import RouteTable

UNSHARED = 4096
"""Keys remembered as not to be waited for."""


class Setup:
    """- ``clock``: monotonic, for how long an answer took; ``wall``: the date, for conditions on dates.
    - ``leases``: other processes share the store, so who asks the app says so in it.
    - ``trusts``: whether a peer is a proxy of ours. ``user``: whose own answers a request may see, "" for nobody's.
    - ``marked``: a purge may have happened: where others share the store always, else since the first of our own.
    - ``flying``: calls of the app that others may wait for; ``unshared``: keys for which nobody waits any more.
    - ``pointers``: what the URLs of a shared store were last seen to depend on.
    - ``owed``: what was changed while the store could not be told: keys to be deleted, "" for all there are.
    - ``dropped``: leases of ours that nobody holds any longer, by key, with their versions.
    """

    def __init__(
        self,
        policy: Policy,
        storing: Storing,
        space: Space[Stored],
        *,
        max_body: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        leases: bool = False,
        trusts: Callable[[str], bool] = lambda peer: False,  # noqa: ARG005 - nobody
        private: RouteTable[int] | None = None,
        user: Callable[[Request], str | None] = lambda request: None,  # noqa: ARG005 - nobody's
    ) -> None:
        self.policy = policy
        self.storing = storing
        self.space = space
        self.max_body = max_body
        self.clock = clock
        self.wall = wall
        self.leases = self.marked = leases
        self.private = private or None
        self.speaking = request_directives.SPEAKING | policy.steering | policy.credentials
        self.counts = Counts()
        self.changes = Changes()
        self.flying: dict[str, Flight] = {}
        self.unshared: set[str] = set()
        self.dropped: dict[str, int] = {}
        self.owed: set[str] = set()
        self.pointers: dict[str, Entry[Stored]] = {}
        self.variants: dict[tuple[str, int], int] = {}
        self.searches: no_vary_search.Rules = {}
        self.suggestions = Suggestions(policy)
        self._trusts = trusts
        self._user = user

    def ask(self, request: Request) -> Ask:
        """What a request asks that is not an ordinary one."""
        policy = self.policy
        ask = request_directives.read(request, policy)
        steering = policy.steering.intersection(request.fields)
        if steering and not ask.bypass:
            if self._trusts(request.peer):
                ask.place = with_lines("", steering, request.headers) + "\n"
            else:
                ask.bypass = min(steering)
        if self.private is not None and (seconds := self.private.find("GET", request.path, None)) is not None:
            user = self._user(request)
            if user:
                ask.user, ask.seconds = user, seconds
                ask.place += f"user {len(user)}:{user}\n"
                ask.authorization = ask.cookie = False
        return ask

    def key(self, request: Request) -> str:
        """The key of a URL, without what its path has said to make no difference."""
        return no_vary_search.key(self.searches, request) if self.searches else target(request)

    def count(self, outcome: str, request: Request) -> None:
        counts = self.counts.raw
        counts[outcome, request.path] = counts.get((outcome, request.path), 0) + 1
