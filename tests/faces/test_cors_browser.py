"""CORS and the refusal on the server, in a real browser: pages of two origins, an API behind a real server."""

import asyncio
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from launchready.settings.cors import CORS
from launchready.settings.rate_limit import RateLimit
from support.browser import chromium
from support.servers import free_port, until

COUNTED = "GET /limited"
ICON = "/favicon.ico"  # asked for by the browser itself, whenever it likes


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>page</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Quietly."""


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def asgi(seen, **settings):
    """The API in FastAPI under uvicorn. ``seen``: what came in, before launchready, and what ran."""
    import uvicorn
    from fastapi import FastAPI, Request, Response, WebSocket
    from fastapi.responses import RedirectResponse, StreamingResponse

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()

    @app.api_route("/thing", methods=["GET", "PUT", "POST"])
    async def thing(request: Request):
        seen.append(f"ran {request.method}")
        return Response(f"cookie={request.cookies.get('session')}", headers={"X-Total": "7", "X-Hidden": "1"})

    @app.get("/limited")
    async def limited():
        return "fine"

    @app.get("/boom")
    async def boom():
        raise RuntimeError("the handler failed")

    @app.get("/moved")
    async def moved():
        return RedirectResponse("/thing")

    @app.get("/etag")
    async def etag():
        return Response(status_code=304, headers={"ETag": '"v1"'})

    @app.get("/stream")
    async def stream():
        async def parts():
            for part in (b"one ", b"two"):
                yield part

        return StreamingResponse(parts())

    @app.get("/session")
    async def session():
        return Response("ok", headers={"Set-Cookie": "session=secret; Path=/"})

    @app.websocket("/talk")
    async def talk(socket: WebSocket):
        seen.append("ran socket")
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    app.add_middleware(LaunchReadyMiddleware, **settings)

    async def noted(scope, receive, send):
        if scope["type"] == "http" and scope["path"] != ICON:
            seen.append(scope["method"])
        with contextlib.suppress(RuntimeError):
            await app(scope, receive, send)

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(noted, port=port, log_level="critical", ws="websockets-sansio"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    until(lambda: server.started, "uvicorn")
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def wsgi(seen, **settings):
    """The same API in Flask, under werkzeug's server."""
    import flask
    from werkzeug.serving import WSGIRequestHandler, make_server

    from launchready.flask import LaunchReady

    class Quiet(WSGIRequestHandler):
        def log(self, *args):
            """Quietly."""

    app = flask.Flask("api")

    def thing():
        seen.append(f"ran {flask.request.method}")
        made = flask.Response(f"cookie={flask.request.cookies.get('session')}")
        made.headers["X-Total"], made.headers["X-Hidden"] = "7", "1"
        return made

    def boom():
        raise RuntimeError("the handler failed")

    app.add_url_rule("/thing", "thing", thing, methods=["GET", "PUT", "POST"])
    app.add_url_rule("/limited", "limited", lambda: "fine")
    app.add_url_rule("/boom", "boom", boom)
    app.add_url_rule("/moved", "moved", lambda: flask.redirect("/thing"))
    app.add_url_rule("/etag", "etag", lambda: flask.Response(status=304, headers={"ETag": '"v1"'}))
    app.add_url_rule("/stream", "stream", lambda: flask.Response(iter([b"one ", b"two"])))
    app.add_url_rule(
        "/session", "session", lambda: flask.Response("ok", headers={"Set-Cookie": "session=secret; Path=/"})
    )
    LaunchReady(app, **settings)
    app.logger.disabled = True
    inner = app.wsgi_app

    def noted(environ, start_response):
        if environ["PATH_INFO"] != ICON:
            seen.append(environ["REQUEST_METHOD"])
        return inner(environ, start_response)

    app.wsgi_app = noted
    with serving(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)) as port:
        yield port


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(params=[asgi, wsgi], ids=["asgi", "wsgi"], scope="module")
def places(request, browser):
    """Pages of a listed origin and of a stranger's, and the API that they ask."""
    seen = []
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(serving(ThreadingHTTPServer(("127.0.0.1", 0), Page)))
        theirs = stack.enter_context(serving(ThreadingHTTPServer(("127.0.0.1", 0), Page)))
        cors = CORS(
            allow_origins=[f"http://localhost:{ours}"], allow_methods=["PUT"], allow_headers=["X-Trace"],
            expose_headers=["X-Total"], allow_credentials=True, max_age=600,
        )  # fmt: skip
        port = stack.enter_context(request.param(seen, cors=cors, rate_limit=RateLimit(None, {COUNTED: "1/hour"})))
        api = f"http://127.0.0.1:{port}"
        context = browser.new_context()
        stack.callback(context.close)

        pages = {
            "listed": f"http://localhost:{ours}", "stranger": f"http://127.0.0.1:{theirs}", "own": api + "/session",
        }  # fmt: skip
        tabs = {who: context.new_page() for who in pages}
        yield {"api": api, "seen": seen, "pages": pages, "tabs": tabs, "asgi": request.param is asgi}


@pytest.fixture
def world(places):
    """Each page as it was loaded: a form leaves it."""
    for who, url in places["pages"].items():
        places["tabs"][who].goto(url)
    places["seen"].clear()
    return {**places, **places["tabs"]}


FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return [answer.status, await answer.text(), answer.headers.get("x-total"), answer.headers.get("x-hidden")];
    } catch (error) { return error.name; }
}"""


def fetch(world, who, path, **options):
    return world[who].evaluate(FETCH, [world["api"] + path, options])


def test_fetch(world):
    """The listed page reads, with the headers that are exposed; the stranger's does not; neither needs a cookie."""
    assert fetch(world, "listed", "/thing", credentials="omit") == [200, "cookie=None", "7", None]
    assert fetch(world, "stranger", "/thing", credentials="omit") == "TypeError"


def test_credentials(world):
    """The cookie goes along where the page may read with it."""
    assert fetch(world, "own", "/thing")[1] == "cookie=secret"
    assert fetch(world, "stranger", "/thing", credentials="include") == "TypeError"
    status, text, *_ = fetch(world, "listed", "/thing", credentials="include")
    assert status == 200
    assert text.startswith("cookie=")  # whether the browser sends a SameSite=Lax cookie to another site is its business


def test_preflights(world):
    """Asked once and remembered; refused for the stranger, before anything ran."""
    seen = world["seen"]
    put = {"method": "PUT", "headers": {"X-Trace": "1"}}
    seen.clear()
    assert [fetch(world, "listed", "/thing", **put)[0] for _ in range(3)] == [200] * 3
    assert (seen.count("OPTIONS"), seen.count("ran PUT")) == (1, 3)
    seen.clear()
    assert fetch(world, "stranger", "/thing", **put) == "TypeError"
    assert fetch(world, "listed", "/thing", method="DELETE") == "TypeError"
    assert fetch(world, "listed", "/thing", headers={"X-Other": "1"}) == "TypeError"
    assert set(seen) == {"OPTIONS"}


@pytest.mark.parametrize(("path", "status", "text"), [
    ("/boom", 500, None), ("/nowhere", 404, None), ("/moved", 200, "cookie=None"), ("/stream", 200, "one two"),
])  # fmt: skip
def test_answers_of_every_kind(world, path, status, text):
    """An error, a redirect, a stream: the page reads each of them."""
    found = fetch(world, "listed", path, credentials="omit")
    assert found[0] == status
    assert text is None or found[1] == text
    assert fetch(world, "stranger", path, credentials="omit") == "TypeError"


def test_not_modified(world):
    """A 304 for a conditional request of the page's own."""
    conditional = {"headers": {"If-None-Match": '"v1"'}, "cache": "no-store"}
    answer = fetch(world, "own", "/etag", **conditional)
    assert answer[0] == 304


def test_a_429_is_readable(world):
    """The page learns that it is over the limit."""
    assert [fetch(world, "listed", "/limited")[0] for _ in range(2)] == [200, 429]


FORM = """async (url) => {
    const form = document.createElement("form");
    form.method = "POST";
    form.action = url;
    document.body.append(form);
    form.submit();
}"""


def posted(world, who):
    """The status of a form that a page posts; whatever CORS says, a browser sends it."""
    page = world[who]
    with page.expect_navigation() as navigation:
        page.evaluate(FORM, world["api"] + "/thing")
    return navigation.value.status


def test_forms(world):
    """The app's own pages and listed ones may post; a stranger's form is refused and nothing runs."""
    seen = world["seen"]
    seen.clear()
    assert posted(world, "stranger") == 403
    assert "ran POST" not in seen
    assert posted(world, "listed") == 200
    assert posted(world, "own") == 200
    assert seen.count("ran POST") == 2


def test_posts_without_a_preflight(world):
    """fetch in no-cors mode: it cannot read, and it cannot act either."""
    seen = world["seen"]
    seen.clear()
    fetch(world, "stranger", "/thing", method="POST", mode="no-cors", credentials="include")
    until(lambda: "POST" in seen, "the request to arrive")
    assert "ran POST" not in seen


SOCKET = """(url) => new Promise((done) => {
    const socket = new WebSocket(url);
    socket.onmessage = (event) => done(event.data);
    socket.onerror = () => done("refused");
})"""


def test_websockets(world):
    """A stranger's page opens none."""
    if not world["asgi"]:
        return  # werkzeug's server speaks no WebSocket
    url = world["api"].replace("http", "ws", 1) + "/talk"
    world["seen"].clear()
    assert world["stranger"].evaluate(SOCKET, url) == "refused"
    assert world["seen"] == []
    assert [world[who].evaluate(SOCKET, url) for who in ("listed", "own")] == ["hello"] * 2
