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

from collections.abc import Callable, Sequence
from typing import Any

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Ended, Feature, Forward, Hold
from launchready.exchange.ops import Elsewhere, Flow, Inline, Op
from launchready.http.message import Request, Response

Look = Callable[[type[Op[Any]]], Callable[[Any], None] | None]
"""The inline answer to a kind of operation, where there is one."""

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
    step: Any  # an operation; then what the flow waits at (Forward, Copy) or what it returned
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
                    while (answer := look(type(step))) is not None:
                        try:
                            answer(step)
                        except (Elsewhere, StoreError) as why:
                            step = yield from _carry(flow, step, why, look)
                        else:
                            step = next(flow)
                    if type(step) is Forward:
                        parked.append((flow, step))
                        continue
                    if isinstance(step, Op):
                        step = yield from _carry(flow, step, None, look)
                except StopIteration as end:
                    step = end.value
                if step is None:
                    continue
                if isinstance(step, Response):
                    response = step
                    break
                parked.append((flow, step))
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
                while (answer := look(type(step))) is not None:
                    try:
                        answer(step)
                    except (Elsewhere, StoreError) as why:
                        step = yield from _carry(flow, step, why, look)
                    else:
                        step = next(flow)
                if type(step) is Copy:
                    copies.append((flow, step))
                    continue
                if isinstance(step, Op):
                    step = yield from _carry(flow, step, None, look)
            except StopIteration as end:
                step = end.value
            if type(step) is Copy:
                copies.append((flow, step))
            elif type(step) is Ended:
                ended.append(flow)
            elif step is not None:
                response = step
        if not copies and not ended:
            return response
        tail = copies[0][1] if len(copies) == 1 else Copy(max([copy.limit for _, copy in copies], default=0))
        tail.head = response
        if response.body is None:
            yield tail
        else:
            tail.answer = response.body
        while copies:
            flow, copy = copies.pop(0)
            copy.answer = tail.answer
            try:
                step = next(flow)
                while (answer := look(type(step))) is not None:
                    try:
                        answer(step)
                    except (Elsewhere, StoreError) as why:
                        step = yield from _carry(flow, step, why, look)
                    else:
                        step = next(flow)
                if isinstance(step, Op):
                    yield from _carry(flow, step, None, look)
            except StopIteration:
                continue
        if ended and response.body is None:
            yield Ended()
        while ended:
            yield from _let_go(ended.pop(), look)
        return response
    finally:  # nothing waits for a flow that will not be resumed; after an ordinary end there is nothing to close
        if parked or copies or ended:
            for flow in (*[flow for flow, _ in parked], *[flow for flow, _ in copies], *ended):
                flow.close()


def _let_go(flow: Flow[Response | None], look: Look) -> Flow[None]:
    try:
        yield from _carry(flow, next(flow), None, look)
    except StopIteration:
        return


def _carry(
    flow: Flow[Response | None], op: Op[Any], why: Exception | None, look: Look
) -> Flow[Forward | Copy | Ended | Response | None]:
    """Hand operations out to the face until the flow waits for the app, or ends; what is inline is answered here.

    ``why``: what the inline answer raised: a StoreError is the flow's to handle, Elsewhere says that the face must ask.
    """
    try:
        if isinstance(why, StoreError):
            op = flow.throw(why)
        while not isinstance(op, Forward | Copy | Ended):
            try:
                yield op
            except Exception as error:
                op = flow.throw(error)
            else:
                op = next(flow)
            while (answer := look(op.__class__)) is not None:
                try:
                    answer(op)
                except Elsewhere:
                    break
                except StoreError as error:
                    op = flow.throw(error)
                else:
                    op = next(flow)
    except StopIteration as end:
        response: Response | None = end.value
        return response
    return op


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
