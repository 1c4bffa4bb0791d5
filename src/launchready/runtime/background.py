"""Requests that nobody waits for, behind an answer: what they are made of, and what runs them.

Each runs in an empty context: nothing of the request that occasioned it is to be seen there. Under ASGI that is a task,
under WSGI one of a few threads, started when they are first needed. What the app raises goes to the log.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from functools import cache, partial
from io import BytesIO
from typing import Any, ParamSpec

from launchready.http.environ import environ_key
from launchready.http.message import Headers

P = ParamSpec("P")
Message = MutableMapping[str, Any]

THREADS = 4

logger = logging.getLogger("launchready")

# What a request is, without what anybody has made of it on its way (user, session, extensions of the server).
_SCOPE = (
    "type", "asgi", "http_version", "scheme", "path", "raw_path", "query_string", "root_path", "client", "server",
    "app",
)  # fmt: skip


def scope_of(scope: MutableMapping[str, Any], headers: Headers) -> dict[str, Any]:
    """A scope for a GET behind this one."""
    own = {name: scope[name] for name in _SCOPE if name in scope}
    return {**own, "method": "GET", "headers": headers, "state": dict(scope.get("state", {}))}


def environ_of(environ: dict[str, Any], headers: Headers) -> dict[str, Any]:
    """An environ for a GET behind this one."""
    own = {
        key: value
        for key, value in environ.items()
        if key.startswith("wsgi.") or (key.isupper() and not key.startswith(("HTTP_", "CONTENT_")))
    }
    lines = {environ_key(name.decode("latin-1")): value.decode("latin-1") for name, value in headers}
    return {**own, **lines, "REQUEST_METHOD": "GET", "wsgi.input": BytesIO()}


def empty_receive() -> Callable[[], Awaitable[Message]]:
    """The receive of a client that sends no body and never hangs up."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await asyncio.get_running_loop().create_future()

    return receive


async def discard_send(message: Message) -> None:
    """The send to nobody."""
    del message


class Tasks:
    """Tasks of an event loop, which itself holds them weakly."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self.running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.running.discard(task)
        if not task.cancelled():
            _log_error(task.exception())


def run(call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Have ``call`` run by one of the threads, as soon as one is free."""
    alone = partial(Context().run, partial(call, *args, **kwargs))
    _pool(os.getpid()).submit(alone).add_done_callback(_log_result)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """The threads of this process: a fork has none of its parent's."""
    del pid
    return ThreadPoolExecutor(THREADS, thread_name_prefix="launchready-behind")


def _log_result(done: "Future[None]") -> None:
    _log_error(done.exception())


def _log_error(error: BaseException | None) -> None:
    if error is not None:
        logger.warning("the app raised %s, asked behind a stale answer", type(error).__name__, exc_info=error)
