"""At start patterns and decorators are compared with the app's own routes."""

import asyncio
import types

import pytest

from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.caching import cached
from launchready.errors import ConfigError
from launchready.http.app_routes import AppRoute, as_pattern, unmatched
from launchready.idempotency import idempotent
from launchready.ratelimit import limit
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import RateLimit

ROUTES = [
    AppRoute(frozenset({"GET", "HEAD"}), "/"),
    AppRoute(frozenset({"GET", "HEAD"}), "/api/bookings"),
    AppRoute(frozenset({"POST"}), "/api/bookings"),
    AppRoute(frozenset({"DELETE"}), "/coaches/{id}"),
    AppRoute(frozenset(), "/files/*"),
]


@pytest.mark.parametrize(
    ("pattern", "warning"),
    [
        ("POST /api/bookings", None),
        ("/api/bookings", None),
        ("POST|PUT /api/bookings", None),
        ("POST /api/bookings/", None),
        ("POST /api/*", None),
        ("DELETE /coaches/7", None),
        ("DELETE /coaches/{name}", None),
        ("PUT /files/a/b", None),
        ("/*", None),
        ("MESSAGE /files/*", None),
        ("POST /bookings", "did you mean 'POST /api/bookings'?"),
        ("POST /api/bokings", "did you mean 'POST /api/bookings'?"),
        ("DELETE /coach/{id}", "did you mean 'DELETE /coaches/{id}'?"),
        ("PATCH /coaches/{id}", "the app serves 'DELETE /coaches/{id}'"),
        ("DELETE /coaches/{id}/slots", "did you mean 'DELETE /coaches/{id}'?"),
        ("GET /nothing/like/it/at/all", "write a path of the app"),
    ],
)
def test_unmatched(pattern, warning):
    """A pattern that matches no route is a warning with the nearest route, or with the methods that the app serves."""
    found = unmatched("idempotency.routes", pattern, ROUTES)
    if warning is None:
        assert found is None
    else:
        assert found.startswith(f"idempotency.routes: {pattern!r} matches no route of the app")
        assert found.endswith(warning)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/x/{id:int}", "/x/{id}"), ("/x/<int:id>/y", "/x/{id}/y"), ("/x/<id>", "/x/{id}"),
        ("/files/{name:path}", "/files/*"), ("/files/<path:name>/raw", "/files/*"), ("", "/"),
        ("/x/<any(a,b):kind>", "/x/{kind}"),
    ],
)  # fmt: skip
def test_as_pattern(path, pattern):
    """Parameters of Starlette, Flask and Django have one notation."""
    assert as_pattern(path) == pattern


@pytest.mark.parametrize(
    ("pattern", "correction"),
    [
        ("GET /coaches/<int:id>", 'write "GET /coaches/{id}"'),
        ("/coaches/:id/slots/:day", 'write "/coaches/{id}/slots/{day}"'),
        ("GET /coaches/{id:int}", 'write "GET /coaches/{id}"'),
    ],
)
def test_foreign_notation(pattern, correction):
    """The notations of Flask, Django, Express and Starlette are refused with ours."""
    with pytest.raises(ConfigError, match="in braces") as error:
        idempotency_of(pattern)
    assert correction in str(error.value)


def idempotency_of(pattern):
    from launchready.settings.build import build

    return build({"idempotency": Idempotency(routes=[pattern], scope=lambda request: "me")})


def fastapi(routes, **settings):
    """FastAPI with ``POST /api/bookings`` in a router; ``routes(app)`` adds more."""
    from fastapi import APIRouter, FastAPI

    from launchready.fastapi import LaunchReadyMiddleware

    app, router = FastAPI(), APIRouter(prefix="/bookings")
    router.add_api_route("", lambda: "ok", methods=["POST"])
    app.include_router(router, prefix="/api")
    routes(app)
    app.add_middleware(LaunchReadyMiddleware, **settings)
    return asgi_call(app)


def starlette(routes, **settings):
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from launchready.fastapi import LaunchReadyMiddleware

    nested = [Route("/bookings", lambda request: PlainTextResponse("ok"), methods=["POST"])]
    app = Starlette(routes=[Mount("/api", routes=nested)])
    routes(app)
    app.add_middleware(LaunchReadyMiddleware, **settings)
    return asgi_call(app)


def wrapped(routes, **settings):
    """The ASGI middleware around a Starlette app."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse

    from launchready.asgi import LaunchReadyMiddleware

    app = Starlette()
    app.add_route("/api/bookings", lambda request: PlainTextResponse("ok"), methods=["POST"])
    routes(app)
    return asgi_call(LaunchReadyMiddleware(app, **settings))


def flask(routes, **settings):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("check")
    LaunchReady(app, **settings)
    blueprint = flask.Blueprint("api", "check", url_prefix="/api")
    blueprint.add_url_rule("/bookings", "book", lambda: "ok", methods=["POST"])
    app.register_blueprint(blueprint)
    routes(app)
    return wsgi_call(app.wsgi_app)


FACES = [fastapi, starlette, wrapped, flask]


@pytest.mark.parametrize("face", FACES)
def test_warning(face, caplog):
    """A pattern without a route is one warning, at the first request; a pattern with one is none."""
    limits = RateLimit("1000/hour", {"POST /bookings": "9/minute", "POST /api/bookings": "9/minute"})
    call = face(lambda app: None, rate_limit=limits)
    for _ in range(3):
        assert call("POST", "/api/bookings").status == 200
    lines = [record.getMessage() for record in caplog.records if "no route of the app" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].endswith("did you mean 'POST /api/bookings'?")


@pytest.mark.parametrize("face", FACES)
def test_strict(face):
    """With ``strict=True`` the warning is a ConfigError."""
    call = face(lambda app: None, rate_limit=RateLimit("1000/hour", {"POST /bookings": "9/minute"}), strict=True)
    with pytest.raises(ConfigError, match="did you mean"):
        call("POST", "/api/bookings")


@pytest.mark.parametrize(
    "decorator",
    [idempotent(scope=lambda request: "me"), limit("9/minute"), cached("60s")],
    ids=["idempotent", "limit", "cached"],
)
@pytest.mark.parametrize("face", [fastapi, flask])
@pytest.mark.parametrize("above", [True, False])
def test_decorator_above_its_route(face, decorator, above):
    """A decorator above the route decorator is a ConfigError; below it is fine."""

    def routes(app):
        register = app.get("/page") if face is fastapi else app.route("/page")

        def page():
            return "page"

        page = decorator(register(page)) if above else register(decorator(page))
        routes.kept = page  # as the module that defines it does

    call = face(routes)
    if above:
        with pytest.raises(ConfigError, match=r"'test_decorator_above.*page' stands above the route decorator"):
            call("GET", "/page")
    else:
        assert call("GET", "/page").status == 200


def test_registered_twice():
    """A view that is registered plain and decorated is deliberate."""

    def routes(app):
        app.add_url_rule("/plain", "plain", page)
        app.add_url_rule("/page", "page", routes.kept)

    def page():
        return "page"

    routes.kept = limit("9/minute")(page)
    assert flask(routes)("GET", "/plain").status == 200


def test_lifespan():
    """Under a server the check runs at start: with ``strict`` the start fails with the message."""
    from starlette.applications import Starlette

    from launchready.fastapi import LaunchReadyMiddleware

    app = Starlette()
    app.add_route("/y", lambda request: None)
    app.add_middleware(
        LaunchReadyMiddleware, idempotency=Idempotency(routes=["POST /x"], scope=lambda request: "me"), strict=True
    )
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)

    asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "matches no route" in sent[0]["message"]


@pytest.fixture
def django_urls():
    _django_setup()
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import include, path, re_path

    def view(request, **_):
        return HttpResponse("ok")

    urls = types.ModuleType("route_check_urls")
    urls.urlpatterns = [
        path("api/", include([path("bookings", view), path("coaches/<int:id>", view)])),
        re_path(r"^old/(?P<year>[0-9]{4})/?$", view),
        re_path(r"^files/(.*)$", view),
        re_path(r"^v[12]/x$", view),
    ]

    def configured(**options):
        return override_settings(ROOT_URLCONF=urls, LAUNCHREADY=options)

    return configured


def test_django(django_urls, caplog):
    """Django's routes are compared at the first request and by ``manage.py check``."""
    from django.core.handlers.wsgi import WSGIHandler

    from launchready.django import LaunchReadyMiddleware
    from launchready.django.app_routes import routes_of
    from launchready.django.checks import check_routes

    patterns = ["POST /bookings", "POST /api/bookings", "/old/{year}", "/files/a/b", "/v1/x", "/api/coaches/{id}"]
    limits = {"default": "1000/hour", "routes": dict.fromkeys(patterns, "9/minute")}
    with django_urls(RATE_LIMIT=limits):
        assert [route.path for route in routes_of()] == [
            "/api/bookings", "/api/coaches/{id}", "/old/{year}", "/files/*", "/{value}/x",
        ]  # fmt: skip
        assert wsgi_call(WSGIHandler())("GET", "/api/bookings").status == 200
        lines = [record.getMessage() for record in caplog.records if "no route of the app" in record.getMessage()]
        [message] = check_routes(None)
    assert len(lines) == 1
    assert lines[0].endswith("did you mean '/api/bookings'?")
    assert (message.id, message.msg) == ("launchready.W002", lines[0])
    with django_urls(RATE_LIMIT=limits, STRICT=True):
        assert [message.id for message in check_routes(None)] == ["launchready.E003"]
        with pytest.raises(ConfigError, match="no route of the app"):
            LaunchReadyMiddleware(lambda request: None)._begin(None)
    with django_urls(RATE_LIMIT="often"):
        assert check_routes(None) == []
