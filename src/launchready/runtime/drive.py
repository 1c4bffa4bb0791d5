"""The sync and the async driver: execute operations until the flow waits for the app (Forward, Copy) or ends.

- ``answer`` sets ``op.answer`` or raises. Its exception is thrown into the flow, which may catch it.
- ``error`` is thrown into the flow first.
- The result is the operation at which the flow waits, or the flow's return value.
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
    """Drive a flow, blocking. ``op``: an operation that the flow has already yielded."""
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
    """The same as ``drive``, in a coroutine."""
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
    """Release exclusive holds (Occupy) after the app was cancelled before it responded."""
    for flow, app in parked:
        if isinstance(app, ForwardExclusive):
            with suppress(ClientDisconnected):
                await adrive(flow, answer, error=ClientDisconnected())
