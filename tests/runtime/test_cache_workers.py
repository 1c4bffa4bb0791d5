"""Two workers on one store: one call of the app for all, no waiting for dead workers, no cost of a dead store."""

import asyncio
import threading
import time

import pytest

from faces.apps import _django_setup
from launchready import asgi, wsgi
from launchready.core.cache import store_response
from launchready.errors import StoreUnavailable
from launchready.exchange.store import Delete, GetAll
from launchready.settings.cache import Cache
from launchready.stores import connect
from support import servers

SHARED = ["sqlite", "redis", "postgresql"]
_serial = iter(range(10**6))


def scope(host, path="/coaches"):
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", host)], "client": ("192.0.2.1", 1), "scheme": "https", "root_path": "",
    }  # fmt: skip


async def ask(middleware, host):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await middleware(scope(host), receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def workers(url, app, count=2):
    """Middlewares that share only the store."""
    return [asgi.LaunchReadyMiddleware(app, cache=Cache(), store=connect(url)) for _ in range(count)]


async def closed(middlewares):
    for each in middlewares:
        await each.stack.adapter._store.aclose()


@pytest.fixture
def host():
    return b"workers-%d.example" % next(_serial)


@pytest.mark.parametrize("store", SHARED)
@pytest.mark.parametrize(("control", "calls"), [(b"max-age=60", {1}), (b"private", {100})])
def test_one_call_of_all_workers(store, control, calls, host, tmp_path):
    """A hundred concurrent requests on two workers: one call if shareable, a hundred if not."""
    ran = []

    async def app(scope, receive, send):
        ran.append(1)
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", control)]})
        await send({"type": "http.response.body", "body": b"all"})

    async def main():
        both = workers(servers.store_url(store, tmp_path), app)
        answers = await asyncio.gather(*(ask(both[index % 2], host) for index in range(100)))
        await closed(both)
        return answers, [row for each in both for row in each.status()["cache"]]

    answers, rows = asyncio.run(main())
    assert answers == [(200, b"all")] * 100
    assert len(ran) in calls
    assert sum(row.get("miss", 0) for row in rows) == len(ran)
    assert sum(row.get("collapsed", 0) + row.get("hit", 0) for row in rows) == 100 - len(ran)


@pytest.mark.parametrize("store", SHARED)
@pytest.mark.parametrize("vary", [b"", b"accept-language"])
def test_a_hit_is_one_round_trip(store, vary, host, tmp_path):
    """Response, variant and latest purge are read together once the pointer is known."""

    async def app(scope, receive, send):
        headers = [(b"cache-control", b"max-age=60"), (b"vary", vary)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"all"})

    async def main():
        [one] = workers(servers.store_url(store, tmp_path), app, 1)
        await ask(one, host)
        await ask(one, host)
        answers, asked = one.stack.adapter, []
        execute = answers.aexecute
        answers.inline = one.inline = {}

        async def counting(op):
            asked.append(type(op))
            await execute(op)

        answers.aexecute = counting
        answer = await ask(one, host)
        await closed([one])
        return answer, asked

    assert asyncio.run(main()) == ((200, b"all"), [GetAll])


@pytest.mark.parametrize("store", SHARED)
def test_a_change_in_one_worker_reaches_what_the_other_is_making(store, host, tmp_path):
    """A response requested before a change is not stored after it, in any worker."""
    started, go = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        if scope["method"] == "GET":
            started.set()
            await go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"old"})

    async def main():
        both = workers(servers.store_url(store, tmp_path), app)
        slow = asyncio.create_task(ask(both[0], host))
        await started.wait()
        change = {**scope(host), "method": "POST"}

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            del message

        await both[1](change, receive, send)
        go.set()
        await slow
        started.clear()
        await ask(both[1], host)
        await closed(both)
        return started.is_set()

    assert asyncio.run(main())


@pytest.mark.parametrize("store", SHARED)
def test_a_leader_that_died(store, host, tmp_path, monkeypatch):
    """A killed worker delays others for at most its lease."""
    monkeypatch.setattr(store_response, "LEASE_SECONDS", 0.2)
    asked = asyncio.Event()

    async def app(scope, receive, send):
        if not asked.is_set():
            asked.set()
            await asyncio.sleep(60)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"all"})

    async def main():
        both = workers(servers.store_url(store, tmp_path), app)
        dead = asyncio.create_task(ask(both[0], host))
        await asked.wait()
        other = await asyncio.wait_for(ask(both[1], host), 20)
        dead.cancel()
        await asyncio.gather(dead, return_exceptions=True)
        same = await asyncio.wait_for(ask(both[0], host), 20)
        await closed(both)
        return other, same

    assert asyncio.run(main()) == ((200, b"all"), (200, b"all"))


@pytest.mark.parametrize("store", SHARED)
@pytest.mark.parametrize("end", ["client left", "raised", "cut short", "too large", "failed"])
def test_a_leader_without_an_answer(store, end, host, tmp_path):
    """Requests in other workers continue as soon as the leader has failed or is gone."""
    asked, go, ran = asyncio.Event(), asyncio.Event(), []

    async def app(scope, receive, send):
        ran.append(1)
        status, body = 200, b"all"
        if len(ran) == 1:
            asked.set()
            await go.wait()
            if end == "raised":
                raise RuntimeError("the handler failed")
            status, body = (503 if end == "failed" else 200), b"x" * (2000 if end == "too large" else 3)
        head = [(b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        if end == "cut short" and len(ran) == 1:
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError("the handler failed")
        await send({"type": "http.response.body", "body": body})

    async def main():
        url = servers.store_url(store, tmp_path)
        both = [asgi.LaunchReadyMiddleware(app, cache=Cache(max_body=1000), store=connect(url)) for _ in range(2)]
        leader = asyncio.create_task(ask(both[0], host))
        await asked.wait()
        waiting = [asyncio.create_task(ask(both[1], host)) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert len(ran) == 1
        if end == "client left":
            leader.cancel()
        go.set()
        answers = await asyncio.wait_for(asyncio.gather(*waiting), 0.5 * store_response.LEASE_SECONDS)
        await asyncio.gather(leader, return_exceptions=True)
        again = await ask(both[0], host)
        await closed(both)
        return [*answers, again]

    assert asyncio.run(main()) == [(200, b"all")] * 4
    assert len(ran) == 2 or end not in {"client left", "raised"}


def test_a_leader_that_left_under_django(host, tmp_path):
    """Django cancels the view when the client disconnects: requests in other workers continue at once."""
    _django_setup()
    from django.http import HttpResponse
    from django.test import AsyncRequestFactory, override_settings

    from launchready.django import LaunchReadyMiddleware

    asked, ran = asyncio.Event(), []

    async def view(request):
        ran.append(1)
        if len(ran) == 1:
            asked.set()
            await asyncio.sleep(60)
        return HttpResponse(b"all", headers={"Cache-Control": "max-age=60"})

    async def main():
        url, factory = servers.store_url("redis", tmp_path), AsyncRequestFactory()
        with override_settings(LAUNCHREADY={"CACHE": Cache(), "STORE": url}, ALLOWED_HOSTS=["*"]):
            both = [LaunchReadyMiddleware(view) for _ in range(2)]
        request = factory.get("/coaches", headers={"host": host.decode()})
        leader = asyncio.create_task(both[0](request))
        await asked.wait()
        waiting = asyncio.create_task(both[1](factory.get("/coaches", headers={"host": host.decode()})))
        await asyncio.sleep(0.1)
        leader.cancel()
        answer = await asyncio.wait_for(waiting, 0.5 * store_response.LEASE_SECONDS)
        await closed(both)
        return answer.content

    assert asyncio.run(main()) == b"all"
    assert len(ran) == 2


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_the_store_is_killed(face):
    """Requests continue uncached while the store is down, and cached afterwards; nothing raises."""
    server = servers.RedisServer().start()
    numbers = iter(range(1, 1000))

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=600")]})
        await send({"type": "http.response.body", "body": b"%d" % next(numbers)})

    def wapp(environ, start_response):
        start_response("200 OK", [("Cache-Control", "max-age=600")])
        return [b"%d" % next(numbers)]

    store = connect(server.url)
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/c", "QUERY_STRING": "", "HTTP_HOST": "x", "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "https",
    }  # fmt: skip
    try:
        with asyncio.Runner() as runner:
            if face == "asgi":
                middleware = asgi.LaunchReadyMiddleware(app, cache=Cache(), store=store)

                def once():
                    return runner.run(ask(middleware, b"x"))[1]
            else:
                middleware = wsgi.LaunchReadyMiddleware(wapp, cache=Cache(), store=store)

                def once():
                    body = middleware(dict(environ), lambda status, headers: None)
                    try:
                        return b"".join(body)
                    finally:
                        if hasattr(body, "close"):
                            body.close()

            assert [once() for _ in range(3)] == [b"1", b"1", b"1"]
            server.kill()
            assert [once() for _ in range(2)] == [b"2", b"3"]
            server.start()
            servers.until(lambda: once() == once(), "the cache to be used again")
            runner.run(store.aclose())
    finally:
        server.close()


@pytest.mark.parametrize("store", ["redis", "postgresql"])
def test_a_store_that_hangs(store):
    """One request waits for the timeout, later ones do not, and changes are invalidated later."""
    server = (servers.RedisServer if store == "redis" else servers.PostgreSQLServer)().start()
    numbers, deletes = iter(range(1, 1000)), []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=600")]})
        await send({"type": "http.response.body", "body": b"%d" % next(numbers)})

    async def main():
        [one] = workers(server.url, app, 1)
        assert [(await ask(one, b"x"))[1] for _ in range(2)] == [b"1", b"1"]
        ask_store = one.stack.adapter._store.aexecute

        async def watched(op):
            deletes.append(type(op) is Delete)
            await ask_store(op)

        one.stack.adapter._store.aexecute = watched
        server.pause()
        await ask(one, b"x")
        started = time.monotonic()
        assert [(await ask(one, b"x"))[1] for _ in range(20)] == [b"%d" % number for number in range(3, 23)]
        assert time.monotonic() - started < 0.5
        deletes.clear()
        await one({**scope(b"x"), "method": "POST"}, _nothing, lambda message: _nothing())
        assert any(deletes)
        server.resume()
        await closed([one])

    try:
        asyncio.run(main())
    finally:
        server.close()


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("store", SHARED)
def test_a_change_while_the_store_is_away(store, groups, host, tmp_path):
    """A failed invalidation is repeated before anything is served from the store."""
    numbers = iter(range(1, 1000))

    async def app(scope, receive, send):
        head = [(b"cache-control", b"max-age=600"), (b"cache-groups", b'"coaches"')]
        if scope["method"] == "POST" and groups:
            head = [(b"cache-group-invalidation", b'"coaches"')]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"%d" % next(numbers)})

    async def down(op):
        raise StoreUnavailable("away")

    async def change(middleware, path):
        await middleware({**scope(host, path), "method": "POST"}, _nothing, lambda message: _nothing())

    async def main():
        [one, other] = workers(servers.store_url(store, tmp_path), app)
        for each in (one, other):
            each.stack.adapter.inline = each.inline = {}
        assert [await ask(each, host) for each in (one, other)] == [(200, b"1")] * 2
        answers = one.stack.adapter._store
        up, answers.aexecute = answers.aexecute, down
        await change(one, "/elsewhere" if groups else "/coaches")
        assert (await ask(one, host))[1] == b"3"
        answers.aexecute = up
        one.stack.adapter._cached.close()
        served = [(await ask(each, host))[1] for each in (one, other, one)]
        await closed([one, other])
        return served

    assert asyncio.run(main()) == [b"4"] * 3


async def _nothing():
    return {"type": "http.request", "body": b"", "more_body": False}


def test_a_file_that_goes_away(tmp_path):
    """Requests continue when the SQLite file is damaged."""
    path = tmp_path / "store.db"
    numbers = iter(range(1, 1000))

    def wapp(environ, start_response):
        start_response("200 OK", [("Cache-Control", "max-age=600")])
        return [b"%d" % next(numbers)]

    middleware = wsgi.LaunchReadyMiddleware(wapp, cache=Cache(), store=f"sqlite:///{path}")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/c", "QUERY_STRING": "", "HTTP_HOST": "x", "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "https",
    }  # fmt: skip

    def once():
        body = middleware(dict(environ), lambda status, headers: None)
        try:
            return b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()

    assert [once(), once()] == [b"1", b"1"]
    middleware.stack.adapter._store.close()
    path.write_bytes(b"no database, nor ever was" * 100)
    for left in ("-wal", "-shm"):
        (tmp_path / f"store.db{left}").unlink(missing_ok=True)
    assert [once(), once()] == [b"2", b"3"]


def test_threads_of_two_workers(tmp_path):
    """Twenty threads on two WSGI workers with one file: one call."""
    ran, bodies = [], []
    gate = threading.Barrier(20)

    def app(environ, start_response):
        ran.append(1)
        threading.Event().wait(0.1)
        start_response("200 OK", [("Cache-Control", "max-age=60")])
        return [b"all"]

    url = f"sqlite:///{tmp_path}/store.db"
    both = [wsgi.LaunchReadyMiddleware(app, cache=Cache(), store=url) for _ in range(2)]

    def customer(index):
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/c", "QUERY_STRING": "", "HTTP_HOST": "x", "wsgi.url_scheme": "https",
            "REMOTE_ADDR": "192.0.2.1",
        }  # fmt: skip
        gate.wait()
        body = both[index % 2](environ, lambda status, headers: None)
        bodies.append(b"".join(body))
        if hasattr(body, "close"):
            body.close()

    threads = [threading.Thread(target=customer, args=(index,)) for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"all"] * 20
    assert len(ran) == 1
    for each in both:
        each.stack.adapter._store.close()


@pytest.mark.parametrize("store", ["sqlite", "redis", "postgresql"])
def test_the_other_worker_is_told(store, host, tmp_path):
    """The other worker waits for a notification instead of polling fifty times a second."""
    looks = []

    async def app(scope, receive, send):
        began.set()
        await asyncio.sleep(1.5)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"all"})

    async def main():
        first, second = workers(servers.store_url(store, tmp_path), app)
        inline, answers = second.stack.adapter.inline, second.stack.adapter
        execute = answers.aexecute

        async def counted(op):
            if isinstance(op, GetAll):
                looks.append(op)
            await execute(op)

        answers.aexecute = counted
        answers.inline = {kind: answer for kind, answer in inline.items() if kind is not GetAll}
        made = asyncio.create_task(ask(first, host))
        await began.wait()
        joined = asyncio.create_task(ask(second, host))
        assert await made == (200, b"all")
        ended = time.monotonic()
        assert await joined == (200, b"all")
        took = time.monotonic() - ended
        await closed((first, second))
        return took

    began = asyncio.Event()
    took = asyncio.run(main())
    assert len(looks) < 20  # until it is listened to; 75 without
    assert took < store_response.MAX_POLL_INTERVAL / 2
