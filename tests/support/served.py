"""A small shop in FastAPI and in Flask, for real servers with several workers. It writes down what ran, and where.

``SHOP`` in the environment is its folder. ``POST /pay`` with the body "hang" never answers.
"""

import os
import threading
from pathlib import Path

SHOP = Path(os.environ["SHOP"])
STORE = f"sqlite:///{SHOP}/store.db"
WORK = 0.1  # seconds that a payment takes


def ran(what):
    """One line a run: what, and the worker that did it. O_APPEND: lines of two workers do not mix."""
    with (SHOP / "ran").open("a") as log:
        log.write(f"{what} {os.getpid()}\n")


def pay(what):
    ran(what)
    threading.Event().wait(3600 if what == "hang" else WORK)
    return {"paid": what, "by": os.getpid()}


def fastapi():
    from fastapi import FastAPI, Request
    from fastapi.concurrency import run_in_threadpool

    from launchready.fastapi import Idempotency, LaunchReadyMiddleware, RateLimit

    app = FastAPI()

    @app.post("/pay", status_code=201)
    async def paid(request: Request):
        return await run_in_threadpool(pay, (await request.body()).decode())

    limits = RateLimit("1000/minute", {"GET /limited": "10/hour"})

    @app.get("/limited")
    async def limited():
        return {"by": os.getpid()}

    app.add_middleware(
        LaunchReadyMiddleware,
        store=STORE,
        rate_limit=limits,
        idempotency=Idempotency(routes=["POST /pay"], lease="2s"),
    )
    return app


def flask():
    import flask

    from launchready.flask import Idempotency, LaunchReady, RateLimit

    app = flask.Flask("shop")

    @app.post("/pay")
    def paid():
        return pay(flask.request.get_data(as_text=True)), 201

    @app.get("/limited")
    def limited():
        return {"by": os.getpid()}

    LaunchReady(
        app,
        store=STORE,
        rate_limit=RateLimit("1000/minute", {"GET /limited": "10/hour"}),
        idempotency=Idempotency(routes=["POST /pay"], lease="2s"),
    )
    return app
