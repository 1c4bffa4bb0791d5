"""The store's clock is set while a handler runs: the handler runs once all the same."""

import io
import threading
import time

import pytest

from launchready.settings.idempotency import Idempotency
from launchready.stores.memory import MemoryStore
from launchready.wsgi import LaunchReadyMiddleware

KEY = "1d0e5bde-0b0a-4a8c-a4a6-0a4bb6f2c0d1"


class SetClock:
    """The machine's clock, plus ``step`` seconds."""

    def __init__(self):
        self.step = 0.0

    def wall(self):
        return time.time() + self.step

    def monotonic(self):
        return time.monotonic() + self.step


def request():
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/bookings", "SCRIPT_NAME": "", "QUERY_STRING": "",
        "HTTP_IDEMPOTENCY_KEY": KEY, "REMOTE_ADDR": "203.0.113.9", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }  # fmt: skip


@pytest.mark.parametrize("step", [120.0, -120.0])
@pytest.mark.parametrize("lease", ["1s", "60s"])
def test_a_living_handler_runs_once(step, lease):
    """With ``on_crash="rerun"`` a step of 120 s in either direction starts no second run."""
    clock, runs, go, running = SetClock(), [], threading.Event(), threading.Event()

    def app(environ, start_response):
        runs.append(1)
        running.set()
        go.wait(30)
        start_response("201 Created", [])
        return [b"booked"]

    settings = Idempotency(routes=["POST /bookings"], scope=lambda request: "me", lease=lease, on_crash="rerun")
    store = MemoryStore(clock)
    faces = [LaunchReadyMiddleware(app, store=store, idempotency=settings) for _ in range(2)]  # as two processes
    found = []

    def send(face):
        status = []
        body = face(request(), lambda line, headers, exc_info=None: status.append(line[:3]))
        found.append((status[0], b"".join(body)))

    first = threading.Thread(target=send, args=(faces[0],))
    first.start()
    assert running.wait(10)
    clock.step = step
    send(faces[1])
    assert found[0][0] == "409"
    go.set()
    first.join()
    send(faces[1])
    assert [status for status, _ in found[1:]] == ["201", "201"]
    assert runs == [1]
