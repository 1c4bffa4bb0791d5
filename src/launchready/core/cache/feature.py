"""The cache as a feature of the request path.

A fresh response answers at once. A stale one is validated with the app, or used as RFC 5861 allows. On a miss one
request asks the app and concurrent requests wait for it: :mod:`.miss`. Unsafe requests invalidate.
"""

from collections.abc import Iterable

from launchready.core.cache import conditional_requests, lookup, no_vary_search, purge, route_counters
from launchready.core.cache.app_call import AppCall
from launchready.core.cache.cache_key import url_key
from launchready.core.cache.cache_status import FIELD, METHOD, MISS, MISS_STORED
from launchready.core.cache.invalidation import BOUND, describes_target, invalidated_keys
from launchready.core.cache.miss import Miss, bypass, sample
from launchready.core.cache.personal_body import SUSPICIOUS, is_personal
from launchready.core.cache.purge import PurgeCounter
from launchready.core.cache.request_directives import ORDINARY
from launchready.core.cache.reuse import add_etag
from launchready.core.cache.shared_state import MAX_UNCACHEABLE, CacheState
from launchready.core.cache.storability import groups
from launchready.core.cache.stored_response import ENCODED, HAS_NO_VARY_SEARCH, NO_ETAG, SEARCHED, StoredResponse
from launchready.core.cache.suggestions import SAMPLE_EVERY
from launchready.core.cache.validation import complete
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward
from launchready.exchange.operations import Flow, allocate
from launchready.exchange.store import Delete, Get, Put
from launchready.http.message import NOT_SHAREABLE, Request, Response

_READS = frozenset({"GET", "HEAD"})
_SAFE = frozenset({"OPTIONS", "TRACE"})
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since"})
_INVALIDATING_FIELDS = frozenset({b"location", b"content-location", b"cache-group-invalidation"})


class CacheFeature:
    """The feature. ``handle`` answers a plain hit and leads a plain miss itself; :class:`.miss.Miss` does the rest.

    Each generator in between would cost a Python frame per operation: tests/benchmarks/test_frames.py counts them.
    """

    name = "cache"

    def __init__(self, state: CacheState) -> None:
        self._state = state

    def handle(self, request: Request) -> Flow[Response | None]:
        state = self._state
        if request.method not in _READS:
            return (yield from self._forward_change(request))
        directives = ORDINARY
        if state.private is not None or not state.ordinary_fields.issuperset(request.fields):
            directives = state.read_request(request)
            if directives.bypass:
                return (yield from bypass(state, request, directives.bypass))
        url = no_vary_search.key(state.search_rules, request) if state.search_rules else url_key(request)
        key = directives.key_prefix + url
        if directives is not ORDINARY or state.shared_store or state.check_purges:
            return (yield from Miss(state, request, directives, key).run(None))
        get = allocate(Get)
        get.space = state.space
        get.key = key
        try:
            yield get
        except StoreError:
            return (yield from bypass(state, request, b"store"))
        if get.answer is not None:
            stored, age = get.answer.value, get.answer.value.age + int(get.answer.age)
            if stored.status > 0 and stored.lifetime > age:
                return self._hit(request, stored, age)
        call = allocate(AppCall)
        call.key, call.started, call.purge_version = key, next(state.sequence), PurgeCounter.count
        call.began = state.clock()
        if get.answer or request.method == "HEAD" or state.in_flight.setdefault(key, call) is not call:
            return (yield from Miss(state, request, directives, key).run(get))
        try:
            forward = Forward()
            yield forward
            call.answered = True
            response = forward.answer
            entry = state.storable(request, ORDINARY, response, state.clock() - call.began)
            counts, outcome = state.counts.unfolded, ("miss", request.path)
            counts[outcome] = count = counts.get(outcome, 0) + 1
            if len(counts) >= route_counters.PATHS:
                state.counts.fold()
            if entry is None:
                response.headers.append(MISS)
                if len(state.uncacheable) >= MAX_UNCACHEABLE:
                    state.uncacheable.clear()
                state.uncacheable.add(key)
                if count % SAMPLE_EVERY == 0:
                    yield from sample(state, request, response)
                return None
            if entry.vary or entry.flags & HAS_NO_VARY_SEARCH or state.search_rules:
                yield from Miss(state, request, directives, key).adopt(call, response, entry)
                return None
            response.headers.append(MISS_STORED)
            copy = allocate(Copy)
            copy.limit, copy.call = state.max_body, call
            yield copy
            body = copy.answer
            if (
                body is None
                or (entry.length is not None and entry.length != b"%d" % len(body))
                or request.cached is NOT_SHAREABLE
                or (state.changes.times and state.changes.changed_since(key, call.began))
            ):
                return None
            suspicious = entry.flags & SEARCHED and any(map(body.lower().__contains__, SUSPICIOUS))
            if (suspicious or entry.flags & ENCODED or b"lr." in body) and is_personal(request, entry, body):
                return None
            entry.body, entry.weight, entry.purge_version = body, entry.weight + len(body), call.purge_version
            put = allocate(Put)
            put.space, put.key, put.value, put.ttl = state.space, key, entry, entry.ttl
            yield put
            call.stored = True
            state.uncacheable.discard(key)
        except StoreError:
            return None
        finally:  # also after an exception or a disconnect: requests must not wait for a response that never comes
            if state.in_flight.get(key) is call:
                del state.in_flight[key]
            call.landed = True
            if call.waiting:
                call.land()
        return None

    def _hit(self, request: Request, stored: StoredResponse, age: int) -> Response:
        """The stored response for an ordinary request (RFC 9111 section 4)."""
        state = self._state
        counts, seen = state.counts.unfolded, ("hit", request.path)
        counts[seen] = counts.get(seen, 0) + 1
        if len(counts) >= route_counters.PATHS:
            state.counts.fold()
        if stored.flags & NO_ETAG:
            add_etag(stored)
        line = (FIELD, b"launchready; hit; ttl=%d" % (stored.lifetime - age))
        headers = [*stored.headers, (b"age", b"%d" % age), line]
        if not _CONDITIONS.isdisjoint(request.fields):
            return conditional_requests.answer(request, stored, headers, state.wall())
        response = allocate(Response)
        response.status = stored.status
        response.headers = headers
        response.body = stored.body
        return response

    def _forward_change(self, request: Request) -> Flow[Response | None]:
        """Section 4.4: a successful change invalidates its URL and its groups (RFC 9875)."""
        state = self._state
        started = state.clock()
        forward = Forward()
        yield forward
        response = forward.answer
        response.headers.append(METHOD)
        if request.method in _SAFE or not 200 <= response.status < 400:
            return None
        url, now = (
            (no_vary_search.key(state.search_rules, request) if state.search_rules else url_key(request)),
            state.clock(),
        )
        times = state.changes.times
        times[url] = now
        if len(times) > BOUND:
            state.changes.trim(now)
        try:
            yield Delete(state.space, url)
            elsewhere = not _INVALIDATING_FIELDS.isdisjoint(dict(response.headers))
            steers = not state.unsteering_fields.issuperset(request.fields) and state.has_steering(request)
            if elsewhere or steers or state.private is not None:
                yield from self._invalidate_related(request, response, started)
        except StoreError:
            keys = [
                url,
                *(state.read_request(request).key_prefix + each for each in invalidated_keys(request, response)),
            ]
            lookup.defer_invalidation(state, keys, groups=bool(groups(response.headers, b"cache-group-invalidation")))
        return None

    def _invalidate_related(self, request: Request, response: Response, started: float) -> Flow[None]:
        """Invalidate other URLs, the user's private cache, and groups."""
        state = self._state
        prefix = state.read_request(request).key_prefix
        for url in invalidated_keys(request, response):
            state.changes.times[url] = state.clock()
            yield Delete(state.space, prefix + url)
        named = groups(response.headers, b"cache-group-invalidation")
        if named:
            yield from self.purge([purge.by_group(request, group) for group in named], soft=False)
        if state.policy.reuse_post and request.method == "POST" and describes_target(request, response):
            yield from self._keep_post(request, response, started)

    def _keep_post(self, request: Request, response: Response, started: float) -> Flow[None]:
        """RFC 9110 section 9.3.3: with Content-Location and freshness, a POST response also answers GET."""
        state = self._state
        stored = state.storable(request, ORDINARY, response, state.clock() - started)
        if stored is None or stored.vary or state.shared_store:
            return
        stored.purge_version = PurgeCounter.count
        copy = Copy(state.max_body)
        yield copy
        if copy.answer is not None and complete(request, stored, copy.answer):
            yield Put(state.space, url_key(request), stored, stored.ttl)

    def purge(self, names: Iterable[str], *, soft: bool) -> Flow[None]:
        """Remove the entries with these names of :mod:`.purge`; with ``soft`` make them stale."""
        self._state.check_purges = True
        return purge.purge(names, soft=soft)

    def rows(self) -> list[dict[str, object]]:
        """Outcomes by route: see :mod:`.route_counters`."""
        return self._state.counts.rows()

    def suggestions(self) -> list[dict[str, object]]:
        """Cacheable paths: see :mod:`.suggestions`."""
        return self._state.suggestions.rows()
