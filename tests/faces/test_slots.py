"""A slot is free when the last byte has left, the app has failed, or the client has gone; and not before."""

import asyncio
import contextlib

import pytest

from faces.apps import Calls, _asgi, _django_setup, django_asgi, django_wsgi, flask_sync, raw_wsgi
from launchready.asgi import LaunchReadyMiddleware
from launchready.settings.rate_limit import Limit, RateLimit

ONE = RateLimit(None, {"GET /*": Limit(None, concurrent=1)})


def get(app):
    return _asgi(app, "GET", "/", (), b"", None, False, "203.0.113.9")


class Hold:
    """An ASGI app that stops where a test wants it to."""

    def __init__(self, *, stream=False, fail=False):
        self.go = asyncio.Event()
        self.inside = asyncio.Event()
        self.stream = stream
        self.fail = fail

    async def __call__(self, scope, receive, send):
        if self.stream:
            await self._start(send)
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        self.inside.set()
        await self.go.wait()
        if self.fail:
            raise RuntimeError("the handler failed")
        if not self.stream:
            await self._start(send)
        await send({"type": "http.response.body", "body": b"two"})

    async def _start(self, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("end", ["answers", "fails", "is cancelled"])
def test_under_asgi(stream, end):
    """While the first is there the second is refused, also when its stream has begun; afterwards the third is not."""

    async def play():
        app = Hold(stream=stream, fail=end == "fails")
        protected = LaunchReadyMiddleware(app, rate_limit=ONE)
        first = asyncio.create_task(get(protected))
        await app.inside.wait()
        second = await get(protected)
        app.go.set() if end != "is cancelled" else first.cancel()
        with contextlib.suppress(asyncio.CancelledError, RuntimeError, AssertionError):  # of half an answer
            await first
        app.fail = False
        app.go.set()
        return second.status, (await get(protected)).status

    assert asyncio.run(play()) == (429, 200)


def test_a_worker_that_died():
    """Nobody gives the slot back; it is free when its lease has passed, on the store's clock."""
    from launchready.exchange.store import Consume
    from launchready.exchange.window import MICRO
    from launchready.stores.memory import MemoryStore

    limiter = LaunchReadyMiddleware(
        None, rate_limit=RateLimit(None, {"GET /*": Limit(None, concurrent=1, lease="30s")})
    )
    (policy,) = limiter.stack.limiter._routes.values()
    store, answers = MemoryStore(), []
    for seconds in (0, 29.9, 30):
        op = Consume("slots", policy.slot_windows)
        store.take_at(op, int(seconds * MICRO))
        answers.append(op.answer.allowed)
    assert answers == [True, False, True]


@pytest.mark.parametrize("read_all", [True, False])
def test_under_wsgi(read_all):
    """A stream holds its slot until the server closes it, read to its end or not."""
    from faces.apps import wsgi_call
    from launchready.wsgi import LaunchReadyMiddleware as WSGIMiddleware

    def app(environ, start_response):
        start_response("200 OK", [])
        return iter([b"one", b"two"])

    streams = []
    protected = WSGIMiddleware(app, rate_limit=ONE)

    def kept(environ, start_response):
        streams.append(protected(environ, start_response))
        return [b""]

    call = wsgi_call(kept)
    assert call("GET", "/").status == 200
    chunks = iter(streams[0])
    assert next(chunks) == b"one"
    assert call("GET", "/").status == 429
    if read_all:
        assert list(chunks) == [b"two"]
    streams[0].close()
    assert call("GET", "/").status == 200


@pytest.mark.parametrize("build", [django_wsgi, django_asgi, flask_sync, raw_wsgi])
def test_streams_of_the_frameworks(build):
    """A stream that was sent leaves its slot free."""
    call = build(Calls())(rate_limit=ONE)
    assert [call("GET", "/stream").status for _ in range(3)] == [200] * 3


def test_a_django_stream_that_is_left():
    """Django closes what it streams; the generator ends, and the slot is free."""
    _django_setup()
    from django.http import StreamingHttpResponse
    from django.test import RequestFactory, override_settings

    from launchready.django import LaunchReadyMiddleware as DjangoMiddleware

    with override_settings(LAUNCHREADY={"RATE_LIMIT": ONE}):
        protected = DjangoMiddleware(lambda request: StreamingHttpResponse(iter([b"one", b"two"])))
    factory = RequestFactory()
    first = protected(factory.get("/"))
    chunks = iter(first.streaming_content)
    assert next(chunks) == b"one"
    assert protected(factory.get("/")).status_code == 429
    first.close()  # what Django's handler does for a server
    assert protected(factory.get("/")).status_code == 200


def test_other_limits_stay_charged():
    """A request that found no slot is charged nowhere: the rate is given back."""
    both = RateLimit(None, {"GET /*": Limit("2/hour", concurrent=1)})

    async def play():
        app = Hold()
        protected = LaunchReadyMiddleware(app, rate_limit=both)
        first = asyncio.create_task(get(protected))
        await app.inside.wait()
        refused = [(await get(protected)).status for _ in range(5)]
        app.go.set()
        await first
        return refused, [(await get(protected)).status for _ in range(2)]

    assert asyncio.run(play()) == ([429] * 5, [200, 429])


def test_the_server_is_full():
    """key="all" is about the server: 503, and the type that says so."""

    async def play():
        app = Hold()
        protected = LaunchReadyMiddleware(
            app, rate_limit=RateLimit(None, {"GET /*": Limit(None, key="all", concurrent=1)})
        )
        first = asyncio.create_task(get(protected))
        await app.inside.wait()
        refused = await get(protected)
        app.go.set()
        await first
        return refused

    refused = asyncio.run(play())
    assert refused.status == 503
    assert refused.json["type"].endswith("#temporary-reduced-capacity")
    assert refused.get("retry-after") == "1"
