"""What each face tells the timing: the route, and what was special about the answer."""

import asyncio

import pytest

from faces.apps import FACES, Calls
from launchready.metrics.events import default_collector
from launchready.metrics.timing import Timings
from launchready.settings.cache import Cache
from launchready.settings.compiled_app import CompiledApp
from launchready.settings.cors import CORS
from launchready.settings.rate_limit import RateLimit
from launchready.settings.timing import Timing

APP = "https://app.example.com"


@pytest.fixture(params=FACES)
def app(request, monkeypatch):
    """``call`` and ``rows()`` of one app: the rows by method and route."""
    stacks = []
    made = CompiledApp.__init__

    def remember(self, *args, **more):
        made(self, *args, **more)
        stacks.append(self)

    monkeypatch.setattr(CompiledApp, "__init__", remember)

    def build(**settings):
        call = FACES[request.param](Calls())(**settings)
        return call, lambda: {(row["method"], row["route"]): row for row in stacks[-1].status()["routes"]}

    build.face = request.param
    return build


def test_what_the_app_answered(app):
    """Routes by their template; a stream is one; what was raised is counted by its class; unknown paths are one row."""
    call, rows = app()
    call("GET", "/plain")
    call("GET", "/stream")
    assert call("GET", "/boom").status == 500
    call("GET", "/v1/things/7")
    call("GET", "/v1/things/8")
    for number in range(40):
        call("GET", f"/wp-{number}")
    found = rows()
    assert found.keys() == {
        ("GET", "/plain"), ("GET", "/stream"), ("GET", "/boom"), ("GET", "/v1/things/{id}"), ("GET", "(unmatched)"),
    } or found.keys() == {("GET", "(unmatched)")}  # fmt: skip
    if ("GET", "/plain") in found:  # a framework that has routes
        assert found["GET", "/v1/things/{id}"]["count"] == 2
        assert found["GET", "(unmatched)"]["count"] == 40
        assert found["GET", "/stream"]["streams"] == 1
        assert found["GET", "/boom"]["errors"] == 1
        assert found["GET", "/boom"]["exceptions"] == {"RuntimeError": 1}
    else:
        assert found["GET", "(unmatched)"]["exceptions"] == {"RuntimeError": 1}
        assert found["GET", "(unmatched)"]["streams"] == 1


def test_what_runs_now(app, monkeypatch):
    """Every request that began is over when it was answered, however it ended; a health probe is none."""
    seen = []
    init = Timings.__init__

    def remember(self, *args):
        init(self, *args)
        seen.append(self)

    monkeypatch.setattr(Timings, "__init__", remember)
    call, rows = app(rate_limit=RateLimit("1000/minute", {"GET /plain": "2/minute"}))
    for _ in range(3):
        call("GET", "/plain")
    for path in ("/stream", "/boom", "/wp-login", "/v1/things/7"):
        call("GET", path)
        call("HEAD", path)
    call("GET", "/readyz")
    call("HACK", "/plain")
    assert sum(seen[-1].begun.values()) == 12
    rows()
    assert seen[-1].active() == {}


ROUTES = Timing(routes=("GET /v1/things/{id}",), targets={"/plain": "1s"})


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_an_app_without_a_framework(face):
    """Its templates are those of the settings; what none of them matches is one row."""
    call = FACES[face](Calls())(timing=ROUTES, dashboard=None)
    for path in ("/plain", "/v1/things/7", "/v1/things/8", "/wp-login", "/.env"):
        call("GET", path)
    with default_collector().reading() as ledger:
        rows = ledger.rows("SELECT route, sum(count) FROM series JOIN totals ON series = id GROUP BY route ORDER BY 1")
    assert rows == [("(unmatched)", 2), ("/plain", 1), ("/v1/things/{id}", 2)]


def test_a_framework_says_its_own(app):
    """What the settings declare makes no row of a path that the framework does not know."""
    call, rows = app(timing=Timing(targets={"GET /wp/*": "1s"}))
    call("GET", "/wp/login")
    row = ("GET", "/wp/*") if app.face in ("asgi", "wsgi") else ("GET", "(unmatched)")
    assert rows().keys() == {row}


def test_what_was_answered_before_the_app(app):
    """A cached answer, a refusal and a preflight are counted under the route, and told apart."""
    call, rows = app(
        cors=CORS(allow_origins=[APP], allow_headers=["X-A"]), rate_limit=RateLimit("5/hour"), cache=Cache()
    )
    for _ in range(6):
        call("GET", "/coaches")
    call("OPTIONS", "/coaches", [("Origin", APP), ("Access-Control-Request-Method", "GET"),
                                 ("Access-Control-Request-Headers", "x-a")])  # fmt: skip
    found = rows()
    row = found.get(("GET", "/coaches")) or found["GET", "(unmatched)"]
    assert (row["count"], row["cached"], row["limited"]) == (6, 4, 1)
    assert [row["count"] for (method, _), row in found.items() if method == "OPTIONS"] == [1]
    assert call("GET", "/livez").status == 200
    assert rows() == found  # probes are not business


def test_a_client_that_leaves():
    """An ASGI app that is cancelled, and a stream that ends in the middle, are 499 and no error."""
    from launchready.asgi import LaunchReadyMiddleware

    async def app(scope, receive, send):
        if scope["path"] == "/slow":
            raise asyncio.CancelledError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})

    async def ask(face, path):
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}

        async def send(message):
            pass

        await face(scope, None, send)

    face = LaunchReadyMiddleware(app)
    asyncio.run(ask(face, "/stream"))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask(face, "/slow"))
    (row,) = face.status()["routes"]
    assert (row["count"], row["disconnects"], row["errors"]) == (2, 2, 0)


def test_a_wsgi_client_that_leaves():
    """The server closes a stream that it did not read to its end."""
    from launchready.wsgi import LaunchReadyMiddleware

    def app(environ, start_response):
        start_response("200 OK", [])
        return iter([b"one", b"two", b"three"])

    face = LaunchReadyMiddleware(app)
    body = face({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda status, headers: None)
    parts = iter(body)
    next(parts)
    next(parts)
    body.close()
    (row,) = face.status()["routes"]
    assert (row["count"], row["disconnects"]) == (1, 1)


def test_websockets():
    """A socket that was accepted, and one that was not, are WebSockets and no requests."""
    from fastapi import FastAPI, WebSocket

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()
    app.add_middleware(LaunchReadyMiddleware)

    @app.websocket("/talk/{room}")
    async def talk(socket: WebSocket, room: str):
        if room == "open":
            await socket.accept()
        await socket.close()

    async def connect(room):
        sent = []

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message["type"])

        path = f"/talk/{room}"
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": [], "query_string": b"",
                 "root_path": "", "scheme": "wss", "subprotocols": []}  # fmt: skip
        await app(scope, receive, send)
        return sent

    assert asyncio.run(connect("open")) == ["websocket.accept", "websocket.close"]
    assert asyncio.run(connect("closed")) == ["websocket.close"]
    stack = app.middleware_stack
    while not hasattr(stack, "status"):
        stack = stack.app
    (row,) = stack.status()["routes"]
    assert (row["route"], row["websockets"], row["count"]) == ("/talk/{room}", 2, 0)
