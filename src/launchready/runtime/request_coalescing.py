"""Waiting for a flight to land: an asyncio task waits for an event of its loop, a thread for one of its own."""

import asyncio
import threading
from contextlib import suppress

from launchready.exchange.app import Join

MAX_WAIT = 10.0
"""Seconds after which nobody waits any longer: a leader that hangs must not hang the others."""


def wait_for_call(op: Join) -> None:
    event = threading.Event()
    if op.flight.wait(event.set):
        event.wait(MAX_WAIT)
    op.answer = None


async def await_call(op: Join) -> None:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop of that waiter is closed: nobody waits there any more
            loop.call_soon_threadsafe(event.set)

    if op.flight.wait(wake):
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), MAX_WAIT)
    op.answer = None
