"""A scripted app behind the cache, in both faces and in front of every store."""

import asyncio
import contextlib
import threading
import uuid

from faces.apps import Answer, _asgi, wsgi_call
from launchready.runtime.cache_registry import CACHES
from launchready.stores import connect

PAGE = b"a page of some length"
STORES = ("memory", "sqlite", "redis", "postgresql")


@contextlib.contextmanager
def stands(face, url):
    """A function that makes stands of one face before one store, which is closed with its connections at the end."""
    store, made = connect(url), []
    CACHES.clear()  # apps of other tests, whose stores are gone

    def make(answer=None, **settings):
        made.append(Stand(face, store, runner, answer, **settings))
        return made[-1]

    with asyncio.Runner() as runner:
        yield make
        for each in made:
            CACHES.discard(each.middleware.stack.cache)  # its app ends here; a purge is told to all that live
        runner.run(store.aclose())


class Stand:
    """``answer``: (status, headers, body) or a function of (method, path, headers) that gives it; ``calls``: what came.

    Every stand is another host, so that tests may share a server's store.
    """

    def __init__(self, face, store, runner, answer=None, **settings):
        self.answer = answer or (200, [], PAGE)
        self.calls = []
        self.host = f"stand-{uuid.uuid4().hex}.example"
        self.face = face
        self.runner = runner
        self.app = _asgi_app(self) if face == "asgi" else _wsgi_app(self)
        self.middleware = _middleware(face)(self.app, store=store, **settings)
        self._call = self._asgi_call if face == "asgi" else wsgi_call(self.middleware)

    def respond(self, method, path, headers):
        self.calls.append((method, path, headers))
        status, lines, body = self.answer(method, path, headers) if callable(self.answer) else self.answer
        return status, lines, body

    def __call__(self, path="/coaches", headers=(), *, method="GET", body=b"", host=None, **options) -> Answer:
        return self._call(method, path, [("Host", host or self.host), *headers], body, **options)

    def _asgi_call(self, method, path, headers, body, *, chunks=None, gone=False, client="203.0.113.9"):
        return self.runner.run(_asgi(self.middleware, method, path, headers, body, chunks, gone, client))

    @property
    def asked(self):
        return len(self.calls)


def _middleware(face):
    from launchready import asgi, wsgi

    return (asgi if face == "asgi" else wsgi).LaunchReadyMiddleware


def _asgi_app(stand):
    async def app(scope, receive, send):
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        status, lines, body = stand.respond(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        chunks = [body] if isinstance(body, bytes) else list(body)
        for index, chunk in enumerate(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": index < len(chunks) - 1})

    return app


def _wsgi_app(stand):
    def app(environ, start_response):
        headers = {
            key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")
        }
        query = environ.get("QUERY_STRING", "")
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        status, lines, body = stand.respond(environ["REQUEST_METHOD"], path, headers)
        start_response(f"{status} Status", list(lines))
        return [body] if isinstance(body, bytes) else body

    return app


def counting(*headers, status=200):
    """An app whose answers are its calls, counted."""
    numbers = iter(range(1, 1000))
    return lambda method, path, fields: (status, list(headers), b"%d" % next(numbers))


def settled(at):
    """Wait for what runs behind the answers."""
    if at.face == "asgi":

        async def tasks():
            await asyncio.gather(*at.middleware._tasks.running, return_exceptions=True)

        at.runner.run(tasks())
    else:
        from launchready.runtime import background

        gate = threading.Barrier(background.THREADS + 1)
        for _ in range(background.THREADS):
            background.run(gate.wait)
        gate.wait(10)
