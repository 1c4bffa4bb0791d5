"""The client goes away, and the server cancels the request: the handler ends once, and its answer is kept."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from flask import Flask
from flask import request as flask_request

import launchready
from launchready.fastapi import Idempotency, LaunchReadyMiddleware, idempotent
from launchready.flask import LaunchReady
from launchready.runtime.bodies.spool import IN_MEMORY
from support import django_leaving
from support.keys import key as uuid

BIG = random.Random(3).randbytes(3 * IN_MEMORY)


def shop():
    ran = []
    app = FastAPI()
    app.state.entered, app.state.left = asyncio.Event(), asyncio.Event()

    async def pay(request: Request):
        body = await request.body()
        ran.append(len(body))
        app.state.entered.set()
        await asyncio.sleep(0.05)
        ran.append("paid")
        app.state.left.set()
        return {"size": len(body)}

    app.post("/pay")(pay)
    app.post("/view")(idempotent(pay))
    app.add_middleware(LaunchReadyMiddleware, idempotency=Idempotency(routes=["POST /pay"]))
    return app, ran


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop")


@pytest.mark.parametrize("path", ["/pay", "/view"])
def test_cancelled_under_asgi(path):
    """Protected by route or by view; the retry gets the answer."""
    app, ran = shop()

    async def main():
        async with client_of(app) as client:
            sent = {"headers": {"Idempotency-Key": uuid("k1")}, "content": b"once"}
            gone = asyncio.create_task(client.post(path, **sent))
            await app.state.entered.wait()
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            await app.state.left.wait()
            await asyncio.sleep(0.02)
            return await client.post(path, **sent)

    again = asyncio.run(main())
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert ran == [4, "paid"]


def test_django():
    """Its ASGI handler cancels the view of a client that is gone; uploads of megabytes pass; see the script."""
    done = subprocess.run(
        [sys.executable, django_leaving.__file__], capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": str(Path(launchready.__file__).parent.parent)},
    )  # fmt: skip
    assert done.stdout == "OK\n", done.stdout + done.stderr[-3000:]


@pytest.mark.parametrize("path", ["/pay", "/view"])
def test_a_body_of_megabytes_under_asgi(path):
    """It is one request with one key, on disk or not; the app gets every byte of it; one byte more is another one."""
    app, ran = shop()

    async def main():
        async with client_of(app) as client:
            bodies = (BIG, BIG, BIG[:-1] + b"x")
            return [await client.post(path, content=body, headers={"Idempotency-Key": uuid("k")}) for body in bodies]

    asked = asyncio.run(main())
    assert [answer.status_code for answer in asked] == [200, 200, 422]
    assert asked[1].headers["idempotent-replayed"] == "true"
    assert ran == [len(BIG), "paid"]


@pytest.mark.parametrize("path", ["/pay", "/view"])
def test_a_body_of_megabytes_under_wsgi(path):
    """The same."""
    ran = []
    app = Flask("shop")

    def pay():
        ran.append(flask_request.get_data() == BIG)
        return "paid"

    app.add_url_rule("/pay", "pay", pay, methods=["POST"])
    app.add_url_rule("/view", "view", idempotent(pay), methods=["POST"])
    LaunchReady(app, idempotency=Idempotency(routes=["POST /pay"]))
    client = app.test_client()
    asked = [
        client.post(path, data=body, headers={"Idempotency-Key": uuid("k")}) for body in (BIG, BIG, BIG[:-1] + b"x")
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 422]
    assert ran == [True]
    assert (
        client.post(path, data=b"x" * (10 * IN_MEMORY + 1), headers={"Idempotency-Key": uuid("l")}).status_code == 413
    )
    assert ran == [True]
