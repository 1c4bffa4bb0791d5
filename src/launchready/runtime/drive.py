"""The two drivers: carry operations out until the flow waits for the app (Forward, Copy) or ends.

``answer`` sets ``op.answer`` or raises; what it raises is thrown into the flow, which may catch it. ``error`` starts
with a throw. The result is the operation the flow waits at, or what it returned.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from launchready.exchange.app import ClientDisconnected, Copy, Forward, ForwardExclusive, ResponseSent
from launchready.exchange.operations import Flow, Op

T = TypeVar("T")

Waits = Forward | Copy | ResponseSent


def drive(
    flow: Flow[T], answer: Callable[[Op[Any]], None], op: Op[Any] | None = None, error: Exception | None = None
) -> Waits | T:
    """Blocking. ``op``: an operation that the flow yielded already."""
    try:
        if op is None:
            op = next(flow) if error is None else flow.throw(error)
        while not isinstance(op, Waits):
            try:
                answer(op)
            except Exception as raised:
                op = flow.throw(raised)
            else:
                op = next(flow)
    except StopIteration as end:
        result: T = end.value
        return result
    return op


async def adrive(
    flow: Flow[T],
    answer: Callable[[Op[Any]], Awaitable[None]],
    op: Op[Any] | None = None,
    error: Exception | None = None,
) -> Waits | T:
    """The same in a coroutine."""
    try:
        if op is None:
            op = next(flow) if error is None else flow.throw(error)
        while not isinstance(op, Waits):
            try:
                await answer(op)
            except Exception as raised:
                op = flow.throw(raised)
            else:
                op = next(flow)
    except StopIteration as end:
        result: T = end.value
        return result
    return op


async def cancel_flows(
    parked: Iterable[tuple[Flow[Any], Forward]], answer: Callable[[Op[Any]], Awaitable[None]]
) -> None:
    """The app was cancelled before it answered: what is held until the end of a request is let go."""
    for flow, app in parked:
        if isinstance(app, ForwardExclusive):
            with suppress(ClientDisconnected):
                await adrive(flow, answer, error=ClientDisconnected())
