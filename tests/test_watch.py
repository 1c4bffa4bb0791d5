"""Instrumentation: statements without values, calls by host, query loops."""

import asyncio
import http.server
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import requests
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

import launchready
from faces.apps import asgi_call
from launchready import watch
from launchready.metrics.query_times import HTTP, MAX_KINDS, OTHER, QUERY_TIMES, SQL, begin, normalised

SOURCE = str(Path(launchready.__file__).parents[1])


@pytest.fixture
def spent():
    watch.Instrumentation.enabled = True
    yield begin()
    QUERY_TIMES.set(None)


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT * FROM coach WHERE id = 7", "SELECT * FROM coach WHERE id = ?"),
        ("SELECT * FROM coach WHERE id = %s", "SELECT * FROM coach WHERE id = ?"),
        ("SELECT * FROM coach WHERE id = %(id)s AND x = :x", "SELECT * FROM coach WHERE id = ? AND x = ?"),
        ("SELECT * FROM c WHERE name = 'O''Neil'", "SELECT * FROM c WHERE name = ?"),
        ('SELECT * FROM c WHERE name = "kim@example.com"', "SELECT * FROM c WHERE name = ?"),
        ('SELECT "a"."id" FROM "a" WHERE "a"."id" = "b"."id"', 'SELECT "a"."id" FROM "a" WHERE "a"."id" = "b"."id"'),
        ("SELECT * FROM c WHERE id IN (1, 2, 3)", "SELECT * FROM c WHERE id IN (?)"),
        ("INSERT INTO c VALUES (1, 'x', -2.5), (2, 'y', 3)", "INSERT INTO c VALUES (?, ?, -?), (?)"),
        ("SELECT $tag$secret$tag$, $1", "SELECT ?, ?"),
        ("SELECT 1 -- user 42\n/* trace=abc */ FROM t1", "SELECT ? FROM t1"),
        ("SELECT\n   a\tFROM   b", "SELECT a FROM b"),
    ],
)
def test_normalised(sql, kept):
    """No value remains, and a loop repeats one text."""
    assert normalised(sql) == kept


def test_bounded(spent):
    """At most forty statements per request are kept apart."""
    for number in range(200):
        spent.note(SQL, f"SELECT {number}", 0.001)
    assert len(spent.did) <= MAX_KINDS + 1
    assert spent.did[SQL, OTHER].calls == 160
    assert spent.total(SQL)[0] == 200


def test_sqlalchemy(spent, tmp_path):
    """Sync and async engines; a repeated call counts once."""
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/a.db")
    for _ in range(2):
        watch.sqlalchemy(engine)
    with engine.connect() as connection:
        for number in range(6):
            connection.execute(sqlalchemy.text("SELECT :n"), {"n": number})
    engine.dispose()
    later = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    watch.sqlalchemy(later)

    async def ask():
        async with later.connect() as connection:
            await connection.execute(sqlalchemy.text("SELECT 'async'"))
        await later.dispose()

    asyncio.run(ask())
    assert {what: did.calls for (kind, what), did in spent.did.items() if kind == SQL} == {"SELECT ?": 7}


def test_sqlite3(spent):
    """Through the connection and its cursors."""
    connection = sqlite3.connect(":memory:", factory=watch.SQLite3)
    connection.execute("CREATE TABLE a (b)")
    connection.executemany("INSERT INTO a VALUES (?)", [(1,), (2,)])
    assert connection.cursor().execute("SELECT count(*) FROM a").fetchone() == (2,)
    connection.close()
    assert spent.total(SQL)[0] == 3


def test_psycopg(spent):
    """Through a cursor class."""
    import psycopg

    from support.servers import server

    with psycopg.connect(server("postgresql").url, cursor_factory=watch.psycopg()) as connection:
        assert connection.execute("SELECT %s::int", [7]).fetchone() == (7,)
    assert (SQL, "SELECT ?::int") in spent.did


def test_psycopg_waits(spent):
    """AsyncConnection with concurrent statements; failures count too."""
    import psycopg

    from support.servers import server

    async def ask():
        url, cursor = server("postgresql").url, watch.psycopg(waits=True)
        async with await psycopg.AsyncConnection.connect(url, cursor_factory=cursor) as connection:
            await connection.execute("SELECT %s::int", [7])
            await connection.cursor().executemany("SELECT %s::text", [["a"], ["b"]])
            with pytest.raises(psycopg.errors.UndefinedTable):
                await connection.execute("SELECT 1 FROM nowhere_at_all")

    asyncio.run(ask())
    assert [what for _, what in spent.did] == ["SELECT ?::int", "SELECT ?::text", "SELECT ? FROM nowhere_at_all"]


def test_a_statement_that_fails(spent):
    """A failed statement counts with its time."""
    engine = sqlalchemy.create_engine("sqlite://")
    watch.sqlalchemy(engine)
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError):
        connection.exec_driver_sql("SELECT 1 FROM nowhere")
    engine.dispose()
    assert spent.did[SQL, "SELECT ? FROM nowhere"].calls == 1


PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        assert self.headers["traceparent"] == PARENT
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_other_hosts(spent):
    """httpx, sync and async, and requests: by host; consecutive calls form a chain; the trace context is forwarded."""
    spent.trace = {"traceparent": PARENT}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever).start()
    url = f"http://user:word@127.0.0.1:{server.server_port}/secret/path?token=x"
    with httpx.Client(trust_env=False) as client:
        watch.httpx(client)
        watch.httpx(client)
        assert client.get(url).status_code == 204

    async def ask():
        async with httpx.AsyncClient(trust_env=False) as client:
            watch.httpx(client)
            assert (await client.get(url)).status_code == 204

    asyncio.run(ask())
    with requests.Session() as session:
        session.trust_env = False
        watch.requests(session)
        watch.requests(session)
        assert session.get(url, timeout=5).status_code == 204
    server.shutdown()
    server.server_close()
    assert spent.did.keys() == {(HTTP, "127.0.0.1")}
    assert spent.did[HTTP, "127.0.0.1"].calls == 3
    assert spent.chained == 2


def test_hosts_that_do_not_answer(spent):
    """The time until the failure counts."""
    with httpx.Client(trust_env=False) as client, requests.Session() as session:
        session.trust_env = False
        watch.httpx(client)
        watch.requests(session)
        with pytest.raises(httpx.ConnectError):
            client.get("http://127.0.0.1:1/")
        with pytest.raises(requests.ConnectionError):
            session.get("http://[::1]:1/", timeout=5)
    assert spent.did.keys() == {(HTTP, "127.0.0.1"), (HTTP, "::1")}


DJANGO = """
import sys, types
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, SECRET_KEY="x",
    ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"],
    INSTALLED_APPS=["launchready.django"], LAUNCHREADY={})
import django
django.setup()
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path
def view(request, number):
    with connection.cursor() as cursor:
        for each in range(6):
            cursor.execute("SELECT %s", [each])
    return HttpResponse("fine")
urls = types.ModuleType("urls")
urls.urlpatterns = [path("coaches/<int:number>", view)]
sys.modules["urls"] = urls
assert Client().get("/coaches/7").status_code == 200
from launchready.metrics.events import default_collector
with default_collector().reading() as ledger:
    rows = ledger.rows("SELECT method, route, kind, what, requests, calls, repeats FROM work")
assert rows == [("GET", "/coaches/{number}", "sql", "SELECT ?", 1, 6, 6)], rows
"""


def test_django(tmp_path):
    """Instrumented automatically: statements count for the view's route. In a process of its own."""
    done = subprocess.run([sys.executable, "-c", DJANGO], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": SOURCE})  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_under_a_route():
    """FastAPI with a ``def`` view in a thread: statements count for its route."""
    from fastapi import FastAPI

    from launchready.fastapi import LaunchReadyMiddleware

    connection = sqlite3.connect(":memory:", factory=watch.SQLite3, check_same_thread=False)
    app = FastAPI()
    app.add_middleware(LaunchReadyMiddleware)

    @app.get("/coaches/{number}")
    def coach(number: int):
        for each in range(5):
            connection.execute("SELECT ?", (each,))

    call = asgi_call(app)
    for number in range(3):
        assert call("GET", f"/coaches/{number}").status == 200
    stack = app.middleware_stack
    while not hasattr(stack, "status"):
        stack = stack.app
    with stack.stack.keeper.reading() as ledger:
        rows = ledger.rows("SELECT route, what, requests, calls, repeats FROM work")
    connection.close()
    assert rows == [("/coaches/{number}", "SELECT ?", 3, 15, 5)]
