"""``@cached`` on a view in each framework."""

import itertools

import pytest

import launchready
from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.errors import ConfigError
from launchready.runtime.cache_registry import CACHES
from launchready.settings.cache import Cache


def numbers():
    return itertools.count(1)


def starlette(count, **settings):
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from launchready.fastapi import LaunchReadyMiddleware, cached

    @cached("60s", tags=("coaches",))
    async def coaches(request):
        return PlainTextResponse(str(next(count)))

    @cached("60s")
    async def strict(request):
        return PlainTextResponse(str(next(count)), headers={"cache-control": "no-store"})

    @cached("60s")
    async def slots(request):
        return PlainTextResponse(str(next(count)))

    app = Starlette(routes=[Route("/coaches", coaches), Route("/strict", strict), Route("/slots", slots)])
    app.add_middleware(LaunchReadyMiddleware, cache=Cache(), **settings)
    return app, asgi_call(app)


def fastapi(count, *, plain=False, **settings):
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    from launchready.fastapi import LaunchReadyMiddleware, cached

    app = FastAPI()

    def view(path, answer, **options):
        if plain:

            def coaches() -> str:
                return str(next(count))
        else:

            async def coaches() -> str:
                return str(next(count))

        app.get(path, response_class=answer)(cached("60s", **options)(coaches))

    class Strict(PlainTextResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.headers["cache-control"] = "no-store"

    view("/coaches", PlainTextResponse, tags=("coaches",))
    view("/strict", Strict)
    view("/slots", PlainTextResponse)
    app.add_middleware(LaunchReadyMiddleware, cache=Cache(), **settings)
    return app, asgi_call(app)


def fastapi_threads(count, **settings):
    return fastapi(count, plain=True, **settings)


def flask(count, *, asynchronous=False, **settings):
    import flask

    from launchready.flask import LaunchReady, cached

    app = flask.Flask("coach")

    def view(path, headers, **options):
        if asynchronous:

            async def coaches():
                return str(next(count)), 200, headers
        else:

            def coaches():
                return str(next(count)), 200, headers

        app.add_url_rule(path, path, cached("60s", **options)(coaches))

    view("/coaches", {}, tags=("coaches",))
    view("/strict", {"Cache-Control": "no-store"})
    view("/slots", {})
    return LaunchReady(app, cache=Cache(), **settings), wsgi_call(app)


def flask_async(count, **settings):
    return flask(count, asynchronous=True, **settings)


def django(count, *, asynchronous=False, **settings):
    import types

    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path as url

    from launchready.django import cached

    def view(headers, **options):
        if asynchronous:

            async def coaches(request):
                return HttpResponse(str(next(count)), headers=headers)
        else:

            def coaches(request):
                return HttpResponse(str(next(count)), headers=headers)

        return cached("60s", **options)(coaches)

    urls = types.ModuleType("urls")
    urls.urlpatterns = [
        url("coaches", view({}, tags=("coaches",))), url("strict", view({"Cache-Control": "no-store"})),
        url("slots", view({})),
    ]  # fmt: skip
    given = {"LAUNCHREADY": {"CACHE": Cache(), **settings}, "ROOT_URLCONF": urls}
    with override_settings(**given):
        handler = ASGIHandler() if asynchronous else WSGIHandler()
    call = asgi_call(handler) if asynchronous else wsgi_call(handler)

    def within(*args, **options):
        with override_settings(**given):
            return call(*args, **options)

    return handler, within


def django_async(count, **settings):
    return django(count, asynchronous=True, **settings)


FRAMEWORKS = [starlette, fastapi, fastapi_threads, flask, flask_async, django, django_async]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_view_says_it(framework):
    """Fresh for the stated time until its tag is purged; the app's own header and the deny list win."""
    CACHES.clear()  # apps of other tests, whose stores are gone
    app, call = framework(numbers())
    assert [call("GET", "/coaches").body for _ in range(3)] == [b"1"] * 3
    launchready.purge(tag="coaches")
    assert [call("GET", "/coaches").body for _ in range(2)] == [b"2"] * 2
    assert [call("GET", "/coaches", [("Cookie", "session=1")]).body for _ in range(2)] == [b"3", b"4"]
    assert [call("GET", "/strict").body for _ in range(2)] == [b"5", b"6"]
    assert [call("GET", "/slots").body for _ in range(2)] == [b"7", b"8"]
    assert app is not None


def test_wrong_decorators():
    """Mistakes raise where the decorator is applied."""
    for wrong in ({"freshness": "soon"}, {"freshness": "60s", "tags": "coaches"}):
        with pytest.raises(ConfigError, match="@cached"):
            launchready.cached(**wrong)


def test_without_a_middleware():
    """Without the middleware the view is unchanged."""
    assert launchready.cached("60s")(lambda: 7)() == 7
