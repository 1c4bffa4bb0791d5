"""Waiting for a call of another request: a task waits for an event of its loop, a thread for one of its own.

The wait ends with the call. It ends early if the client of the call reads so slowly that the body cannot be completed
(WSGI and Django hand a stream to the server chunk by chunk), and after MAX_WAIT seconds.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

from launchready.exchange.app import Flight, Join

MAX_WAIT = 10.0
"""Seconds after which a request stops waiting: a call that hangs must not hang the others."""

BLOCKED = 0.1
"""Seconds that the server may take to send a part of the body before its client counts as slow."""


def wait_for_call(op: Join) -> None:
    event = threading.Event()
    if op.flight.wait(event.set):
        for pause in _pauses(op.flight):
            if event.wait(pause):
                break
    op.answer = None


async def await_call(op: Join) -> None:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop of that request is closed
            loop.call_soon_threadsafe(event.set)

    if op.flight.wait(wake):
        for pause in _pauses(op.flight):
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), pause)
                break
    op.answer = None


def _pauses(call: Flight) -> Iterator[float]:
    """Seconds to wait between two looks at the call, for as long as waiting makes sense."""
    ends, pause = monotonic() + MAX_WAIT, BLOCKED / 2
    while True:
        now = monotonic()
        since = call.sending
        if since and now - since > BLOCKED:
            call.blocked = True
            return
        if now >= ends:
            return
        yield min(pause, ends - now)
        pause = min(pause * 1.5, 1.0)
