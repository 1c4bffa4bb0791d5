"""A connection that Redis tells on what ended. What is said, and when: ``lua/expect.lua``.

Plain messages, not sharded ones (SPUBLISH): any node of a cluster passes them on to all, so one connection is enough;
and they are only sent for an entry that somebody waits for. A user of the server needs SUBSCRIBE, PUBLISH and the
channel (``+subscribe +publish &launchready:ended``); without them each waiter looks again after a pause.
"""

from collections.abc import Iterable
from typing import Any

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable
from launchready.stores._subscription import Subscription

CHANNEL = "launchready:ended"
MAX_SILENCE = 5.0
"""Seconds of silence after which the server is asked for a word; as many again, and it is gone."""


class RedisSubscription(Subscription):
    """``connection``: a new one of redis-py's. Raises its ``errors``; hear raises StoreUnavailable."""

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
        del expected  # the server knows, from each Expect
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
            raise StoreUnavailable(f"the connection that listens is broken: {type(error).__name__}") from None
        return found

    def _ping_after_silence(self) -> None:
        silence = SYSTEM.monotonic() - self._heard
        if silence > MAX_SILENCE and not self._asked:
            self._asked = True
            self._connection.send_command("PING")
        elif silence > 2 * MAX_SILENCE:
            raise StoreUnavailable("the connection that listens is silent")

    def close(self) -> None:
        self._connection.disconnect()
        super().close()


def _digests(key: bytes) -> list[bytes]:
    """That of the key that ended, ``launchready:space:{digest}``; none of what somebody else said on the channel."""
    try:
        return [bytes.fromhex(key.rpartition(b"{")[2][:-1].decode())]
    except ValueError:
        return []
