"""Repeated reads: how many responses a cache would have saved.

One GET in eight is sampled. Its question (user, path and query, hashed) and body are compared with the last sample of
the same question in this process. Only hashes of the last few thousand questions are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

from launchready.exchange.app import Copy, Forward
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response

EVERY = 8
QUESTIONS = 4096
MAX_BODY = 256 * 1024

Note = Callable[[str, str, bool, bool], None]
"""Method, path, whether a user is signed in, whether the body was the same."""


class RepeatedReads:
    name = "repeats"

    def __init__(self, note: Note) -> None:
        self._note = note
        self._seen: OrderedDict[bytes, bytes] = OrderedDict()
        self._turn = 0

    def handle(self, request: Request) -> Flow[Response | None] | None:
        if request.method != "GET":
            return None
        self._turn = (self._turn + 1) % EVERY
        return self._look(request) if not self._turn else None

    def _look(self, request: Request) -> Flow[Response | None]:
        app = Forward()
        yield app
        if app.answer.status != 200:
            return None
        body = Copy(MAX_BODY)
        yield body
        if body.answer is None:
            return None
        signed_in = [request.get(b"authorization") or b"", request.get(b"cookie") or b""]
        question = _hash(request.raw_path, request.query, *signed_in)
        answer = _hash(body.answer)
        before = self._seen.pop(question, None)
        self._seen[question] = answer
        if len(self._seen) > QUESTIONS:
            self._seen.popitem(last=False)
        if before is not None:
            self._note(request.method, request.path, any(signed_in), before == answer)
        return None


def _hash(*parts: bytes) -> bytes:
    made = blake2b(digest_size=16)
    for part in parts:
        made.update(b"%d " % len(part))
        made.update(part)
    return made.digest()
