"""Operations on what stands behind a feature: the next feature, and at the end the app.

A response has two moments. Its **head** is known before its first byte leaves, and may still be changed; its **body**
is known when the last byte was made. ``Forward`` answers at the first, ``Copy`` waits for the second.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from launchready.exchange.operations import Flow, Op
from launchready.http.message import Request, Response


class Forward(Op[Response]):
    """Let the request go on. Answered with the response head: change its headers in place.

    What the app raises before it has a head is thrown into the flow here.
    """

    __slots__ = ()

    hold = 0


class ForwardBuffered(Forward):
    """The same, and nothing leaves before the whole body is known: ``answer.body`` is the body.

    Above ``hold`` bytes it is None and the response streams on: an answer of any size is never held in memory.
    """

    __slots__ = ("hold",)

    def __init__(self, hold: int) -> None:
        self.hold = hold


class ForwardExclusive(Forward):
    """The same, by a feature that holds something until the app is done with the request.

    Where the client goes away and the app is cancelled, the face throws Gone in here, so that it can be let go.
    """

    __slots__ = ()


class ClientDisconnected(Exception):
    """Nobody waits for the answer any more, and the app was stopped."""


class ResponseSent(Op[None]):
    """After Forward: answered when the last byte of the response has left, or nobody waits for it any more."""

    __slots__ = ()


class Copy(Op[bytes | None]):
    """After Forward: a copy of the body while it streams past, answered before its last chunk leaves.

    None: over ``limit`` bytes, or cut short (the app raised, the client went away, a length did not match).
    ``head``: the chain's word to its driver: send this head, let the body stream, and say at its end what it was.
    """

    __slots__ = ("call", "head", "limit")

    head: Response
    call: "Flight | None"
    """The call that other requests wait for: the face keeps its ``sending`` up to date."""

    def __init__(self, limit: int, call: "Flight | None" = None) -> None:
        self.limit = limit
        self.call = call

    def sending(self, since: float) -> None:
        """The face calls this with the monotonic time before the server sends a part of the body, and then with 0.0."""
        if self.call is not None:
            self.call.sending = since


class Spooled(Protocol):
    """A body that is too large to be held in memory. ``bytes(it)`` is the whole of it."""

    def __bytes__(self) -> bytes: ...

    def digest(self) -> bytes:
        """SHA-256 of it, without what :func:`launchready.http.message.drawn` names."""


class ReadBody(Op[bytes | Spooled]):
    """The whole request body, at most ``limit`` bytes; the app still gets it afterwards.

    Thrown: BodyTooLarge above the limit, BodyCutShort where the client went away or sent less than it announced.
    """

    __slots__ = ("limit",)

    def __init__(self, limit: int) -> None:
        self.limit = limit


class BodyTooLarge(Exception):
    """The request body is larger than a feature may read."""


class BodyCutShort(Exception):
    """The request body ended before it was complete. Nothing may be concluded from the part that came."""


class HealthFinding(NamedTuple):
    """What is known of one health check.

    - ``up``: whether it counts as passing; ``critical``: whether this process must not serve without it.
    - ``trouble``: None where its last run passed, else what was wrong with it, in words that may be shown.
    - ``seconds``: how long that run took; ``at``: when it ended, seconds since the epoch.
    """

    up: bool
    critical: bool = True
    trouble: str | None = None
    seconds: float | None = None
    at: float | None = None


class Checked(NamedTuple):
    """All checks by name, and whether this process was told to stop."""

    findings: Mapping[str, HealthFinding]
    draining: bool = False


class RunChecks(Op[Checked]):
    """Run the health checks that are due; answered with what is known of all of them."""

    __slots__ = ()


class ReadStatus(Op[dict[str, Any]]):
    """What is known of the app: see metrics/status.py."""

    __slots__ = ()


class ReadMetrics(Op[str]):
    """The same as Prometheus reads it."""

    __slots__ = ()


class Flight:
    """A call of the app that others wait for. The feature that made it lands it, whatever happens; once."""

    landed = False
    answered = False  # the app gave a response head
    waiting: list[Callable[[], None]] | None = None
    sending = 0.0
    """Monotonic time since when the server has been sending a part of the body; 0.0 while the app makes one."""
    blocked = False
    """A waiting request found that the client of this call reads too slowly to wait for."""

    def wait(self, wake: Callable[[], None]) -> bool:
        """Have ``wake`` called at the landing; False where it has landed already. Safe from any thread."""
        waiting = self.__dict__.setdefault("waiting", [])
        waiting.append(wake)
        return not self.landed

    def land(self) -> None:
        """Let all who wait go on, at once. Those who come later do not wait.

        Where ``waiting`` is empty after ``landed`` was set, nobody waits and nothing is left to do.
        """
        self.landed = True
        while self.waiting:
            self.waiting.pop()()


class Join(Op[None]):
    """Wait until a flight has landed, or until waiting makes no sense any more: look again either way."""

    __slots__ = ("flight",)

    def __init__(self, flight: Flight) -> None:
        self.flight = flight


class Feature(Protocol):
    """One concern of the request path, decided without I/O.

    ``handle`` yields operations and returns a Response that answers the request, or None: nothing (more) to say.
    Returned before Forward, a Response is the answer and nothing behind this feature runs; returned after it, it
    takes the place of the app's. A feature that asks nobody is a plain function: it returns at once.
    """

    name: str

    def handle(self, request: Request) -> Flow[Response | None] | Response | None: ...
