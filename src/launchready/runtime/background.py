"""Background requests: revalidate a stale response after it was sent.

Each runs in an empty context, so nothing of the original request leaks into it. Under ASGI it is a task, under WSGI a
thread of a small pool, created on first use. Exceptions of the app are logged.
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

# The keys that describe the request itself, without those that middleware added (user, session, server extensions).
_SCOPE = (
    "type", "asgi", "http_version", "scheme", "path", "raw_path", "query_string", "root_path", "client", "server",
    "app",
)  # fmt: skip


def scope_of(scope: MutableMapping[str, Any], headers: Headers) -> dict[str, Any]:
    """Return the scope of a background GET for the same URL."""
    own = {name: scope[name] for name in _SCOPE if name in scope}
    return {**own, "method": "GET", "headers": headers, "state": dict(scope.get("state", {}))}


def environ_of(environ: dict[str, Any], headers: Headers) -> dict[str, Any]:
    """Return the environ of a background GET for the same URL."""
    own = {
        key: value
        for key, value in environ.items()
        if key.startswith("wsgi.") or (key.isupper() and not key.startswith(("HTTP_", "CONTENT_")))
    }
    lines = {environ_key(name.decode("latin-1")): value.decode("latin-1") for name, value in headers}
    return {**own, **lines, "REQUEST_METHOD": "GET", "wsgi.input": BytesIO()}


def empty_receive() -> Callable[[], Awaitable[Message]]:
    """Return the ``receive`` of a client that sends no body and never disconnects."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await asyncio.get_running_loop().create_future()

    return receive


async def discard_send(message: Message) -> None:
    """A ``send`` that discards the response."""
    del message


class Tasks:
    """Keeps references to running tasks: an event loop holds them weakly."""

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
    """Run ``call`` in a thread of the pool, in an empty context."""
    alone = partial(Context().run, partial(call, *args, **kwargs))
    _pool(os.getpid()).submit(alone).add_done_callback(_log_result)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """Return the thread pool of this process: a forked child has none of its parent's threads."""
    del pid
    return ThreadPoolExecutor(THREADS, thread_name_prefix="launchready-behind")


def _log_result(done: "Future[None]") -> None:
    _log_error(done.exception())


def _log_error(error: BaseException | None) -> None:
    if error is not None:
        logger.warning("the app raised %s in a background revalidation", type(error).__name__, exc_info=error)
