"""Bridges between blocking and async code, with or without a running event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_blocking(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of the coroutine. Inside a running event loop it runs in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    return run_in_thread(make)


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """The result of a function that blocks. When the caller is cancelled, the thread is abandoned.

    ``asyncio.to_thread`` is not used: ``asyncio.run`` waits for its threads, so one that hangs outlives every deadline.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type] # without an error it is a T
        else:
            done.set_exception(error)

    def work() -> None:
        result, failed = None, None
        try:
            result = function()
        except BaseException as error:
            failed = error
        # RuntimeError: the loop has been closed, so the result is no longer needed.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=work, name="launchready-check-blocking", daemon=True).start()
    return await done


def run_in_thread(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs the coroutine in a thread and blocks the caller, including its event loop, until it ends."""
    done: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(asyncio.run(make()))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="launchready-check", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
