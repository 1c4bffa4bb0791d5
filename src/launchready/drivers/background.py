"""Threads for what is done behind an answer under WSGI: a few, started when they are first needed.

Each call runs in an empty context: nothing of the request that occasioned it is to be seen there. What a call raises
goes to the log.
"""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from functools import cache, partial
from typing import ParamSpec

P = ParamSpec("P")

THREADS = 4

logger = logging.getLogger("launchready")


def run(call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Have ``call`` run by one of the threads, as soon as one is free."""
    alone = partial(Context().run, partial(call, *args, **kwargs))
    _pool(os.getpid()).submit(alone).add_done_callback(_told)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """The threads of this process: a fork has none of its parent's."""
    del pid
    return ThreadPoolExecutor(THREADS, thread_name_prefix="launchready-background")


def _told(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        logger.warning("the app raised %s, asked behind a stale answer", type(error).__name__, exc_info=error)
