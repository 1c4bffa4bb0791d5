"""A claim on a key while it is held, and the operations that keep it alive beside the request that holds it.

A claim is renewed by somebody else than its holder: a handler that blocks, or an event loop that does, must not lose
what it holds. So the flow asks an adapter to keep the claim, and tells the claim itself when it ends.
"""

from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any, Protocol

from launchready.exchange.app import Flight
from launchready.exchange.operations import Op
from launchready.exchange.store import Complete, Space


class Keeper(Protocol):
    """Whoever keeps claims alive."""

    claims: dict[str, "Claim"]

    def retry(self, settle: Complete[Any], patience: float) -> None: ...

    def still_held(self, claim: "Claim") -> bool:
        """Ask the store now. Raises StoreError where it does not answer."""


RENEWALS_PER_LEASE = 4
"""Renewals within one lease: three may fail."""
MAX_INTERVAL = 2.0
"""Maximum seconds between two renewals, however long the lease: a store that lost its data is soon restored."""


def renewal_interval(lease: float) -> float:
    """Return the seconds after which a living holder has renewed its lease for sure.

    The renewer checks twice per interval, so a renewal is up to half an interval late.
    """
    return 1.5 * min(MAX_INTERVAL, lease / RENEWALS_PER_LEASE)


def root(scope: str, key: bytes) -> str:
    """A digest of scope and key, each preceded by its length."""
    user = scope.encode("utf-8", "surrogatepass")
    return sha256(b"%d:%b%d:%b" % (len(user), user, len(key), key)).hexdigest()


class Claim(Flight):
    """A key that is held. It lands when it is over, whatever the end was.

    - ``record(elapsed)``: what to write as a sign of life, so many seconds after it was made.
    - ``lost``: a sign of life came too late; somebody else has the key, or it was resolved by hand.
    - ``scope_and_key``: the scope of the key, and the key as it was sent.
    - ``since``, ``renewed_at``: times of its lease renewer.
    - ``sibling``: the claim on the same key under another secret, where there is one; it has a sibling in turn.
    - ``superseded``: a rule nearer to the view has taken the request over.
    - ``released``: it ended by a Delete, so that no sign of life in flight may bring it back.
    """

    keeper: Keeper | None = None
    lost = False
    released = False
    superseded = False
    scope_and_key: tuple[str, bytes] = ("", b"")
    sibling: "Claim | None" = None
    since = 0.0
    renewed_at = 0.0

    def __init__(
        self, space: Space[Any], key: str, version: int, record: Callable[[float], Any], ttl: float, lease: float
    ) -> None:
        self.space = space
        self.key = key
        self.version = version
        self.record = record
        self.ttl = ttl
        self.lease = lease

    @property
    def text(self) -> str:
        return self.scope_and_key[1].decode("utf-8", "replace")

    @property
    def root(self) -> str:
        """What a provider's own keys are made of: no secret is in it, so that a new one changes none of them."""
        return root(*self.scope_and_key)

    @property
    def all(self) -> Iterator["Claim"]:
        """This claim, and those under other secrets."""
        claim: Claim | None = self
        while claim is not None:
            yield claim
            claim = claim.sibling

    def end(self, *, released: bool = False) -> None:
        """No more signs of life; once is enough."""
        if self.landed:
            return
        self.released = released
        keeper = self.keeper
        if keeper is not None and keeper.claims.get(self.key) is self:
            keeper.claims.pop(self.key, None)
        self.landed = True
        if self.waiting:
            self.land()

    def retry(self, settle: Complete[Any], patience: float) -> None:
        """The store did not take the last word: offer it again sibling the requests, for so many seconds."""
        if self.keeper is not None:
            self.keeper.retry(settle, patience)


class KeepAlive(Op[None]):
    """KeepAlive a claim alive until it ends."""

    __slots__ = ("claim",)

    def __init__(self, claim: Claim) -> None:
        self.claim = claim


class ReleaseIfMine(Op[None]):
    """A claim that was refused may have been written all the same. Free the key where ``mine`` says so of its value."""

    __slots__ = ("key", "mine", "space")

    def __init__(self, space: Space[Any], key: str, mine: Callable[[Any], bool]) -> None:
        self.space = space
        self.key = key
        self.mine = mine


class WaitForChange(Op[float]):
    """Wait until an entry may have ended, and look then. Answers the seconds since this object was first asked.

    Where this process holds the claim, or the store can tell, that is as soon as it has; else after ``pause`` seconds.
    Never longer than ``most``. ``version``: of the entry, as it was last seen.
    """

    __slots__ = ("key", "most", "pause", "since", "space", "version")

    since: float

    def __init__(self, space: Space[Any], key: str, pause: float) -> None:
        self.space = space
        self.key = key
        self.pause = pause
        self.most = 0.0
        self.version = 0


class RecoverOutcome(Op[Any]):
    """Ask the app what became of a claim: call its function with what is held, and await what can be awaited."""

    __slots__ = ("call", "claim")

    def __init__(self, call: Callable[[Any], Any], claim: Claim) -> None:
        self.call = call
        self.claim = claim


class Step:
    """What a finished step of a handler gave: JSON; None where JSON cannot hold it."""

    __slots__ = ("awaited", "result")

    def __init__(self, result: bytes | None, *, awaited: bool) -> None:
        self.result = result
        self.awaited = awaited


def _dump_step(step: Step) -> bytes:
    return (b"a" if step.awaited else b"s") + (b"-" if step.result is None else b"+" + step.result)


def _load_step(data: bytes) -> Step:
    return Step(None if data[1:2] == b"-" else data[2:], awaited=data[:1] == b"a")


STEPS: Space[Step] = Space("idempotency-steps", _dump_step, _load_step, lambda step: len(step.result or b"") + 64,
                           evictable=False, max_entries=200_000)  # fmt: skip


class Database(Op[Any]):
    """The framework's own database connection for this request, where it has one; else None."""

    __slots__ = ()


class RunOnConnection(Op[Any]):
    """Something to be done on a database connection of the app's.

    ``call()`` does it, blocking; a coroutine awaits ``carry(call)``, which knows whether that takes a thread.
    """

    __slots__ = ("call", "carry")

    def __init__(self, call: Callable[[], Any], carry: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        self.call = call
        self.carry = carry
