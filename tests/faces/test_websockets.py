"""WebSockets behind the ASGI face: who may open one, how many, and how much may be sent over it."""

import asyncio

import pytest

from launchready.asgi import LaunchReadyMiddleware
from launchready.settings.cors import CORS
from launchready.settings.rate_limit import Limit, RateLimit

APP = "https://app.example.com"


async def echo(scope, receive, send):
    """Accepts, and echoes until its client leaves."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
    scope["state"]["left"] = message["code"]


def visit(app, headers=(), texts=(), *, path="/chat", extensions=(), client="203.0.113.9"):
    """What a client that says these texts is told; and the code with which the app saw it leave."""
    incoming = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]
    incoming.append({"type": "websocket.disconnect", "code": 1000})
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    lines = [(b"host", b"api.example.com"), *((name.encode(), value.encode("latin-1")) for name, value in headers)]
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "wss", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": lines, "client": (client, 50000),
        "server": ("api.example.com", 443), "subprotocols": [], "state": {},
        "extensions": {name: {} for name in extensions},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return [message["type"].removeprefix("websocket.") for message in sent], sent, scope["state"].get("left")


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ([("origin", APP)], True),
        ([("origin", APP), ("sec-fetch-site", "cross-site")], True),
        ([("origin", "https://api.example.com")], True),
        ([("origin", "https://api.example.com"), ("sec-fetch-site", "same-origin")], True),
        ([], True),  # no browser
        ([("origin", "https://evil.example")], False),
        ([("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], False),
        ([("origin", "https://app.example.com.evil.example")], False),
        ([("origin", "null")], False),
        ([("origin", "\xff" * 10_000)], False),
        ([("sec-fetch-site", "cross-site")], False),
    ],
)
def test_who_may_open_one(headers, opens):
    """A page of a site that is not listed is closed before the app accepts it; native clients pass."""
    app = LaunchReadyMiddleware(echo, cors=CORS(allow_origins=[APP]))
    told, sent, left = visit(app, headers, ["hello"])
    if opens:
        assert (told, left) == (["accept", "send"], 1000)
    else:
        assert (told, left) == (["close"], None)
        assert sent[0]["code"] == 1008


def test_enforce_off():
    """Whoever decides otherwise may."""
    app = LaunchReadyMiddleware(echo, cors=CORS(allow_origins=[APP], enforce=False))
    assert visit(app, [("origin", "https://evil.example")])[0] == ["accept"]
    exempt = LaunchReadyMiddleware(echo, cors=CORS(allow_origins=[APP], enforce_exempt=["/chat"]))
    assert visit(exempt, [("origin", "https://evil.example")])[0] == ["accept"]


def test_connects_are_counted():
    """A handshake is a request; over the limit it is answered in full where the server can say it."""
    app = LaunchReadyMiddleware(echo, rate_limit=RateLimit(None, {"GET /chat": "2/hour"}))
    told = [visit(app, extensions=["websocket.http.response"])[0] for _ in range(3)]
    assert told == [["accept"], ["accept"], ["http.response.start", "http.response.body"]]
    start = visit(app, extensions=["websocket.http.response"])[1][0]
    assert start["status"] == 429
    assert b"retry-after" in dict(start["headers"])
    assert visit(app)[0] == ["close"]
    assert visit(app, client="192.0.2.1")[0] == ["accept"]


def test_messages_are_counted():
    """Over the limit the socket is closed with 1008, the app sees its client leave, and nothing more is sent."""
    app = LaunchReadyMiddleware(echo, rate_limit=RateLimit(None, {"MESSAGE /chat": "3/hour"}))
    told, sent, left = visit(app, texts=["a", "b", "c", "d", "e"])
    assert told == ["accept", "send", "send", "send", "close"]
    assert (sent[-1]["code"], left) == (1008, 1008)
    assert visit(app, texts=["again"])[0] == ["accept", "close"]  # by client, and not by socket
    assert visit(app, texts=["a"] * 9, path="/other")[0] == ["accept", *["send"] * 9]


def test_an_app_that_goes_on():
    """One that does not look at what it receives gets the same answer for ever, and sends to nobody."""

    async def stubborn(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        codes = [(await receive()).get("code") for _ in range(3)]
        await send({"type": "websocket.send", "text": "still here"})
        scope["state"]["left"] = codes

    app = LaunchReadyMiddleware(stubborn, rate_limit=RateLimit(None, {"MESSAGE /chat": "1/hour"}))
    told, _, codes = visit(app, texts=["a", "b"])
    assert (told, codes) == (["accept", "close"], [None, 1008, 1008])


def test_open_at_once():
    """A slot is held for as long as the socket is open, and free when the app ends or fails."""

    async def failing(scope, receive, send):
        await echo(scope, receive, send)
        raise RuntimeError("the handler failed")

    limits = RateLimit(None, {"GET /chat": Limit(None, concurrent=1)})
    app = LaunchReadyMiddleware(failing, rate_limit=limits)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the handler failed"):
            visit(app)
    inner = []

    async def nested(scope, receive, send):
        inner.append(await asyncio.to_thread(visit, app))
        await echo(scope, receive, send)

    app = LaunchReadyMiddleware(nested, rate_limit=limits)
    assert visit(app)[0] == ["accept"]
    assert inner[0][0] == ["close"]


def test_untouched():
    """Without CORS and limits a socket passes as it is, and so does any other scope."""
    app = LaunchReadyMiddleware(echo)
    assert visit(app, [("origin", "https://evil.example")], ["hello"])[0] == ["accept", "send"]
