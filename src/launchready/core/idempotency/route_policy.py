"""How a route is protected, and what is counted of it."""

from collections.abc import Callable
from copy import copy
from typing import Any

from launchready.exchange.app import Spooled
from launchready.http.message import Request, Response

NEVER = 1000
"""A status that no answer has."""

Recover = Callable[..., Any]

Find = Callable[[Request, bytes | Spooled], str | Response | None]
"""A key in a request and its body; None where there is none; a Response where the request is refused."""


class Rule:
    """One route. Times in seconds, sizes in bytes; ``scope`` says whose key it is.

    ``find``: where the key stands, if not in the header. ``release_from``: an
    answer with this status, or a greater one, frees the key.

    ``on_crash``: None refuses for good; else what to ask before an attempt whose process died is repeated
    (``RERUN`` where it may be repeated without asking). ``rerun_for``: not later than so long after the first attempt.
    """

    __slots__ = (
        "find", "keep", "lease", "max_body", "name", "on_crash", "release_from", "required", "rerun_for",
        "respond", "scope", "wait",
    )  # fmt: skip

    def called(self, name: str) -> "Rule":
        """The same rule for a route of this name, which is what people are shown."""
        other = copy(self)
        other.name = name
        return other

    def __init__(
        self, *, keep: float, lease: float, required: bool, wait: float, max_body: int, release_from: int,
        scope: Callable[[Request], str], on_crash: Recover | None = None, rerun_for: float = 23 * 3600.0,
        respond: Callable[[Any], Response] | None = None, name: str = "", find: Find | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.find = find
        self.keep = keep
        self.lease = lease
        self.required = required
        self.wait = wait
        self.max_body = max_body
        self.release_from = release_from
        self.scope = scope
        self.on_crash = on_crash
        self.rerun_for = rerun_for
        self.respond = respond


def rerun(*_: object) -> None:
    """Nothing need be asked: the handler is safe to repeat."""


class Counts:
    """What became of the requests that brought a key, since the process started. ``waited``: seconds.

    ``oldest_unknown``: seconds from the first attempt of the oldest key whose outcome nobody knows, as its last retry
    met it; 0 where there was none. `launchready idempotency ls --unknown` lists them all. ``alert``: called when one
    more was told so.
    """

    __slots__ = (
        "alert", "conflict", "first", "mismatch", "oldest_unknown", "recovered", "refused_by_store", "released",
        "replay", "unknown", "waited",
    )  # fmt: skip
    NUMBERS = __slots__[1:]

    def __init__(self) -> None:
        self.first = 0
        self.replay = 0
        self.conflict = 0
        self.mismatch = 0
        self.unknown = 0
        self.recovered = 0
        self.released = 0
        self.refused_by_store = 0
        self.waited = 0.0
        self.oldest_unknown = 0.0
        self.alert: Callable[[], None] | None = None

    def as_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.NUMBERS}

    def lost(self, since: float = 0.0) -> None:
        """Somebody was told that the outcome is not known: of an attempt that began so many seconds ago."""
        self.unknown += 1
        self.oldest_unknown = max(self.oldest_unknown, since)
        if self.alert is not None:
            self.alert()

    def add(self, other: "Counts") -> None:
        """Make another's counts part of these."""
        unknown, oldest = self.unknown, self.oldest_unknown
        for name in self.NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unknown, self.oldest_unknown = unknown, oldest
        for _ in range(other.unknown):
            self.lost(other.oldest_unknown)
