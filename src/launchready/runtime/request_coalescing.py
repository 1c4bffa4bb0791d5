"""Request coalescing: wait for a concurrent call of the same URL, in a thread or in an asyncio task."""

import asyncio
import threading
from contextlib import suppress

from launchready.exchange.app import Join

MAX_WAIT = 10.0
"""Maximum seconds of waiting: a hung call must not hang the requests that wait for it."""


def wait_for_call(op: Join) -> None:
    event = threading.Event()
    if op.flight.wait(event.set):
        event.wait(MAX_WAIT)
    op.answer = None


async def await_call(op: Join) -> None:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the event loop of the waiter is closed
            loop.call_soon_threadsafe(event.set)

    if op.flight.wait(wake):
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), MAX_WAIT)
    op.answer = None
