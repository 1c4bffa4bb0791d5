"""Ready-made health checks: each function makes one, to be put into ``Health(checks={...})``.

::

    Health(checks={"database": health.database(engine), "redis": health.redis("redis://cache")},
           optional={"disk": health.disk("/var/lib/coach", free="1GB"), "reminders": health.heartbeat("reminders")},
           startup={"migrations": health.migrations})

A check raises where something is wrong. Strangers see nothing of it; the log, and who brings the token, see its class
and why in words of ours: "OperationalError: connection refused".
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
    """What a ready-made check raises itself. The message holds numbers and no addresses: the detailed view shows it."""


def database(source: Any) -> Check:
    """``SELECT 1`` on a SQLAlchemy engine (sync or async), on what a function returns as a DB-API connection, or on
    Django's default connection (``database("django")``). The connection goes back, or is closed, each time."""
    if source == "django":
        return _django
    if hasattr(source, "sync_engine"):

        async def asynchronous() -> None:
            from sqlalchemy import text  # noqa: PLC0415 - the app uses it, so it is there

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
        connection.close()  # of this thread, which ends with the check


def migrations() -> None:
    """Django: no migration is waiting. For ``startup``."""
    from django.db import connection  # noqa: PLC0415 - only in a Django app
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        connection.close()
    if waiting:
        raise Unhealthy(f"{len(waiting)} migrations are waiting")


def redis(source: Any) -> Check:
    """PING, on a redis-py client (sync or async) or a URL."""
    if isinstance(source, str):
        from redis import Redis  # noqa: PLC0415 - the extra

        source = Redis.from_url(source, socket_timeout=1, socket_connect_timeout=1)

    ping: Check = source.ping
    return ping


def disk(path: str = ".", free: str | int = "500MB") -> Check:
    """At least so much room is left where ``path`` is. A full disk stops databases and logs first."""
    least = _bytes(free)

    def check() -> None:
        left = shutil.disk_usage(path).free
        if left < least:
            raise Unhealthy(f"{left // 1_000_000} MB left, {least // 1_000_000} wanted")

    return check


def clock(reference: Callable[[], float], skew: float = 2.0) -> Check:
    """This machine's clock is at most ``skew`` seconds from ``reference()``, in seconds since the epoch: a database's
    ``extract(epoch from now())``, or the Date of an HTTP answer. A wrong clock breaks tokens and certificates."""

    def check() -> None:
        before = time.time()
        said = reference()
        after = time.time()
        off = max(before - skew - said, said - after - skew, 0.0)
        if off:
            raise Unhealthy(f"{off + skew:.1f} s off")

    return check


def pool(engine: Any, most: float = 0.9) -> Check:
    """At most this share of a SQLAlchemy pool is in use, its overflow included."""

    def check() -> None:
        place = engine.pool
        room = place.size() + max(0, getattr(place, "_max_overflow", 0))
        if room and place.checkedout() / room > most:
            raise Unhealthy(f"{place.checkedout()} of {room} connections are in use")

    return check


def queue(lag: Callable[[], float], most: float) -> Check:
    """``lag()`` is at most ``most``: jobs that wait, or seconds that the oldest has waited."""

    def check() -> None:
        found = lag()
        if found > most:
            raise Unhealthy(f"{found:g} waiting, {most:g} at most")

    return check


def certificate(host: str, days: int = 14, port: int = 443, context: ssl.SSLContext | None = None) -> Check:
    """The certificate of ``host`` is valid for ``days`` more. Renewal that fails is seen weeks before customers do."""
    trusted = context or ssl.create_default_context()
    name = urlsplit(f"//{host}").hostname or host

    def check() -> None:
        with socket.create_connection((name, port), 1) as raw, trusted.wrap_socket(raw, server_hostname=name) as secure:
            found = secure.getpeercert()
        assert found is not None  # it was verified
        left = (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / 86_400
        if left < days:
            raise Unhealthy(f"{left:.0f} days left")

    return check


def heartbeat(job: str) -> Check:
    """The background job ended well within its time: see ``launchready.job``."""

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
