"""The chain: one request's way through its features and back, as a single flow.

On the way in each feature runs until it yields Forward, and is parked there; one that returns a Response ends the way
in. On the way back, innermost first, each parked feature gets the response head, may change it, and may ask for a
Copy of the body. When the body is complete, the copies are handed out, innermost first.

The chain is itself a flow. It answers inline operations on the spot (a memory store costs no frame of a driver) and
yields the rest to the face: operations for a store across a wire, one Forward (or Hold) for the app, one Tail for the
body. It returns the final Response: with ``body`` where it is whole, without where the app's own body streams on.
"""

from collections.abc import Generator, Sequence
from typing import Any

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Feature, Forward, Hold, Lead, Release, Tail
from launchready.exchange.ops import Elsewhere, Flow, Inline, Op
from launchready.http.message import Request, Response

Step = Generator[Op[Any], None, Response]


class Chain:
    """See the module. ``steps`` is the flow to drive; ``hold`` is how much of the body must be held back, in bytes."""

    __slots__ = ("_copies", "_features", "_inline", "_led", "_parked", "_request", "hold", "steps")

    def __init__(self, features: Sequence[Feature], request: Request, inline: Inline) -> None:
        self._features = features
        self._request = request
        self._inline = inline
        self._parked: list[tuple[Flow[Response | None], Forward]] = []
        self._copies: list[tuple[Flow[Response | None], Copy]] = []
        self._led: list[str] = []
        self.hold = 0
        self.steps: Step = self._run()

    def join(self, flow: Flow[Response | None], forward: Forward) -> None:
        """Park one more feature, the innermost: a view that turned out to be protected when it was called."""
        self._parked.append((flow, forward))
        self.hold = max(self.hold, forward.hold)

    def leave(self) -> Flow[Response | None] | None:
        """Take back what joined last: its view failed, and the flow is told at once."""
        return self._parked.pop()[0] if self._parked else None

    def _run(self) -> Step:
        inline, parked, copies = self._inline, self._parked, self._copies
        ahead = iter(self._features)
        entering = True
        response: Response | None = None
        error: Exception | None = None
        flow: Flow[Response | None] | None = None
        tail: Tail | None = None
        try:
            while True:
                if flow is None:  # whose turn is it?
                    if entering:
                        feature = next(ahead, None)
                        if feature is not None:
                            flow = feature.handle(self._request)
                        else:
                            entering = False
                            app = Hold(self.hold) if self.hold else Forward()
                            try:
                                yield app
                            except Exception as raised:
                                error = raised
                            else:
                                response = app.answer
                            continue
                    elif parked:
                        flow, forward = parked.pop()
                        if response is not None:
                            forward.answer = response
                    elif error is not None:
                        raise error
                    else:
                        assert response is not None  # nothing is parked, nothing failed: somebody answered
                        if not copies:
                            return response
                        if tail is None:
                            tail = Tail(response, max(copy.limit for _, copy in copies))
                            if response.body is None:
                                yield tail
                            else:
                                tail.answer = response.body
                        flow, copy = copies.pop(0)
                        copy.answer = tail.answer
                try:
                    if error is None:
                        op = next(flow)
                    else:
                        thrown, error = error, None
                        op = flow.throw(thrown)
                except StopIteration as end:
                    flow = None
                    if end.value is not None and tail is None:
                        response, entering = end.value, False
                    continue
                except Exception as raised:
                    flow, error, entering = None, raised, False
                    continue
                answer = inline.get(type(op))
                if answer is not None:
                    try:
                        answer(op)
                    except Elsewhere:
                        pass
                    except StoreError as raised:
                        error = raised
                        continue
                    else:
                        if type(op) is Lead and op.answer:
                            self._led.append(op.key)
                        elif type(op) is Release:
                            self._led.remove(op.key)
                        continue
                if isinstance(op, Forward):
                    parked.append((flow, op))
                    self.hold = max(self.hold, op.hold)
                    flow = None
                elif isinstance(op, Copy):
                    copies.append((flow, op))
                    flow = None
                else:
                    try:
                        yield op
                    except Exception as raised:
                        error = raised
        finally:
            for key in self._led:
                inline[Release](Release(key))
