"""How a request is made and what it costs: time in blocks, Python frames and garbage exactly. No sockets.

A block is a number of requests whose scopes were made before the clock starts. Time is the CPU time of the process:
nothing here waits, so on a quiet machine it is the wall time, and on a busy one it leaves out whoever else was running.
"""

import asyncio
import gc
import sys
from time import process_time

ORIGIN = "https://app.example.com"
BODY = b'{"coach":"c-17","slot":"2026-11-24T10:00:00Z","note":"first lesson"}'


class Requests:
    """Makes requests of one kind; each has its own number. ``path`` and the headers may hold ``%d`` for it."""

    def __init__(self, method, path, headers=(), body=b""):
        self.method = method
        self.path, _, self.query = path.partition("?")
        self.headers = headers
        self.body = body
        self.number = 0

    def make(self):
        self.number += 1
        query = self.query.replace("%d", str(self.number)).encode()
        headers = [
            (b"host", b"api.example.com"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip, deflate, br"),
            (b"origin", ORIGIN.encode()),
            *((name, value.replace(b"%d", b"%d" % self.number)) for name, value in self.headers),
        ]
        if self.body:
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": self.method, "scheme": "https", "path": self.path, "raw_path": self.path.encode(),
            "query_string": query, "root_path": "", "headers": headers, "client": ("203.0.113.9", 50000),
            "server": ("api.example.com", 443), "state": {},
        }  # fmt: skip
        return scope, _receiving(self.body)


def _receiving(body):
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.Event().wait()  # the client stays for its answer
        raise AssertionError("nobody wakes it")

    return receive


async def _sink(message):
    """Takes a message, as a server that is infinitely fast."""


async def answer(app, requests):
    """One request's status, headers (a dict) and body."""
    sent = []

    async def send(message):
        sent.append(message)

    await app(*requests.make(), send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


async def block(app, requests, count):
    """CPU seconds for ``count`` requests, those of a contender's threads included."""
    made = [requests.make() for _ in range(count)]
    began = process_time()
    for scope, receive in made:
        await app(scope, receive, _sink)
    return process_time() - began


async def frames(app, requests):
    """Python frames entered by one request in this thread: calls, and every resume of a coroutine or generator."""
    entered = 0

    def count(frame, event, arg):
        nonlocal entered
        entered += event == "call"

    scope, receive = requests.make()
    sys.setprofile(count)
    try:
        await app(scope, receive, _sink)
    finally:
        sys.setprofile(None)
    return entered


async def usual_frames(app, requests, tries=9):
    """The median of some requests: what is done now and then (a bound reached, a loop's clock) is not in it."""
    return sorted([await frames(app, requests) for _ in range(tries)])[tries // 2]


async def garbage(app, requests, count=100):
    """Objects that only the cycle collector can free, after ``count`` requests."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(count):
            await app(*requests.make(), _sink)
        return gc.collect()
    finally:
        if enabled:
            gc.enable()
