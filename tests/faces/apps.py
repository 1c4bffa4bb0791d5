"""One small app in every framework, behind every face, and one way to call them all.

Each has the same routes; ``calls`` counts what ran. ``FACES`` maps a name to a function of settings that gives a
callable ``call(method, path, headers, body) -> Answer``; ``call.app`` is what a server would serve.
"""

import asyncio
import io
import json
import zlib
from typing import NamedTuple

import launchready.ratelimit
from launchready.errors import SafeToRetry


class Answer(NamedTuple):
    status: int
    headers: list  # (lower-case name, value) pairs
    body: bytes

    def get(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    @property
    def json(self):
        return json.loads(self.body)


class Calls:
    """What ran, by path."""

    def __init__(self):
        self.count = {}

    def add(self, path):
        self.count[path] = self.count.get(path, 0) + 1
        return self.count[path]


BIG = 300_000


def breaking_off():
    """A body whose maker raises when part of it was made."""
    yield b"one "
    raise RuntimeError("the handler failed")


def respond(calls, method, path, body):
    """Status, headers, body (bytes or a list of chunks) of every route; None where there is no such route."""
    if path.startswith("/v1/things/"):
        return 200, [], b"{}"
    if path not in ROUTES or method not in (*ROUTES[path], "HEAD"):
        return None
    number = calls.add(path)
    document = json.dumps({"calls": number, "size": len(body)}).encode()
    plain = [("Content-Type", "application/json")]
    if path == "/boom":
        raise RuntimeError("the handler failed")
    if path == "/breaks":
        return 200, [("Content-Type", "text/plain")], breaking_off()
    if path == "/unsure" and number == 1:
        raise SafeToRetry("the provider refused the connection")
    match path:
        case "/coaches":
            return 200, [*plain, ("Cache-Control", "max-age=60"), ("ETag", '"v1"')], document
        case "/varied":
            return 200, [*plain, ("Cache-Control", "max-age=60"), ("Vary", "Accept-Language")], document
        case "/cookie":
            cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
            return 200, [*plain, ("Cache-Control", "public, max-age=60"), *cookies], document
        case "/private":
            return 200, [*plain, ("Cache-Control", "private, max-age=60")], document
        case "/stream":
            return 200, [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")], [b"one ", b"two ", b"three"]
        case "/claims":
            return 200, [*plain, ("Access-Control-Allow-Origin", "https://evil.example")], document
        case "/framed":
            return 200, [*plain, ("X-Frame-Options", "DENY")], document
        case "/moved":
            return 303, [("Location", "/plain")], b""
        case "/login":
            return (200 if b"right" in body else 401), plain, document
        case "/form-login":
            return 200, [("Content-Type", "text/html")], b"<form>"
        case "/quiet-login":
            if body == b"wrong":
                launchready.ratelimit.failed()
            elif body:
                launchready.signal("login.failed")
        case "/large":
            return 200, plain, b"x" * BIG
        case "/bookings" | "/decorated":
            seen = ("X-Body-Crc", str(zlib.crc32(body)))
            return 201, [*plain, ("Location", "/bookings/7"), ("Set-Cookie", "seen=1"), seen], document
    return 200, plain, document


ROUTES = {
    "/coaches": ("GET", "POST"),
    "/varied": ("GET",),
    "/cookie": ("GET",),
    "/private": ("GET",),
    "/plain": ("GET", "POST"),
    "/stream": ("GET",),
    "/claims": ("GET",),
    "/boom": ("GET", "POST"),
    "/breaks": ("POST",),
    "/framed": ("GET",),
    "/moved": ("GET", "POST"),
    "/large": ("POST",),
    "/bookings": ("POST",),
    "/unsure": ("POST",),
    "/decorated": ("POST",),
    "/limited": ("GET", "POST"),
    "/login": ("POST",),
    "/form-login": ("POST",),
    "/quiet-login": ("POST",),
}


# Calling.


def asgi_call(app):
    def call(method, path, headers=(), body=b"", *, chunks=None, gone=False, client="203.0.113.9"):
        return asyncio.run(_asgi(app, method, path, headers, body, chunks, gone, client))

    call.app = app
    return call


async def _asgi(app, method, path, headers, body, chunks, gone, client):
    bare, _, query = path.partition("?")
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"host" for name, _ in lines):
        lines.append((b"host", b"api.example.com"))
    if body and chunks is None and not any(name == b"content-length" for name, _ in lines):
        lines.append((b"content-length", b"%d" % len(body)))
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "https", "path": bare, "raw_path": bare.encode(), "query_string": query.encode(), "root_path": "",
        "headers": lines, "client": (client, 50000), "server": ("api.example.com", 443), "state": {},
    }  # fmt: skip
    parts = [body] if chunks is None else list(chunks)
    incoming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if gone:
        incoming.append({"type": "http.disconnect"})
    else:
        incoming[-1]["more_body"] = False
    sent = []

    async def receive():
        if incoming:
            return incoming.pop(0)
        return await asyncio.Event().wait()  # the client waits for its answer

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except RuntimeError as error:
        if not sent or str(error) != "the handler failed":
            raise
    if gone and not sent:  # nobody is there to be told
        return Answer(400, [], b"")
    start = sent[0]
    assert start["type"] == "http.response.start", sent
    assert sum(message["type"] == "http.response.start" for message in sent) == 1
    got = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]]
    assert sent[-1].get("more_body", False) is False
    return Answer(start["status"], got, b"".join(message.get("body", b"") for message in sent[1:]))


def wsgi_call(app):
    def call(method, path, headers=(), body=b"", *, chunks=None, gone=False, client="203.0.113.9"):
        bare, _, query = path.partition("?")
        data = body if chunks is None else b"".join(chunks)
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": bare, "QUERY_STRING": query,
            "SERVER_NAME": "api.example.com", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": client, "HTTP_HOST": "api.example.com", "wsgi.version": (1, 0), "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(data[: len(data) // 2] if gone else data), "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        if chunks is not None and not gone:
            environ["wsgi.input_terminated"] = True
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        elif data:
            environ["CONTENT_LENGTH"] = str(len(data))
        for name, value in headers:
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
        started = []

        def start_response(status, lines, exc_info=None):
            del exc_info
            started.append((int(status[:3]), [(name.lower(), value) for name, value in lines]))
            return lambda data: None

        result = app(environ, start_response)
        try:
            content = b"".join(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        return Answer(*started[-1], content)

    call.app = app
    return call


# The frameworks.


def raw_asgi(calls):
    from launchready.asgi import LaunchReadyMiddleware
    from launchready.idempotency import idempotent
    from launchready.ratelimit import limit

    @idempotent
    async def decorated(method, path, body):
        return respond(calls, method, path, body)

    @limit("2/hour")
    async def limited(method, path, body):
        return respond(calls, method, path, body)

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        method, path = scope["method"], scope["path"]
        views = {"/decorated": decorated, "/limited": limited}
        answer = await views[path](method, path, body) if path in views else respond(calls, method, path, body)
        if answer is not None and not isinstance(answer, tuple):
            await answer(scope, receive, send)
            return
        status, headers, content = answer or (404, [], b"not found")
        lines = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        if isinstance(content, bytes):
            await send({"type": "http.response.body", "body": content})
            return
        for part in content:
            await send({"type": "http.response.body", "body": part, "more_body": part != b"three"})

    return lambda **settings: asgi_call(LaunchReadyMiddleware(app, **settings))


def raw_wsgi(calls):
    from launchready.idempotency import idempotent
    from launchready.ratelimit import limit
    from launchready.wsgi import LaunchReadyMiddleware

    @idempotent
    def decorated(method, path, body):
        return respond(calls, method, path, body)

    @limit("2/hour")
    def limited(method, path, body):
        return respond(calls, method, path, body)

    def app(environ, start_response):
        length = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(*([int(length)] if length else []))
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        views = {"/decorated": decorated, "/limited": limited}
        answer = views[path](method, path, body) if path in views else respond(calls, method, path, body)
        if answer is not None and not isinstance(answer, tuple):
            return answer(environ, start_response)
        status, headers, content = answer or (404, [], b"not found")
        start_response(f"{status} Status", headers)
        return [content] if isinstance(content, bytes) else content

    return lambda **settings: wsgi_call(LaunchReadyMiddleware(app, **settings))


def _starlette_response(answer):
    from starlette.responses import Response, StreamingResponse

    if answer is None:
        return Response("not found", 404)
    status, headers, content = answer
    if isinstance(content, bytes):
        made = Response(content, status)
    else:

        async def parts():
            for part in content:
                yield part

        made = StreamingResponse(parts(), status)
    for name, value in headers:
        if name == "Set-Cookie":
            made.headers.append(name, value)
        else:
            made.headers[name] = value
    return made


def starlette(calls):
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount, Route

    from launchready.fastapi import LaunchReadyMiddleware, idempotent, limit

    async def view(request):
        return _starlette_response(respond(calls, request.method, request.url.path, await request.body()))

    @idempotent
    async def decorated(request):
        return _starlette_response(respond(calls, request.method, request.url.path, await request.body()))

    @limit("2/hour")
    async def limited(request):
        return _starlette_response(respond(calls, request.method, request.url.path, await request.body()))

    views = {"/decorated": decorated, "/limited": limited}

    def build(**settings):
        routes = [Route(path, views.get(path, view), methods=list(methods))
                  for path, methods in ROUTES.items()]  # fmt: skip
        routes.append(Mount("/v1", routes=[Route("/things/{id}", view)]))
        return asgi_call(Starlette(routes=routes, middleware=[Middleware(LaunchReadyMiddleware, **settings)]))

    return build


def fastapi(calls):
    from fastapi import APIRouter, FastAPI, Request

    from launchready.fastapi import LaunchReadyMiddleware, idempotent, limit

    async def view(request: Request):
        return _starlette_response(respond(calls, request.method, request.url.path, await request.body()))

    @idempotent
    async def decorated(request: Request):
        return _starlette_response(respond(calls, request.method, request.url.path, await request.body()))

    @limit("2/hour")
    def limited(request: Request):
        return _starlette_response(respond(calls, request.method, request.url.path, b""))

    views = {"/decorated": decorated, "/limited": limited}

    def build(**settings):
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        for path, methods in ROUTES.items():
            app.add_api_route(path, views.get(path, view), methods=list(methods))
        router = APIRouter(prefix="/v1")
        router.add_api_route("/things/{id}", view)
        app.include_router(router)
        app.add_middleware(LaunchReadyMiddleware, **settings)
        return asgi_call(app)

    return build


def _flask(calls, *, asynchronous):
    import flask

    from launchready.flask import LaunchReady, idempotent, limit

    def answer():
        given = respond(calls, flask.request.method, flask.request.path, flask.request.get_data())
        if given is None:
            flask.abort(404)
        status, headers, content = given
        made = flask.Response(content if isinstance(content, bytes) else iter(content), status)
        for name, value in headers:
            if name == "Set-Cookie":
                made.headers.add(name, value)
            else:
                made.headers[name] = value
        return made

    def view(**values):
        return answer()

    async def aview(**values):
        return answer()

    def build(**settings):
        app = flask.Flask("coach")
        chosen = aview if asynchronous else view
        views = {"/decorated": idempotent(chosen), "/limited": limit("2/hour")(chosen)}
        for path, methods in ROUTES.items():
            app.add_url_rule(
                path,
                path,
                views.get(path, chosen),
                methods=methods,
                provide_automatic_options=False,
            )
        things = flask.Blueprint("things", "things", url_prefix="/v1")
        things.add_url_rule("/things/<int:id>", "thing", chosen)
        app.register_blueprint(things)
        LaunchReady(app, **settings)
        return wsgi_call(app)

    return build


def flask_sync(calls):
    return _flask(calls, asynchronous=False)


def flask_async(calls):
    return _flask(calls, asynchronous=True)


def _django_setup():
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            DEBUG=False, ALLOWED_HOSTS=["*"], SECRET_KEY="test only", ROOT_URLCONF=__name__ + "_urls",
            MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"], INSTALLED_APPS=["launchready.django"],
            LAUNCHREADY={}, DATA_UPLOAD_MAX_MEMORY_SIZE=None, LOGGING_CONFIG=None, APPEND_SLASH=False,
        )  # fmt: skip
        django.setup()


def _django(calls, *, asynchronous):
    import types

    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse, HttpResponseNotFound, StreamingHttpResponse
    from django.test.utils import override_settings
    from django.urls import include
    from django.urls import path as url

    from launchready.django import idempotent, limit

    def answer(request):
        given = respond(calls, request.method, request.path, request.body)
        if given is None:
            return HttpResponseNotFound("not found")
        status, headers, content = given
        if isinstance(content, bytes):
            made = HttpResponse(content, status=status)
        else:

            async def parts():
                for part in content:
                    yield part

            made = StreamingHttpResponse(parts() if asynchronous else iter(content), status=status)
        for name, value in headers:
            if name == "Set-Cookie":
                key, _, text = value.partition("=")
                made.set_cookie(key, text)
            else:
                made.headers[name] = value
        return made

    def view(request, **values):
        return answer(request)

    async def aview(request, **values):
        return answer(request)

    chosen = aview if asynchronous else view
    views = {"/decorated": idempotent(chosen), "/limited": limit("2/hour")(chosen)}
    urls = types.ModuleType("urls")
    urls.urlpatterns = [
        *(url(each[1:], views.get(each, chosen)) for each in ROUTES),
        url("v1/", include([url("things/<int:id>", chosen)])),
    ]

    def build(**settings):
        given = {name.upper(): value for name, value in settings.items()}
        changes = override_settings(LAUNCHREADY=given, ROOT_URLCONF=urls)
        with changes:
            handler = ASGIHandler() if asynchronous else WSGIHandler()
        call = asgi_call(handler) if asynchronous else wsgi_call(handler)

        def within(*args, **options):
            with override_settings(LAUNCHREADY=given, ROOT_URLCONF=urls):
                return call(*args, **options)

        within.app = handler
        within.enable = override_settings(LAUNCHREADY=given, ROOT_URLCONF=urls).enable  # for a process that serves it
        return within

    return build


def django_wsgi(calls):
    return _django(calls, asynchronous=False)


def django_asgi(calls):
    return _django(calls, asynchronous=True)


FACES = {
    "asgi": raw_asgi, "wsgi": raw_wsgi, "starlette": starlette, "fastapi": fastapi, "flask": flask_sync,
    "flask-async": flask_async, "django": django_wsgi, "django-asgi": django_asgi,
}  # fmt: skip
