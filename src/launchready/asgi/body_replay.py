"""The messages of a request body that was read ahead of the app: the first again, or all that stands on disk."""

from collections.abc import Iterable

from launchready.asgi.types import Message, Receive
from launchready.runtime.bodies.spool import CHUNK, Spool


class SpooledMessages:
    """In the place of a list of messages. ``late``: those the app has not had; the body ends where the spool does."""

    def __init__(self, spool: Spool, pending: Iterable[Message]) -> None:
        self._spool = spool
        self._at = spool.size - sum(len(message.get("body", b"")) for message in pending)

    def __bool__(self) -> bool:
        return self._at < self._spool.size

    def append(self, message: Message) -> None:
        """It is on disk already."""

    def pop(self, index: int) -> Message:
        """The next message."""
        del index  # the first
        body = self._spool.read(self._at, CHUNK)
        self._at += len(body)
        return {"type": "http.request", "body": body, "more_body": bool(self)}


def replay_first(message: Message, receive: Receive) -> Receive:
    """A receive that begins with a message that was received already."""
    before = [message]

    async def received() -> Message:
        return before.pop() if before else await receive()

    return received
