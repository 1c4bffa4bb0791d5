"""Ready-made health checks for ``Health(checks={...})``.

::

    Health(checks={"database": health.database(engine), "redis": health.redis("redis://cache")},
           optional={"disk": health.disk("/var/lib/coach", free="1GB"), "reminders": health.heartbeat("reminders")},
           startup={"migrations": health.migrations})

A check raises if something is wrong. The public answer contains no reason. The log, and the detailed view behind the
token, show the exception class and a fixed text: "OperationalError: connection refused".
"""

import re
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from launchready.metrics.events import lateness
from launchready.runtime.health.error_reasons import PublicReason

Check = Callable[[], object]


class Unhealthy(PublicReason):
    """Raised by the ready-made checks. The message contains numbers and no addresses: the detailed view shows it."""


def database(source: Any) -> Check:
    """``SELECT 1`` on a SQLAlchemy engine (sync or async), a function that returns a DB-API connection, or
    ``"django"``.

    ``database("django")`` uses Django's default connection. The connection is returned or closed each time.
    """
    if source == "django":
        return _django
    if hasattr(source, "sync_engine"):

        async def asynchronous() -> None:
            from sqlalchemy import text  # noqa: PLC0415 - installed by the app

            async with source.connect() as connection:
                await connection.execute(text("SELECT 1"))

        return asynchronous
    if hasattr(source, "dialect"):

        def synchronous() -> None:
            with source.connect() as connection:
                connection.exec_driver_sql("SELECT 1")

        return synchronous

    def own() -> None:
        connection = source()
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.fetchone()
        finally:
            connection.close()

    return own


def _django() -> None:
    from django.db import connection  # noqa: PLC0415 - only in a Django app

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # the connection of this thread, which ends with the check


def migrations() -> None:
    """Django: no unapplied migrations. Use it for ``startup``."""
    from django.db import connection  # noqa: PLC0415 - only in a Django app
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        connection.close()
    if waiting:
        raise Unhealthy(f"{len(waiting)} unapplied migrations")


def redis(source: Any) -> Check:
    """PING on a redis-py client (sync or async) or a URL."""
    if isinstance(source, str):
        from redis import Redis  # noqa: PLC0415 - the extra

        source = Redis.from_url(source, socket_timeout=1, socket_connect_timeout=1)

    ping: Check = source.ping
    return ping


def disk(path: str = ".", free: str | int = "500MB") -> Check:
    """At least ``free`` bytes are left at ``path``. A full disk stops databases and logs first."""
    least = _bytes(free)

    def check() -> None:
        left = shutil.disk_usage(path).free
        if left < least:
            raise Unhealthy(f"{left // 1_000_000} MB left, at least {least // 1_000_000} required")

    return check


def clock(reference: Callable[[], float], skew: float = 2.0) -> Check:
    """The local clock differs by at most ``skew`` seconds from ``reference()``, in seconds since the epoch.

    The reference may be a database's ``extract(epoch from now())`` or the Date of an HTTP response. A wrong clock
    breaks tokens and certificates.
    """

    def check() -> None:
        before = time.time()
        said = reference()
        after = time.time()
        off = max(before - skew - said, said - after - skew, 0.0)
        if off:
            raise Unhealthy(f"{off + skew:.1f} s off")

    return check


def pool(engine: Any, most: float = 0.9) -> Check:
    """At most this share of a SQLAlchemy pool is in use, including its overflow."""

    def check() -> None:
        place = engine.pool
        room = place.size() + max(0, getattr(place, "_max_overflow", 0))
        if room and place.checkedout() / room > most:
            raise Unhealthy(f"{place.checkedout()} of {room} connections are in use")

    return check


def queue(lag: Callable[[], float], most: float) -> Check:
    """``lag()`` is at most ``most``: waiting jobs, or seconds that the oldest has waited."""

    def check() -> None:
        found = lag()
        if found > most:
            raise Unhealthy(f"{found:g} waiting, {most:g} at most")

    return check


def certificate(host: str, days: int = 14, port: int = 443, context: ssl.SSLContext | None = None) -> Check:
    """The certificate of ``host`` is valid for ``days`` more, so that a failed renewal is noticed weeks ahead."""
    trusted = context or ssl.create_default_context()
    name = urlsplit(f"//{host}").hostname or host

    def check() -> None:
        with socket.create_connection((name, port), 1) as raw, trusted.wrap_socket(raw, server_hostname=name) as secure:
            found = secure.getpeercert()
        assert found is not None  # the handshake verified it
        left = (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / 86_400
        if left < days:
            raise Unhealthy(f"{left:.0f} days left")

    return check


def heartbeat(job: str) -> Check:
    """The background job ran in time: see ``launchready.job``."""

    def check() -> None:
        late = lateness(job)
        if late is None or late > 0:
            raise Unhealthy("never ran" if late is None else f"{late:.0f} s late")

    return check


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g|t)?b?", re.IGNORECASE)


def _bytes(size: str | int) -> int:
    if isinstance(size, int):
        return size
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise ValueError(f'{size!r} is not a size; write for example "500MB"')
    return int(float(found[1]) * 1000 ** " kmgt".index((found[2] or " ").lower()))
