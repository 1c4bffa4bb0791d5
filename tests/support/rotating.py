"""A worker of a roll-out: ``python rotating.py JSON`` pays for the same keys as often as it is told to.

It is told by lines of two numbers: the first key's moment on the machine's clock, and the pause between two; it prints
what it was answered. ``secret``, ``fallbacks``: what it was started with. ``ledger``: where each effect leaves a line, outside of anything that launchready knows.
``kill``: SIGKILL after so many writes to the store.
"""

import json
import os
import signal
import sys
import threading
import time

from werkzeug.test import Client

from launchready.exchange.store import Complete, PutIfAbsent
from launchready.idempotency import current
from launchready.settings import build
from launchready.wsgi import Idempotency, LaunchReadyMiddleware

LEASE = "1s"


def pause(seconds):
    if seconds > 0:
        threading.Event().wait(seconds)


def note(path, line):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def shop(ledger, mode):
    """The app: an effect, and the key for the provider."""

    def app(environ, start_response):
        once = current()
        if mode == "transaction":
            cursor = once.tx.cursor()
            cursor.execute(f"INSERT INTO effects VALUES ('{once.key}')")
            cursor.close()
        note(ledger, f"{once.key} {os.getpid()} {once.downstream_key('charge')}")
        pause(0.01)
        start_response("201 Created", [("content-type", "text/plain")])
        return [f"{once.key} by {os.getpid()}".encode()]

    return app


def dying(store, after):
    """The store of a process that is killed after so many writes of claims and answers."""
    execute, left = store.execute, [after]
    store.inline = {}

    def counted(op):
        execute(op)
        if isinstance(op, PutIfAbsent | Complete):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    store.execute = counted
    return store


def middleware(how):
    store = how["url"]
    if how.get("kill"):
        store = dying(build.connect(store), how["kill"])
    mode = how.get("mode", "store")
    return LaunchReadyMiddleware(
        shop(how["ledger"], mode), store=store, secret_key=how["secret"], secret_key_fallbacks=how.get("fallbacks", []),
        idempotency=Idempotency(routes=["POST /pay"], mode=mode, lease=LEASE, on_crash=how.get("on_crash", "refuse")),
        redaction=None, timing=None, health=None,
    )  # fmt: skip


def pay(client, key):
    answer = client.post("/pay", headers={"Idempotency-Key": key}, data=b"{}")
    return [answer.status_code, answer.headers.get("Idempotent-Replayed"), answer.get_data(as_text=True)]


def main(how):
    client = Client(middleware(how))
    print("ready", flush=True)
    for line in sys.stdin:
        start, gap = map(float, line.split())
        answers = []
        for number, key in enumerate(how["keys"]):
            pause(start + number * gap - time.monotonic())
            answers.append(pay(client, key))
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
