"""Storages of the `limits` package, which only count."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import storage

from faces.apps import wsgi_call
from launchready import stores
from launchready.errors import ConfigError, StoreError, StoreUnavailable
from launchready.exchange.store import Consume, Get, Put, Refund, Space
from launchready.exchange.window import Window
from launchready.settings.build import build
from launchready.stores import limits
from launchready.wsgi import LaunchReadyMiddleware
from support import servers

SPACE = Space("kept", dump=bytes, load=bytes, size=len, evictable=False)


class Counting(storage.Storage):
    """A storage like Memcached: a counter with an expiry, and no times."""

    STORAGE_SCHEME = ("counting",)

    def __init__(self, uri=None, wrap_exceptions=False, **options):
        super().__init__(uri, wrap_exceptions, **options)
        self.kept = storage.MemoryStorage()

    base_exceptions = ValueError

    def incr(self, key, expiry, amount=1):
        return self.kept.incr(key, expiry, amount)

    def get(self, key):
        return self.kept.get(key)

    def get_expiry(self, key):
        return self.kept.get_expiry(key)

    def check(self):
        return self.kept.check()

    def reset(self):
        return self.kept.reset()

    def clear(self, key):
        return self.kept.clear(key)


@pytest.fixture(params=["memory", "redis"])
def store(request):
    server = servers.server("redis") if request.param == "redis" else None
    made = stores.connect(f"limits+{server.url}" if server else "limits+memory://")
    yield made
    made.close()


def taken(store, key, windows, cost=1):
    op = Consume(key, windows, cost)
    store.execute(op)
    return op.answer


def test_every_storage_has_a_scheme():
    """Every blocking storage of the package is reachable with "limits+" in front of its URL."""
    known = {f"limits+{scheme}" for scheme in storage.SCHEMES if not scheme.startswith("async+")}
    assert known - {"limits+counting"} == set(limits.SCHEMES)
    with pytest.raises(ConfigError, match="pymemcache"):
        stores.connect("limits+memcached://127.0.0.1:11211")
    with pytest.raises(ConfigError, match="unknown"):
        limits.connect("limits+nothing://127.0.0.1")
    with pytest.raises(ConfigError, match="unknown store scheme"):
        stores.connect("limits://127.0.0.1")


def test_never_more_and_then_again(store):
    """N pass per window, from eight threads too; a refusal reports the wait, after which the next one passes."""
    key, windows = f"never {time.monotonic_ns()}", (Window(5, 1.0),)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: taken(store, key, windows), range(40)))
    assert sum(answer.allowed for answer in answers) == 5
    refused = taken(store, key, windows)
    assert not refused.allowed
    assert (refused.which, refused.remaining) == (0, 0)
    assert 0 <= refused.reset <= 1
    began = time.monotonic()
    servers.until(lambda: taken(store, key, windows).allowed, "the window to move")
    assert time.monotonic() - began < 3


def test_several_windows(store):
    """All windows are tested before one is charged; the window with the longest wait is reported."""
    key, windows = f"several {time.monotonic_ns()}", (Window(2, 1.0), Window(3, 3600.0))
    assert [taken(store, key, windows).allowed for _ in range(3)] == [True, True, False]
    servers.until(lambda: taken(store, key, windows).allowed, "the first window to move")
    refused = taken(store, key, windows)
    assert (refused.allowed, refused.which) == (False, 1)
    assert 3500 < refused.reset <= 3600
    assert not taken(store, key, (Window(3, 1.0),), cost=4).allowed
    assert taken(store, key, windows, cost=0).remaining == 0


def test_a_coroutine_asks_too(store):
    """Async calls run in a thread, so the event loop does not wait."""
    op = Consume(f"async {time.monotonic_ns()}", (Window(5, 60.0),))

    async def ask():
        await store.aexecute(op)
        await store.aclose()

    asyncio.run(ask())
    assert op.answer.allowed
    assert op.answer.remaining == 4


def test_what_it_cannot(store):
    """Hits cannot be refunded, a key can be reset, and storing an entry raises StoreError."""
    key, windows = f"cannot {time.monotonic_ns()}", (Window(1, 60.0),)
    op = Consume(key, windows)
    store.execute(op)
    store.execute(Refund(key, windows, 1, op.at))
    assert not taken(store, key, windows).allowed
    store.execute(Refund(key, windows))
    assert taken(store, key, windows).allowed
    with pytest.raises(StoreError, match="only counts requests"):
        store.execute(Put(SPACE, "k", b"v", 60))
    with pytest.raises(StoreError, match="own clock"):
        store.take_at(op, 5)
    get = Get(SPACE, "k")
    store.execute(get)
    assert get.answer is None
    assert (list(store.scan(SPACE)), store.sweep(), store.learn_epoch()) == ([], 0, None)


def test_a_storage_that_only_counts():
    """A fixed window allows N/2, so no window holds more than N; a limit of one stays one."""
    store = limits.connect("limits+counting://")
    hour = (Window(9, 3600.0),)
    assert [taken(store, "k", hour).allowed for _ in range(6)] == [True] * 4 + [False] * 2
    assert [taken(store, "one", (Window(1, 3600.0),)).allowed for _ in range(2)] == [True, False]
    second, times = (Window(8, 1.0),), []
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if taken(store, "flood", second).allowed:
            times.append(time.monotonic())
        time.sleep(0.005)
    assert len(times) >= 8
    assert all(sum(at - 1 < each <= at for each in times) <= 8 for at in times)


def test_a_storage_that_is_down(unused_port):
    """An outage raises StoreUnavailable without the password, and Get detects the recovery."""
    store = stores.connect(f"limits+redis://:{servers.PASSWORD}@127.0.0.1:{unused_port}/0")
    for op in (Consume("k", (Window(5, 60.0),)), Get(SPACE, "k")):
        with pytest.raises(StoreUnavailable) as caught:
            store.execute(op)
        assert servers.PASSWORD not in str(caught.value)


@pytest.fixture
def unused_port():
    return servers.free_port()


def test_a_limit_in_an_app():
    """The limit applies to an app; while the storage is down requests are counted in the process."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"hello"]

    for url in ("limits+memory://", f"limits+redis://127.0.0.1:{servers.free_port()}"):
        call = wsgi_call(LaunchReadyMiddleware(app, store=url, rate_limit="3/hour", timing=None, redaction=None))
        assert [call("GET", "/").status for _ in range(5)] == [200] * 3 + [429] * 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"idempotency": {}}, "idempotency: a limits+ store"),
        ({"cache": {}}, "cache: a limits+ store"),
        ({"https": {"hsts": "ramp"}}, "https.hsts"),
        ({"rate_limit": {"ban": "1h"}}, "ban of 'default'"),
        ({"rate_limit": {"routes": {"POST /login": {"rate": "5/minute", "count": "failures"}}}}, "'POST /login'"),
        ({"rate_limit": {"routes": {"GET /x": {"rate": "5/minute", "cost": 2}}}}, "refund of 'GET /x'"),
        ({"rate_limit": {"default": {"concurrent": 2}}}, "concurrent of 'default'"),
    ],
)
def test_what_is_told_when_the_app_is_built(settings, words):
    """Each setting that such a store cannot serve is a ConfigError with the correction."""
    with pytest.raises(ConfigError) as caught:
        build({"store": "limits+memory://", **settings})
    assert any(words in line and "redis://" in line for line in caught.value.problems), caught.value.problems
