"""Concurrent misses of one URL become one call of the app, and no request waits in vain."""

import asyncio
import io
import threading

import pytest

from launchready import asgi, wsgi
from launchready.settings.cache import Cache


def scope(path):
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"x")], "client": ("192.0.2.1", 1), "scheme": "https", "root_path": "",
    }  # fmt: skip


@pytest.mark.parametrize(("control", "calls"), [(b"max-age=60", 1), (b"private", 50)])
def test_asgi(control, calls):
    """Fifty at once: one call if shareable, fifty if not; all are answered."""
    ran = []

    async def app(scope, receive, send):
        ran.append(1)
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", control)]})
        await send({"type": "http.response.body", "body": b"all"})

    async def call(middleware):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await middleware(scope("/coaches"), receive, send)
        return sent[1]["body"]

    async def main():
        middleware = asgi.LaunchReadyMiddleware(app, cache=Cache())
        return await asyncio.gather(*(call(middleware) for _ in range(50)))

    assert asyncio.run(main()) == [b"all"] * 50
    assert len(ran) == calls


@pytest.mark.parametrize(
    "directive", [(b"cache-control", b"no-cache"), (b"cache-control", b"max-age=0"), (b"pragma", b"no-cache")]
)
@pytest.mark.parametrize("stored", [False, True])
def test_reloads_share_a_call_that_began_after_them(directive, stored):
    """Fifty reloads at once: two calls. The second begins after all have arrived, so it validates for the other 49.

    RFC 9111 section 5.2.1.4 demands a validation, and section 4 allows one forwarded request to serve several.
    """
    ran = []

    async def app(scope, receive, send):
        ran.append(1)
        number = len(ran)
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"%d" % number})

    async def call(middleware, *headers):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        asked = scope("/coaches")
        asked["headers"] = [*asked["headers"], *headers]
        await middleware(asked, receive, send)
        return int(sent[1]["body"])

    async def main():
        middleware = asgi.LaunchReadyMiddleware(app, cache=Cache())
        if stored:
            assert await call(middleware) == 1
        before = len(ran)
        bodies = await asyncio.gather(*(call(middleware, directive) for _ in range(50)))
        assert bodies[0] == before + 1
        assert set(bodies[1:]) == {before + 2}
        assert len(ran) == before + 2
        late = await call(middleware, directive)  # it arrives after both: it is validated again
        assert late == before + 3

    asyncio.run(main())


def test_what_cannot_be_shared_runs_at_once():
    """Fifty requests for a private page: after the first they run concurrently."""
    running, most = 0, 0
    together = asyncio.Event()

    async def app(scope, receive, send):
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 49:
            together.set()
        await asyncio.wait([asyncio.ensure_future(together.wait())], timeout=0.01 if most == 1 else 5)
        running -= 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"private")]})
        await send({"type": "http.response.body", "body": b"mine"})

    async def call(middleware):
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            del message

        await middleware(scope("/me"), receive, send)

    async def main():
        middleware = asgi.LaunchReadyMiddleware(app, cache=Cache())
        await asyncio.gather(*(call(middleware) for _ in range(50)))
        together.set()

    asyncio.run(main())
    assert most == 49


def test_a_leader_that_is_cancelled():
    """If the first client disconnects, the others are still answered."""
    ran = []

    async def app(scope, receive, send):
        ran.append(1)
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"all"})

    async def main():
        middleware = asgi.LaunchReadyMiddleware(app, cache=Cache())
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        first = asyncio.create_task(middleware(scope("/c"), receive, send))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(middleware(scope("/c"), receive, send))
        await asyncio.sleep(0.01)
        first.cancel()
        await second
        return sent

    assert asyncio.run(main())[1]["body"] == b"all"
    assert len(ran) == 2


def test_wsgi_threads():
    """Twenty threads at once: one call."""
    ran, bodies = [], []
    go = threading.Barrier(20)
    entered = threading.Event()

    def app(environ, start_response):
        ran.append(1)
        entered.wait(0.2)
        start_response("200 OK", [("Cache-Control", "max-age=60")])
        return [b"all"]

    middleware = wsgi.LaunchReadyMiddleware(app, cache=Cache())

    def customer():
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/c", "QUERY_STRING": "", "HTTP_HOST": "x", "REMOTE_ADDR": "192.0.2.1",
            "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(),
        }  # fmt: skip
        go.wait()
        body = middleware(environ, lambda status, headers: None)
        bodies.append(b"".join(body))
        if hasattr(body, "close"):
            body.close()

    threads = [threading.Thread(target=customer) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"all"] * 20
    assert len(ran) == 1
