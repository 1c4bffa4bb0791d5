"""Behind the servers that people use, with two workers, over real sockets: one key, one run, whatever dies."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

import launchready
from support.keys import key as uuid
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent


class Shop(Server):
    """A served shop. ``ran()``: what its handlers did, and the worker that did it."""

    def __init__(self, name):
        super().__init__()
        python = (sys.executable, "-m")
        self.command = {
            "fastapi": (*python, "uvicorn", "support.served:fastapi", "--factory", "--workers", "2",
                        "--app-dir", str(TESTS), "--port", str(self.port), "--log-level", "warning"),
            "flask": (*python, "gunicorn", "support.served:flask()", "--workers", "2", "--threads", "12",
                      "--chdir", str(TESTS), "--bind", f"127.0.0.1:{self.port}", "--no-control-socket"),
        }[name]  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"

    def ready(self):
        try:
            return httpx.get(self.url + "/livez", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def ran(self, what):
        log = self.folder / "ran"
        lines = log.read_text().splitlines() if log.exists() else []
        return [int(line.split()[1]) for line in lines if line.split()[0] == what]

    def pay(self, what, key):
        headers = {"Idempotency-Key": uuid(key)}
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.post(self.url + "/pay", content=what, headers=headers)

    def at_once(self, count, ask):
        answers, go = [], threading.Barrier(count)

        def customer():
            go.wait()
            answers.append(ask())

        threads = [threading.Thread(target=customer) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


@pytest.fixture(scope="module", params=["fastapi", "flask"])
def shop(request):
    made = Shop(request.param)
    before = {name: os.environ.get(name) for name in ("SHOP", "PYTHONPATH")}
    os.environ.update(SHOP=str(made.folder), PYTHONPATH=str(SOURCE))
    try:
        yield made.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        made.stop()
        made.close()


def kind(answer):
    return answer.json()["type"].rpartition("/")[2]


def test_twenty_at_once(shop):
    """One runs; the others are told that it runs, or get its answer; a retry after that gets the same."""
    answers = shop.at_once(20, lambda: shop.pay("course", "order-1"))
    assert len(shop.ran("course")) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert sum(answer.status_code == 201 and "idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert all(kind(answer) == "idempotency-key-in-flight" for answer in answers if answer.status_code == 409)
    again = shop.pay("course", "order-1")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert shop.pay("other", "order-1").status_code == 422
    assert len(shop.ran("course")) == 1
    assert shop.ran("other") == []


def test_a_worker_is_killed_in_the_middle(shop):
    """kill -9 while it pays: a retry is told that it runs, then that its outcome is unknown; it never runs again."""
    lost = []

    def customer():
        try:
            lost.append(shop.pay("hang", "order-2").status_code)
        except httpx.TransportError as error:
            lost.append(type(error).__name__)

    thread = threading.Thread(target=customer)
    thread.start()
    (worker,) = until(lambda: shop.ran("hang"), "the payment to start")
    assert worker != shop.process.pid
    os.kill(worker, signal.SIGKILL)
    thread.join(20)
    assert lost
    assert lost[0] != 201
    told = []

    def unknown():
        try:
            answer = shop.pay("hang", "order-2")
        except httpx.TransportError:  # the dead worker's connections, until there is another
            return False
        told.append(kind(answer))
        return told[-1] == "idempotency-key-outcome-unknown"

    until(unknown, "the lease to end")
    assert set(told) <= {"idempotency-key-in-flight", "idempotency-key-outcome-unknown"}
    until(shop.ready, "the shop to be open again")
    assert kind(shop.pay("hang", "order-2")) == "idempotency-key-outcome-unknown"
    assert shop.ran("hang") == [worker]
    assert shop.pay("book", "order-3").status_code == 201


def test_one_limit_for_all_workers(shop):
    """Thirty at once against ten an hour: ten, whichever worker they came to."""

    def ask():
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.get(shop.url + "/limited")

    answers = shop.at_once(30, ask)
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 20
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 429)


def test_a_slot_of_a_worker_that_is_killed(shop):
    """One at a time in all workers; kill -9 of the worker that holds the slot frees it when its lease has passed."""

    def ask(what=""):
        with httpx.Client(trust_env=False, timeout=30) as client:
            try:
                return client.get(shop.url + "/one", params={"what": what}).status_code
            except httpx.TransportError:  # the dead worker's connections, until there is another
                return 0

    thread = threading.Thread(target=ask, args=["hang"])
    thread.start()
    (worker,) = until(lambda: shop.ran("slot"), "the slot to be taken")
    assert set(shop.at_once(6, ask)) == {429}
    os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    thread.join(20)
    until(lambda: ask() == 200, "the lease to end")
    assert time.monotonic() - killed < 10
    until(shop.ready, "the shop to be open again")
    # The client has its answer a moment before the worker gives the slot back.
    for _ in range(4):
        until(lambda: ask() == 200, "the slot that the last one held")


def test_guesses_at_all_workers(shop):
    """Thirty guesses at once at one account: three reach the log-in, whichever worker they came to."""
    body = {"email": "ada@example.com", "password": "wrong"}

    def guess():
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.post(shop.url + "/login", json=body).status_code

    assert sorted(shop.at_once(30, guess)) == [401] * 3 + [429] * 27
    assert len(shop.ran("guess")) == 3


def test_a_ban_holds_in_all_workers(shop):
    """Who goes on after the refusals is banned by the one worker, and refused by the other."""

    def ask():
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.get(shop.url + "/banned")

    assert sum(answer.status_code == 200 for answer in shop.at_once(12, ask)) == 1
    answers = shop.at_once(12, ask)
    assert {kind(answer) for answer in answers} == {"http-problem-types#abnormal-usage-detected"}
    assert all(int(answer.headers["retry-after"]) > 3500 for answer in answers)
