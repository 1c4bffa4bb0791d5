"""What holds a key is finished, whoever still waits for it.

Some servers and frameworks cancel a request whose client went away (Daphne, Django under ASGI, an ``asyncio.timeout``
around the app). A handler that is stopped between its effect and its answer leaves an outcome that nobody knows, so a
request that may hold a key runs in a task of its own, which the cancelling does not reach.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_left: set[asyncio.Task[Any]] = set()
"""Nobody waits for them, and an event loop holds its tasks weakly."""


async def run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end; cancelled meanwhile, it goes on without whoever waited.

    As asyncio.shield, without its two Python frames for each request.
    """
    loop = asyncio.get_running_loop()
    task, done = loop.create_task(work), loop.create_future()
    task.add_done_callback(done.set_result)
    try:
        await done
    except asyncio.CancelledError:
        task.remove_done_callback(done.set_result)
        _left.add(task)
        task.add_done_callback(_ended)
        raise
    return task.result()


def _ended(task: asyncio.Task[Any]) -> None:
    """What it raised, it raised for a server that is gone."""
    _left.discard(task)
    if not task.cancelled():
        task.exception()
