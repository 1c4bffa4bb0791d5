"""Redis pub/sub: a subscription to completed entries. ``lua/expect.lua`` decides which messages are published.

Messages are plain, not sharded (SPUBLISH): a cluster forwards them to every node, so one connection is enough. A
message is published only for an entry with a registered waiter. The Redis user needs ``+subscribe +publish
&launchready:ended``; without these permissions each waiter polls.
"""

from collections.abc import Iterable
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable
from launchready.stores._subscription import Subscription

CHANNEL = "launchready:ended"
MAX_SILENCE = 5.0
"""Seconds of silence before a PING is sent. After the same time again the connection counts as broken."""


class RedisSubscription(Subscription):
    """``connection``: a new redis-py connection. The constructor raises ``errors``; hear raises StoreUnavailable."""

    asks = True

    def __init__(self, connection: Any, errors: tuple[type[Exception], ...]) -> None:
        super().__init__()
        self._errors = errors
        self._asked = False
        self._connection = connection
        try:
            connection.connect()
            connection.send_command("SUBSCRIBE", CHANNEL)
            connection.read_response()
        except BaseException:
            self.close()
            raise
        self._heard = SYSTEM.monotonic()

    def hear(self, expected: dict[bytes, int], within: float) -> Iterable[bytes]:
        del expected  # Expect has registered the waiters on the server
        self.raise_if_closed()
        found: list[bytes] = []
        try:
            while self._connection.can_read(0 if found else within):
                reply: Any = self._connection.read_response()
                self._heard, self._asked = SYSTEM.monotonic(), False
                if reply[0] == b"message":
                    found += _digests(reply[2])
            self._ping_after_silence()
        except self._errors as error:
            raise StoreUnavailable(f"the subscription is broken: {type(error).__name__}") from None
        return found

    def _ping_after_silence(self) -> None:
        silence = SYSTEM.monotonic() - self._heard
        if silence > MAX_SILENCE and not self._asked:
            self._asked = True
            self._connection.send_command("PING")
        elif silence > 2 * MAX_SILENCE:
            raise StoreUnavailable("the subscription does not respond to PING")

    def close(self) -> None:
        self._connection.disconnect()
        super().close()


def _digests(key: bytes) -> list[bytes]:
    """Return the digest in ``launchready:space:{digest}``, or nothing for a message of another publisher."""
    try:
        return [bytes.fromhex(key.rpartition(b"{")[2][:-1].decode())]
    except ValueError:
        return []
