"""Draining under the servers that people use: told to stop, they say so first, and serve what still comes."""

import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

import launchready
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
PYTHON = (sys.executable, "-m")

COMMANDS = {
    "uvicorn": (*PYTHON, "uvicorn", "support.draining:app", "--port", "{port}", "--log-level", "warning"),
    "uvicorn workers": (*PYTHON, "uvicorn", "support.draining:app", "--port", "{port}", "--workers", "2"),
    "gunicorn sync": (*PYTHON, "gunicorn", "support.draining:flask()", "--bind", "127.0.0.1:{port}",
                      "--no-control-socket"),
    "gunicorn threads": (*PYTHON, "gunicorn", "support.draining:flask()", "--threads", "4", "--bind",
                         "127.0.0.1:{port}", "--no-control-socket"),
    "gunicorn preload": (*PYTHON, "gunicorn", "support.draining:flask()", "--preload", "--bind",
                         "127.0.0.1:{port}", "--no-control-socket"),
    "gunicorn preload threads": (*PYTHON, "gunicorn", "support.draining:flask()", "--preload", "--threads", "4", "--bind",
                                 "127.0.0.1:{port}", "--no-control-socket"),
    "hypercorn": (*PYTHON, "hypercorn", "support.draining:app", "--bind", "127.0.0.1:{port}"),
    "hypercorn alone": (*PYTHON, "hypercorn", "support.draining:app", "--workers", "0", "--bind", "127.0.0.1:{port}"),
}  # fmt: skip


class Leaving(Server):
    patience = 60.0  # several processes that import a framework, on a busy machine

    def __init__(self, name):
        super().__init__()
        self.command = tuple(part.format(port=self.port) for part in COMMANDS[name])
        self.url = f"http://127.0.0.1:{self.port}"

    def get(self, path):
        return httpx.get(self.url + path, trust_env=False, timeout=5).status_code

    def ready(self):
        try:
            return self.get("/readyz") == 200
        except httpx.TransportError:
            return False


@pytest.mark.parametrize("name", COMMANDS)
def test_drains(name, monkeypatch):
    """After SIGTERM: not ready at once, still serving, and then it ends by itself."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), str(TESTS)]))
    server = Leaving(name)
    try:
        server.start()
        for _ in range(4):  # each worker has been asked
            assert server.get("/readyz") == 200
        server.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        until(lambda: server.get("/readyz") == 503, "the server to say that it leaves", 1.9)
        assert server.get("/livez") == 200
        assert server.get("/work") == 200
        server.process.wait(15)
        assert time.monotonic() - started >= 1.9
    finally:
        server.close()


def test_a_second_signal_is_not_kept_waiting(monkeypatch):
    """Who sends SIGTERM twice means it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), str(TESTS)]))
    monkeypatch.setattr("support.draining.DRAIN", "60s")
    server = Leaving("uvicorn")
    try:
        server.start()
        server.process.send_signal(signal.SIGTERM)
        until(lambda: server.get("/readyz") == 503, "the server to say that it leaves")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
    finally:
        server.close()
