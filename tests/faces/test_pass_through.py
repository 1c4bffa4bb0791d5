"""What is not a request and answer of ours passes untouched; a client that leaves takes nothing with it."""

import asyncio
import io
import types
import warnings

import pytest

from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import RateLimit

EVERYTHING = {
    "cors": CORS(allow_origins=["https://app.example.com"]), "rate_limit": RateLimit("1/hour"), "cache": Cache(),
    "idempotency": Idempotency(),
}  # fmt: skip


# Scopes other than http.


def asgi_face(app):
    from launchready.asgi import LaunchReadyMiddleware

    return LaunchReadyMiddleware(app, **EVERYTHING)


def fastapi_face(app):
    from launchready.fastapi import LaunchReadyMiddleware

    return LaunchReadyMiddleware(app, **EVERYTHING)


@pytest.mark.parametrize("face", [asgi_face, fastapi_face])
@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something-new"])
def test_other_scopes(face, kind):
    """The app gets the very scope, receive and send of the server, however often; a socket's send is timed."""
    seen = []

    async def app(*given):
        seen.append(given)

    async def receive():
        raise AssertionError

    async def send(message):
        raise AssertionError(message)

    scope = {"type": kind, "path": "/livez", "method": "GET", "headers": []}
    for _ in range(3):
        asyncio.run(face(app)(scope, receive, send))
    for given in seen:
        assert given[0] is scope
        assert given[1] is receive
        assert given[2] is send or kind == "websocket"


def test_websocket_and_lifespan_of_a_real_app():
    """FastAPI's start-up runs once, and a socket talks, behind every feature."""
    from fastapi import FastAPI, WebSocket

    from launchready.fastapi import LaunchReadyMiddleware

    ran = []

    async def lifespan(app):
        ran.append("start")
        yield
        ran.append("stop")

    from contextlib import asynccontextmanager

    app = FastAPI(lifespan=asynccontextmanager(lifespan))
    app.add_middleware(LaunchReadyMiddleware, **{**EVERYTHING, "rate_limit": RateLimit("2/hour")})

    @app.websocket("/echo")
    async def echo(socket: WebSocket):
        await socket.accept()
        await socket.send_text("got " + await socket.receive_text())
        await socket.close()

    async def talk(scope, incoming):
        messages, sent = list(incoming), []

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)
        return sent

    socket = {"type": "websocket", "path": "/echo", "headers": [], "query_string": b"", "root_path": "", "scheme": "ws"}
    for _ in range(2):
        sent = asyncio.run(talk(socket, [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hi"}]))
        assert [each["type"] for each in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
        assert sent[1]["text"] == "got hi"
    sent = asyncio.run(talk({"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]))
    assert [each["type"] for each in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ran == ["start", "stop"]


@pytest.mark.parametrize("settings", [{"cache": Cache()}, EVERYTHING])
def test_early_hints(settings):
    """ASGI's only interim answer goes on to the server before the head, and is no part of what is stored."""
    from launchready.asgi import LaunchReadyMiddleware

    hint = {"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]}

    async def app(scope, receive, send):
        await send(hint)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"page"})

    async def main(middleware):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"x")],
                 "extensions": {"http.response.early_hint": {}}}  # fmt: skip
        await middleware(scope, receive, send)
        return sent

    middleware = LaunchReadyMiddleware(app, **{**settings, "rate_limit": None})
    first, again = asyncio.run(main(middleware)), asyncio.run(main(middleware))
    assert first[0] == hint
    assert [message["type"] for message in first[1:]] == ["http.response.start", "http.response.body"]
    assert again[0]["type"] == "http.response.start"
    assert dict(again[0]["headers"])[b"cache-status"].startswith(b"launchready; hit")


@pytest.mark.parametrize(
    ("one", "other"),
    [({"PATH_INFO": "/a?b"}, {"PATH_INFO": "/a%3Fb"}),
     ({"PATH_INFO": "/a?b", "RAW_URI": "http://x/a%3Fb"}, {"PATH_INFO": "/a", "RAW_URI": "http://x/a?b"}),
     ({"PATH_INFO": "/a/b", "RAW_URI": "/a%2Fb?q"}, {"PATH_INFO": "/a/b", "RAW_URI": "/a/b?q"})],
)  # fmt: skip
@pytest.mark.parametrize("django", [False, True])
def test_two_paths_are_never_one(one, other, django):
    """As they were sent, where the server says it; else no two that differ decoded look alike encoded."""
    _django_setup()
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse
    from django.test import override_settings

    from launchready.django import LaunchReadyMiddleware as DjangoMiddleware
    from launchready.wsgi import LaunchReadyMiddleware

    numbers = iter(b"12")

    def app(environ, start_response):
        start_response("200 OK", HEADERS)
        return [b"%c" % next(numbers)]

    if django:
        with override_settings(LAUNCHREADY={"CACHE": Cache()}):
            view = DjangoMiddleware(lambda request: HttpResponse(b"%c" % next(numbers), headers=dict(HEADERS)))
        asked = [view(WSGIRequest({**_environ(), **path})).content for path in (one, other, one, other)]
    else:
        middleware = LaunchReadyMiddleware(app, cache=Cache())
        asked = [b"".join(middleware({**_environ(), **path}, lambda *_: None)) for path in (one, other, one, other)]
    assert asked == [b"1", b"2", b"1", b"2"]


# A client that goes away in the middle of a streamed answer.

HEADERS = [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")]


class Parts:
    """The body of the app: three parts; counts how often it was begun and how often it was ended."""

    def __init__(self):
        self.begun = self.ended = 0

    def sync(self):
        self.begun += 1
        try:
            yield from (b"one ", b"two ", b"three")
        finally:
            self.ended += 1

    async def coroutine(self):
        self.begun += 1
        try:
            for part in (b"one ", b"two ", b"three"):
                yield part
                await asyncio.sleep(0)
        finally:
            self.ended += 1


def raw_wsgi(parts):
    from launchready.wsgi import LaunchReadyMiddleware

    def app(environ, start_response):
        start_response("200 OK", HEADERS)
        return parts.sync()

    return LaunchReadyMiddleware(app, cache=Cache())


def flask(parts):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("streams")
    app.add_url_rule("/stream", "stream", lambda: flask.Response(parts.sync(), headers=HEADERS))
    LaunchReady(app, cache=Cache())
    return app


def raw_asgi(parts):
    from launchready.asgi import LaunchReadyMiddleware

    async def app(scope, receive, send):
        lines = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        stream = parts.coroutine()
        try:
            async for part in stream:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await stream.aclose()
        await send({"type": "http.response.body", "body": b""})

    return LaunchReadyMiddleware(app, cache=Cache())


def starlette(parts):
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    from launchready.fastapi import LaunchReadyMiddleware

    async def view(request):
        return StreamingResponse(parts.coroutine(), headers=dict(HEADERS))

    return Starlette(routes=[Route("/stream", view)], middleware=[Middleware(LaunchReadyMiddleware, cache=Cache())])


def django(parts):
    _django_setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import StreamingHttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    urls = types.ModuleType("urls")
    urls.urlpatterns = [path("stream", lambda _: StreamingHttpResponse(parts.sync(), headers=dict(HEADERS)))]
    settings = override_settings(LAUNCHREADY={"CACHE": Cache()}, ROOT_URLCONF=urls)
    with settings:
        handler = WSGIHandler()

    def app(environ, start_response):
        with override_settings(LAUNCHREADY={"CACHE": Cache()}, ROOT_URLCONF=urls):
            return handler(environ, start_response)

    return app


@pytest.mark.parametrize("face", [raw_wsgi, flask, django])
def test_gone_under_wsgi(face):
    """The server closes the answer early: the app's iterator is closed, and half an answer is never served again."""
    parts = Parts()
    app = face(parts)
    body = app(_environ(), lambda status, headers, exc_info=None: None)
    assert next(iter(body)) == b"one "
    body.close()
    assert (parts.begun, parts.ended) == (1, 1)
    call = wsgi_call(app)
    assert [call("GET", "/stream").body for _ in range(2)] == [b"one two three"] * 2
    assert parts.begun == parts.ended == 2


@pytest.mark.parametrize("face", [raw_asgi, starlette])
def test_gone_under_asgi(face):
    """The server's send fails: the app is told, and half an answer is never served again."""
    parts = Parts()
    app = face(parts)
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "https", "path": "/stream", "raw_path": b"/stream", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"api.example.com")], "client": ("192.0.2.1", 1), "server": ("x", 443),
    }  # fmt: skip

    async def gone():
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)
            if len(sent) == 3:
                raise OSError("the client is gone")

        with pytest.raises(Exception, match=r"gone|^$"):
            await app(scope, receive, send)
        assert sent[1]["body"] == b"one "

    asyncio.run(gone())
    call = asgi_call(app)
    assert [call("GET", "/stream").body for _ in range(2)] == [b"one two three"] * 2
    assert parts.begun == parts.ended == 2


def test_gone_under_django_asgi():
    """Django cancels the view when the client disconnects: its iterator is closed, and half an answer is not kept."""
    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.http import StreamingHttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    parts = Parts()

    async def view(request):
        return StreamingHttpResponse(parts.coroutine(), headers=dict(HEADERS))

    urls = types.ModuleType("urls")
    urls.urlpatterns = [path("stream", view)]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "https", "path": "/stream", "raw_path": b"/stream", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"api.example.com")], "client": ("192.0.2.1", 1), "server": ("x", 443),
    }  # fmt: skip

    async def gone(app):
        incoming, seen = [{"type": "http.request", "body": b"", "more_body": False}], asyncio.Event()

        async def receive():
            if incoming:
                return incoming.pop()
            await seen.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message.get("body"):
                assert message["body"] == b"one "
                seen.set()
                await asyncio.Event().wait()  # the socket takes nothing more

        await app(scope, receive, send)

    with override_settings(LAUNCHREADY={"CACHE": Cache()}, ROOT_URLCONF=urls):
        app = ASGIHandler()
        asyncio.run(gone(app))
        assert (parts.begun, parts.ended) == (1, 1)
        call = asgi_call(app)
        assert [call("GET", "/stream").body for _ in range(2)] == [b"one two three"] * 2
    assert parts.begun == parts.ended == 2


@pytest.mark.parametrize("face", [raw_wsgi, flask, django])
def test_stored_before_the_body_ends_under_wsgi(face):
    """A client that has received the end of the body finds the response stored."""
    parts = Parts()
    app = face(parts)
    body = app(_environ(), lambda status, headers, exc_info=None: None)
    assert b"".join(body) == b"one two three"
    assert wsgi_call(app)("GET", "/stream").body == b"one two three"  # the server has not closed the body yet
    body.close()
    assert parts.begun == 1


def test_stored_with_the_chunk_that_completes_the_announced_length():
    """A client that counts bytes may ask again after the last chunk, before the body ends."""
    from launchready.wsgi import LaunchReadyMiddleware

    parts = Parts()

    def app(environ, start_response):
        start_response("200 OK", [*HEADERS, ("Content-Length", "13")])
        return parts.sync()

    middleware = LaunchReadyMiddleware(app, cache=Cache())
    body = middleware(_environ(), lambda status, headers, exc_info=None: None)
    for part in body:
        if part == b"three":
            assert wsgi_call(middleware)("GET", "/stream").body == b"one two three"
    body.close()
    assert parts.begun == 1


@pytest.mark.parametrize("face", [raw_wsgi, flask, django])
def test_a_stream_that_is_copied_is_not_delayed_by_a_chunk(face):
    """Each chunk is sent before the app makes the next one, although the cache copies the body."""
    made = []

    class Counted(Parts):
        def sync(self):
            for part in (b"one ", b"two ", b"three"):
                made.append(part)
                yield part

    body = iter(face(Counted())(_environ(), lambda status, headers, exc_info=None: None))
    assert [(next(body), len(made)) for _ in range(3)] == [(b"one ", 1), (b"two ", 2), (b"three", 3)]
    assert next(body, None) is None


def _environ():
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/stream", "QUERY_STRING": "", "SERVER_NAME": "x",
        "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "api.example.com", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }  # fmt: skip


@pytest.mark.parametrize("coroutine", [True, False])
def test_stored_before_the_body_ends_under_django_asgi(coroutine):
    """The same of what Django streams in an event loop, whichever kind of iterator the view gives."""
    parts = Parts()
    _django_setup()
    from django.http import StreamingHttpResponse
    from django.test import AsyncRequestFactory, override_settings

    from launchready.django import LaunchReadyMiddleware

    async def view(request):
        return StreamingHttpResponse(parts.coroutine() if coroutine else parts.sync(), headers=dict(HEADERS))

    async def main():
        factory = AsyncRequestFactory()
        with override_settings(LAUNCHREADY={"CACHE": Cache()}):
            app = LaunchReadyMiddleware(view)
        first = await app(factory.get("/stream"))
        assert b"".join([part async for part in first]) == b"one two three"
        again = await app(factory.get("/stream"))
        assert again.content == b"one two three"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Django's, of a synchronous iterator in an event loop
        asyncio.run(main())
    assert parts.begun == 1


@pytest.mark.parametrize("limit", [3, 0])
def test_a_django_stream_that_is_not_kept_is_not_delayed(limit):
    """Over the bound, or where nobody asked: a part leaves before the next one is made."""
    _django_setup()
    from django.http import StreamingHttpResponse
    from django.test import RequestFactory, override_settings

    from launchready.django import LaunchReadyMiddleware

    made = []

    def events():
        for number in range(3):
            made.append(number)
            yield b"%d, so many" % number

    headers = dict(HEADERS) if limit else {"Content-Type": "text/event-stream"}
    with override_settings(LAUNCHREADY={"CACHE": Cache(max_body=limit or 100)}):
        app = LaunchReadyMiddleware(lambda request: StreamingHttpResponse(events(), headers=headers))
    stream = iter(app(RequestFactory().get("/stream")).streaming_content)
    assert [(next(stream)[:1], len(made)) for _ in range(3)] == [(b"0", 1), (b"1", 2), (b"2", 3)]


def test_a_stream_that_nobody_keeps_is_not_delayed():
    """Under WSGI each chunk leaves before the next one is made."""
    from launchready.wsgi import LaunchReadyMiddleware

    made = []

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "192.0.2.1"}
    body = LaunchReadyMiddleware(app, cache=Cache())(environ, lambda status, headers: None)
    for number, _ in enumerate(body, 1):
        assert len(made) == number
    body.close()


# Route templates.


def _outermost(app):
    """Our middleware, wherever the framework put it among its own."""
    layer = app.middleware_stack
    while not hasattr(layer, "status"):
        layer = layer.app
    return layer


def starlette_routes():
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from launchready.fastapi import LaunchReadyMiddleware

    async def view(request):
        return PlainTextResponse("fine")

    things = [Route("/things/{id:int}", view)]
    app = Starlette(
        routes=[Route("/plain", view), Mount("/v1", routes=things), Mount("/of/{club}", app=Starlette(routes=things))],
        middleware=[Middleware(LaunchReadyMiddleware)],
    )
    return asgi_call(app), lambda: _outermost(app).status()


def fastapi_routes():
    from fastapi import APIRouter, FastAPI

    from launchready.fastapi import LaunchReadyMiddleware

    def view():
        return "fine"

    def things():
        router = APIRouter()
        router.add_api_route("/things/{id}", view)
        return router

    app, part, outer = FastAPI(openapi_url=None), FastAPI(openapi_url=None), APIRouter(prefix="/v1")
    app.add_api_route("/plain", view)
    outer.include_router(things())
    app.include_router(outer)
    part.include_router(things())
    app.mount("/of/{club}", part)
    app.add_middleware(LaunchReadyMiddleware)
    return asgi_call(app), lambda: _outermost(app).status()


def flask_routes():
    import flask

    from launchready.flask import LaunchReady

    def view(**values):
        return "fine"

    app, outer, inner = flask.Flask("x"), flask.Blueprint("o", "o", url_prefix="/v1"), flask.Blueprint("i", "i")
    inner.add_url_rule("/things/<int:id>", "thing", view)
    outer.register_blueprint(inner)
    app.add_url_rule("/plain", "plain", view)
    app.register_blueprint(outer)
    app.register_blueprint(inner, name="club", url_prefix="/of/<club>")
    face = LaunchReady(app)
    return wsgi_call(app), face.status


MADE = []


def remembered(get_response):
    """The middleware as Django makes it, within a test's reach."""
    from launchready.django import LaunchReadyMiddleware

    MADE.append(LaunchReadyMiddleware(get_response))
    return MADE[-1]


remembered.async_capable = True


def _django_routes(handler):
    _django_setup()
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import include, path

    def view(request, **values):
        return HttpResponse("fine")

    things = [path("things/<int:id>", view)]
    urls = types.ModuleType("urls")
    urls.urlpatterns = [path("plain", view), path("v1/", include(things)), path("of/<club>/", include(things))]
    settings = {"LAUNCHREADY": {}, "ROOT_URLCONF": urls, "MIDDLEWARE": [f"{__name__}.remembered"]}
    with override_settings(**settings):
        app = handler()
    call = asgi_call(app) if hasattr(app, "read_body") else wsgi_call(app)

    def within(*args):
        with override_settings(**settings):
            return call(*args)

    return within, MADE[-1].status


def django_routes():
    from django.core.handlers.wsgi import WSGIHandler

    return _django_routes(WSGIHandler)


def django_asgi_routes():
    from django.core.handlers.asgi import ASGIHandler

    return _django_routes(ASGIHandler)


@pytest.mark.parametrize("build", [starlette_routes, fastapi_routes, flask_routes, django_routes, django_asgi_routes])
def test_route_templates(build):
    """Prefixes, mounts, blueprints and includes are in the template, data is not; forty unknown paths are one row."""
    call, status = build()
    for number in range(3):
        assert call("GET", "/plain").status == 200
        assert call("GET", f"/v1/things/{number}").status == 200
        assert call("GET", f"/of/club-{number}/things/{number}").status == 200
    for number in range(40):
        assert call("GET", f"/wp-admin/{number}").status == 404
    call("GET", "/livez")
    rows = {(row["method"], row["route"]): row["count"] for row in status()["routes"]}
    assert rows == {
        ("GET", "/plain"): 3, ("GET", "/v1/things/{id}"): 3, ("GET", "/of/{club}/things/{id}"): 3,
        ("GET", "(unmatched)"): 40,
    }  # fmt: skip
