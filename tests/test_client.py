"""The HTTP client: what it retries, when, and when it stops."""

import asyncio
import inspect
import time

import httpx
import pytest

from launchready import client as outgoing
from launchready.client import AsyncClient, CircuitOpen, Client, seconds
from launchready.metrics.query_times import HTTP, QUERY_TIMES, begin

KEY = {"Idempotency-Key": "k-1"}
DOWN = httpx.ReadTimeout("no answer")
REFUSED = httpx.ConnectError("refused")


class World:
    """Answers in turn and records requests and delays."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.asked, self.waited, self.now = list(answers), [], [], 1000.0
        monkeypatch.setattr(outgoing.time, "sleep", self.wait)
        monkeypatch.setattr(outgoing.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(outgoing.asyncio, "sleep", self.await_)
        monkeypatch.setattr(outgoing.random, "uniform", lambda low, high: high)

    def wait(self, seconds):
        self.waited.append(seconds)
        self.now += seconds

    async def await_(self, seconds):
        self.wait(seconds)

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(answer[0], headers=answer[1])


def ask(world, method, kind=Client, **options):
    """The status, or the class of the exception."""
    given = {key: options.pop(key) for key in ("headers", "content") if key in options}
    transport = httpx.MockTransport(world)

    async def later():
        async with AsyncClient(transport=transport, **options) as client:
            return (await client.request(method, "https://pay.example/x", **given)).status_code

    try:
        if kind is AsyncClient:
            return asyncio.run(later())
        with Client(transport=transport, **options) as client:
            return client.request(method, "https://pay.example/x", **given).status_code
    except httpx.TransportError as error:
        return type(error)


KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


@KINDS
@pytest.mark.parametrize(
    ("method", "headers", "answers", "result"),
    [
        ("GET", {}, [503, 200], 200),
        ("GET", {}, [502, 504, 429, 200], 200),
        ("GET", {}, [DOWN, 200], 200),
        ("GET", {}, [500], 500),
        ("GET", {}, [404], 404),
        ("PUT", {}, [503, 204], 204),
        ("DELETE", {}, [503, 204], 204),
        ("POST", {}, [503], 503),
        ("POST", {}, [DOWN], httpx.ReadTimeout),
        ("POST", {}, [REFUSED, 201], 201),
        ("PATCH", {}, [502], 502),
        ("POST", KEY, [503, DOWN, 201], 201),
        ("POST", KEY, [(409, {"Retry-After": "1"}), 201], 201),
        ("POST", KEY, [409], 409),
        ("POST", {}, [(409, {"Retry-After": "1"})], 409),
        ("GET", {}, [503, 503, 503, 503], 503),
        ("GET", {}, [DOWN, DOWN, DOWN, DOWN], httpx.ReadTimeout),
    ],
)
def test_what_is_retried(kind, monkeypatch, method, headers, answers, result):
    """Only safe requests or those with a key, which stays the same."""
    world = World(monkeypatch, *answers)
    assert ask(world, method, kind, headers=headers, content=b"{}") == result
    assert world.answers == []
    assert {request.headers.get("idempotency-key") for request in world.asked} == {headers.get("Idempotency-Key")}
    assert {request.content for request in world.asked} == {b"{}"}


@KINDS
def test_when(kind, monkeypatch):
    """After Retry-After, in seconds or as a date; otherwise with doubled bounds."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 7))
    said = [(503, {"Retry-After": text}) for text in ("5", date, "soon")]
    world = World(monkeypatch, *said, 200)
    assert ask(world, "GET", kind) == 200
    assert world.waited == [5, pytest.approx(6.5, abs=1), pytest.approx(0.8)]


@KINDS
def test_deadline(kind, monkeypatch):
    """No delay passes the deadline; each attempt gets the remaining time."""
    world = World(monkeypatch, 503, (503, {"Retry-After": "60"}))
    assert ask(world, "GET", kind, deadline="2s") == 503
    assert len(world.asked) == 2
    assert world.asked[1].extensions["timeout"]["read"] == pytest.approx(1.8)


@KINDS
def test_a_stream_is_sent_once(kind, monkeypatch):
    """A body that cannot be repeated is sent once."""

    def parts():
        yield b"one"

    async def aparts():
        yield b"one"

    world = World(monkeypatch, 503)
    assert ask(world, "PUT", kind, content=parts() if kind is Client else aparts()) == 503


def test_circuit_breaker(monkeypatch):
    """After five consecutive failures nothing is sent for half a minute; then one request tries."""
    world = World(monkeypatch, *[DOWN] * 6, 200, 200)
    with Client(transport=httpx.MockTransport(world), retries=0) as client:
        for _ in range(5):
            with pytest.raises(httpx.ReadTimeout):
                client.get("https://pay.example/")
        for _ in range(3):
            with pytest.raises(CircuitOpen, match=r"pay\.example failed too often"):
                client.get("https://pay.example/")
        assert len(world.asked) == 5
        world.now += 31
        with pytest.raises(httpx.ReadTimeout):
            client.get("https://pay.example/")
        with pytest.raises(CircuitOpen) as caught:
            client.get("https://pay.example/")
        assert caught.value.retry_after == pytest.approx(30)
        world.now += 31
        assert client.get("https://pay.example/").status_code == 200
        assert client.get("https://pay.example/").status_code == 200
        assert world.answers == []


@KINDS
def test_timed(kind, monkeypatch):
    """Each attempt counts for the current request, by host without path."""
    world = World(monkeypatch, 503, 200)
    with Client():  # from now on requests are watched
        pass
    spent = begin()
    try:
        ask(world, "GET", kind)
    finally:
        QUERY_TIMES.set(None)
    assert spent.did.keys() == {(HTTP, "pay.example")}
    assert spent.did[HTTP, "pay.example"].calls == 2
    assert spent.chained == 1


@KINDS
def test_trace_context(kind, monkeypatch):
    """The trace context is forwarded unless the caller set one."""
    world = World(monkeypatch, 200, 200)
    with Client():
        pass
    came = {b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    begin(came.get)
    try:
        ask(world, "GET", kind)
        ask(world, "GET", kind, headers={"traceparent": "00-own"})
    finally:
        QUERY_TIMES.set(None)
    assert [request.headers["traceparent"] for request in world.asked] == [came[b"traceparent"].decode(), "00-own"]
    assert "tracestate" not in world.asked[0].headers


@pytest.mark.parametrize(("value", "found"), [("500ms", 0.5), ("2s", 2.0), ("1.5m", 90.0), (3, 3.0), ("2min", 120.0)])
def test_seconds(value, found):
    """Formats of durations."""
    assert seconds(value) == found


@pytest.mark.parametrize("value", ["", "2", "s", "2 hours", -1, 0, True, None, "1.2.3s"])
def test_no_seconds(value):
    """Other values raise with an example."""
    with pytest.raises(ValueError, match="500ms"):
        seconds(value)


def test_both_take_the_same_options():
    """Both clients have the same options."""
    assert inspect.signature(Client).parameters.keys() == inspect.signature(AsyncClient).parameters.keys()
