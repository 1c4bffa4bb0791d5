"""The pipeline: one request through its features and back, as a single flow.

- Way in: each feature runs until it yields Forward, and is parked there. A feature that returns a Response ends the way
  in.
- Way back, innermost first: each parked feature gets the response head, may change it, and may ask for a Copy of the
  body. When the body is complete the copies are handed out, innermost first. Features that wait for the end of the
  response (Ended) run after its last byte.

The pipeline is itself a flow. It executes inline operations itself, and yields the others to the driver: operations of
a remote store, one Forward (or Hold) for the app, one Copy for the body. It returns the final Response, with ``body``
if that is complete, without it while the app's own body streams.
"""

from collections.abc import Sequence
from typing import Any

from launchready.exchange.app import Copy, Feature, Forward, ForwardBuffered, ResponseSent
from launchready.exchange.operations import Flow, Inline, Op, WouldBlock
from launchready.http.message import Request, Response

Parked = list[tuple[Flow[Response | None], Forward]]

WAITS = (Forward, Copy, ResponseSent)
"""The operations at which a feature waits: for the app, for the body, for the end of the response."""

NO_DRIVER = frozenset({*WAITS, Response, type(None)})
"""Results of ``_advance`` that need no driver. Checked first, because most requests do no I/O."""


def run_features(features: Sequence[Feature], request: Request, inline: Inline, parked: Parked) -> Flow[Response]:
    """Run one request. ``parked`` is an empty list owned by the middleware: a decorated view parks its flow there too.

    An exception of a feature or of the app goes through the parked flows, innermost first. It leaves the pipeline if no
    flow returns a Response for it.
    """
    response: Response
    step: Any
    copies: list[tuple[Flow[Response | None], Copy]] = []
    ended: list[Flow[Response | None]] = []
    hold = 0
    try:
        try:
            for feature in features:
                step = flow = feature.handle(request)
                if flow is not None and not isinstance(flow, Response):
                    step = _advance(flow, inline)
                    if type(step) not in NO_DRIVER:
                        step = yield from _drive(flow, inline, step)
                    if isinstance(step, Forward):
                        parked.append((flow, step))
                        hold = max(hold, step.hold)
                        continue
                if step is not None:
                    response = step
                    break
            else:
                app = ForwardBuffered(hold) if hold else Forward()
                yield app
                response = app.answer
        except Exception as error:
            response = yield from _unwind(parked, error)
        while parked:
            flow, forward = parked.pop()
            forward.answer = response
            step = _advance(flow, inline)
            if type(step) not in NO_DRIVER:
                step = yield from _drive(flow, inline, step)
            if isinstance(step, Response):
                response = step
            elif isinstance(step, Copy):
                copies.append((flow, step))
            elif step is not None:
                ended.append(flow)
        if copies or ended:
            yield from _finish(response, copies, ended, inline)
        return response
    finally:
        for flow in (*[flow for flow, _ in parked], *[flow for flow, _ in copies], *ended):
            flow.close()


def _advance(flow: Flow[Response | None], inline: Inline, error: Exception | None = None) -> Any:
    """Run a flow while its operations are inline. Returns one of WAITS, the flow's result, or an operation to yield."""
    try:
        step: Any = next(flow) if error is None else flow.throw(error)
        while not isinstance(step, WAITS):
            execute = inline.get(type(step))
            if execute is None:
                return step
            try:
                execute(step)
            except WouldBlock:
                return step
            except Exception as raised:
                step = flow.throw(raised)
            else:
                step = next(flow)
    except StopIteration as end:
        return end.value
    return step


def _drive(flow: Flow[Response | None], inline: Inline, step: Any) -> Flow[Any]:
    """Yield the operations that are not inline, until the flow waits or returns. Returns the same as ``_advance``."""
    while isinstance(step, Op) and not isinstance(step, WAITS):
        try:
            yield step
        except Exception as error:
            step = _advance(flow, inline, error)
        else:
            step = _advance(flow, inline)
    return step


def _finish(
    response: Response,
    copies: list[tuple[Flow[Response | None], Copy]],
    ended: list[Flow[Response | None]],
    inline: Inline,
) -> Flow[None]:
    """Hand out copies of the body, then resume the features that wait for the end of the response."""
    tail = copies[0][1] if len(copies) == 1 else Copy(max([copy.limit for _, copy in copies], default=0))
    if len(copies) > 1:
        tail.call = next((copy.call for _, copy in copies if copy.call is not None), None)
    tail.head = response
    streams = response.body is None
    if streams:
        yield tail
    else:
        tail.answer = response.body
    while copies:
        flow, copy = copies.pop(0)
        copy.answer = tail.answer
        if (yield from _drive(flow, inline, _advance(flow, inline))) is not None:
            ended.append(flow)
    if streams and ended:
        yield ResponseSent()
    while ended:
        flow = ended.pop()
        yield from _drive(flow, inline, _advance(flow, inline))


def _unwind(parked: Parked, error: Exception) -> Flow[Response]:
    """Throw an exception into the parked flows, innermost first, until one of them returns a Response."""
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
