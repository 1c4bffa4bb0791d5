"""Validation of a stored response with the app (RFC 9111 section 4.3), before or behind the answer."""

from launchready.core.cache import store_response
from launchready.core.cache.app_call import Slot
from launchready.core.cache.cache_key import url_key
from launchready.core.cache.cache_status import FIELD, forwarded
from launchready.core.cache.personal_body import is_personal
from launchready.core.cache.purge import PurgeCounter
from launchready.core.cache.request_directives import RequestDirectives
from launchready.core.cache.reuse import respond, respond_stale
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.stored_response import INSPECTED, LEASE, StoredResponse
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward
from launchready.exchange.background import Behind
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, PutIfAbsent
from launchready.http.message import NOT_SHAREABLE, Headers, Request, Response

# RFC 5861 section 4: error statuses, besides an exception.
_ERRORS = frozenset({500, 502, 503, 504})

_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"if-range", b"range"}
)

# Section 3.2: fields that belong to the stored body or to one connection.
_KEPT = frozenset({b"content-length", b"content-encoding", b"content-range", b"content-type", FIELD})

_REFRESH = 30.0
"""Seconds after which an unfinished background refresh counts as lost."""


def conditions(stored: StoredResponse, headers: Headers) -> Headers:
    """Request headers for the app: our validators replace the client's, which are evaluated afterwards."""
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
    """The answer, if a 304 or an error decides it; otherwise the app's own response, to be handled like a miss."""
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
    """Section 4.3.4: the stored response with the fields of the 304; None if it is no longer storable."""
    head = merge_headers(stored, response)
    fresh = state.storable(request, directives, head, state.clock() - started)
    if fresh is not None:
        fresh.purge_version = slot.purge_version
        fresh.body = stored.body
        fresh.weight += len(stored.body)
    return fresh, head


def _write(state: CacheState, request: Request, slot: Slot, fresh: StoredResponse | None, started: float) -> Flow[None]:
    """Replace the stored response unless its URL was changed meanwhile. A store that is down is ignored."""
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
    """Ask the app behind a stale answer (RFC 5861 section 3): one refresh per entry in all processes."""
    mark = f"refresh {slot.key}"
    claim = PutIfAbsent(state.space, mark, StoredResponse(LEASE, []), _REFRESH)
    yield claim
    if claim.answer.entry is None:
        slot.version, slot.purge_version = entry.version, claim.answer.version
        policy, varying = state.policy, frozenset(entry.value.vary)
        headers = [
            pair
            for pair in conditions(entry.value, request.headers)
            if directives.user or pair[0] in varying or not (pair[0] == b"cookie" or policy.is_credential(pair[0]))
        ]
        yield Behind(BackgroundRefresh(state, directives, slot, entry.value, mark), headers)


class BackgroundRefresh:
    """The feature that handles a background refresh."""

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
    """Set the body of an entry; False if it is truncated or contains a personal value."""
    if stored.length is not None and stored.length != b"%d" % len(body):
        return False
    if request.cached is NOT_SHAREABLE:
        return False
    if (stored.flags & INSPECTED or b"lr." in body) and is_personal(request, stored, body):
        return False
    stored.body = body
    stored.weight += len(body)
    return True


def merge_headers(stored: StoredResponse, response: Response) -> Response:
    """Section 4.3.4: the stored head, with every field that the new head contains replaced."""
    new: Headers = [pair for pair in response.headers if pair[0] not in _KEPT]
    names = {name for name, _ in new}
    return Response(stored.status, [pair for pair in stored.headers if pair[0] not in names] + new)


def same_entity(stored: StoredResponse, response: Response) -> bool:
    """Section 4.3.5: whether a HEAD response matches the stored one: no validator or length contradicts."""
    return all(
        (theirs := response.get(name)) is None or theirs == (stored.field(name) or theirs)
        for name in (b"etag", b"last-modified")
    ) and response.get(b"content-length") in (None, b"%d" % len(stored.body))
