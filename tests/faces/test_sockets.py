"""Every face behind the server that its users run, over real sockets: what a body and a header may look like there."""

import contextlib
import json
import os
import socket
import sys
import zlib
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

import launchready
from faces.apps import FACES
from faces.test_parity import APP
from support.keys import key as uuid
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
UVICORN = {"asgi", "starlette", "fastapi", "django-asgi"}
TEN = 10 * 1024 * 1024  # what Idempotency keeps unless told otherwise


class Served(Server):
    def __init__(self, face):
        super().__init__()
        if face in UVICORN:
            server = ("uvicorn", "support.served_face:app", "--app-dir", str(TESTS), "--port", str(self.port))
        else:
            server = ("gunicorn", "support.served_face:app", "--threads", "4", "--chdir", str(TESTS),
                      "--bind", f"127.0.0.1:{self.port}", "--no-control-socket")  # fmt: skip
        self.command = (sys.executable, "-m", *server, "--log-level", "warning")

    def ready(self):
        try:
            return self.ask("GET", "/livez").status == 200
        except OSError:
            return False

    def ask(self, method, path, headers=(), body=None, *, chunked=False):
        """One request on a connection of its own; the answer with its body read as ``content``."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers), encode_chunked=chunked)
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer

    @contextlib.contextmanager
    def raw(self, data):
        """A socket on which these bytes were sent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as opened:
            opened.sendall(data)
            yield opened

    def calls(self):
        """How often POST /bookings ran: each run counts one, this one too."""
        return json.loads(self.ask("POST", "/bookings", body=b"count").content)["calls"] - 1


@pytest.fixture(scope="module", params=sorted(FACES))
def served(request):
    made = Served(request.param)
    made.name = request.param
    before = {name: os.environ.get(name) for name in ("FACE", "PYTHONPATH")}
    os.environ.update(FACE=request.param, PYTHONPATH=f"{SOURCE}{os.pathsep}{TESTS}")
    try:
        yield made.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        made.close()


def keyed(key):
    return {"Idempotency-Key": uuid(key), "Content-Type": "application/octet-stream"}


def kind(answer):
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.content
    return json.loads(answer.content)["type"].rpartition("/")[2]


def crc(answer):
    return int(answer.headers["x-body-crc"])


def test_ten_megabytes(served):
    """The largest body that is kept arrives whole, once; its retry is a replay."""
    body = os.urandom(1024) * (TEN // 1024)
    first = served.ask("POST", "/bookings", keyed("ten"), body)
    again = served.ask("POST", "/bookings", keyed("ten"), body)
    assert (first.status, json.loads(first.content)["size"], crc(first)) == (201, TEN, zlib.crc32(body))
    assert (again.headers["idempotent-replayed"], again.content) == ("true", first.content)


def test_one_byte_more(served):
    """Above the bound nothing runs, and the client is told so while it may still be sending."""
    before = served.calls()
    try:
        answer = served.ask("POST", "/bookings", keyed("more"), b"x" * (TEN + 1))
    except (BrokenPipeError, ConnectionResetError):  # refused by its length, before it was read
        pass
    else:
        assert (answer.status, kind(answer)) == (413, "idempotency-key-too-large")
    assert served.calls() == before + 1


def test_in_chunks(served):
    """A chunked body is the same request as the same bytes in one piece."""
    parts = [b"a" * 1, b"b" * 70_000, b"c" * 3]
    first = served.ask("POST", "/bookings", keyed("chunks"), iter(parts), chunked=True)
    assert (first.status, crc(first)) == (201, zlib.crc32(b"".join(parts)))
    again = served.ask("POST", "/bookings", keyed("chunks"), b"".join(parts))
    assert again.headers["idempotent-replayed"] == "true"
    other = served.ask("POST", "/bookings", keyed("chunks"), b"".join(parts) + b"d")
    assert (other.status, kind(other)) == (422, "idempotency-key-mismatch")


LENGTH = b"Content-Length: 1000\r\n\r\n" + b"x" * 500
CHUNK = b"Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + b"x" * 500 + b"\r\n"


@pytest.mark.parametrize("half", [LENGTH, CHUNK], ids=["length", "chunks"])
def test_half_a_body(served, half):
    """A client that leaves in the middle of its body has asked nothing: nothing runs, and its key is still free."""
    before = served.calls()
    key = os.urandom(4).hex()
    with served.raw(b"POST /bookings HTTP/1.1\r\nHost: x\r\nIdempotency-Key: " + uuid(key).encode() + b"\r\n" + half):
        pass
    whole = until(lambda: _whole(served, key), "the key to be free")
    assert json.loads(whole.content) == {"calls": before + 2, "size": 1000}


def _whole(served, key):
    answer = served.ask("POST", "/bookings", keyed(key), b"y" * 1000)
    return answer if answer.status == 201 else None


def test_the_client_leaves_during_the_answer(served):
    """Who hangs up before the answer came finds it under his key: it ran once."""
    body = b"z" * 200_000
    head = (
        b"POST /bookings HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nIdempotency-Key: " % served.port
        + uuid("gone").encode()
        + b"\r\nContent-Length: 200000\r\n\r\n"
    )
    with served.raw(head + body):
        pass
    answer = until(lambda: _replayed(served, body), "the first one to end")
    assert (answer.status, crc(answer)) == (201, zlib.crc32(body))


def _replayed(served, body):
    answer = served.ask("POST", "/bookings", {"Idempotency-Key": uuid("gone")}, body)
    return answer if answer.headers["idempotent-replayed"] == "true" else None


@pytest.mark.parametrize(
    "lines",
    [
        [b"Idempotency-Key: " + b"k" * 4_000],
        [b"Idempotency-Key: a", b"Idempotency-Key: b"],
        [b"Idempotency-Key: cl\xc3\xa9"],
        [b"Idempotency-Key:"],
    ],
    ids=["4 KB", "two", "not ASCII", "empty"],
)
def test_malformed_keys(served, lines):
    """As the bytes come: 400 with a reason, and nothing runs."""
    head = b"\r\n".join([b"POST /bookings HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Length: 2", *lines])
    with served.raw(head + b"\r\n\r\n{}") as opened:
        answer = HTTPResponse(opened)
        answer.begin()
        answer.content = answer.read()
    assert (answer.status, kind(answer)) == (400, "idempotency-key-malformed")


@pytest.mark.parametrize("path", ["/boom", "/breaks"])
def test_a_handler_that_raises(served, path):
    """500 with the CORS fields, before the handler answered and in the middle of its answer; the server lives."""
    headers = {**keyed(path), "Origin": APP}
    for replayed in (None, "true"):
        answer = served.ask("POST", path, headers, b"{}")
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (500, APP)
        assert answer.headers["idempotent-replayed"] == replayed
    assert served.ready()


def test_a_stream(served):
    """A streamed answer arrives whole, and from the cache the second time."""
    answers = [served.ask("GET", "/stream") for _ in range(2)]
    assert [answer.content for answer in answers] == [b"one two three"] * 2
    assert "hit" in answers[1].headers["cache-status"]
