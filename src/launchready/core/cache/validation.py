"""Asking the app whether a stored response is still its answer (RFC 9111 §4.3), in front of the client or behind it."""

from launchready.core.cache import store_response
from launchready.core.cache.cache_key import url_key
from launchready.core.cache.cache_status import forwarded
from launchready.core.cache.purge import PurgeCounter
from launchready.core.cache.request_directives import RequestDirectives
from launchready.core.cache.reuse import is_personal, respond, respond_stale
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.store_response import Slot
from launchready.core.cache.stored_response import HTML, LEASE, StoredResponse
from launchready.core.cache.update_stored import merge_headers, same_entity
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


def conditions(stored: StoredResponse, headers: Headers) -> Headers:
    """The request as the app gets it: our validators in place of the client's, which are looked at afterwards."""
    kept = [pair for pair in headers if pair[0] not in _CONDITIONS]
    return kept + stored.validators if stored.status == 200 else kept


def validate(
    state: CacheState,
    request: Request,
    directives: RequestDirectives,
    slot: Slot,
    entry: Entry[StoredResponse],
    age: int,
) -> Flow[Response | Forward]:
    """The answer, where it is known with the head of the app's; else the app's own, to be looked at like any other."""
    stored, started, whole = entry.value, state.clock(), request.headers
    slot.purge_version = slot.purge_version if state.shared_store else PurgeCounter.count
    request.headers = whole if request.method == "HEAD" else conditions(stored, whole)
    forward = Forward()
    try:
        yield forward
    finally:
        request.headers = whole
    response = forward.answer
    code = response.status
    if code in _ERRORS and age - stored.lifetime < stored.stale_if_error:
        return respond_stale(state, request, directives, stored, age, b"stale-if-error")
    if request.method == "HEAD":
        if code == 200 and stored.status == 200:
            same = same_entity(stored, response)
            fresh = update_stored(state, request, directives, slot, stored, response, started)[0] if same else None
            yield from _write(state, request, slot, fresh, started)
        return forward
    if code != 304 or not stored.validators:
        return forward
    fresh, head = update_stored(state, request, directives, slot, stored, response, started)
    yield from _write(state, request, slot, fresh, started)
    if fresh is None:
        return Response(head.status, [*head.headers, forwarded(b"stale", status=304)], stored.body)
    return respond(state, request, directives, fresh, fresh.age, forwarded(b"stale", status=304, stored=True))


def update_stored(
    state: CacheState,
    request: Request,
    directives: RequestDirectives,
    slot: Slot,
    stored: StoredResponse,
    response: Response,
    started: float,
) -> tuple[StoredResponse | None, Response]:
    """§4.3.4: the stored response with the fields of the 304; None where it may not be stored any more."""
    head = merge_headers(stored, response)
    fresh = state.storable(request, directives, head, state.clock() - started)
    if fresh is not None:
        fresh.purge_version = slot.purge_version
        fresh.body = stored.body
        fresh.weight += len(stored.body)
    return fresh, head


def _write(state: CacheState, request: Request, slot: Slot, fresh: StoredResponse | None, started: float) -> Flow[None]:
    """Put it in the place of what was stored, unless that was changed meanwhile; the store may be down by now."""
    try:
        if fresh is None:
            yield Delete(state.space, slot.key, slot.version)
        elif not (state.changes.times and state.changes.changed_since(url_key(request), started)):
            yield from store_response.write(state, slot, fresh)
    except StoreError:
        return


def refresh(
    state: CacheState, request: Request, directives: RequestDirectives, slot: Slot, entry: Entry[StoredResponse]
) -> Flow[None]:
    """Have the app asked behind a stale answer (RFC 5861 §3): one at a time for each entry, in all processes."""
    mark = f"refresh {slot.key}"
    claim = PutIfAbsent(state.space, mark, StoredResponse(LEASE, []), _REFRESH)
    yield claim
    if claim.answer.entry is None:
        slot.version, slot.purge_version = entry.version, claim.answer.version
        is_private_path = state.policy.credentials | {b"cookie"}
        dropped = frozenset() if directives.user else is_private_path.difference(entry.value.vary)
        headers = [pair for pair in conditions(entry.value, request.headers) if pair[0] not in dropped]
        yield Behind(BackgroundRefresh(state, directives, slot, entry.value, mark), headers)


class BackgroundRefresh:
    """The feature of a request that nobody waits for."""

    name = "cache"

    def __init__(
        self, state: CacheState, directives: RequestDirectives, slot: Slot, stored: StoredResponse, mark: str
    ) -> None:
        self._state = state
        self._directives = directives
        self._slot = slot
        self._stored = stored
        self._mark = mark

    def handle(self, request: Request) -> Flow[Response | None]:
        state = self._state
        started = state.clock()
        if not state.shared_store:
            self._slot.purge_version = PurgeCounter.count
        try:
            forward = Forward()
            yield forward
            yield from self._keep(request, forward.answer, started)
            yield Delete(state.space, self._mark)
        except StoreError:
            return None
        return None

    def _keep(self, request: Request, response: Response, started: float) -> Flow[None]:
        state, slot = self._state, self._slot
        if response.status == 304 and self._stored.validators:
            fresh = update_stored(state, request, self._directives, slot, self._stored, response, started)[0]
        else:
            fresh = state.storable(request, self._directives, response, state.clock() - started)
            if fresh is not None:
                copy = Copy(state.max_body)
                yield copy
                if copy.answer is None or not complete(request, fresh, copy.answer):
                    return
                fresh.purge_version = slot.purge_version
        if state.changes.times and state.changes.changed_since(url_key(request), started):
            return
        if fresh is not None:
            yield from store_response.store(state, request, slot, fresh)
        elif response.status not in _ERRORS:
            yield Delete(state.space, slot.key, slot.version)


def complete(request: Request, stored: StoredResponse, body: bytes) -> bool:
    """Give an answer its body, where it is the whole one and for everybody."""
    if stored.length is not None and stored.length != b"%d" % len(body):
        return False
    if stored.flags & HTML and is_personal(request, body):
        return False
    stored.body = body
    stored.weight += len(body)
    return True
