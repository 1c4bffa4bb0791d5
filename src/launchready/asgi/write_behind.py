"""Sending a body at the client's speed while the app makes it at its own.

Used while a feature copies the body: a client that reads slowly must not keep the copy from being completed, because
other requests wait for it. What the client has not taken yet is held in memory, up to the bound of the copy.
"""

import asyncio

from launchready.asgi.types import Message, Send


class WriteBehind:
    """Stands in the place of the server's ``send`` from the response head on.

    A chunk that is not the last is queued and sent by a task of its own. The last chunk, every other message, and a
    chunk that does not fit into the bound wait until the queue is sent. An error of the server is raised in the app's
    next ``send``.
    """

    def __init__(self, send: Send, limit: int) -> None:
        self._send = send
        self._limit = limit
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body" and message.get("more_body"):
            size = len(message.get("body", b""))
            if self._size + size <= self._limit:
                if self._task is not None and self._task.done():
                    await self.finish()
                self._size += size
                self._queue.put_nowait(message)
                self._task = self._task or asyncio.create_task(self._run())
                return
        await self.finish()
        await self._send(message)

    async def finish(self) -> None:
        """Wait until everything is sent. Raises the server's error."""
        task = self._task
        if task is not None:
            self._queue.put_nowait(None)
            try:
                await task
            finally:
                task.cancel()
                self._task = None

    def cancel(self) -> None:
        """The request was cancelled: nobody reads what is queued."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while (message := await self._queue.get()) is not None:
            await self._send(message)
            self._size -= len(message.get("body", b""))
