"""The chain: one request's way through its features and back, as a single flow.

On the way in each feature runs until it yields Forward, and is parked there; one that returns a Response ends the way
in. On the way back, innermost first, each parked feature gets the response head, may change it, and may ask for a
Copy of the body. When the body is complete, the copies are handed out, innermost first; and when the last byte has
left, those that wait for the end (Ended) are told.

The chain is itself a flow. It answers inline operations on the spot (a memory store costs no frame of a driver) and
yields the rest to the face: operations for a store across a wire, one Forward (or Hold) for the app, one Copy for the
body. It returns the final Response: with ``body`` where it is whole, without where the app's own body streams on.

The three loops look alike on purpose: what they share would be one more frame for every step of every request.
"""

from collections.abc import Sequence
from typing import Any

from launchready.exchange.app import Copy, Ended, Feature, Forward, Hold
from launchready.exchange.operations import Elsewhere, Flow, Inline
from launchready.http.message import Request, Response

TAILS = frozenset({Copy, Ended})
"""What a flow waits at once it has the head of the response."""

Parked = list[tuple[Flow[Response | None], Forward]]


def chain(features: Sequence[Feature], request: Request, inline: Inline, parked: Parked) -> Flow[Response]:
    """``parked`` is an empty list, kept by the face: a view that turns out to be protected parks its flow there too.

    What a feature or the app raises goes through the parked flows, innermost first, and out if none of them keeps it.
    """
    response: Response
    copies: list[tuple[Flow[Response | None], Copy]] = []
    ended: list[Flow[Response | None]] = []
    hold = 0
    look = inline.get
    step: Any  # an operation: one to be answered, or what the flow waits at
    try:
        try:
            for feature in features:
                flow = feature.handle(request)
                if flow is None:
                    continue
                if isinstance(flow, Response):
                    response = flow
                    break
                try:
                    step = next(flow)
                    while not isinstance(step, Forward):
                        answer = look(type(step))
                        try:
                            if answer is not None:
                                try:
                                    answer(step)
                                except Elsewhere:
                                    answer = None
                            if answer is None:
                                yield step
                        except Exception as error:
                            step = flow.throw(error)
                        else:
                            step = next(flow)
                except StopIteration as end:
                    if end.value is None:
                        continue
                    response = end.value
                    break
                parked.append((flow, step))
                if step.hold:
                    hold = max(hold, step.hold)
            else:
                app = Hold(hold) if hold else Forward()
                yield app
                response = app.answer
        except Exception as error:
            response = yield from _unwind(parked, error)
        while parked:
            flow, forward = parked.pop()
            forward.answer = response
            try:
                step = next(flow)
                while type(step) not in TAILS:
                    answer = look(type(step))
                    try:
                        if answer is not None:
                            try:
                                answer(step)
                            except Elsewhere:
                                answer = None
                        if answer is None:
                            yield step
                    except Exception as error:
                        step = flow.throw(error)
                    else:
                        step = next(flow)
            except StopIteration as end:
                if end.value is not None:
                    response = end.value
                continue
            if type(step) is Copy:
                copies.append((flow, step))
            else:
                ended.append(flow)
        if not copies and not ended:
            return response
        tail = copies[0][1] if len(copies) == 1 else Copy(max([copy.limit for _, copy in copies], default=0))
        if len(copies) > 1:
            tail.call = next((copy.call for _, copy in copies if copy.call is not None), None)
        tail.head = response
        if response.body is None:
            yield tail
        else:
            tail.answer = response.body
        leaves = response.body is None
        while copies or ended:
            if copies:
                flow, copy = copies.pop(0)
                copy.answer = tail.answer
            else:
                if leaves:
                    leaves = False
                    yield Ended()
                flow = ended.pop()
            try:
                step = next(flow)
                while type(step) not in TAILS:
                    answer = look(type(step))
                    try:
                        if answer is not None:
                            try:
                                answer(step)
                            except Elsewhere:
                                answer = None
                        if answer is None:
                            yield step
                    except Exception as error:
                        step = flow.throw(error)
                    else:
                        step = next(flow)
            except StopIteration:
                continue
        return response
    finally:  # nothing waits for a flow that will not be resumed; after an ordinary end there is nothing to close
        if parked or copies or ended:
            for flow in (*[flow for flow, _ in parked], *[flow for flow, _ in copies], *ended):
                flow.close()


def _unwind(parked: Parked, error: Exception) -> Flow[Response]:
    """What was raised goes outwards: a flow keeps it by returning a Response; the rest is told, innermost first."""
    while parked:
        flow, _ = parked.pop()
        try:
            op = flow.throw(error)
            while True:
                try:
                    yield op
                except Exception as raised:
                    op = flow.throw(raised)
                else:
                    op = next(flow)
        except StopIteration as end:
            if end.value is not None:
                response: Response = end.value
                return response
        except Exception as raised:
            error = raised
    raise error
