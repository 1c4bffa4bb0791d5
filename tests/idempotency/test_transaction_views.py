"""``@idempotent(mode="transaction")`` on views: the answer stands beside the booking, in every framework."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

from faces.apps import asgi_call, wsgi_call
from launchready.errors import ConfigError, KeyReused, SafeToRetry
from launchready.idempotency import current, idempotent
from support.keys import key as uuid

KEY = ("Idempotency-Key", uuid("booking-1"))
TABLE = "CREATE TABLE IF NOT EXISTS bookings (slot TEXT)"


class Shop:
    """A database, and what a view does in it: ``how`` says how it ends."""

    def __init__(self, folder):
        self.path = str(folder / "app.db")
        self.url = f"sqlite:///{self.path}"
        self.ran = 0
        with closing(sqlite3.connect(self.path)) as db:
            db.execute(TABLE)

    def book(self, how):
        self.ran += 1
        tx = current().tx
        cursor = tx.cursor()
        cursor.execute("INSERT INTO bookings VALUES ('nine')")
        if how == "raise":
            raise RuntimeError("the handler failed")
        if how == "retry" and self.ran == 1:
            raise SafeToRetry("not yet")
        return {"500": 500, "409": 409}.get(how, 201)

    def rows(self):
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute("SELECT COUNT(*) FROM bookings").fetchone()[0]


def fastapi(shop, *, asynchronous):
    from fastapi import FastAPI, Response
    from starlette.exceptions import HTTPException

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()

    def book(how: str, response: Response):
        status = shop.book(how)
        if how == "abort":
            raise HTTPException(404)
        response.status_code = status
        response.headers["location"] = "/bookings/1"
        return {"ran": shop.ran}

    async def abook(how: str, response: Response):
        return book(how, response)

    app.post("/book/{how}")(idempotent(mode="transaction", store=shop.url)(abook if asynchronous else book))
    app.add_middleware(LaunchReadyMiddleware)
    return asgi_call(app)


def flask(shop):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("shop")

    @app.post("/book/<how>")
    @idempotent(mode="transaction", store=shop.url)
    def book(how):
        status = shop.book(how)
        if how == "abort":
            flask.abort(404)
        return {"ran": shop.ran}, status, {"Location": "/bookings/1"}

    LaunchReady(app)
    return wsgi_call(app)


MAKERS = {
    "fastapi, async": lambda shop: fastapi(shop, asynchronous=True),
    "fastapi, sync": lambda shop: fastapi(shop, asynchronous=False),
    "flask": flask,
}


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture(params=sorted(MAKERS))
def call(request, shop):
    return MAKERS[request.param](shop)


def test_once(call, shop):
    """The retry gets the same answer, and the booking is made once."""
    first, again = (call("POST", "/book/ok", [KEY]) for _ in range(2))
    assert (first.status, first.json, again.status, again.json) == (201, {"ran": 1}, 201, {"ran": 1})
    assert first.get("idempotent-replayed") is None
    assert again.get("idempotent-replayed") == "true"
    assert again.get("location") == "/bookings/1"
    assert (shop.ran, shop.rows()) == (1, 1)


def test_another_request(call, shop):
    """The same key for another path is refused."""
    call("POST", "/book/ok", [KEY])
    refused = call("POST", "/book/other", [KEY])
    assert refused.status == 422
    assert refused.json["type"].endswith("/idempotency-key-mismatch")
    assert shop.rows() == 1


@pytest.mark.parametrize(("how", "status"), [("500", 500), ("raise", 500), ("abort", 404), ("retry", 503)])
def test_rolled_back(call, shop, how, status):
    """What fails leaves no booking, and its key is free."""
    assert call("POST", f"/book/{how}", [KEY]).status == status
    assert shop.rows() == 0
    call("POST", f"/book/{how}", [KEY])
    assert shop.ran == 2


def test_a_refusal_is_an_answer(call, shop):
    """A 4xx that the view returns is its decision: it commits, and is replayed."""
    assert [call("POST", "/book/409", [KEY]).status for _ in range(2)] == [409, 409]
    assert (shop.ran, shop.rows()) == (1, 1)


def test_without_a_key(call, shop):
    """The work stands in a transaction all the same; nothing is remembered."""
    assert [call("POST", "/book/ok").status for _ in range(2)] == [201, 201]
    assert shop.rows() == 2
    assert call("POST", "/book/raise").status == 500
    assert shop.rows() == 2


def test_locked(call, shop):
    """Another writer holds the database: 503 within three seconds, nothing ran, and it works again afterwards."""
    with closing(sqlite3.connect(shop.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = call("POST", "/book/ok", [KEY])
    assert refused.status == 503
    assert refused.json["type"].endswith("/idempotency-key-store-unavailable")
    assert shop.ran == 0
    assert call("POST", "/book/ok", [KEY]).status == 201


def test_functions(shop):
    """A plain function or job: the same, with no request around it."""
    ran = []

    @idempotent(mode="transaction", key=lambda order: f"order:{order}", store=shop.url)
    def charge(order):
        ran.append(order)
        current().tx.execute("INSERT INTO bookings VALUES ('nine')")
        if len(ran) == 1:
            raise ZeroDivisionError
        return {"order": order}

    with pytest.raises(ZeroDivisionError):
        charge(1)
    assert shop.rows() == 0
    assert charge(1) == charge(1) == {"order": 1}
    assert (ran, shop.rows()) == ([1, 1], 1)


def test_coroutines(shop):
    """The same for ``async def``; other arguments under the key are refused."""

    @idempotent(mode="transaction", key=lambda order, cents: f"order:{order}", store=shop.url)
    async def charge(order, cents):
        current().tx.execute("INSERT INTO bookings VALUES ('nine')")
        return cents

    assert [asyncio.run(charge(1, 5)) for _ in range(2)] == [5, 5]
    with pytest.raises(KeyReused):
        asyncio.run(charge(1, 6))
    assert shop.rows() == 1


def test_the_apps_own_connection(shop):
    """``connection`` gives it: the key's row goes where the app's transaction goes."""
    import flask as framework

    from launchready.flask import LaunchReady

    app = framework.Flask("shop")
    opened = []

    def connection(request):
        opened.append(sqlite3.connect(shop.path, isolation_level=None))
        return opened[-1]

    @app.post("/book")
    @idempotent(mode="transaction", connection=connection)
    def book():
        assert current().tx is opened[-1]
        return {}, shop.book("ok")

    LaunchReady(app)
    call = wsgi_call(app)
    assert [call("POST", "/book", [KEY]).status for _ in range(2)] == [201, 201]
    assert (shop.ran, shop.rows()) == (1, 1)
    assert not any(one.in_transaction for one in opened)
    for one in opened:
        one.close()


def test_mistakes():
    """A store without transactions is told where it is written."""
    with pytest.raises(ConfigError, match="has no transactions"):
        idempotent(mode="transaction", store="redis://localhost")(len)
    with pytest.raises(ConfigError, match="mode"):
        idempotent(mode="exactly")(len)


def test_storm(call, shop):
    """Ten at once: one booking; each is told its answer, or to ask again."""
    answers = []
    go = threading.Barrier(10)

    def one():
        go.wait()
        answers.append(call("POST", "/book/ok", [KEY]).status)

    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409, 503}
    assert 201 in answers
    assert shop.rows() == 1
