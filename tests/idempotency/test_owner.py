"""One key, one effect, one owner, whatever credentials a second attempt carries (docs/key-owner.md)."""

import json
import uuid

import flask
import pytest
from fastapi import Depends, FastAPI, Request
from starlette.middleware.sessions import SessionMiddleware
from test_webhooks import NOW, SECRET, stripe

from faces.apps import FACES, Calls, asgi_call, wsgi_call
from launchready.core.idempotency.owner import is_credential_cookie, is_credential_header, is_unguessable
from launchready.fastapi import Idempotency as FastAPIIdempotency
from launchready.fastapi import LaunchReadyMiddleware
from launchready.fastapi import idempotent as fastapi_idempotent
from launchready.fastapi import webhook as fastapi_webhook
from launchready.flask import Idempotency, LaunchReady, idempotent, webhook
from launchready.idempotency import form_field

OWNER = "/problems/idempotency-key-owner"
GUESSABLE = "/problems/idempotency-key-guessable"

CREDENTIALS = {
    "bearer": lambda who: [("Authorization", f"Bearer {who}-token")],
    "basic": lambda who: [("Authorization", f"Basic {who}")],
    "api key": lambda who: [("X-API-Key", who)],
    "short api key": lambda who: [("Api-Key", who)],
    "auth token": lambda who: [("X-Auth-Token", who)],
    "proxy's user": lambda who: [("X-Forwarded-User", who)],
    "tailscale": lambda who: [("Tailscale-User-Login", who)],
    "session cookie": lambda who: [("Cookie", f"session={who}; theme=dark")],
    "user cookie": lambda who: [("Cookie", f"user={who}")],
    "remembered": lambda who: [("Cookie", f"remember_me={who}")],
    "host cookie": lambda who: [("Cookie", f"__Host-id={who}")],
    "host": lambda who: [("Host", f"{who}.example.com")],
}


def changes(kind):
    """What a second attempt may bring in place of the first one's credentials, and whether that proves the owner."""
    mine = CREDENTIALS[kind]
    other = CREDENTIALS["bearer" if kind != "bearer" else "api key"]
    return {
        "same": (mine("ann"), True),
        "rotated": (mine("ann2"), False),
        "another user's": (mine("bob"), False),
        "missing": ([], False),
        "added": ([*mine("ann"), *other("ann")], False),
    }


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("face", FACES)
def test_no_second_effect_and_nobody_elses_answer(face, kind):
    """Under a listed route and under a decorator: it runs once, and only the same credentials get the answer."""
    calls = Calls()
    call = FACES[face](calls)(idempotency=Idempotency(routes=["POST /bookings"]))
    runs = 0
    for path in ("/bookings", "/decorated"):
        for name, (headers, proves) in changes(kind).items():
            key = ("Idempotency-Key", str(uuid.uuid4()))
            first = call("POST", path, [key, *CREDENTIALS[kind]("ann")], b"{}")
            again = call("POST", path, [key, *headers], b"{}")
            runs += 1
            assert first.status == 201
            assert sum(calls.count.values()) == runs, (path, name)
            if proves:
                assert again.body == first.body
                assert again.get("idempotent-replayed") == "true"
            else:
                assert (again.status, again.json["type"].endswith(OWNER)) == (409, True), (path, name)


@pytest.mark.parametrize("face", FACES)
def test_a_guessable_key_needs_a_scope(face):
    """400 says what to do; with a scope the key is the scope's own."""
    calls = Calls()
    call = FACES[face](calls)(idempotency=Idempotency(routes=["POST /bookings"]))
    for path in ("/bookings", "/decorated"):
        refused = call("POST", path, [("Idempotency-Key", "order-1")], b"{}")
        assert refused.status == 400
        assert refused.json["type"].endswith(GUESSABLE)
    assert calls.count == {}
    scoped = FACES[face](calls)(
        idempotency=Idempotency(routes=["POST /bookings"], scope=lambda request: request.headers.get("x-user", "none"))
    )
    for path in ("/bookings", "/decorated"):
        for user in ("ann", "bob", "ann"):
            headers = [("Idempotency-Key", f"order-1{path}"), ("X-User", user)]
            assert scoped("POST", path, headers, b"{}").status == 201
        assert calls.count[path] == 2


@pytest.mark.parametrize("face", FACES)
def test_safe_methods_are_left_alone(face):
    """A GET under a listed pattern has no effect to protect, whatever key it brings."""
    calls = Calls()
    call = FACES[face](calls)(idempotency=Idempotency(routes=["POST|PUT /plain"]))
    for _ in range(2):
        assert call("GET", "/plain", [("Idempotency-Key", "k")]).status == 200
    assert calls.count["/plain"] == 2


# Sessions that change with every response.


def flask_shop():
    app, ran = flask.Flask("shop"), []
    app.secret_key = "f" * 20 + "lask test only"

    @app.get("/form")
    def form():
        return f"{form_field()}"

    @app.post("/orders")
    @idempotent(key="form:_idem")
    def order():
        ran.append(1)
        flask.session["orders"] = len(ran)
        flask.flash("booked")
        return {"ran": len(ran)}

    LaunchReady(app, secret_key=str(uuid.uuid4()) + str(uuid.uuid4()))
    return wsgi_call(app), ran


def starlette_shop():
    app, ran = FastAPI(), []

    @app.get("/form")
    def form():
        return form_field()

    @app.post("/orders")
    @fastapi_idempotent(key="form:_idem")
    async def order(request: Request):
        ran.append(1)
        request.session["orders"] = len(ran)
        return {"ran": len(ran)}

    app.add_middleware(SessionMiddleware, secret_key="session test only")
    app.add_middleware(LaunchReadyMiddleware, secret_key=str(uuid.uuid4()) + str(uuid.uuid4()))
    return asgi_call(app), ran


@pytest.mark.parametrize("shop", [flask_shop, starlette_shop])
def test_a_form_whose_answer_changes_the_session(shop):
    """The client's retry is known by its old cookies and by those that the answer set; nobody else gets the page."""
    call, ran = shop()
    key = call("GET", "/form").body.decode().replace("\\", "").split('value="')[1].split('"')[0]
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    body = f"_idem={key}&slot=1".encode()
    first = call("POST", "/orders", form, body)
    assert first.status == 200, first
    session = first.get("set-cookie").partition(";")[0]
    for cookies in ([], [("Cookie", session)]):
        again = call("POST", "/orders", [*form, *cookies], body)
        assert (again.body, again.get("idempotent-replayed")) == (first.body, "true"), cookies
    stranger = call("POST", "/orders", [*form, ("Cookie", "session=stranger")], body)
    assert (stranger.status, stranger.json["type"].endswith(OWNER)) == (409, True)
    assert ran == [1]


# The nearest rule wins.


def test_a_decorator_rules_its_view_under_a_listed_route():
    """Its scope, key and required hold; what it does not say comes from Idempotency(...)."""
    app, ran = flask.Flask("shop"), []

    @app.post("/scoped")
    @idempotent(scope=lambda request: request.headers["X-User"])
    def scoped():
        ran.append("scoped")
        return "done"

    @app.post("/json")
    @idempotent(key="json:id")
    def by_json():
        ran.append("json")
        return "done"

    @app.post("/bare")
    @idempotent
    def bare():
        ran.append("bare")
        return "done"

    LaunchReady(app, idempotency=Idempotency(routes=["POST /*"], required=True))
    call = wsgi_call(app)
    for user in ("ann", "bob", "ann"):
        assert call("POST", "/scoped", [("Idempotency-Key", "c"), ("X-User", user)]).status == 200
    assert ran == ["scoped"] * 2
    body = json.dumps({"id": str(uuid.uuid4())}).encode()
    for key in ("one", "two"):
        assert call("POST", "/json", [("Idempotency-Key", key)], body).status == 200
    assert ran == ["scoped", "scoped", "json"]
    assert call("POST", "/bare").status == 400


def test_scope_is_a_handlers_argument():
    """``scope=lambda user: user["id"]`` takes what FastAPI injected, also under a listed route."""
    app, ran = FastAPI(), []

    def who(request: Request):
        return {"id": request.headers["x-user"]}

    @app.post("/orders")
    @fastapi_idempotent(scope=lambda user: user["id"])
    async def order(user: dict = Depends(who)):  # noqa: B008, FAST002 - FastAPI's own notation
        ran.append(user["id"])
        return {}

    app.add_middleware(LaunchReadyMiddleware, idempotency=FastAPIIdempotency(routes=["POST /orders"]))
    call = asgi_call(app)
    for user, token in (("ann", "1"), ("bob", "1"), ("ann", "2")):
        headers = [("Idempotency-Key", "c"), ("X-User", user), ("Authorization", f"Bearer {token}")]
        assert call("POST", "/orders", headers, b"{}").status == 200
    assert ran == ["ann", "bob"]


def test_a_refused_stranger_does_not_hold_a_derived_key():
    """403 and 404 free a key that strangers may guess, so its owner can still pay."""
    app, ran = flask.Flask("shop"), []

    @app.post("/orders/<order>/pay")
    @idempotent(key=lambda request: "order:" + request.view_args["order"])
    def pay(order):
        if flask.request.headers.get("Authorization") != "Bearer ann":
            return "no", 403
        ran.append(order)
        return "paid"

    LaunchReady(app)
    call = wsgi_call(app)
    assert call("POST", "/orders/7/pay", [("Authorization", "Bearer bob")]).status == 403
    assert call("POST", "/orders/7/pay", [("Authorization", "Bearer ann")]).status == 200
    again = call("POST", "/orders/7/pay", [("Authorization", "Bearer bob")])
    assert (again.status, again.json["type"].endswith(OWNER)) == (409, True)
    assert ran == ["7"]


# Verification first.


def flask_hook():
    app, ran = flask.Flask("shop"), []

    @app.post("/webhooks/stripe")
    @webhook("stripe", secret=SECRET, now=lambda: NOW)
    def event():
        ran.append(1)
        return "done"

    LaunchReady(app, idempotency=Idempotency(routes=["POST /webhooks/*"]))
    return wsgi_call(app), ran


def fastapi_hook():
    app, ran = FastAPI(), []

    @app.post("/webhooks/stripe")
    @fastapi_webhook("stripe", secret=SECRET, now=lambda: NOW)
    async def event(request: Request):
        ran.append(1)
        return {}

    app.add_middleware(LaunchReadyMiddleware, idempotency=FastAPIIdempotency(routes=["POST /webhooks/*"]))
    return asgi_call(app), ran


def decorated_hook():
    """``@idempotent`` around ``@webhook``: the outer rule claims a key first."""
    app, ran = flask.Flask("shop"), []

    @app.post("/webhooks/stripe")
    @idempotent
    @webhook("stripe", secret=SECRET, now=lambda: NOW)
    def event():
        ran.append(1)
        return "done"

    LaunchReady(app)
    return wsgi_call(app), ran


@pytest.mark.parametrize("shop", [flask_hook, fastapi_hook, decorated_hook])
def test_a_webhook_is_verified_whatever_claims_the_request(shop):
    """An unsigned event never runs; a genuine one runs once, whatever keys its deliveries bring."""
    call, ran = shop()
    signed, body = stripe("evt_1", {"paid": True})
    for headers in ([], [("Idempotency-Key", str(uuid.uuid4()))], [("Idempotency-Key", "k")]):
        assert call("POST", "/webhooks/stripe", headers, body).status == 400
    assert ran == []
    for _ in range(3):
        assert call("POST", "/webhooks/stripe", [*signed, ("Idempotency-Key", str(uuid.uuid4()))], body).status == 200
    assert ran == [1]


# What counts as a credential, and as a guess.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"authorization", True), (b"proxy-authorization", True), (b"x-amzn-oidc-identity", True), (b"x-tenant", True),
        (b"cf-access-jwt-assertion", True), (b"x-pomerium-jwt-assertion", True), (b"x-authentik-username", True),
        (b"remote-user", True), (b"x-goog-authenticated-user-email", True), (b"x-session-id", True),
        (b"idempotency-key", False), (b"user-agent", False), (b"x-csrf-token", False), (b"sec-websocket-key", False),
        (b"accept", False), (b"content-type", False), (b"traceparent", False), (b"x-request-id", False),
    ],
)  # fmt: skip
def test_credential_headers(name, expected):
    """Headers that name their sender are found by pattern, and an anti-forgery token is not one."""
    assert is_credential_header(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("session", True), ("JSESSIONID", True), ("connect.sid", True), ("user", True), ("__Host-id", True),
     ("remember_me", True), ("csrftoken", False), ("XSRF-TOKEN", False), ("_ga", False), ("ai_session", False), ("_hjSessionUser_1", False), ("theme", False)],
)  # fmt: skip
def test_credential_cookies(name, expected):
    """Sessions and log-ins count; analytics, preferences and anti-forgery tokens do not."""
    assert is_credential_cookie(name) is expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("6fa459ea-ee8a-4ca4-894e-db77e160355e", True), ("6fa459eaee8a4ca4894edb77e160355e", True), ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("V1StGXR8_Z5jdHi6B-myT", True), ("order-2026-000123", False), ("k1", False), ("1732490000000", False),
        ("00000000-0000-0000-0000-000000000000", False), ("my-super-secret-idempotency-key", False), ("a" * 40, False),
    ],
)  # fmt: skip
def test_unguessable(key, expected):
    """Generated keys pass; words, dates and counters do not."""
    assert is_unguessable(key.encode()) is expected
