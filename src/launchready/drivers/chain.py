"""The chain: one request's way through its features and back, as a single flow.

On the way in each feature runs until it yields Forward, and is parked there; one that returns a Response ends the way
in. On the way back, innermost first, each parked feature gets the response head, may change it, and may ask for a
Copy of the body. When the body is complete, the copies are handed out, innermost first.

The chain is itself a flow. It answers inline operations on the spot (a memory store costs no frame of a driver) and
yields the rest to the face: operations for a store across a wire, one Forward (or Hold) for the app, one Tail for the
body. It returns the final Response: with ``body`` where it is whole, without where the app's own body streams on.

One loop, three questions: whose turn is it, what does it do next, who answers that.
"""

from collections.abc import Sequence

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Feature, Forward, Hold, Tail
from launchready.exchange.ops import Elsewhere, Flow, Inline
from launchready.http.message import Request, Response

Parked = list[tuple[Flow[Response | None], Forward]]


def chain(features: Sequence[Feature], request: Request, inline: Inline, parked: Parked) -> Flow[Response]:
    """``parked`` is an empty list, kept by the face: a view that turns out to be protected parks its flow there too.

    What a feature or the app raises goes through the parked flows, innermost first, and out if none of them keeps it.
    """
    ahead = iter(features)
    entering = True
    hold = 0
    copies: list[tuple[Flow[Response | None], Copy]] = []
    response: Response | None = None
    error: Exception | None = None
    flow: Flow[Response | None] | None = None
    tail: Tail | None = None
    while True:
        if flow is None:
            if entering:
                feature = next(ahead, None)
                if feature is None:
                    entering = False
                    app = Hold(hold) if hold else Forward()
                    try:
                        yield app
                    except Exception as raised:
                        error = raised
                    else:
                        response = app.answer
                    continue
                flow = feature.handle(request)
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
                    tail = Tail(response, max([copy.limit for _, copy in copies]))
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
        kind = type(op)
        if kind in inline:
            try:
                inline[kind](op)
                continue
            except Elsewhere:
                pass
            except StoreError as raised:
                error = raised
                continue
        elif isinstance(op, Forward):
            parked.append((flow, op))
            if op.hold > hold:
                hold = op.hold
            flow = None
            continue
        elif isinstance(op, Copy):
            copies.append((flow, op))
            flow = None
            continue
        try:
            yield op
        except Exception as raised:
            error = raised
