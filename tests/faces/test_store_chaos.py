"""A real Redis and a real PostgreSQL, paused, killed and restarted under load: the app answers on, in time, and says
so once."""

import asyncio
import logging
import time

import pytest

from faces.apps import _asgi, wsgi_call
from launchready.asgi import LaunchReadyMiddleware as ASGIMiddleware
from launchready.errors import StoreUnavailable
from launchready.exchange.store import Take
from launchready.exchange.window import Window
from launchready.settings.health import Health
from launchready.settings.rate_limit import Limit, RateLimit
from launchready.stores import connect
from launchready.wsgi import LaunchReadyMiddleware as WSGIMiddleware
from support import servers

SLOW = 0.5  # seconds: 50 ms, with room for a machine on which others work


@pytest.fixture(scope="module", params=[servers.RedisServer, servers.PostgreSQLServer], ids=["redis", "postgresql"])
def server(request):
    server = request.param()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(params=["asgi", "wsgi"])
def call(request, server):
    routes = {"GET /plain": "100000/hour", "GET /private": Limit("100000/hour", on_store_error="deny")}
    settings = {"store": connect(server.url), "rate_limit": RateLimit(None, routes), "health": Health()}
    if request.param == "wsgi":
        yield wsgi_call(WSGIMiddleware(hello_wsgi, **settings))
        settings["store"].close()
        return
    app = ASGIMiddleware(hello_asgi, **settings)
    with asyncio.Runner() as runner:  # one event loop for all, as a server has
        yield lambda method, path: runner.run(_asgi(app, method, path, (), b"", None, False, "203.0.113.9"))
        runner.run(settings["store"].aclose())


async def hello_asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def hello_wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


def load(call, count=40):
    """Statuses, and the slowest answer but one: one request finds out."""
    statuses, times = set(), []
    for _ in range(count):
        start = time.monotonic()
        statuses.add(call("GET", "/plain").status)
        times.append(time.monotonic() - start)
    return statuses, sorted(times)[-2]


def back(call):
    """The store is asked again, by itself, with the requests that come."""

    def refused():
        call("GET", "/plain")
        return call("GET", "/private").status == 200

    servers.until(refused, "the store to be asked again")


@pytest.mark.parametrize("fault", ["pause", "kill"])
def test_under_load(call, server, fault, caplog):
    """Paused or killed: counted here, a limit that denies says 503, /readyz stays up, one line in the log each way."""
    caplog.set_level(logging.WARNING, "launchready")
    assert load(call)[0] == {200}
    getattr(server, fault)()
    try:
        statuses, slowest = load(call)
        assert statuses == {200}
        assert slowest < SLOW
        assert call("GET", "/private").status == 503
        assert call("GET", "/readyz").status == 200
    finally:
        server.resume() if fault == "pause" else server.start()
    back(call)
    assert load(call)[0] == {200}
    said = [record.message.partition(":")[0] for record in caplog.records if record.name == "launchready"]
    assert said == ["store unavailable", "store available again"]


def test_a_server_that_forgot(server):
    """After a restart the scripts of Redis are gone; the first to miss one brings it along."""
    store = connect(server.url)
    windows = (Window(5, 60.0),)
    store.execute(Take("k", windows))
    server.kill()
    server.start()
    servers.until(lambda: _taken(store, windows), "the server to answer")
    store.close()


def _taken(store, windows):
    op = Take("k", windows)
    try:
        store.execute(op)
    except StoreUnavailable:
        return False
    return op.answer.allowed


def test_a_master_that_became_a_replica():
    """READONLY: nothing ran there, so it is asked once more on a fresh connection; then it is unavailable."""
    import redis

    one, two = servers.RedisServer(), servers.RedisServer()
    try:
        one.start()
        two.start()
        store = connect(one.url)
        op = Take("k", (Window(5, 60.0),))
        client = redis.Redis.from_url(one.url)
        client.config_set("masterauth", servers.PASSWORD)
        with asyncio.Runner() as runner:
            asks = [store.execute, lambda op: runner.run(store.aexecute(op))]
            for ask in asks:
                ask(op)
            client.replicaof("127.0.0.1", two.port)
            for ask in asks:
                with pytest.raises(StoreUnavailable):
                    ask(op)
            client.execute_command("REPLICAOF", "NO", "ONE")
            for ask in asks:
                ask(op)
                assert op.answer.allowed
            runner.run(store.aclose())
        client.close()
    finally:
        one.close()
        two.close()
