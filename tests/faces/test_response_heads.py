"""Response heads pass unchanged: cookies that an app sets as a header, repeated cookies, announced trailers."""

import asyncio
import types

import pytest

from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.asgi import LaunchReadyMiddleware
from launchready.http.message import Response
from launchready.settings.cors import CORS
from launchready.settings.idempotency import Idempotency

ORIGIN = ("Origin", "https://app.example.com")
KEY = ("Idempotency-Key", "0b8f1f5e-8f0e-4a53-9c39-5e0f8f7b2c11")


@pytest.fixture(params=["wsgi", "asgi"])
def django(request):
    """Django with CORS and idempotency; calls a view."""
    _django_setup()
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    def view(request):
        response = HttpResponse(b"ok")
        response.headers["Set-Cookie"] = "theme=dark; Path=/; SameSite=Lax"
        response.set_cookie("seen", "1", httponly=True)
        response.set_cookie("basket", "b7", path="/shop")
        return response

    urls = types.ModuleType("response_heads_urls")
    urls.urlpatterns = [path("page", view)]
    options = {
        "CORS": {"allow_origins": [ORIGIN[1]]},
        "IDEMPOTENCY": {"routes": ["POST /page"], "scope": lambda _: "me"},
    }
    with override_settings(ROOT_URLCONF=urls, LAUNCHREADY=options):
        yield asgi_call(ASGIHandler()) if request.param == "asgi" else wsgi_call(WSGIHandler())


COOKIES = ["theme=dark; Path=/; SameSite=Lax", "seen=1; HttpOnly; Path=/", "basket=b7; Path=/shop"]


def cookies(answer):
    return sorted(value.strip() for name, value in answer[1] if name.lower() == "set-cookie")


@pytest.mark.parametrize("headers", [[], [ORIGIN]])
def test_django_cookie_headers(django, headers):
    """A Set-Cookie header of the app leaves beside the cookies of ``set_cookie``."""
    assert cookies(django("GET", "/page", headers)) == sorted(COOKIES)


def test_django_response_of_a_feature():
    """A response of a feature keeps each Set-Cookie line, also of one name, and of a name that Django cannot store."""
    _django_setup()
    from launchready.django.exchange import django_response

    lines = [b"a=1; Path=/", b"a=2; Path=/x", b"b=3", b"a b=4"]
    made = django_response(Response(200, [(b"set-cookie", line) for line in lines], b""))
    sent = [morsel.OutputString() for morsel in made.cookies.values()] + [made.headers["Set-Cookie"]]
    assert sent == [line.decode() for line in lines]


@pytest.mark.parametrize("path", ["/stream", "/held"])
def test_asgi_trailers(path):
    """``trailers`` stays in the response start, and the trailers follow the body, buffered or not."""

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"data"})
        await send({"type": "http.response.trailers", "headers": [(b"digest", b"x")]})

    face = LaunchReadyMiddleware(
        app,
        cors=CORS(allow_origins=[ORIGIN[1]]),
        idempotency=Idempotency(routes=["POST /held"], scope=lambda request: "me"),
    )
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "POST", "path": path, "headers": [(b"idempotency-key", KEY[1].encode())],
        "query_string": b"", "scheme": "https", "client": ("203.0.113.9", 1),
    }  # fmt: skip
    asyncio.run(face(scope, receive, send))
    assert sent[0]["trailers"] is True
    assert [message["type"] for message in sent] == [
        "http.response.start",
        "http.response.body",
        "http.response.trailers",
    ]
    if path == "/held":  # a stored response has no trailers, so the replay announces none
        sent.clear()
        asyncio.run(face(scope, receive, send))
        assert "trailers" not in sent[0]
        assert len(sent) == 2
