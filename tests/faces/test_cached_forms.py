"""A page with a one-time form key is never shared, whatever its headers say, in each framework and with every profile."""

import gzip
import re

import pytest

from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.idempotency import form_field, idempotent
from launchready.settings.cache import Cache

SECRET = "".join(reversed("0123456789 abcdefghijklmnopqrstuvw"))
PUBLIC = "public, max-age=600"


def flask(settings, render):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("shop")

    @app.get("/offer")
    def offer():
        return flask.Response(render(), headers={"Cache-Control": PUBLIC})

    @app.post("/book")
    @idempotent(key="form:_idem")
    def book():
        return "booked"

    LaunchReady(app, **settings)
    return wsgi_call(app)


def fastapi(settings, render):
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()

    @app.get("/offer")
    async def offer():
        return HTMLResponse(render(), headers={"Cache-Control": PUBLIC})

    @app.post("/book")
    @idempotent(key="form:_idem")
    async def book():
        return "booked"

    app.add_middleware(LaunchReadyMiddleware, **settings)
    return asgi_call(app)


def django(settings, render):
    _django_setup()
    from django.http import HttpResponse
    from django.test import RequestFactory, override_settings

    from launchready.django import LaunchReadyMiddleware

    with override_settings(LAUNCHREADY={name.upper(): value for name, value in settings.items()}):
        app = LaunchReadyMiddleware(lambda request: HttpResponse(render(), headers={"Cache-Control": PUBLIC}))

    class Answer:
        def __init__(self, answer):
            self.body, self.get = answer.content, answer.headers.get

    return lambda method, path: Answer(app(RequestFactory().get(path)))


def page():
    return f"<form>{form_field()}</form>"


def keys(call):
    answers = [call("GET", "/offer") for _ in range(2)]
    bodies = [gzip.decompress(answer.body) if answer.body[:2] == b"\x1f\x8b" else answer.body for answer in answers]
    return [re.search(rb'value="([^"]+)"', body)[1] for body in bodies], answers


@pytest.mark.parametrize("face", [flask, fastapi, django])
@pytest.mark.parametrize("profile", ["safe", "rfc9111"])
def test_every_visitor_gets_a_key_of_their_own(face, profile):
    """The page says public; each visitor still gets a new key, and caches in front are told not to store it."""
    (first, second), answers = keys(face({"secret_key": SECRET, "cache": Cache(profile=profile)}, page))
    assert first != second
    for answer in answers:
        assert "no-store" in str(answer.get("cache-control"))


@pytest.mark.parametrize("face", [flask, fastapi])
def test_a_key_in_a_compressed_page(face):
    """The same for a page that the app compresses."""
    (first, second), _ = keys(face({"secret_key": SECRET, "cache": Cache()}, lambda: gzip.compress(page().encode())))
    assert first != second


def test_a_page_without_a_form_is_shared():
    """The same route without a key is cached."""
    number = iter(range(9))
    call = flask({"secret_key": SECRET, "cache": Cache()}, lambda: f'<b value="{next(number)}">')
    (first, second), answers = keys(call)
    assert first == second
    assert answers[1].get("cache-control") == PUBLIC
