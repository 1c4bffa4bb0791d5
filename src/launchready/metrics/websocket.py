"""How long a WebSocket was open, and how it was answered."""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

Message = MutableMapping[str, Any]


class Timed:
    """Stands between the app and the server's ``send``.

    ``status``: 101 once it was accepted; 403 where the app closed it before (what the server then answers), or the
    status of the app's own refusal.
    """

    def __init__(self, send: Callable[[Message], Awaitable[None]]) -> None:
        self.status = 403
        self._send = send
        self._started = perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.http.response.start":
            self.status = message["status"]
        await self._send(message)

    def seconds(self) -> float:
        return perf_counter() - self._started
