"""Duration and status of WebSockets.

The status is 101 after acceptance, 403 if the app closed the handshake (the server's answer in that case), or the
status of the app's own refusal.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from launchready.metrics.timing import WEBSOCKET, Timings

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


async def time_websocket(
    timings: Timings | None,
    route: Callable[[], str | None],
    scheme: str,
    serve: Callable[[Send], Awaitable[None]],
    send: Send,
) -> None:
    """Serve a WebSocket and record it at its end. With ``timings`` None it is only served."""
    if timings is None:
        await serve(send)
        return
    started, status = perf_counter(), 403

    async def seen(message: Message) -> None:
        nonlocal status
        if message["type"] == "websocket.accept":
            status = 101
        elif message["type"] == "websocket.http.response.start":
            status = message["status"]
        await send(message)

    try:
        await serve(seen)
    finally:
        timings.record("GET", route(), status, perf_counter() - started, WEBSOCKET, None, scheme)
