"""Markets: two workers of a real server, on a private store that a scenario may stop, freeze, kill and empty."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import launchready
from support import servers
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
WEB = ("uvicorn", "gunicorn")
STORES = ("sqlite", "redis", "postgresql", "mysql")


class Market(Server):
    """A served market. ``effects(key)``: how often it happened, counted outside of the library."""

    patience = 60.0  # three processes that import a framework each

    def __init__(self, web, store):
        super().__init__()
        self.web = web
        self.kind = store
        self.store = servers.server(store)
        python = (sys.executable, "-m")
        self.command = {
            "uvicorn": (*python, "uvicorn", "chaos.market:fastapi", "--factory", "--workers", "2", "--app-dir",
                        str(TESTS), "--port", str(self.port), "--log-level", "error", "--timeout-graceful-shutdown", "20"),
            "gunicorn": (*python, "gunicorn", "chaos.market:flask()", "--workers", "2", "--threads", "12", "--chdir",
                         str(TESTS), "--bind", f"127.0.0.1:{self.port}", "--no-control-socket", "--timeout", "60"),
        }[web]  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"
        url = f"sqlite:///{self.folder}/store.db" if self.store is None else self.store.url
        self.environment = {"MARKET": str(self.folder), "MARKET_STORE": url, "PYTHONPATH": str(SOURCE)}

    def start(self):
        with changed(self.environment):
            return super().start()

    def ready(self):
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self.url + "/livez", trust_env=False, timeout=5).status_code == 200
        return False

    def post(self, path, key, how="ok", *, user="ann", timeout=30.0, **asked):
        headers = {"Idempotency-Key": key, "Authorization": f"Bearer {user}", "X-GitHub-Delivery": key,
                   "Content-Type": "application/json"}  # fmt: skip
        with httpx.Client(trust_env=False, timeout=timeout) as client:
            return client.post(self.url + path, content=json.dumps({"how": how, **asked}), headers=headers)

    def later(self, path, key, how="ok", **asked):
        """The same in a thread; ``.answer`` when it is there, None where the connection broke."""
        work = threading.Thread(target=self._into, args=(path, key, how, asked))
        work.answer = None
        work.start()
        return work

    def _into(self, path, key, how, asked):
        with contextlib.suppress(httpx.TransportError):
            threading.current_thread().answer = self.post(path, key, how, **asked)

    def definite(self, path, key, how="ok", *, patience=30.0, **asked):
        """Ask until the answer is final: neither "still running" nor "come back". Nobody is left without one."""

        def ask():
            try:
                answer = self.post(path, key, how, **asked)
            except httpx.TransportError:  # the connections of a worker that died
                return None
            return None if kind(answer) in COME_BACK else answer

        return until(ask, f"a definite answer to {key}", patience)

    def storm(self, keys, times, threads=16):
        """Ask for every key so many times, all mixed, each until its answer is final. (key, status, body) of each."""
        asked = [key for key in keys for _ in range(times)]
        random.Random(7).shuffle(asked)

        def some(mine):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            with contextlib.closing(connection):
                return [self._final(connection, key) for key in mine]

        with ThreadPoolExecutor(threads) as pool:
            return [row for rows in pool.map(some, [asked[turn::threads] for turn in range(threads)]) for row in rows]

    @staticmethod
    def _final(connection, key):
        headers = {"Idempotency-Key": key, "Authorization": "Bearer ann", "Content-Type": "application/json"}
        for _ in range(2000):
            connection.request("POST", "/pay", b'{"how": "ok"}', headers)
            answer = connection.getresponse()
            body = answer.read()
            if b"/problems/" not in body or json.loads(body)["type"].rpartition("/")[2] not in COME_BACK:
                return key, answer.status, body
            time.sleep(0.01)
        raise AssertionError(f"no final answer to {key}")

    def lines(self, *words):
        ledger = self.folder / "ledger"
        found = [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []
        return [line for line in found if line[: len(words)] == list(words)]

    def effects(self, key):
        return len(self.lines("effect", key))

    def worker(self, key):
        """The process that runs this key's handler, once it is in there."""
        return int(until(lambda: self.lines("entered", key), f"{key} to be worked on")[-1][2])

    def half(self, key, how="ok", *, sent):
        """A request of which only a part arrives before the client leaves."""
        body = json.dumps({"how": how}).encode()
        head = f"POST /pay HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {key}\r\nAuthorization: Bearer ann\r\n"
        with socket.create_connection(("127.0.0.1", self.port), 5) as client:
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:sent])


COME_BACK = {"idempotency-key-in-flight", "idempotency-key-store-unavailable", "safe-to-retry"}


def kind(answer):
    """The problem's name, or "" where the answer is none."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    return answer.json()["type"].rpartition("/")[2]


@contextlib.contextmanager
def changed(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(scope="module", params=[f"{web}-{store}" for store in STORES for web in WEB])
def market(request):
    made = Market(*request.param.split("-"))
    try:
        yield made.start()
    finally:
        if made.process is not None:
            for pid in made.family():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        made.close()


@pytest.fixture
def key():
    return str(uuid.uuid4())


@pytest.fixture(scope="session", autouse=True)
def _servers_end():
    yield
    servers.close_all()
