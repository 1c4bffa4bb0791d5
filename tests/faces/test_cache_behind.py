"""The background refresh in each framework: the view runs again in a context of its own."""

import asyncio
import contextlib
import itertools
import os
import types
from contextvars import ContextVar

import pytest

from faces.apps import _asgi, _django_setup, wsgi_call
from launchready.runtime import background
from launchready.settings.cache import Cache

STALE = {"Cache-Control": "max-age=0, stale-while-revalidate=60"}
WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


def starlette(answer):
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    from launchready.fastapi import LaunchReadyMiddleware

    async def parts():
        yield answer()

    async def view(request):
        return PlainTextResponse(answer(), headers=STALE)

    async def stream(request):
        return StreamingResponse(parts(), headers=STALE)

    app = Starlette(routes=[Route("/stale", view), Route("/stream", stream)])
    app.add_middleware(LaunchReadyMiddleware, cache=Cache())
    return app, contextlib.nullcontext()


def flask(answer):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("coach")
    app.add_url_rule("/stale", "stale", lambda: (answer(), 200, STALE))
    app.add_url_rule("/stream", "stream", lambda: (iter([answer()]), 200, STALE))
    LaunchReady(app, cache=Cache())
    return app, contextlib.nullcontext()


def django(answer, *, asynchronous=False):
    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse, StreamingHttpResponse
    from django.test.utils import override_settings
    from django.urls import path as url

    async def aparts():
        yield answer()

    def view(request):
        return HttpResponse(answer(), headers=STALE)

    def stream(request):
        return StreamingHttpResponse(aparts() if asynchronous else iter([answer()]), headers=STALE)

    urls = types.ModuleType("urls")
    urls.urlpatterns = [url("stale", view), url("stream", stream)]
    given = override_settings(LAUNCHREADY={"CACHE": Cache()}, ROOT_URLCONF=urls)
    with given:
        return ASGIHandler() if asynchronous else WSGIHandler(), given


def django_async(answer):
    return django(answer, asynchronous=True)


@pytest.mark.parametrize("path", ["/stale", "/stream"])
@pytest.mark.parametrize("framework", [starlette, flask, django, django_async])
def test_behind(framework, path):
    """The stale response is served; the response made in the background is served next."""
    numbers = itertools.count(1)

    def answer():
        return f"{next(numbers)} {WHO.get()}".encode()

    app, given = framework(answer)

    async def of_tasks():
        async def body():
            return (await _asgi(app, "GET", path, [], b"", None, False, "192.0.2.1")).body

        async def settled():
            if others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)  # what runs behind an answer runs on this loop

        WHO.set("somebody")
        bodies = []
        for _ in range(3):
            bodies.append(await body())
            await settled()
        return bodies

    def of_threads():
        WHO.set("somebody")
        bodies = []
        for _ in range(3):
            bodies.append(wsgi_call(app)("GET", path).body)
            background._pool(os.getpid()).shutdown()  # waits for what runs behind the answer
            background._pool.cache_clear()
        return bodies

    with given:
        bodies = of_threads() if framework in (flask, django) else asyncio.run(of_tasks())
    assert bodies[:2] == [b"1 somebody"] * 2
    assert bodies[2] == b"2 nobody"
