"""A stream under an idempotency key: buffered for a bounded time, and an endless one ends with its client."""

import asyncio
import io
import itertools

import pytest

from faces.apps import _django_setup
from launchready.asgi import LaunchReadyMiddleware
from launchready.runtime.bodies import spool
from launchready.settings.idempotency import Idempotency
from launchready.wsgi import LaunchReadyMiddleware as WSGIMiddleware

KEY = "5b0e0e9c-3b0c-4a55-8f3d-5f5a2a1c7e11"
SETTINGS = Idempotency(routes=["POST /events"], scope=lambda request: "me")
KINDS = [b"text/event-stream", b"text/plain"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    from launchready.asgi import exchange

    monkeypatch.setattr(spool, "STREAM_SECONDS", 0.2)
    monkeypatch.setattr(exchange, "STREAM_SECONDS", 0.2)


def scope():
    return {
        "type": "http", "asgi": {"spec_version": "2.3"}, "method": "POST", "path": "/events", "query_string": b"",
        "headers": [(b"idempotency-key", KEY.encode())], "scheme": "https", "client": ("203.0.113.9", 1),
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_asgi_stream(kind):
    """The first chunks arrive while the stream runs, and the retry gets a refusal, not a second stream."""
    calls = []

    async def app(scope, receive, send):
        calls.append(1)
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", kind)]})
        while True:
            await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
            await asyncio.sleep(0.01)

    face = LaunchReadyMiddleware(app, idempotency=SETTINGS)

    async def main():
        got, arrived = [], asyncio.Event()

        async def send(message):
            got.append(message)
            if len(got) > 3:
                arrived.set()

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        task = asyncio.create_task(face(scope(), receive, send))
        await asyncio.wait_for(arrived.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert got[0]["type"] == "http.response.start"
        got.clear()
        await face(scope(), receive, send)
        return got[0]["status"]

    assert asyncio.run(main()) == 409
    assert calls == [1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunks", [True, False])
def test_asgi_client_leaves(kind, chunks):
    """After a disconnect an endless stream under a key ends, whether it sends chunks or is silent."""
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    ended = []

    async def events(request):
        async def stream():
            try:
                while True:
                    if chunks:
                        yield b"data: 1\n\n"
                    await asyncio.sleep(0.01)
            finally:
                ended.append(1)

        return StreamingResponse(stream(), media_type=kind.decode())

    app = Starlette(routes=[Route("/events", events, methods=["POST"])])
    face = LaunchReadyMiddleware(app, idempotency=SETTINGS)

    async def main():
        incoming = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive():
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message):
            pass

        await asyncio.wait_for(face({**scope(), "asgi": {"spec_version": "2.3"}}, receive, send), 5)

    asyncio.run(main())
    assert ended == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_wsgi_stream(kind):
    """The first chunks arrive while the stream runs."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", kind.decode())])
        import time

        for number in itertools.count():
            time.sleep(0.01)
            yield b"data: %d\n\n" % number

    face = WSGIMiddleware(app, idempotency=SETTINGS)
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/events", "SCRIPT_NAME": "", "QUERY_STRING": "",
        "HTTP_IDEMPOTENCY_KEY": KEY, "REMOTE_ADDR": "203.0.113.9", "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    body = face(environ, lambda status, headers, exc_info=None: None)
    assert next(iter(body)) == b"data: 0\n\n"
    body.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_django_stream(kind, asynchronous):
    """The first chunks arrive while the stream runs."""
    _django_setup()
    from django.http import StreamingHttpResponse

    from launchready.django.bodies import aread_body_up_to, read_body_up_to

    async def astream():
        for number in itertools.count():
            await asyncio.sleep(0.01)
            yield b"data: %d\n\n" % number

    def stream():
        import time

        for number in itertools.count():
            time.sleep(0.01)
            yield b"data: %d\n\n" % number

    answer = StreamingHttpResponse(astream() if asynchronous else stream(), content_type=kind.decode())
    if not asynchronous:
        assert read_body_up_to(answer, 10**6) is None
        assert next(iter(answer.streaming_content)) == b"data: 0\n\n"
        return

    async def main():
        assert await aread_body_up_to(answer, 10**6) is None
        assert await anext(aiter(answer.streaming_content)) == b"data: 0\n\n"

    asyncio.run(main())
