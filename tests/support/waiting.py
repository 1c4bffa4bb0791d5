"""An app in FastAPI and in Flask whose work takes a while, for two workers of a real server: who waits for whom, and
what his worker asked the store meanwhile.

``DESK`` in the environment is its folder, ``DESK_STORE`` the store's URL.
"""

import os
import threading
import time
from collections import Counter
from pathlib import Path

asked = Counter()


def counted():
    """A store that counts what it has answered, by kind of operation."""
    from launchready import stores

    store = stores.connect(os.environ["DESK_STORE"])
    execute, aexecute = store.execute, store.aexecute

    def blocking(op):
        execute(op)
        asked[type(op).__name__] += 1

    async def awaited(op):
        await aexecute(op)
        asked[type(op).__name__] += 1

    store.execute, store.aexecute = blocking, awaited
    return store


def entered(key):
    with (Path(os.environ["DESK"]) / "ran").open("a") as log:
        log.write(f"{key} {os.getpid()}\n")


def told():
    threads = [thread.name for thread in threading.enumerate()]
    return {"by": os.getpid(), "asked": dict(asked), "notifiers": threads.count("launchready-completion-notifier")}


def fastapi():
    import asyncio

    from fastapi import FastAPI, Request

    from launchready.fastapi import Idempotency, LaunchReadyMiddleware

    app = FastAPI()

    @app.post("/work")
    async def work(request: Request):
        entered(request.headers["idempotency-key"])
        await asyncio.sleep(float(await request.body()))
        return {"by": os.getpid(), "done": time.monotonic()}

    app.get("/told")(told)
    app.add_middleware(
        LaunchReadyMiddleware, store=counted(), idempotency=Idempotency(routes=["POST /work"], wait="30s")
    )
    return app


def flask():
    import flask as framework

    from launchready.flask import Idempotency, LaunchReady

    app = framework.Flask("desk")

    @app.post("/work")
    def work():
        entered(framework.request.headers["idempotency-key"])
        threading.Event().wait(float(framework.request.get_data()))
        return {"by": os.getpid(), "done": time.monotonic()}

    app.get("/told")(told)
    LaunchReady(app, store=counted(), idempotency=Idempotency(routes=["POST /work"], wait="30s"))
    return app
