"""Whose key it is: one key has one effect, and its answer reaches its owner alone, whatever credentials a retry shows.

Each test makes a first request and repeats it with other credentials: the same, rotated, missing, another user's, and
more than before. Two rules hold for every pair: the handler runs once, and a sender that cannot be shown to be the
first one gets 409 and nothing of the stored answer.
"""

import base64
import hmac
import itertools
import json
import re
from http.cookies import SimpleCookie
from uuid import uuid4

import pytest

from faces.apps import FACES, Calls, _django_setup, asgi_call, wsgi_call
from launchready.idempotency import form_field, idempotent, webhook
from launchready.settings.idempotency import Idempotency
from support.keys import secret

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
SECRET = secret("owners")


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def shown(same, rotated, other):
    """The five ways to send a request, by name."""
    return {
        "same": [same],
        "rotated": [rotated],
        "missing": [],
        "other": [other],
        "added": [same, ("X-Tenant-Id", "b")],
    }


CREDENTIALS = {
    "bearer": shown(*(("Authorization", f"Bearer {token}") for token in ("ann-1", "ann-2", "bob-1"))),
    "basic": shown(basic("ann", "old"), basic("ann", "new"), basic("bob", "old")),
    "x-api-key": shown(*(("X-API-Key", key) for key in ("ann-1", "ann-2", "bob-1"))),
    "api-key": shown(*(("Api-Key", key) for key in ("ann-1", "ann-2", "bob-1"))),
    "x-auth-token": shown(*(("X-Auth-Token", key) for key in ("ann-1", "ann-2", "bob-1"))),
    "proxy user": shown(*(("X-Forwarded-User", name) for name in ("ann", "ann@new", "bob"))),
    "assertion": shown(*(("X-Goog-IAP-JWT-Assertion", text) for text in ("ann-1", "ann-2", "bob-1"))),
    "cookie user": shown(*(("Cookie", f"user={name}") for name in ("ann", "ann2", "bob"))),
    "cookie remember_me": shown(*(("Cookie", f"remember_me={name}") for name in ("ann", "ann2", "bob"))),
    "cookie __Host-id": shown(*(("Cookie", f"__Host-id={name}") for name in ("ann", "ann2", "bob"))),
    "host": shown(*(("Host", f"{name}.example.com") for name in ("ann", "ann2", "bob"))),
}
PAIRS = list(itertools.product(("same", "rotated", "missing", "other", "added"), repeat=2))


def judge(first, second, *, owner):
    """The answer of the second request: a replay for the first one's owner, else 409 that shows nothing."""
    if owner:
        assert second.get("idempotent-replayed") == "true"
        assert second.body == first.body
        return
    assert second.status == 409
    assert second.json["type"].endswith("idempotency-key-owner")
    assert second.get("idempotent-replayed") is None
    assert first.body not in second.body


@pytest.mark.parametrize("path", ["/bookings", "/decorated"])
@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("face", FACES)
def test_credentials(face, credentials, path):
    """A key in the header, on a listed route and on a decorated view, behind every face."""
    calls = Calls()
    call = FACES[face](calls)(idempotency=Idempotency(routes=["POST /bookings"]))
    ways = CREDENTIALS[credentials]
    for number, pair in enumerate(PAIRS, 1):
        key = ("Idempotency-Key", str(uuid4()))
        first, second = (call("POST", path, [key, JSON, *ways[way]], b"{}") for way in pair)
        assert first.status == 201
        judge(first, second, owner=pair[0] == pair[1])
        assert calls.count[path] == number, pair


@pytest.mark.parametrize("face", FACES)
def test_scope(face):
    """With a scope the app says who is the same: a rotated token gets its replay, another user has a key of their own."""
    calls = Calls()
    call = FACES[face](calls)(
        idempotency=Idempotency(routes=["POST /bookings"], scope=lambda request: request.headers.get("x-person"))
    )

    def book(person, token, key="7"):
        lines = [("X-Person", person), ("Authorization", f"Bearer {token}"), ("Idempotency-Key", key)]
        return call("POST", "/bookings", [*lines, JSON], b"{}")

    first = book("ann", "ann-1")
    assert book("ann", "ann-2").body == first.body
    assert calls.count["/bookings"] == 1
    assert book("bob", "bob-1").get("idempotent-replayed") is None
    assert calls.count["/bookings"] == 2


@pytest.mark.parametrize("key", ["1", "order-2026-000123", "a" * 40, "0" * 32, "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("path", ["/bookings", "/decorated"])
@pytest.mark.parametrize("face", FACES)
def test_a_guessable_key(face, path, key):
    """Without a scope a key that another could guess is refused, and nothing runs."""
    calls = Calls()
    call = FACES[face](calls)(idempotency=Idempotency(routes=["POST /bookings"]))
    answer = call("POST", path, [("Idempotency-Key", key), JSON], b"{}")
    assert answer.status == 400
    assert answer.json["type"].endswith("idempotency-key-guessable")
    assert "UUID" in answer.json["detail"]
    assert calls.count.get(path, 0) == 0


# Sessions, and keys in forms, JSON and events, in four frameworks.


def sign_in(session, name):
    """A log-in makes a session of its own, even of one user in one second."""
    session["name"], session["login"] = name, str(uuid4())


class Shop:
    """What the views of one app do. Each booking writes to the session, so every first answer rewrites its cookie."""

    def __init__(self):
        self.ran = 0

    def book(self, session):
        self.ran += 1
        session["visits"] = session.get("visits", 0) + 1
        session["last"] = str(uuid4())
        return {"booked": self.ran, "private": session["last"]}


def flask_shop(shop):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("shop")
    app.secret_key = SECRET

    def book():
        return shop.book(flask.session)

    def enter():
        sign_in(flask.session, flask.request.args["name"])
        return form_field()

    app.add_url_rule("/sign-in", "sign_in", enter)
    for path, view in views(book).items():
        app.add_url_rule(path, path, view, methods=["POST"])
    LaunchReady(app, secret_key=SECRET, idempotency=Idempotency(routes=["POST /listed"]))
    return wsgi_call(app)


def _starlette_shop(shop, made):
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse

    from launchready.fastapi import LaunchReadyMiddleware

    async def book(request: Request):
        return JSONResponse(shop.book(request.session))

    async def enter(request: Request):
        sign_in(request.session, request.query_params["name"])
        return HTMLResponse(form_field(request))

    made.add_route("/sign-in", enter)
    for path, view in views(book).items():
        made.add_route(path, view, methods=["POST"])
    made.add_middleware(SessionMiddleware, secret_key=SECRET)
    made.add_middleware(LaunchReadyMiddleware, secret_key=SECRET, idempotency=Idempotency(routes=["POST /listed"]))
    return asgi_call(made)


def starlette_shop(shop):
    from starlette.applications import Starlette

    return _starlette_shop(shop, Starlette())


def fastapi_shop(shop):
    from fastapi import FastAPI

    return _starlette_shop(shop, FastAPI())


def django_shop(shop):
    import types

    _django_setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse, JsonResponse
    from django.test.utils import override_settings
    from django.urls import path as url

    def book(request):
        return JsonResponse(shop.book(request.session))

    def enter(request):
        sign_in(request.session, request.GET["name"])
        return HttpResponse(form_field(request))

    urls = types.ModuleType("urls")
    urls.urlpatterns = [url("sign-in", enter), *(url(path[1:], view) for path, view in views(book).items())]
    settings = override_settings(
        ROOT_URLCONF=urls,
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        MIDDLEWARE=[
            "launchready.django.LaunchReadyMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
        ],
        LAUNCHREADY={"SECRET_KEY": SECRET, "IDEMPOTENCY": Idempotency(routes=["POST /listed"])},
    )
    with settings:
        call = wsgi_call(WSGIHandler())

    def within(*args, **options):
        with settings:
            return call(*args, **options)

    return within


def views(book):
    return {
        "/listed": book,
        "/header": idempotent(book),
        "/form": idempotent(key="form:_idem")(book),
        "/json": idempotent(key="json:order.id")(book),
        "/event": webhook("github", secret=SECRET)(book),
    }


SHOPS = {"flask": flask_shop, "starlette": starlette_shop, "fastapi": fastapi_shop, "django": django_shop}


class Browser:
    """A client with a cookie jar."""

    def __init__(self, call):
        self._call = call
        self.jar = {}

    def send(self, method, path, headers=(), body=b"", *, keep=True):
        """``keep``: whether the answer arrives, so that its cookies are stored."""
        cookie = [("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))] if self.jar else []
        answer = self._call(method, path, [*headers, *cookie], body)
        if keep:
            for line in answer.all("set-cookie"):
                for name, morsel in SimpleCookie(line).items():
                    self.jar[name] = morsel.value
        return answer

    def sign_in(self, name):
        page = self.send("GET", f"/sign-in?name={name}")
        return re.search(rb'value="([^"]+)"', page.body)[1].decode()


def requests_with_key(kind, token):
    """Path, header lines and body of one request with a key of this kind."""
    key = str(uuid4())
    if kind in ("listed", "header"):
        return f"/{kind}", [JSON, ("Idempotency-Key", key)], b"{}"
    if kind == "form":
        return "/form", [FORM], f"_idem={token}".encode()
    if kind == "json":
        return "/json", [JSON], json.dumps({"order": {"id": key}}).encode()
    body = json.dumps({"n": key}).encode()
    signature = "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()
    return "/event", [JSON, ("X-GitHub-Delivery", key), ("X-Hub-Signature-256", signature)], body


@pytest.fixture(params=SHOPS)
def app(request):
    shop = Shop()
    return shop, SHOPS[request.param](shop)


KINDS = ["listed", "header", "form", "json"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arrives", [True, False], ids=["answered", "answer lost"])
@pytest.mark.parametrize("guest", [True, False], ids=["guest", "signed in"])
def test_the_same_browser(app, kind, arrives, guest):
    """A retry gets the stored answer, although the first answer rewrote the session, whether it arrived or not."""
    shop, call = app
    browser = Browser(call)
    token = browser.sign_in("ann")
    if guest:
        browser.jar.clear()
    path, lines, body = requests_with_key(kind, token)
    first = browser.send("POST", path, lines, body, keep=arrives)
    assert first.status == 200
    assert first.get("set-cookie") is not None
    for _ in range(2):
        again = browser.send("POST", path, lines, body)
        assert (again.body, again.get("idempotent-replayed")) == (first.body, "true")
    assert shop.ran == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sender", ["missing", "rotated", "other", "added"])
def test_another_session(app, kind, sender):
    """A key from a session without cookies, of a new login, of another user, or with more: one effect, no answer."""
    shop, call = app
    browser = Browser(call)
    token = browser.sign_in("ann")
    path, lines, body = requests_with_key(kind, token)
    first = browser.send("POST", path, lines, body)
    assert first.status == 200
    second = Browser(call)
    extra = []
    if sender in ("rotated", "other"):
        second.sign_in("ann" if sender == "rotated" else "bob")
    elif sender == "added":
        second.jar, extra = dict(browser.jar), [("Authorization", "Bearer ann-1")]
    again = second.send("POST", path, [*lines, *extra], body)
    assert shop.ran == 1
    judge(first, again, owner=False)


@pytest.mark.parametrize(
    "added", [{}, {"Idempotency-Key": "uuid"}, {"Authorization": "Bearer x"}, {"Cookie": "session=1"}]
)
def test_an_event(app, added):
    """One genuine event runs once, whatever keys and credentials its deliveries carry; a forged one never runs."""
    shop, call = app
    path, lines, body = requests_with_key("event", "")
    forged = [(name, "sha256=" + "0" * 64 if name.startswith("X-Hub") else value) for name, value in lines]
    for _ in range(3):
        more = [(name, str(uuid4()) if value == "uuid" else value) for name, value in added.items()]
        assert call("POST", path, [*forged, *more], body).status == 400
        assert call("POST", path, [JSON, *more], body).status == 400
    assert shop.ran == 0
    for _ in range(3):
        more = [(name, str(uuid4()) if value == "uuid" else value) for name, value in added.items()]
        assert call("POST", path, [*lines, *more], body).status == 200
    assert shop.ran == 1
