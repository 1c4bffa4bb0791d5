"""Replay of a request body that was read ahead of the app: its first message, or the part spooled to disk."""

from collections.abc import Iterable

from launchready.asgi.types import Message, Receive
from launchready.runtime.bodies.spool import CHUNK, Spool


class SpooledMessages:
    """Stands in for a list of messages. ``pending``: those that the app has not received, all of them in the spool."""

    def __init__(self, spool: Spool, pending: Iterable[Message]) -> None:
        self._spool = spool
        self._at = spool.size - sum(len(message.get("body", b"")) for message in pending)

    def __bool__(self) -> bool:
        return self._at < self._spool.size

    def append(self, message: Message) -> None:
        """Do nothing: the message is already on disk."""

    def pop(self, index: int) -> Message:
        """The next message."""
        del index  # always 0
        body = self._spool.read(self._at, CHUNK)
        self._at += len(body)
        return {"type": "http.request", "body": body, "more_body": bool(self)}


def replay_first(message: Message, receive: Receive) -> Receive:
    """Return a ``receive`` that first repeats a message already received."""
    before = [message]

    async def received() -> Message:
        return before.pop() if before else await receive()

    return received
