"""A small shop in FastAPI and in Flask, for real servers with several workers. It writes down what ran, and where.

``SHOP`` in the environment is its folder. ``POST /pay`` with the body "hang" never answers.
"""

import os
import threading
from pathlib import Path

from launchready import Ban, Limit, RateLimit

SHOP = Path(os.environ["SHOP"])
STORE = f"sqlite:///{SHOP}/store.db"
WORK = 0.1  # seconds that a payment takes
LIMITS = RateLimit(
    "1000/minute",
    {
        "GET /limited": "10/hour",
        "GET /one": Limit(None, concurrent=1, lease="3s"),
        "POST /login": Limit("3/hour", count="failures", key="account"),
        "GET /banned": Limit("1/hour", ban=Ban("1h", after=3)),
    },
)


def ran(what):
    """One line a run: what, and the worker that did it. O_APPEND: lines of two workers do not mix."""
    with (SHOP / "ran").open("a") as log:
        log.write(f"{what} {os.getpid()}\n")


def pay(what):
    ran(what)
    threading.Event().wait(3600 if what == "hang" else WORK)
    return {"paid": what, "by": os.getpid()}


def one(what):
    if what == "hang":
        ran("slot")
        threading.Event().wait(3600)
    return {"by": os.getpid()}


def fastapi():
    from fastapi import FastAPI, Request
    from fastapi.concurrency import run_in_threadpool

    from launchready.fastapi import Idempotency, LaunchReadyMiddleware

    app = FastAPI()

    @app.post("/pay", status_code=201)
    async def paid(request: Request):
        return await run_in_threadpool(pay, (await request.body()).decode())

    @app.get("/limited")
    @app.get("/banned")
    async def limited():
        return {"by": os.getpid()}

    @app.get("/one")
    async def slot(what: str = ""):
        return await run_in_threadpool(one, what)

    @app.post("/login", status_code=401)
    async def login():
        ran("guess")
        return {}

    app.add_middleware(
        LaunchReadyMiddleware,
        store=STORE,
        rate_limit=LIMITS,
        idempotency=Idempotency(routes=["POST /pay"], lease="2s"),
    )
    return app


def flask():
    import flask

    from launchready.flask import Idempotency, LaunchReady

    app = flask.Flask("shop")

    @app.post("/pay")
    def paid():
        return pay(flask.request.get_data(as_text=True)), 201

    @app.get("/limited")
    @app.get("/banned")
    def limited():
        return {"by": os.getpid()}

    @app.get("/one")
    def slot():
        return one(flask.request.args.get("what", ""))

    @app.post("/login")
    def login():
        ran("guess")
        return {}, 401

    LaunchReady(
        app,
        store=STORE,
        rate_limit=LIMITS,
        idempotency=Idempotency(routes=["POST /pay"], lease="2s"),
    )
    return app
