"""Asking the app whether a stored response is still its answer (RFC 9111 §4.3), in front of the client or behind it."""

from launchready.core.cache import store_response
from launchready.core.cache.cache_key import target
from launchready.core.cache.cache_status import forwarded
from launchready.core.cache.purge import Purges
from launchready.core.cache.request_directives import Ask
from launchready.core.cache.reuse import respond, stale_answer, tells
from launchready.core.cache.shared_state import Setup
from launchready.core.cache.store_response import Place
from launchready.core.cache.stored_response import HTML, LEASE, Stored
from launchready.core.cache.update_stored import merged, same_entity
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward
from launchready.exchange.background import Behind
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, PutIfAbsent
from launchready.http.message import Headers, Request, Response

# RFC 5861 §4: what counts as an error, beside no answer at all.
_ERRORS = frozenset({500, 502, 503, 504})

_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"if-range", b"range"}
)

_REFRESH = 30.0
"""Seconds after which a refresh that was not heard of again is taken for lost."""


def conditions(stored: Stored, headers: Headers) -> Headers:
    """The request as the app gets it: our validators in place of the client's, which are looked at afterwards."""
    kept = [pair for pair in headers if pair[0] not in _CONDITIONS]
    return kept + stored.validators if stored.status == 200 else kept


def validate(
    setup: Setup, request: Request, ask: Ask, place: Place, entry: Entry[Stored], age: int
) -> Flow[Response | Forward]:
    """The answer, where it is known with the head of the app's; else the app's own, to be looked at like any other."""
    stored, started, whole = entry.value, setup.clock(), request.headers
    place.born = place.born if setup.leases else Purges.count
    request.headers = whole if request.method == "HEAD" else conditions(stored, whole)
    forward = Forward()
    try:
        yield forward
    finally:
        request.headers = whole
    response = forward.answer
    code = response.status
    if code in _ERRORS and age - stored.lifetime < stored.error_for:
        return stale_answer(setup, request, ask, stored, age, b"stale-if-error")
    if request.method == "HEAD":
        if code == 200 and stored.status == 200:
            same = same_entity(stored, response)
            fresh = freshened(setup, request, ask, place, stored, response, started)[0] if same else None
            yield from _write(setup, request, place, fresh, started)
        return forward
    if code != 304 or not stored.validators:
        return forward
    fresh, head = freshened(setup, request, ask, place, stored, response, started)
    yield from _write(setup, request, place, fresh, started)
    if fresh is None:
        return Response(head.status, [*head.headers, forwarded(b"stale", status=304)], stored.body)
    return respond(setup, request, ask, fresh, fresh.age, forwarded(b"stale", status=304, stored=True))


def freshened(
    setup: Setup, request: Request, ask: Ask, place: Place, stored: Stored, response: Response, started: float
) -> tuple[Stored | None, Response]:
    """§4.3.4: the stored response with the fields of the 304; None where it may not be stored any more."""
    head = merged(stored, response)
    fresh = setup.storing(request, ask, head, setup.clock() - started)
    if fresh is not None:
        fresh.born = place.born
        fresh.body = stored.body
        fresh.weight += len(stored.body)
    return fresh, head


def _write(setup: Setup, request: Request, place: Place, fresh: Stored | None, started: float) -> Flow[None]:
    """Put it in the place of what was stored, unless that was changed meanwhile; the store may be down by now."""
    try:
        if fresh is None:
            yield Delete(setup.space, place.at, place.version)
        elif not (setup.changes.times and setup.changes.since(target(request), started)):
            yield from store_response.write(setup, place, fresh)
    except StoreError:
        return


def refresh(setup: Setup, request: Request, ask: Ask, place: Place, entry: Entry[Stored]) -> Flow[None]:
    """Have the app asked behind a stale answer (RFC 5861 §3): one at a time for each entry, in all processes."""
    mark = f"refresh {place.at}"
    claim = PutIfAbsent(setup.space, mark, Stored(LEASE, []), _REFRESH)
    yield claim
    if claim.answer.entry is None:
        place.version, place.born = entry.version, claim.answer.version
        personal = setup.policy.credentials | {b"cookie"}
        dropped = frozenset() if ask.user else personal.difference(entry.value.vary)
        headers = [pair for pair in conditions(entry.value, request.headers) if pair[0] not in dropped]
        yield Behind(Refresh(setup, ask, place, entry.value, mark), headers)


class Refresh:
    """The feature of a request that nobody waits for."""

    name = "cache"

    def __init__(self, setup: Setup, ask: Ask, place: Place, stored: Stored, mark: str) -> None:
        self._setup = setup
        self._ask = ask
        self._place = place
        self._stored = stored
        self._mark = mark

    def handle(self, request: Request) -> Flow[Response | None]:
        setup = self._setup
        started = setup.clock()
        if not setup.leases:
            self._place.born = Purges.count
        try:
            forward = Forward()
            yield forward
            yield from self._keep(request, forward.answer, started)
            yield Delete(setup.space, self._mark)
        except StoreError:
            return None
        return None

    def _keep(self, request: Request, response: Response, started: float) -> Flow[None]:
        setup, place = self._setup, self._place
        if response.status == 304 and self._stored.validators:
            fresh = freshened(setup, request, self._ask, place, self._stored, response, started)[0]
        else:
            fresh = setup.storing(request, self._ask, response, setup.clock() - started)
            if fresh is not None:
                copy = Copy(setup.max_body)
                yield copy
                if copy.answer is None or not whole(request, fresh, copy.answer):
                    return
                fresh.born = place.born
        if setup.changes.times and setup.changes.since(target(request), started):
            return
        if fresh is not None:
            yield from store_response.keep(setup, request, place, fresh)
        elif response.status not in _ERRORS:
            yield Delete(setup.space, place.at, place.version)


def whole(request: Request, stored: Stored, body: bytes) -> bool:
    """Give an answer its body, where it is the whole one and for everybody."""
    if stored.length is not None and stored.length != b"%d" % len(body):
        return False
    if stored.flags & HTML and tells(request, body):
        return False
    stored.body = body
    stored.weight += len(body)
    return True
