"""The app that the chaos suite breaks: FastAPI under uvicorn, Flask under gunicorn, two workers each.

What a request does stands in its body: ``{"how": ..., "seconds": ...}``. Its effect is a line in a ledger file outside of
anything that launchready knows. MARKET in the environment is the folder, MARKET_STORE the store's URL.
"""

import json
import os
import signal
import sqlite3
import threading
import time
from hashlib import sha256
from pathlib import Path

FOLDER = Path(os.environ.get("MARKET", "."))
STORE = os.environ.get("MARKET_STORE", "memory://")
SECRET = sha256(b"chaos").hexdigest()
LEASE = "1500ms"


def write(line):
    """One line; O_APPEND keeps those of two workers apart, and the kernel has it when this returns."""
    with (FOLDER / "ledger").open("a") as ledger:
        ledger.write(f"{line}\n")


def wait(seconds):
    threading.Event().wait(seconds)


def act(key, asked):
    """The effect, and what may go wrong around it. Answers (status, headers, body)."""
    from launchready.idempotency import SafeToRetry, current

    how = asked.get("how", "ok")
    write(f"entered {key} {os.getpid()}")
    if how == "die-before":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang-before":
        wait(3600)
    if how == "retry" and not said(f"retried {key}"):
        write(f"retried {key}")
        raise SafeToRetry("nothing happened")
    if how == "provider":
        write(f"provider {key} {current().downstream_key('stripe')}")
    if how == "steps":
        current().step("charge", lambda: write(f"effect {key}"))
    else:
        write(f"effect {key}")
    if how in {"die-after", "provider", "steps"} and asked.get("deaths", 1) > deaths(key):
        write(f"died {key}")
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang-after":
        wait(3600)
    if how == "raise":
        raise RuntimeError("the handler failed")
    wait(asked.get("seconds", 0))
    return ANSWERS.get(how, (201, {"Location": f"/orders/{key}"}, json.dumps({"key": key, "by": os.getpid()}).encode()))


def said(line):
    ledger = FOLDER / "ledger"
    return ledger.exists() and line in ledger.read_text().splitlines()


def deaths(key):
    ledger = FOLDER / "ledger"
    return ledger.read_text().splitlines().count(f"died {key}") if ledger.exists() else 0


ANSWERS = {
    "204": (204, {}, b""),
    "303": (303, {"Location": "/thanks"}, b""),
    "402": (402, {"X-Declined": "yes"}, b'{"declined":true}'),
    "500": (500, {}, b"broken"),
    "binary": (200, {"Content-Type": "application/octet-stream", "ETag": '"b1"'}, bytes(range(256)) * 16),
    "2mb": (200, {"Content-Type": "application/octet-stream"}, b"\x00\xffx" * 700_000),
    "cookie": (200, {"Set-Cookie": "session=secret-of-ann", "X-App": "1"}, b"ok"),
    "none": (200, {}, b""),
}


def options():
    return {"routes": ["POST /pay"], "lease": LEASE}, {"lease": LEASE, "on_crash": "rerun"}


def opened():
    connection = sqlite3.connect(FOLDER / "bookings.db", timeout=10)
    connection.execute("CREATE TABLE IF NOT EXISTS bookings (key TEXT)")
    return connection


def booked(key, asked):
    from launchready.idempotency import current

    tx = current().tx
    cursor = tx.cursor()
    cursor.execute("INSERT INTO bookings VALUES ('" + key + "')")
    cursor.close()
    wait(asked.get("seconds", 0))
    if asked.get("how") == "die-after" and asked.get("deaths", 1) > deaths(key):
        write(f"died {key}")
        os.kill(os.getpid(), signal.SIGKILL)
    if asked.get("how") == "raise":
        raise RuntimeError("the handler failed")
    return {"key": key}


def ahead():
    """Every other worker lives on a machine whose clock is 20 minutes ahead: that must change nothing, anywhere."""
    write(f"worker {os.getpid()}")
    born = (FOLDER / "ledger").read_text().split("\n")
    if [line.startswith("worker") for line in born].count(True) % 2:
        return
    here = time.time
    time.time = lambda: here() + 1200
    write(f"ahead {os.getpid()}")


def fastapi():
    import asyncio

    from fastapi import FastAPI, Request, Response
    from fastapi.responses import StreamingResponse

    from launchready.fastapi import Idempotency, LaunchReadyMiddleware, idempotent
    from launchready.idempotency import webhook

    ahead()
    app = FastAPI()
    routes, rerun = options()

    async def respond(request: Request):
        asked = json.loads(await request.body())
        key = request.headers["idempotency-key"]
        if asked.get("how") == "block":
            write(f"effect {key}")
            time.sleep(asked["seconds"])  # noqa: ASYNC251 - it blocks the event loop: that is what is tested
            return Response(b"{}", 201)
        if asked.get("how") == "stream":
            write(f"effect {key}")

            async def parts():
                for number in range(8):
                    await asyncio.sleep(asked.get("seconds", 0) / 8)
                    yield f"part {number};".encode()

            return StreamingResponse(parts(), 200)
        status, headers, body = await asyncio.to_thread(act, key, asked)
        return Response(body, status, headers)

    app.post("/pay")(respond)
    app.post("/rerun")(idempotent(**rerun)(respond))
    app.post("/wait")(idempotent(lease=LEASE, wait="20s")(respond))

    @app.post("/hook")
    @webhook("github", lease=LEASE)
    async def hook(request: Request):
        key, asked = request.headers["x-github-delivery"], await request.json()
        await asyncio.to_thread(act, key, asked)

    if STORE.startswith(("sqlite", "postgresql", "mysql")):
        url = f"sqlite:///{FOLDER}/bookings.db" if STORE.startswith("sqlite") else STORE

        @app.post("/book", status_code=201)
        @idempotent(mode="transaction", store=url)
        def book(request: Request, asked: dict):
            return booked(request.headers["idempotency-key"], asked)

    app.add_middleware(
        LaunchReadyMiddleware, store=STORE, secret_key=SECRET, idempotency=Idempotency(**routes), redaction=None
    )
    return app


def flask():
    import flask as framework

    from launchready.flask import Idempotency, LaunchReady, idempotent
    from launchready.idempotency import webhook

    ahead()
    app = framework.Flask("market")
    routes, rerun = options()

    def respond():
        asked = json.loads(framework.request.get_data())
        key = framework.request.headers["idempotency-key"]
        if asked.get("how") == "stream":
            write(f"effect {key}")

            def parts():
                for number in range(8):
                    wait(asked.get("seconds", 0) / 8)
                    yield f"part {number};".encode()

            return framework.Response(parts(), 200)
        status, headers, body = act(key, {**asked, "how": "ok"} if asked.get("how") == "block" else asked)
        return framework.Response(body, status, headers)

    app.add_url_rule("/pay", "pay", respond, methods=["POST"])
    app.add_url_rule("/rerun", "rerun", idempotent(**rerun)(respond), methods=["POST"])
    app.add_url_rule("/wait", "wait", idempotent(lease=LEASE, wait="20s")(respond), methods=["POST"])

    @app.post("/hook")
    @webhook("github", lease=LEASE)
    def hook():
        act(framework.request.headers["x-github-delivery"], framework.request.get_json(force=True))
        return "", 200

    if STORE.startswith(("sqlite", "postgresql", "mysql")):
        url = f"sqlite:///{FOLDER}/bookings.db" if STORE.startswith("sqlite") else STORE

        @app.post("/book")
        @idempotent(mode="transaction", store=url)
        def book():
            asked = framework.request.get_json(force=True)
            return booked(framework.request.headers["idempotency-key"], asked), 201

    LaunchReady(app, store=STORE, secret_key=SECRET, idempotency=Idempotency(**routes), redaction=None)
    return app
