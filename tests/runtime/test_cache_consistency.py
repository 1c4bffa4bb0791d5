"""Concurrent readers, changes and purges on workers that share only the store: no stale read after a change."""

import asyncio
import random
import time

import pytest

import launchready
from launchready import asgi
from launchready.runtime.cache_registry import CACHES
from launchready.settings.cache import Cache
from launchready.stores import connect
from support import servers

SECONDS = 0.7


class Played:
    """``versions``: current versions in the app; ``floors``: the oldest version that a new reader may get."""

    def __init__(self, seed, vary):
        self.random = random.Random(seed)
        self.host = b"consistent-%d-%d.example" % (seed, time.monotonic_ns())
        self.vary = vary
        self.versions = dict.fromkeys(("/a", "/b"), 0)
        self.floors = dict(self.versions)
        self.asked = self.read = 0
        self.wrong = []

    async def moment(self):
        await asyncio.sleep(self.random.random() * 0.005)

    async def app(self, scope, receive, send):
        path, status = scope["path"], 200
        await self.moment()
        if scope["method"] == "POST":
            self.versions[path] += 1
            status = 204
        known = self.versions[path]
        self.asked += scope["method"] == "GET"
        await self.moment()
        headers = [(b"cache-control", b"max-age=600"), *self.vary]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"%d" % known if status == 200 else b""})

    async def call(self, workers, method, path):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        headers = [(b"host", self.host), (b"accept-language", self.random.choice([b"en", b"de"]))]
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "scheme": "https"}
        await self.random.choice(workers)(scope, receive, send)
        return b"".join(message.get("body", b"") for message in sent)

    async def reads(self, workers, until):
        while time.monotonic() < until:
            path = self.random.choice(list(self.versions))
            floor = self.floors[path]
            told = int(await self.call(workers, "GET", path))
            self.read += 1
            if told < floor:
                self.wrong.append((path, floor, told))

    async def changes(self, workers, until):
        while time.monotonic() < until:
            path = self.random.choice(list(self.versions))
            at_least = self.versions[path] + 1
            if self.random.random() < 0.5:
                await self.call(workers, "POST", path)
            else:
                self.versions[path] += 1
                await launchready.apurge(path=path)
            self.floors[path] = max(self.floors[path], at_least)
            await self.moment()


@pytest.mark.parametrize(("store", "count"), [("memory", 1), ("sqlite", 2), ("redis", 2), ("postgresql", 2)])
@pytest.mark.parametrize("vary", [(), ((b"vary", b"accept-language"),)])
def test_nobody_is_told_what_was(store, count, vary, tmp_path):
    """Twelve readers, two writers, two workers: every response is at least as new as its request."""
    seed = random.randrange(10**6)
    played = Played(seed, vary)

    async def main():
        CACHES.clear()
        url = servers.store_url(store, tmp_path)
        workers = [asgi.LaunchReadyMiddleware(played.app, cache=Cache(), store=connect(url)) for _ in range(count)]
        until = time.monotonic() + SECONDS
        await asyncio.gather(*(played.reads(workers, until) for _ in range(12)),
                             *(played.changes(workers, until) for _ in range(2)))  # fmt: skip
        for worker in workers:
            CACHES.discard(worker.stack.cache)
            await worker.stack.adapter._store.aclose()

    asyncio.run(main())
    assert played.wrong == [], seed
    assert 0 < played.asked < played.read
