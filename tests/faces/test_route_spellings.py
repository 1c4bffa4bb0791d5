"""A pattern holds for every spelling of its path and method that the framework's own router serves."""

import asyncio
import io
import types
from functools import partial
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faces.apps import _django_setup
from launchready.http.routes import RouteTable

PATTERNS = [
    "GET /bookings", "POST /bookings", "POST /login", "GET /coaches/{id}", "DELETE /coaches/{id}",
    "PUT /slots/{day}/{hour}", "POST /files/*", "GET /", "POST /class",
]  # fmt: skip
TABLE = RouteTable({pattern: pattern for pattern in PATTERNS})


class Recorder:
    """A feature that records the request that patterns are matched with."""

    name = "recorder"
    seen = None

    def handle(self, request):
        self.seen = request


def record(face):
    feature = Recorder()
    face.stack.plans, face.stack.other, face.stack.health = {}, (feature,), {}
    return feature


def asgi(app, recorder, *, prefixed=True):
    """Returns a function that sends one request as an ASGI server does: (status, body, recorded request)."""

    def call(method, raw, root):
        path = unquote_to_bytes(raw).decode("utf-8", "replace")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": method, "path": root + path if prefixed else path, "raw_path": raw.encode(), "query_string": b"",
            "root_path": root, "scheme": "http", "headers": [(b"host", b"x")], "client": ("127.0.0.1", 1),
            "server": ("x", 80),
        }  # fmt: skip
        sent = []

        incoming = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive():
            return incoming.pop() if incoming else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), recorder.seen

    return call


def wsgi(app, recorder):
    def call(method, raw, root):
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": root, "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
            "QUERY_STRING": "", "SERVER_NAME": "x", "SERVER_PORT": "80", "HTTP_HOST": "x", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        status = []
        body = app(environ, lambda line, headers, exc_info=None: status.append(int(line[:3])))
        return status[0], b"".join(body), recorder.seen

    return call


def starlette_routes():
    from starlette.endpoints import HTTPEndpoint
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    def view(pattern):
        async def answer(request):
            return PlainTextResponse(pattern)

        return answer

    class ByMethod(HTTPEndpoint):
        async def post(self, request):
            return PlainTextResponse("POST /class")

    nested = [
        Route("/{id:int}", view("GET /coaches/{id}")),
        Route("/{id}", view("DELETE /coaches/{id}"), methods=["DELETE"]),
    ]
    return [
        Route("/", view("GET /")),
        Route("/bookings", view("GET /bookings")),
        Route("/bookings", view("POST /bookings"), methods=["POST"]),
        Route("/login", view("POST /login"), methods=["POST"]),
        Mount("/coaches", routes=nested),
        Route("/slots/{day}/{hour}", view("PUT /slots/{day}/{hour}"), methods=["PUT"]),
        Route("/files/{name:path}", view("POST /files/*"), methods=["POST"]),
        Route("/class", ByMethod),
    ]


def starlette():
    from starlette.applications import Starlette

    from launchready.fastapi import LaunchReadyMiddleware

    face = LaunchReadyMiddleware(Starlette(routes=starlette_routes()))
    return asgi(face, record(face))


def mounted():
    """The middleware inside a mounted sub-app."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from launchready.fastapi import LaunchReadyMiddleware

    face = LaunchReadyMiddleware(Starlette(routes=starlette_routes()))
    call = asgi(Starlette(routes=[Mount("/v1", app=face)]), record(face))
    return lambda method, raw, root: call(method, "/v1" + raw, root)


def fastapi():
    from fastapi import APIRouter, FastAPI

    from launchready.fastapi import LaunchReadyMiddleware

    app, router = FastAPI(), APIRouter(prefix="/coaches")

    def view(pattern):
        return lambda: pattern

    for pattern in PATTERNS:
        method, path = pattern.split(" ")
        path = path.replace("*", "{name:path}")
        if path.startswith("/coaches"):
            router.add_api_route(path.removeprefix("/coaches"), view(pattern), methods=[method])
        else:
            app.add_api_route(path, view(pattern), methods=[method])
    app.include_router(router)
    face = LaunchReadyMiddleware(app)
    return asgi(face, record(face))


def flask(*, strict):
    import flask

    from launchready import flask as ours

    def answer(text, **_):
        return text

    app = flask.Flask("spelling")
    app.url_map.strict_slashes = strict
    for pattern in PATTERNS:
        method, path = pattern.split(" ")
        rule = path.replace("{", "<").replace("}", ">").replace("*", "<path:name>")
        app.add_url_rule(rule, pattern, partial(answer, pattern), methods=[method])
    ours.LaunchReady(app)
    return wsgi(app.wsgi_app, record(app.wsgi_app))


def django(*, asynchronous):
    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse, HttpResponseNotAllowed
    from django.test.utils import override_settings
    from django.urls import include, path, re_path

    def view(*patterns):
        known = {pattern.split(" ")[0]: pattern for pattern in patterns}

        def answer(request, **_):
            found = known.get(request.method)
            return HttpResponse(found) if found else HttpResponseNotAllowed(known)

        return answer

    urls = types.ModuleType("spelling_urls")
    coaches = [path("<str:id>", view("GET /coaches/{id}", "DELETE /coaches/{id}"))]
    urls.urlpatterns = [
        path("", view("GET /")),
        re_path(r"^bookings/?$", view("GET /bookings", "POST /bookings")),
        re_path(r"^login$", view("POST /login")),
        path("coaches/", include(coaches)),
        path("slots/<day>/<hour>", view("PUT /slots/{day}/{hour}")),
        path("files/<path:name>", view("POST /files/*")),
        path("class", view("POST /class")),
    ]
    with override_settings(ROOT_URLCONF=urls, LAUNCHREADY={}):
        handler = (ASGIHandler if asynchronous else WSGIHandler)()
    middleware = handler._middleware_chain
    while not hasattr(middleware, "stack"):
        middleware = middleware.__closure__[[*middleware.__code__.co_freevars].index("get_response")].cell_contents
    recorder = record(middleware)
    call = asgi(handler, recorder) if asynchronous else wsgi(handler, recorder)

    def within(*args):
        with override_settings(ROOT_URLCONF=urls, LAUNCHREADY={}):
            return call(*args)

    return within


APPS = {
    "starlette": starlette, "mounted": mounted, "fastapi": fastapi, "flask": lambda: flask(strict=False),
    "flask-strict": lambda: flask(strict=True), "django": lambda: django(asynchronous=False),
    "django-asgi": lambda: django(asynchronous=True),
}  # fmt: skip
_built = {}


def served(name, method, raw, root):
    """Returns the pattern whose route the framework served, or None, and the pattern that our table finds."""
    if name not in _built:
        _built[name] = APPS[name]()
    status, body, seen = _built[name](method, raw, root)
    text = body.decode().strip('"')
    return (text if status == 200 and text in PATTERNS else None), seen


def mutations():
    def at(change):
        return st.integers(0, 40).map(lambda index: lambda path: change(path, index % (len(path) + 1)))

    return st.one_of(
        st.sampled_from(["/", "//", "%0A", "%0a", "%2F", "/.", "/..", ";v=1", "%20", "%00", "%0D", "%09", "."]).map(
            lambda end: lambda path: path + end
        ),
        st.sampled_from(["/", "//", "/.", "/x/.."]).map(lambda start: lambda path: start + path),
        at(lambda path, i: path[:i] + "/" + path[i:]),
        at(lambda path, i: path[:i] + "".join(f"%{ord(c):02x}" for c in path[i : i + 1]) + path[i + 1 :]),
        at(lambda path, i: path[:i] + path[i : i + 1].swapcase() + path[i + 1 :]),
        at(lambda path, i: path[:i] + "/.." + path[i:]),
    )


PATHS = [
    "/",
    "/bookings",
    "/login",
    "/coaches/7",
    "/coaches/ana",
    "/slots/mon/9",
    "/files/a/b.txt",
    "/files/",
    "/class",
]


@pytest.mark.parametrize("name", APPS)
@given(
    path=st.sampled_from(PATHS),
    changes=st.lists(mutations(), max_size=3),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]).flatmap(
        lambda word: st.sampled_from([word, word.lower(), word.title()])
    ),
    root=st.sampled_from(["", "", "/api", "/api/v2"]),
)
@example("/login", [lambda path: path + "%0A"], "POST", "")
@example("/login", [lambda path: "/" + path], "post", "/api")
@example("/login", [lambda path: path + "/"], "post", "")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_spelling(name, path, changes, method, root):
    """If the framework serves a route, the table finds the pattern of that route."""
    raw = path
    for change in changes:
        raw = change(raw)
    route, seen = served(name, method, raw, root)
    if route is not None:
        assert TABLE.find(seen.method, seen.path, None) == route, (seen.method, seen.path)


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("root", ["", "/api"])
def test_plain_spellings_are_served(name, root):
    """The apps serve their routes, so that the property above does not hold in vain."""
    for pattern, path in [
        ("POST /login", "/login"),
        ("GET /coaches/{id}", "/coaches/7"),
        ("POST /files/*", "/files/a/b"),
    ]:
        route, seen = served(name, pattern.split(" ")[0], path, root)
        assert route == pattern
        assert seen.path == path


@pytest.mark.parametrize(
    ("name", "method", "raw"),
    [
        ("flask", "post", "/login"),
        ("flask", "POST", "//login"),
        ("flask", "POST", "/login/"),
        ("django", "post", "/login"),
        ("django", "POST", "/bookings/"),
        ("starlette", "POST", "/login%0A"),
        ("fastapi", "POST", "/l%6fgin"),
    ],
)
def test_known_spellings(name, method, raw):
    """Spellings that these frameworks are known to serve."""
    route, seen = served(name, method, raw, "")
    assert route is not None
    assert TABLE.find(seen.method, seen.path, None) == route


@pytest.mark.parametrize("name", ["fastapi", "flask"])
@pytest.mark.parametrize(
    ("method", "raw"), [("post", "/login"), ("POST", "//login"), ("POST", "/login%0A"), ("POST", "/login/")]
)
@pytest.mark.parametrize("root", ["", "/api"])
def test_a_limit_holds_for_spellings(name, method, raw, root):
    """The second log-in attempt is refused however the path is spelled, below a prefix too."""
    from launchready.settings.rate_limit import RateLimit

    limit = RateLimit("1000/hour", {"POST /login": "1/hour"})
    if name == "flask":
        import flask as framework

        from launchready import flask as ours

        app = framework.Flask("limited")
        app.url_map.strict_slashes = False
        app.add_url_rule("/login", "login", lambda: "in", methods=["POST"])
        ours.LaunchReady(app, rate_limit=limit)
        call = wsgi(app.wsgi_app, Recorder())
    else:
        from fastapi import FastAPI

        from launchready.fastapi import LaunchReadyMiddleware

        app = FastAPI()
        app.add_api_route("/login", lambda: "in", methods=["POST"])
        call = asgi(LaunchReadyMiddleware(app, rate_limit=limit), Recorder())
    assert call("POST", "/login", root)[0] == 200
    assert call(method, raw, root)[0] == 429
