"""``launchready.testing``: a POST that takes effect twice fails its test, with every test client."""

import asyncio
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import launchready
from launchready.testing import twice

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # which client library Starlette would rather have is not what is asked here
    from starlette.testclient import TestClient

Failed = pytest.fail.Exception


class Shop:
    """An app that books, behind launchready or not, in the form that a client takes."""

    def __init__(self):
        self.booked = []

    def wsgi(self, environ, start_response):
        self.booked.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("201 Created", [("Content-Type", "text/plain"), ("X-Mine", "1")])
        return [b"booked"]

    async def asgi(self, scope, receive, send):
        self.booked.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-mine", b"1")]})
        await send({"type": "http.response.body", "body": b"booked"})


def post_starlette(app):
    answer = TestClient(app.protected_asgi if app.protects else app.asgi).post("/bookings", content=b"slot 9")
    return answer.status_code, answer.content, answer.headers["x-mine"]


def post_httpx(app):
    import httpx

    async def send():
        transport = httpx.ASGITransport(app.protected_asgi if app.protects else app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await client.get("/")
            app.booked.clear()
            return await client.post("/bookings", content=b"slot 9")

    answer = asyncio.run(send())
    return answer.status_code, answer.content, answer.headers["x-mine"]


def post_httpx_wsgi(app):
    import httpx

    transport = httpx.WSGITransport(app.protected_wsgi if app.protects else app.wsgi)
    with httpx.Client(transport=transport, base_url="http://shop") as client:
        client.get("/")
        app.booked.clear()
        answer = client.post("/bookings", content=b"slot 9")
    return answer.status_code, answer.content, answer.headers["x-mine"]


def post_werkzeug(app):
    from werkzeug.test import Client

    client = Client(app.protected_wsgi if app.protects else app.wsgi)
    client.get("/")
    app.booked.clear()
    answer = client.post("/bookings", data=b"slot 9")
    return answer.status_code, answer.get_data(), answer.headers["x-mine"]


CLIENTS = [post_starlette, post_httpx, post_httpx_wsgi, post_werkzeug]


@pytest.fixture(params=[True, False], ids=["protected", "bare"])
def shop(request):
    from launchready.asgi import LaunchReadyMiddleware as Asgi
    from launchready.wsgi import Idempotency
    from launchready.wsgi import LaunchReadyMiddleware as Wsgi

    made = Shop()
    made.protects = request.param
    off = {"redaction": None, "timing": None, "health": None}
    made.protected_asgi = Asgi(made.asgi, idempotency=Idempotency(), **off)
    made.protected_wsgi = Wsgi(made.wsgi, idempotency=Idempotency(), **off)
    return made


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "by the answer"])
@pytest.mark.parametrize("post", CLIENTS)
def test_twice(post, shop, counted):
    """A protected view passes with the first answer; an unprotected view fails, and the error names the route."""
    effects = (lambda: len(shop.booked)) if counted else None
    with twice(effects):
        if shop.protects:
            assert post(shop) == (201, b"booked", "1")
            assert shop.booked == [b"slot 9"]
            return
        with pytest.raises(Failed, match=r"POST /bookings (took effect|ran) twice"):
            post(shop)
    assert shop.booked == [b"slot 9"] * 2


def test_a_post_without_an_effect(shop):
    """A search that runs twice passes if effects are counted."""
    with twice(lambda: 0):
        assert post_werkzeug(shop)[0] == 201


def test_calls_to_other_servers_are_sent_once():
    """A request to a real server is sent once."""
    import httpx

    asked = []

    def provider(request):
        asked.append(request)
        return httpx.Response(200)

    with twice(), httpx.Client(transport=httpx.MockTransport(provider)) as client:
        client.post("https://provider.example/charge")
    assert len(asked) == 1


def test_clients_are_restored():
    """After the test every client has the framework's own method."""
    import httpx

    before = httpx.WSGITransport.handle_request
    with twice():
        assert httpx.WSGITransport.handle_request is not before
    assert httpx.WSGITransport.handle_request is before


CONFTEST = """
import pytest
pytest_plugins = ["launchready.testing"]
@pytest.fixture(autouse=True)
def _twice(every_post_twice): ...
"""
FLASK = """
import flask, pytest
from launchready.flask import LaunchReady, idempotent
app = flask.Flask("shop")
@app.post("/pay")
@idempotent
def pay(): return "paid"
@app.post("/search")
def search(): return flask.request.get_data()
LaunchReady(app)
def test_protected():
    answer = app.test_client().post("/pay", json={"a": 1}, headers={"Idempotency-Key": "0190a5a7-6e2b-4c1d-9f3a-5b7c8d9e0f12"})
    assert answer.text == "paid" and "Idempotent-Replayed" not in answer.headers
def test_bare(): app.test_client().post("/search")
@pytest.mark.not_twice
def test_marked(): assert app.test_client().post("/search", data=b"x").data == b"x"
def test_refused(): assert app.test_client().post("/nowhere").status_code == 404
"""
LAZY = """
import pytest
@pytest.fixture
def client():
    import flask
    app = flask.Flask("shop")
    app.post("/pay")(lambda: "paid")
    return app.test_client()
def test_bare(client): client.post("/pay")
def test_get(client): client.get("/nowhere")
"""
DJANGO = """
import asyncio, types, sys
import django, pytest
from django.conf import settings
urls = types.ModuleType("urls"); sys.modules["urls"] = urls
settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], SECRET_KEY="x", INSTALLED_APPS=["launchready.django"],
                   MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"], LAUNCHREADY={"TIMING": None})
django.setup()
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from launchready.django import idempotent
ran = []
@idempotent
def pay(request): ran.append(request.body); return HttpResponse("paid", status=201)
@idempotent
async def apay(request): ran.append(request.body); return HttpResponse("paid", status=201)
def bare(request): ran.append(request.POST["a"]); return HttpResponse("paid", status=201)
urls.urlpatterns = [path("pay", pay), path("apay", apay), path("bare", bare), path("get", bare)]
@pytest.fixture(autouse=True)
def _fresh(): ran.clear()
def test_protected(): assert Client().post("/pay", {"a": "1"}).status_code == 201 and len(ran) == 1
def test_async_protected(): assert asyncio.run(AsyncClient().post("/apay", {"a": "1"})).status_code == 201 and len(ran) == 1
def test_bare(): Client().post("/bare", {"a": "1"})
def test_async_bare(): asyncio.run(AsyncClient().post("/bare", {"a": "1"}))
def test_get(): assert Client().get("/nowhere").status_code == asyncio.run(AsyncClient().get("/nowhere")).status_code == 404
"""


@pytest.mark.parametrize(
    ("suite", "failing", "passing"),
    [(FLASK, {"test_bare"}, 3), (DJANGO, {"test_bare", "test_async_bare"}, 3), (LAZY, {"test_bare"}, 1)],
    ids=["flask", "django", "imported late"],
)
def test_a_suite(suite, failing, passing, tmp_path):
    """A line in conftest.py covers an existing suite."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text(suite)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--strict-markers", "-rf", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(launchready.__file__).parents[1])},
    )  # fmt: skip
    failed = {line.partition("::")[2].split()[0] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == failing, done.stdout[-3000:]
    assert f"{len(failing)} failed, {passing} passed" in done.stdout
    assert "ran twice" in done.stdout
