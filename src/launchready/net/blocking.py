"""Runs a coroutine for a caller that waits, also from inside a running event loop: then in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_blocking(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What the coroutine returns or raises."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    return run_in_thread(make)


def run_in_thread(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """``asyncio.run`` in a thread: the loop of the caller stands still meanwhile, as the caller asked."""
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
