"""Two workers of a real server, one waiting for the other: on a real Redis and a real PostgreSQL, whatever happens to
them meanwhile.
"""

import asyncio
import contextlib
import http.client
import json
import statistics
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import launchready
from launchready import stores
from launchready.idempotency import idempotent
from launchready.runtime.claims import completion_notifier
from support import servers
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
STORES = ("redis", "postgresql")


class Desk(Server):
    """A served desk, and a connection to each of its workers."""

    patience = 60.0

    def __init__(self, web, store):
        super().__init__()
        self.kind, self.store = store, servers._KINDS[store]()
        self.store.command = tuple("yes" if word == "no" else word for word in self.store.command)  # Redis' appendonly
        python = (sys.executable, "-m")
        self.command = {
            "uvicorn": (*python, "uvicorn", "support.waiting:fastapi", "--factory", "--workers", "2", "--app-dir",
                        str(TESTS), "--port", str(self.port), "--log-level", "error", "--timeout-keep-alive", "60"),
            "gunicorn": (*python, "gunicorn", "support.waiting:flask()", "--workers", "2", "--threads", "16", "--chdir",
                         str(TESTS), "--bind", f"127.0.0.1:{self.port}", "--no-control-socket", "--keep-alive", "60"),
        }[web]  # fmt: skip
        self.idle = {}

    def start(self):
        self.store.start()
        given = {"DESK": str(self.folder), "DESK_STORE": self.store.url, "PYTHONPATH": str(SOURCE)}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in given.items():
                environment.setenv(name, value)
            return super().start()

    def ready(self):
        with contextlib.suppress(OSError):
            connection = self.connect()
            connection.request("GET", "/livez")
            status = connection.getresponse().status
            connection.close()
            return status == 200
        return False

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def workers(self, each=1):
        """So many connections to each of two workers, by its process."""
        known = {}

        def enough():
            connection = self.connect()
            known.setdefault(self.told(connection)["by"], []).append(connection)
            return len(known) == 2 and all(len(mine) >= each for mine in known.values())

        until(enough, "two workers")
        return known

    @staticmethod
    def told(connection):
        connection.request("GET", "/told")
        return json.loads(connection.getresponse().read())

    @staticmethod
    def work(connection, key, seconds):
        """The answer, and when it had come."""
        connection.request("POST", "/work", str(seconds), {"Idempotency-Key": key, "Authorization": "Bearer ann"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body), answer.headers.get("Idempotent-Replayed"), time.monotonic()

    def began(self, key):
        log = self.folder / "ran"
        return log.exists() and [line for line in log.read_text().splitlines() if line.startswith(f"{key} ")]

    def close(self):
        super().close()
        self.store.close()


@pytest.fixture(scope="module", params=[f"{web}-{store}" for web in ("uvicorn", "gunicorn") for store in STORES])
def desk(request):
    made = Desk(*request.param.split("-"))
    try:
        yield made.start()
    finally:
        made.close()


@contextlib.contextmanager
def waiting(desk, count, seconds):
    """So many keys that the first worker works on, each waited for in the second. A list: for each key what both got.

    Inside everybody waits; after it everybody has got something.
    """
    (first, doing), (second, asking) = desk.workers(count).items()
    before = Counter(desk.told(asking[0])["asked"])
    keys = [str(uuid.uuid4()) for _ in range(count)]
    found = []
    with ThreadPoolExecutor(2 * count) as pool:
        done = [pool.submit(desk.work, connection, key, seconds) for connection, key in zip(doing, keys, strict=False)]
        until(lambda: all(desk.began(key) for key in keys), "the work to begin")
        asked = [
            pool.submit(desk.work, connection, key, seconds) for connection, key in zip(asking, keys, strict=False)
        ]
        look = desk.connect()
        until(lambda: count <= told_of(desk, second)["PutIfAbsent"] - before["PutIfAbsent"], "them to wait")
        look.close()
        yield found
        for work, question in zip(done, asked, strict=True):
            found.append((work.result(60), question.result(60)))
    for (mine, replayed, _), (others, again, _) in found:
        assert mine == others
        assert mine["by"] == first
        assert (replayed, again) == (None, "true")
    desk.spent = told_of(desk, second)
    desk.spent.subtract(before)
    for connection in doing + asking:
        connection.close()


def told_of(desk, worker):
    """What this worker asked the store."""
    while True:
        connection = desk.connect()
        told = desk.told(connection)
        connection.close()
        if told["by"] == worker:
            return Counter(told["asked"])


def test_the_other_worker_is_told(desk):
    """The replay comes when the answer is stored, and until then the store is asked once a second for each key.

    Whoever looked on his own would look 14 times in these 2.5 seconds, and then come an eighth of a second late.
    """
    count, seconds = 8, 2.5
    with waiting(desk, count, seconds) as found:
        pass
    lates = [came - answer["done"] for _, (answer, _, came) in found]
    spent = desk.spent
    assert spent["PutIfAbsent"] == count
    assert spent["Get"] <= 3 * count  # when it ended; and before, while it was not listened to yet
    assert spent["Subscribe"] <= (2 + seconds / completion_notifier.RECHECK_INTERVAL) * count
    assert statistics.median(lates) < 0.1, lates


def test_the_connection_is_ended_meanwhile(desk):
    """By an administrator, a proxy, a time-out: there is another one, and what was said meanwhile is looked for."""
    with waiting(desk, 3, 1.5) as found:
        assert until(lambda: end_listeners(desk.store.url), "the connection that listens") >= 1
    assert max(came - answer["done"] for _, (answer, _, came) in found) < 5


def test_the_server_restarts_meanwhile(desk):
    """Whoever waits asks again until his wait is over."""
    with waiting(desk, 3, 4.0) as found:
        desk.store.stop()
        desk.store.start()
    assert len(found) == 3


def test_the_server_hangs_meanwhile(desk):
    """For longer than anything is waited for; the connection that listens may live or die of it."""
    with waiting(desk, 2, 5.0) as found:
        desk.store.pause()
        threading.Event().wait(3.5)
        desk.store.resume()
    assert len(found) == 2


def test_nothing_is_left_of_it(desk):
    """No thread, and no connection, when nobody has waited for a while."""
    with waiting(desk, 1, 0.5):
        pass

    def quiet():
        known = desk.workers()
        told = [desk.told(mine[0])["notifiers"] for mine in known.values()]
        for mine in known.values():
            for connection in mine:
                connection.close()
        return told == [0, 0]

    until(quiet, "both to stop listening", completion_notifier.IDLE_TIMEOUT + 20)
    assert end_listeners(desk.store.url) == 0


def end_listeners(url):
    """How many connections listened, and were ended."""
    if url.startswith("redis"):
        import redis

        with contextlib.closing(redis.Redis.from_url(url)) as client:
            return client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    import psycopg

    with psycopg.connect(url, autocommit=True) as client:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query IN ('LISTEN launchready', 'SELECT 1')"
        return len(client.execute(end).fetchall())


@pytest.mark.parametrize("kind", STORES)
def test_four_thousand_wait(kind):
    """200 keys, 20 waiters each: every one gets the answer, and a key is asked for by one of them."""
    url = servers.server(kind).url
    here, there = stores.connect(url), stores.connect(url)
    run, ran, asked = uuid.uuid4().hex, [], Counter()
    execute = there.aexecute

    async def counted(op):
        asked[type(op).__name__] += 1
        await execute(op)

    there.aexecute = counted

    async def everything():
        go = asyncio.Event()

        async def work(key):
            ran.append(key)
            await go.wait()
            return key

        first = idempotent(key=lambda key: run + key, store=here, wait="60s")(work)
        second = idempotent(key=lambda key: run + key, store=there, wait="60s")(work)
        keys = [str(number) for number in range(200)]
        working = [asyncio.create_task(first(key)) for key in keys]
        await asyncio.to_thread(until, lambda: len(ran) == len(keys), "the work to begin")
        others = [asyncio.create_task(second(key)) for key in keys for _ in range(20)]
        everybody = "everybody to wait"
        await asyncio.to_thread(
            until, lambda: asked["PutIfAbsent"] == len(others) and asked["Subscribe"], everybody, 60
        )
        go.set()
        started = time.monotonic()
        answers = await asyncio.gather(*others)
        assert answers == [key for key in keys for _ in range(20)]
        await asyncio.gather(*working)
        await there.aclose()
        await here.aclose()
        return time.monotonic() - started

    before = set(threading.enumerate())
    took = asyncio.run(everything())
    assert sorted(ran) == sorted(str(number) for number in range(200))
    assert asked["Get"] <= 3 * 4000
    assert asked["Subscribe"] <= 200 * (3 + took / completion_notifier.RECHECK_INTERVAL)
    assert "launchready-completion-notifier" not in [thread.name for thread in set(threading.enumerate()) - before]
