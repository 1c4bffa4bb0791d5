"""Whether a stored response may answer this request (RFC 9111 section 4), beyond plain freshness."""

from enum import Enum
from hashlib import sha256
from math import inf

from launchready.core.cache import cache_status, conditional_requests
from launchready.core.cache.purge import latest_mark, seconds_since_purge
from launchready.core.cache.request_directives import RequestDirectives
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.stored_response import (
    ALLOWS_AUTHORIZATION,
    EXPLICITLY_SHARED,
    NEVER_STALE,
    NO_ETAG,
    OWN_ETAG,
    StoredResponse,
)
from launchready.exchange.operations import Flow
from launchready.exchange.store import Entry
from launchready.http.message import Request, Response


class Reuse(Enum):
    """Decisions other than a response: VALIDATE with the app, GONE, BYPASS, or use it stale and REFRESH it behind."""

    VALIDATE = 0
    GONE = 1
    BYPASS = 2
    REFRESH = 3


def decide(
    state: CacheState,
    request: Request,
    directives: RequestDirectives,
    entry: Entry[StoredResponse],
    age: int,
    mark: Entry[bytes] | None,
    *,
    waited: bool,
    validated: bool,
) -> Flow[Response | Reuse]:
    """A response, or what to do instead.

    ``age``: current age; ``mark``: latest purge in a shared store; ``waited``: a concurrent request
    fetched it; ``validated``: after this request arrived.
    """
    stored = entry.value
    if (
        not state.policy.ignore_cookies
        and not directives.user
        and (
            (directives.authorization and not stored.flags & ALLOWS_AUTHORIZATION)
            or (directives.cookie and not stored.flags & EXPLICITLY_SHARED)
        )
    ):
        return Reuse.BYPASS
    stale: float = age - stored.lifetime
    if state.check_purges:
        mark = mark if state.shared_store else (yield from latest_mark())
        by_purge = yield from seconds_since_purge(request, entry, mark, shared=state.shared_store)
        if by_purge == inf:
            return Reuse.GONE
        if by_purge is not None:
            stale = max(stale, by_purge)
    if (
        (directives.validate and not validated)
        or (directives.max_age is not None and age > directives.max_age and not validated)
        or (directives.min_fresh and stored.lifetime - age < directives.min_fresh)
    ):
        return Reuse.VALIDATE
    if stale < 0:
        state.count("collapsed" if waited else "hit", request)
        return respond(state, request, directives, stored, age, cache_status.hit(stored.lifetime - age))
    if stored.flags & NEVER_STALE:
        return Reuse.VALIDATE
    if stale < stored.stale_while_revalidate:
        return Reuse.REFRESH
    if stale <= directives.max_stale and directives.max_stale:
        return respond_stale(state, request, directives, stored, age)
    return Reuse.VALIDATE


def respond_stale(
    state: CacheState,
    request: Request,
    directives: RequestDirectives,
    stored: StoredResponse,
    age: int,
    why: bytes = b"",
) -> Response:
    state.count("stale", request)
    return respond(state, request, directives, stored, age, cache_status.hit(stored.lifetime - age, why or b"stale"))


def respond(
    state: CacheState,
    request: Request,
    directives: RequestDirectives,
    stored: StoredResponse,
    age: int,
    line: tuple[bytes, bytes],
) -> Response:
    """The stored response with its Age, after the request's own conditions (section 4)."""
    if stored.flags & NO_ETAG:
        add_etag(stored)
    headers = [*stored.headers, (b"age", b"%d" % age), line]
    answer = conditional_requests.answer(request, stored, headers, state.wall(), wants_range=directives.wants_range)
    if request.method == "HEAD":
        answer.body = b""
    return answer


def add_etag(stored: StoredResponse) -> None:
    """Add a weak ETag (RFC 9110 section 8.8.1) made from the body; equal bodies get equal tags in every process."""
    etag = b'W/"%b"' % sha256(stored.body).hexdigest()[:20].encode()
    stored.headers = (*stored.headers, (b"etag", etag))
    stored.flags = stored.flags & ~NO_ETAG | OWN_ETAG
