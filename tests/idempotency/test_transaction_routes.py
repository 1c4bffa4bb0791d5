"""``Idempotency(mode="transaction")``: key and work of a route commit together, without a decorator on the view."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask

import launchready
from launchready import ConfigError
from launchready.fastapi import Idempotency, LaunchReadyMiddleware
from launchready.flask import LaunchReady
from launchready.idempotency import current
from support import django_routes, servers
from support.keys import key as uuid

ROUTES = ["POST /book"]


def booked(how):
    tx = current().tx
    with closing(tx.cursor()) as cursor:
        cursor.execute("INSERT INTO bookings VALUES ('" + how + "')")
    if how == "raise":
        raise RuntimeError("no")
    return {"500": ({"booked": how}, 500)}.get(how, ({"booked": how}, 201))


def fastapi(store, idempotency):
    app = FastAPI()

    @app.post("/book")
    async def book(how: str):
        return JSONResponse(*booked(how))

    app.add_middleware(LaunchReadyMiddleware, store=store, idempotency=idempotency)

    def post(how, key):
        async def ask():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.post(f"/book?how={how}", headers={"Idempotency-Key": uuid(key)})

        answer = asyncio.run(ask())
        return answer.status_code, answer.text, answer.headers.get("idempotent-replayed")

    return post


def flask(store, idempotency):
    app = Flask("shop")

    @app.post("/book")
    def book():
        from flask import request

        return booked(request.args["how"])

    LaunchReady(app, store=store, idempotency=idempotency)

    def post(how, key):
        answer = app.test_client().post(f"/book?how={how}", headers={"Idempotency-Key": uuid(key)})
        return answer.status_code, answer.text, answer.headers.get("idempotent-replayed")

    return post


def database(kind, folder):
    """A URL, and how to look into it."""
    server = servers.server(kind)
    if server is None:
        url = f"sqlite:///{folder}/app.db"
        connect = lambda: sqlite3.connect(folder / "app.db")  # noqa: E731
    elif kind == "postgresql":
        import psycopg

        url, connect = server.url, lambda: psycopg.connect(server.url)
    else:
        import pymysql

        from launchready.stores.mysql import parameters

        url, connect = server.url, lambda: pymysql.connect(**parameters(server.url))
    with closing(connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("DROP TABLE IF EXISTS bookings")
        cursor.execute("CREATE TABLE bookings (how VARCHAR(40))")
        connection.commit()

    def rows():
        with closing(connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SELECT how FROM bookings")
            return [row[0] for row in cursor.fetchall()]

    return url, connect, rows


@pytest.mark.parametrize("face", [fastapi, flask])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_key_and_work_commit_together(face, kind, tmp_path):
    """Once, and the retry is told; what raises or answers 5xx leaves neither row nor key."""
    url, _, rows = database(kind, tmp_path)
    post = face(url, Idempotency(routes=ROUTES, mode="transaction"))
    first, again = post("ok", f"{face.__name__}-1"), post("ok", f"{face.__name__}-1")
    assert (first[0], again) == (201, (201, first[1], "true"))
    for how in ("raise", "500"):
        assert post(how, f"{face.__name__}-{how}")[0] == 500
        assert post(how, f"{face.__name__}-{how}")[2] is None
    assert post("other", f"{face.__name__}-1")[0] == 422
    assert rows() == ["ok"]


@pytest.mark.parametrize("face", [fastapi, flask])
def test_the_apps_own_connection(face, tmp_path):
    """``connection`` gives it, whatever the middleware's store is; ``store`` names another database."""
    url, _, rows = database("sqlite", tmp_path)
    own = sqlite3.connect(tmp_path / "app.db", isolation_level=None, check_same_thread=False)
    with closing(own):
        post = face("memory://", Idempotency(routes=ROUTES, mode="transaction", connection=lambda _: own))
        assert [post("mine", "k")[0] for _ in range(2)] == [201, 201]
    post = face("memory://", Idempotency(routes=ROUTES, mode="transaction", store=url))
    assert [post("named", "l")[0] for _ in range(2)] == [201, 201]
    assert rows() == ["mine", "named"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "both"}, '"store" or "transaction"'),
        ({"mode": "transaction"}, "has no transactions"),
        ({"store": "sqlite:///a.db"}, 'mode="transaction"'),
    ],
)
def test_mistakes(options, words):
    """Told when the app is built, with what to write."""
    with pytest.raises(ConfigError, match=words):
        LaunchReady(Flask("shop"), store="memory://", idempotency=Idempotency(routes=ROUTES, **options))


def test_django(tmp_path):
    """Django's own connection, so that its models stand in the transaction."""
    done = subprocess.run(
        [sys.executable, django_routes.__file__, str(tmp_path / "app.db")], capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": str(Path(launchready.__file__).parent.parent)},
    )  # fmt: skip
    assert done.stdout == "OK\n", done.stdout + done.stderr[-3000:]
