"""A rolling restart under load: two servers behind a balancer that asks /readyz, one replaced after the other."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import httpx

import launchready
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
RATE = 200
"""Requests a second."""


class Instance(Server):
    patience = 60.0

    def __init__(self):
        super().__init__()
        self.command = (sys.executable, "-m", "uvicorn", "support.draining:app", "--port", str(self.port),
                        "--log-level", "warning")  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"

    def ready(self):
        try:
            return httpx.get(self.url + "/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False


async def get(port, path):
    """The status, over a connection of its own; httpx would cost more than both servers together."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1])


class Balancer:
    """Sends requests in turn to those that were ready when it last looked, every 100 ms. It repeats none."""

    def __init__(self, instances):
        self.instances = instances
        self.ready = []
        self.failed, self.answered = [], 0

    async def look(self, over):
        while not over.is_set():
            ready = []
            for one in self.instances:
                try:
                    if await get(one.port, "/readyz") == 200:
                        ready.append(one)
                except (OSError, IndexError):
                    continue
            self.ready = ready
            await asyncio.sleep(0.1)

    async def ask(self, number):
        ready = self.ready
        try:
            status = await get(ready[number % len(ready)].port, "/quick")
        except (OSError, IndexError, ZeroDivisionError) as error:
            status = type(error).__name__
        if status == 200:
            self.answered += 1
        else:
            self.failed.append(status)


async def restart(instances, replacements):
    """Load for as long as it takes to replace each server; what failed, and how many were answered."""
    over, balancer = asyncio.Event(), Balancer(instances)
    looking = asyncio.create_task(balancer.look(over))
    await asyncio.to_thread(until, lambda: len(balancer.ready) == 2, "both to be ready")

    async def load():
        started, number, asked = time.monotonic(), 0, set()
        while not over.is_set():
            number += 1
            asked.add(asyncio.create_task(balancer.ask(number)))
            await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
        await asyncio.gather(*asked)

    loading = asyncio.create_task(load())
    for old, replacement in zip(list(instances), replacements, strict=True):
        await asyncio.to_thread(replacement.start)
        instances.append(replacement)
        await asyncio.to_thread(until, lambda new=replacement: new in balancer.ready, "the new one to be ready")
        old.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(old.process.wait, 20)
    over.set()
    await loading
    await looking
    return balancer.failed, balancer.answered


def test_no_request_fails(monkeypatch):
    """Two servers are replaced, one after the other, at 200 requests a second: every request is answered."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), str(TESTS)]))
    servers = [Instance() for _ in range(4)]
    try:
        for one in servers[:2]:
            one.start()
        failed, answered = asyncio.run(restart(servers[:2], servers[2:]))
    finally:
        for one in servers:
            one.close()
    assert failed == []
    assert answered > 2 * RATE  # two drains of two seconds each, at the least
