"""A client that reads a cacheable stream slowly, through real servers: other visitors do not wait for it."""

import socket
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from support.servers import Server
from support.slow_readers import CHUNK, CHUNKS

TESTS = Path(__file__).parent.parent
SIZE = len(CHUNK) * CHUNKS + 3
PATIENT = 10.0
"""Seconds after which requests stop waiting for a call in any case: nobody may come near it."""


class Reports(Server):
    """A served stream."""

    def __init__(self, name):
        super().__init__()
        bind = ("--bind", f"127.0.0.1:{self.port}", "--no-control-socket", "--chdir", str(TESTS))
        gunicorn = (sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8")
        self.command = {
            "uvicorn": (sys.executable, "-m", "uvicorn", "support.slow_readers:asgi", "--factory", "--app-dir", str(TESTS),
                        "--port", str(self.port), "--log-level", "warning", "--lifespan", "off"),
            "gunicorn": (*gunicorn, "support.slow_readers:wsgi()", *bind),
            "django": (*gunicorn, "support.slow_readers:django()", *bind),
        }[name]  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"

    def ready(self):
        try:
            return httpx.get(self.url + "/livez", trust_env=False, timeout=5).status_code < 500
        except httpx.TransportError:
            return False

    def read_slowly(self):
        """Ask for the stream, and read nothing but the head."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.port))
        client.sendall(b"GET /report HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.port)
        assert client.recv(16).startswith(b"HTTP/1.1 200")
        return client

    def read(self, path="/report"):
        started = time.monotonic()
        answer = httpx.get(self.url + path, trust_env=False, timeout=30)
        return len(answer.content), time.monotonic() - started


@pytest.fixture(params=["uvicorn", "gunicorn", "django"])
def reports(request):
    served = Reports(request.param)
    served.start()
    yield served
    served.close()


def test_a_slow_reader_delays_nobody(reports):
    """One client reads nothing of the stream: six visitors of that URL and one of another are answered at once."""
    slow = reports.read_slowly()
    found = []
    paths = [*["/report"] * 5, "/other"]
    threads = [threading.Thread(target=lambda path=path: found.append(reports.read(path))) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slow.close()
    assert [size for size, _ in found] == [SIZE] * 6
    assert max(took for _, took in found) < PATIENT / 2


def test_wave_after_wave(reports):
    """Three slow clients at once hold three calls: a visitor still does not wait for all of them in turn."""
    slow = [reports.read_slowly() for _ in range(3)]
    size, took = reports.read()
    for client in slow:
        client.close()
    assert size == SIZE
    assert took < PATIENT / 2
    assert reports.read()[0] == SIZE
