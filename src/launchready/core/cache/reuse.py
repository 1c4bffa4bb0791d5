"""Whether a stored response answers this request (RFC 9111 §4), where that is more than being fresh."""

import re
from enum import Enum
from hashlib import sha256
from math import inf

from launchready.core.cache import cache_status, conditional_requests
from launchready.core.cache.purge import latest, purged
from launchready.core.cache.request_directives import Ask
from launchready.core.cache.shared_state import Setup
from launchready.core.cache.stored_response import SHARED, SIGNED_IN, STRICT, TAGGED, UNTAGGED, Stored
from launchready.exchange.operations import Flow
from launchready.exchange.store import Entry
from launchready.http.message import Request, Response

# Names of the hidden fields and meta tags that frameworks put a one-time token in.
_FORM_TOKEN = re.compile(
    rb"name=[\"']?(?:csrfmiddlewaretoken|_?csrf[-_]?token|_csrf|authenticity_token|__RequestVerificationToken)",
    re.IGNORECASE,
)
_SECRET = 16  # bytes from which a cookie's value is no accident in a page


class Verdict(Enum):
    """What else than answering: ``ASK`` the app about it; it is ``GONE``; ``PASS`` by, it is not for this request;
    use it ``STALE`` and ask the app behind the answer."""

    ASK = 0
    GONE = 1
    PASS = 2
    STALE = 3


def use(
    setup: Setup, request: Request, ask: Ask, entry: Entry[Stored], age: int, mark: Entry[bytes] | None, *, waited: bool
) -> Flow[Response | Verdict]:
    """The answer, or what else to do.

    ``age``: its current age; ``mark``: of the latest purge, in a shared store; ``waited``: for somebody else's call.
    """
    stored = entry.value
    if (
        not setup.policy.cookies
        and not ask.user
        and ((ask.authorization and not stored.flags & SIGNED_IN) or (ask.cookie and not stored.flags & SHARED))
    ):
        return Verdict.PASS
    stale: float = age - stored.lifetime
    if setup.marked:
        mark = mark if setup.leases else (yield from latest())
        by_purge = yield from purged(request, entry, mark, shared=setup.leases)
        if by_purge == inf:
            return Verdict.GONE
        if by_purge is not None:
            stale = max(stale, by_purge)
    if (
        ask.validate
        or (ask.max_age is not None and age > ask.max_age)
        or (ask.min_fresh and stored.lifetime - age < ask.min_fresh)
    ):
        return Verdict.ASK
    if stale < 0:
        setup.count("collapsed" if waited else "hit", request)
        return respond(setup, request, ask, stored, age, cache_status.hit(stored.lifetime - age))
    if stored.flags & STRICT:
        return Verdict.ASK
    if stale < stored.stale_for:
        return Verdict.STALE
    if stale <= ask.max_stale and ask.max_stale:
        return stale_answer(setup, request, ask, stored, age)
    return Verdict.ASK


def stale_answer(setup: Setup, request: Request, ask: Ask, stored: Stored, age: int, why: bytes = b"") -> Response:
    setup.count("stale", request)
    return respond(setup, request, ask, stored, age, cache_status.hit(stored.lifetime - age, why or b"stale"))


def respond(setup: Setup, request: Request, ask: Ask, stored: Stored, age: int, line: tuple[bytes, bytes]) -> Response:
    """The stored response as an answer (§4): with its Age, and what the request's own conditions make of it."""
    if stored.flags & UNTAGGED:
        tag(stored)
    headers = [*stored.headers, (b"age", b"%d" % age), line]
    answer = conditional_requests.answer(request, stored, headers, setup.wall(), part=ask.part)
    if request.method == "HEAD":
        answer.body = b""
    return answer


def tag(stored: Stored) -> None:
    """A weak ETag (RFC 9110 §8.8.1) for an app that gives none: of the same body the same, in every process."""
    etag = b'W/"%b"' % sha256(stored.body).hexdigest()[:20].encode()
    stored.headers = (*stored.headers, (b"etag", etag))
    stored.flags = stored.flags & ~UNTAGGED | TAGGED


def tells(request: Request, body: bytes) -> bool:
    """Whether a page holds what is for one visitor: a form's one-time token, or the value of a cookie he sent."""
    if _FORM_TOKEN.search(body):
        return True
    values = (part.partition(b"=")[2].strip(b' \t"') for line in request.lines(b"cookie") for part in line.split(b";"))
    return any(len(value) >= _SECRET and value in body for value in values)
