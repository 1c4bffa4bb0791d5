"""How a route is protected, and the counters of the feature."""

from collections.abc import Callable
from copy import copy
from typing import Any

from launchready.exchange.app import Spooled
from launchready.http.message import Request, Response

NO_RELEASE = 1000
"""Higher than any HTTP status, so no status frees the key by being too high."""

NOTHING_HAPPENED = frozenset({401, 408, 423, 425, 429, 503})
"""Answers that say that the request was not carried out: they free the key, so that a retry runs the handler.

401, 425, 429 and 503 ask for a retry by definition (RFC 9110, RFC 8470, RFC 6585); 408 and 423 refuse before any work.
"""

REFUSED = NOTHING_HAPPENED | {403, 404}
"""For keys that an app's function finds and strangers may guess: a stranger who is refused must not hold the key."""

Recover = Callable[..., Any]

KeyFinder = Callable[[Request, bytes | Spooled], str | Response | None]
"""Finds the key in a request and its body. None: there is no key. A Response refuses the request."""


class RoutePolicy:
    """The policy of one route. Times in seconds, sizes in bytes.

    - ``scope``: the app's function of the request that names the owner of its key. None: see ``owner``.
    - ``find``: reads the key if it is not in the header.
    - ``release_from``, ``releases``: an answer with this status or a higher one, or with one of these, frees the key.
    - ``on_crash``: None refuses for good. Otherwise the function to ask before a crashed attempt is repeated
      (``rerun`` repeats it without asking), until ``rerun_for`` after the first attempt.
    """

    __slots__ = (
        "find", "keep", "lease", "max_body", "name", "on_crash", "release_from", "releases", "required", "rerun_for",
        "respond", "scope", "wait",
    )  # fmt: skip

    def called(self, name: str) -> "RoutePolicy":
        """The same policy for the route of this name, which reports show."""
        other = copy(self)
        other.name = name
        return other

    def __init__(
        self, *, keep: float, lease: float, required: bool, wait: float, max_body: int, release_from: int,
        scope: Callable[[Request], str | None] | None, on_crash: Recover | None = None, rerun_for: float = 23 * 3600.0,
        respond: Callable[[Any], Response] | None = None, name: str = "", find: KeyFinder | None = None,
        releases: frozenset[int] = NOTHING_HAPPENED,
    ) -> None:  # fmt: skip
        self.name = name
        self.find = find
        self.keep = keep
        self.lease = lease
        self.required = required
        self.wait = wait
        self.max_body = max_body
        self.release_from = release_from
        self.releases = releases
        self.scope = scope
        self.on_crash = on_crash
        self.rerun_for = rerun_for
        self.respond = respond


def rerun(*_: object) -> None:
    """Marker for ``on_crash="rerun"``: repeat the handler without asking the app."""


class Counters:
    """Counts the results of requests with a key since the process started. ``waited`` is in seconds.

    - ``oldest_unknown``: age in seconds of the oldest key with an unknown outcome at its last retry, or 0.
      ``launchready idempotency ls --unknown`` lists all of them.
    - ``alert``: called for each request that is answered with an unknown outcome.
    """

    __slots__ = (
        "alert", "conflict", "first", "guessable", "mismatch", "oldest_unknown", "other_owner", "recovered",
        "refused_by_store", "released", "replay", "unknown", "waited",
    )  # fmt: skip
    NUMBERS = __slots__[1:]

    def __init__(self) -> None:
        self.first = 0
        self.replay = 0
        self.conflict = 0
        self.mismatch = 0
        self.other_owner = 0
        self.guessable = 0
        self.unknown = 0
        self.recovered = 0
        self.released = 0
        self.refused_by_store = 0
        self.waited = 0.0
        self.oldest_unknown = 0.0
        self.alert: Callable[[], None] | None = None

    def as_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.NUMBERS}

    def count_unknown(self, since: float = 0.0) -> None:
        """A request was answered with an unknown outcome. ``since``: seconds from the start of the first attempt."""
        self.unknown += 1
        self.oldest_unknown = max(self.oldest_unknown, since)
        if self.alert is not None:
            self.alert()

    def add(self, other: "Counters") -> None:
        """Add the counts of another."""
        unknown, oldest = self.unknown, self.oldest_unknown
        for name in self.NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unknown, self.oldest_unknown = unknown, oldest
        for _ in range(other.unknown):
            self.count_unknown(other.oldest_unknown)
