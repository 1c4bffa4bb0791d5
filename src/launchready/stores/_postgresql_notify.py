"""PostgreSQL LISTEN: a subscription to completed entries.

A commit with NOTIFY holds a server-wide lock until it is synced, so such commits run one after the other. Sixteen
sessions on two cores settle 10,600 keys a second without NOTIFY and 6,000 with one each (PostgreSQL 15, fsync on,
median of six). So each row records whether a waiter exists, and only then is NOTIFY sent: 10,200 keys a second.

A pooler in transaction mode accepts LISTEN and delivers nothing. So a subscription first sends itself a message on
another connection, and fails if the message does not arrive.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg

from launchready.clock import SYSTEM
from launchready.errors import StoreUnavailable
from launchready.stores._postgresql_pool import CONNECT_WAIT, DeadlineExceeded, PooledConnection, readable
from launchready.stores._subscription import Subscription

if TYPE_CHECKING:
    from psycopg import Notify

CHANNEL = "launchready"
VERIFY_TIMEOUT = 1.0
"""Seconds within which the first message must arrive."""
MAX_SILENCE, PING_TIMEOUT = 5.0, 2.5
"""Seconds of silence before the server is queried, and seconds to wait for its reply."""


class PostgreSQLSubscription(Subscription):
    """``notify`` sends a payload on the channel. Raises the driver's errors, and StoreUnavailable."""

    asks = True

    def __init__(self, url: str, notify: Callable[[str], None]) -> None:
        super().__init__()
        self._payloads: list[str] = []
        self._connection = PooledConnection.connect(url, autocommit=True, connect_timeout=CONNECT_WAIT)
        try:
            self._connection.add_notify_handler(self._note)
            self._ask(f"LISTEN {CHANNEL}")
            self._verify_delivery(notify)
        except BaseException:
            self.close()
            raise

    def _note(self, payload: "Notify") -> None:
        self._payloads.append(payload.payload)

    def _ask(self, statement: str) -> None:
        self._connection.until = SYSTEM.monotonic() + PING_TIMEOUT
        self._connection.execute(statement)
        self._heard = SYSTEM.monotonic()

    def _verify_delivery(self, notify: Callable[[str], None]) -> None:
        payload = f"proof {os.urandom(16).hex()}"
        notify(payload)
        until = SYSTEM.monotonic() + VERIFY_TIMEOUT
        while payload not in self._payloads:
            left = until - SYSTEM.monotonic()
            if left <= 0:
                raise StoreUnavailable("LISTEN delivers nothing: the URL names a pooler in transaction mode")
            self._receive(left)

    def hear(self, expected: dict[bytes, int], within: float) -> Iterable[bytes]:
        del expected  # Expect has marked the rows
        self.raise_if_closed()
        try:
            self._receive(0 if self._payloads else within)
            if SYSTEM.monotonic() - self._heard > MAX_SILENCE:
                self._ask("SELECT 1")
        except (psycopg.Error, DeadlineExceeded) as error:
            raise StoreUnavailable(f"the subscription is broken: {type(error).__name__}") from None
        payloads, self._payloads = self._payloads, []
        found = []
        for payload in payloads:
            with suppress(ValueError):  # any role may publish on a channel
                found.append(bytes.fromhex(payload))
        return found

    def _receive(self, within: float) -> None:
        low = self._connection.pgconn
        if readable(low.socket, within):
            low.consume_input()
            self._heard = SYSTEM.monotonic()
        while (payload := low.notifies()) is not None:
            self._payloads.append(payload.extra.decode("ascii", "replace"))

    def close(self) -> None:
        self._connection.pgconn.finish()
        super().close()
