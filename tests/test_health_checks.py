"""The ready-made checks: each passes if all is well, and fails otherwise."""

import asyncio
import os
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from launchready import health
from launchready.health import Unhealthy
from launchready.metrics import events

SOURCE = str(Path(health.__file__).parents[1])


def test_database(tmp_path):
    """An engine, an async engine, a function that connects; an unreachable database raises."""
    url = f"sqlite:///{tmp_path}/a.db"
    engine = sqlalchemy.create_engine(url)
    health.database(engine)()
    assert engine.pool.checkedout() == 0
    engine.dispose()
    later = create_async_engine(url.replace("sqlite", "sqlite+aiosqlite"))

    async def ask():
        await health.database(later)()
        await later.dispose()

    asyncio.run(ask())
    opened = []

    def connect():
        opened.append(sqlite3.connect(tmp_path / "a.db"))
        return opened[-1]

    health.database(connect)()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    broken = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/no/such/folder.db")
    with pytest.raises(sqlalchemy.exc.OperationalError):
        health.database(broken)()


DJANGO = """
import django, threading
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "a.db"}},
                   INSTALLED_APPS=["django.contrib.contenttypes"])
django.setup()
from launchready import health
health.database("django")()
try:
    health.migrations()
except health.Unhealthy as error:
    assert str(error) == "2 unapplied migrations", error
else:
    raise AssertionError("nothing was migrated")
from django.core.management import call_command
call_command("migrate", verbosity=0)
health.migrations()
"""


def test_django(tmp_path):
    """Django's connection, and migrations before and after they ran. In a process of its own: settings are global."""
    done = subprocess.run([sys.executable, "-c", DJANGO], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": SOURCE})  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_redis():
    """PING; an unreachable server raises."""
    from redis.exceptions import ConnectionError as Refused

    from support.servers import server

    health.redis(server("redis").url)()
    with pytest.raises(Refused):
        health.redis("redis://127.0.0.1:1/0")()


def test_disk(tmp_path):
    """Space for a byte exists, for a million terabytes it does not; an invalid size raises at once."""
    health.disk(tmp_path, free=1)()
    with pytest.raises(Unhealthy, match="MB left"):
        health.disk(tmp_path, free="1000000TB")()
    with pytest.raises(ValueError, match="500MB"):
        health.disk(tmp_path, free="much")


def test_clock():
    """Two seconds are allowed, five are not, in either direction."""
    health.clock(time.time)()
    for off in (-5, 5):
        with pytest.raises(Unhealthy, match=r"5\.0 s off"):
            health.clock(lambda off=off: time.time() + off)()


def test_pool(tmp_path):
    """Nine of ten connections pass, ten fail."""
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/a.db", pool_size=10, max_overflow=0)
    held = [engine.connect() for _ in range(9)]
    health.pool(engine)()
    held.append(engine.connect())
    with pytest.raises(Unhealthy, match="10 of 10"):
        health.pool(engine)()
    for connection in held:
        connection.close()
    engine.dispose()


def test_queue():
    """The bound passes, more fails."""
    health.queue(lambda: 10, 10)()
    with pytest.raises(Unhealthy, match="11 waiting, 10 at most"):
        health.queue(lambda: 11, 10)()


def test_certificate():
    """Fifteen days left pass for fourteen and fail for sixteen; an untrusted one fails."""
    import datetime as dt
    import socket

    import trustme

    authority = trustme.CA()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=15, hours=1)
    issued = authority.issue_cert("localhost", not_after=ends)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    issued.configure_cert(server)
    authority.configure_trust(client)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(3):
            raw, _ = listener.accept()
            try:
                server.wrap_socket(raw, server_side=True).close()
            except OSError:
                raw.close()

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    health.certificate("localhost", 14, port, client)()
    with pytest.raises(Unhealthy, match="15 days left"):
        health.certificate("localhost", 16, port, client)()
    with pytest.raises(ssl.SSLCertVerificationError):
        health.certificate("localhost", 14, port)()
    thread.join()
    listener.close()


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A process without an app whose store is a file."""
    monkeypatch.setattr(events._Process, "collector", None)
    monkeypatch.setenv("LAUNCHREADY_STORE", f"sqlite:///{tmp_path}/a.db")
    yield tmp_path
    events.default_collector().close()


def test_heartbeat(alone, monkeypatch):
    """A job that never ran or is overdue fails; one in time passes, also in another process."""
    with pytest.raises(Unhealthy, match="never ran"):
        health.heartbeat("reminders")()
    events.job("reminders", every="1h").beat()
    events.default_collector().close()
    monkeypatch.setattr(events._Process, "collector", None)  # as another process would find it
    health.heartbeat("reminders")()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600 + 720 + 100)
    with pytest.raises(Unhealthy, match="100 s late"):
        health.heartbeat("reminders")()


def test_job(alone):
    """Runs, failures and their signal; the exception reaches the caller."""

    @events.job("a", every="1h")
    def fine():
        return 1

    @events.job("b", every=60)
    async def broken():
        raise KeyError("x")

    assert fine() == 1
    with pytest.raises(KeyError):
        asyncio.run(broken())
    events.signal("payment.failed", 2)
    with events.default_collector().reading() as ledger:
        rows = {row[0]: row[1:] for row in ledger.rows("SELECT name, runs, failures, ended FROM jobs")}
        assert rows["a"][:2] == (1, 0)
        assert rows["b"] == (1, 1, None)
        assert dict(ledger.rows("SELECT name, count FROM signals")) == {"job.failed": 1, "payment.failed": 2}


@pytest.mark.parametrize("name", ["", "Payment Failed", "x" * 65, "a@b", None])
def test_names(name):
    """A name that may contain data is refused with an example."""
    with pytest.raises(ValueError, match=r"payment\.failed"):
        events.signal(name)
    with pytest.raises(ValueError, match="1h"):
        events.job("a", every="often")
