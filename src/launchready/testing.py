"""A pytest plugin that sends every POST of a suite twice. A second effect fails the test.

::

    pytest_plugins = ["launchready.testing"]          # conftest.py

    @pytest.fixture(autouse=True)
    def _twice(every_post_twice): ...

    @pytest.fixture
    def effects():
        return lambda: (Booking.objects.count(), len(mail.outbox))

The second request has the same key and the same bytes; the test gets the first answer. The plugin patches the test
clients of Starlette and FastAPI, httpx with an app, Werkzeug and Flask, and Django. Calls to other servers are
unchanged.
"""

import io
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import pytest

Effects = Callable[[], object]
KEY, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_twice: POSTs of this test are safe to repeat, so each is sent once")


@pytest.fixture
def effects() -> Effects | None:
    """Override: return a callable for the state that a POST may change. With None, a second answer must be a replay or
    an error.
    """
    return None


@pytest.fixture
def every_post_twice(request: pytest.FixtureRequest, effects: Effects | None) -> Iterator[None]:
    """Send each POST of this test twice."""
    if request.node.get_closest_marker("not_twice") is not None:
        yield
        return
    with twice(effects):
        yield


class EffectCheck:
    """Compares the state after the first answer with the state after the second."""

    def __init__(self, effects: Effects | None) -> None:
        self._effects = effects
        self._before: object = None

    def first(self) -> None:
        """Record the state after the first answer."""
        if self._effects is not None:
            self._before = self._effects()

    def second(self, route: str, status: int, replayed: str | None) -> None:
        """Fail the test if the second request had an effect."""
        __tracebackhide__ = True
        if self._effects is not None:
            after = self._effects()
            if after != self._before:
                pytest.fail(f"POST {route} took effect twice: effects() was {self._before!r}, then {after!r}")
        elif status < 400 and replayed is None:
            pytest.fail(
                f"POST {route} ran twice: the second answer is {status} and not a replay; protect the view with "
                "@idempotent, define the fixture `effects`, or mark the test not_twice"
            )


@contextmanager
def twice(effects: Effects | None = None) -> Iterator[None]:
    """Send each POST of a block twice."""
    check = EffectCheck(effects)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, method, made in CLIENTS:
            kind = getattr(_loaded(module), name, None)
            if kind is not None:
                patch.setattr(kind, method, made(getattr(kind, method), check))
        yield


def _loaded(module: str) -> object:
    """Import a framework's test client, or return None if it is not installed.

    The app may import its framework inside the test, when it is too late to patch the client, so it is imported here.
    """
    with warnings.catch_warnings(), suppress(Exception):  # a package of the client, or its settings, may be missing
        warnings.simplefilter("ignore")
        return import_module(module)
    return None


def _httpx(original: Callable[..., Any], check: EffectCheck) -> Callable[..., Any]:
    def send(self: object, request: Any) -> Any:
        __tracebackhide__ = True
        if request.method != "POST":
            return original(self, request)
        request.read()
        request.headers.setdefault(KEY, uuid.uuid4().hex)
        first = original(self, request)
        first.read()
        check.first()
        second = original(self, request)
        second.read()
        check.second(request.url.path, second.status_code, second.headers.get(REPLAYED))
        return first

    return send


def _ahttpx(original: Callable[..., Any], check: EffectCheck) -> Callable[..., Any]:
    async def send(self: object, request: Any) -> Any:
        __tracebackhide__ = True
        if request.method != "POST":
            return await original(self, request)
        await request.aread()
        request.headers.setdefault(KEY, uuid.uuid4().hex)
        first = await original(self, request)
        await first.aread()
        check.first()
        second = await original(self, request)
        await second.aread()
        check.second(request.url.path, second.status_code, second.headers.get(REPLAYED))
        return first

    return send


def _werkzeug(original: Callable[..., Any], check: EffectCheck) -> Callable[..., Any]:
    def send(self: object, environ: dict[str, Any], buffered: bool = False) -> Any:
        __tracebackhide__ = True
        if environ["REQUEST_METHOD"] != "POST":
            return original(self, environ, buffered)
        body = environ["wsgi.input"].read()
        environ.setdefault("HTTP_IDEMPOTENCY_KEY", uuid.uuid4().hex)
        again = {**environ, "wsgi.input": io.BytesIO(body)}
        environ["wsgi.input"] = io.BytesIO(body)
        first = original(self, environ, True)
        check.first()
        _, status, headers = original(self, again, True)
        check.second(environ["PATH_INFO"], int(status.split()[0]), headers.get(REPLAYED))
        return first

    return send


def _django(original: Callable[..., Any], check: EffectCheck) -> Callable[..., Any]:
    def send(self: object, environ: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        if environ["REQUEST_METHOD"] != "POST":
            return original(self, environ)
        payload = import_module("django.test.client").FakePayload
        body = environ["wsgi.input"].read()
        environ.setdefault("HTTP_IDEMPOTENCY_KEY", uuid.uuid4().hex)
        again = {**environ, "wsgi.input": payload(body)}
        environ["wsgi.input"] = payload(body)
        first = original(self, environ)
        check.first()
        second = original(self, again)
        check.second(environ["PATH_INFO"], second.status_code, second.get(REPLAYED))
        return first

    return send


def _adjango(original: Callable[..., Any], check: EffectCheck) -> Callable[..., Any]:
    async def send(self: object, scope: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        if scope["method"] != "POST":
            return await original(self, scope)
        payload = import_module("django.test.client").FakePayload
        body = scope.pop("_body_file").read()
        if KEY.lower().encode() not in dict(scope["headers"]):
            scope["headers"] = [*scope["headers"], (KEY.lower().encode(), uuid.uuid4().hex.encode())]
        again = {**scope, "_body_file": payload(body)}
        scope["_body_file"] = payload(body)
        first = await original(self, scope)
        check.first()
        second = await original(self, again)
        check.second(scope["path"], second.status_code, second.get(REPLAYED))
        return first

    return send


CLIENTS: tuple[tuple[str, str, str, Callable[[Callable[..., Any], EffectCheck], Callable[..., Any]]], ...] = (
    ("starlette.testclient", "_TestClientTransport", "handle_request", _httpx),
    ("httpx", "WSGITransport", "handle_request", _httpx),
    ("httpx", "ASGITransport", "handle_async_request", _ahttpx),
    ("werkzeug.test", "Client", "run_wsgi_app", _werkzeug),
    ("django.test.client", "ClientHandler", "__call__", _django),
    ("django.test.client", "AsyncClientHandler", "__call__", _adjango),
)
"""The method of each test client that reaches the app, and its replacement."""
