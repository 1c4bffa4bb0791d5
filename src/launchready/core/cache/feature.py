"""The cache, as the story of one request.

Looked up, and fresh: answered. Stale: validated with the app, or answered all the same where RFC 5861 allows it.
Missing: one of all who ask at once goes to the app, the others wait for it and look again. What comes back is stored
before its last byte leaves, where :mod:`.storing` finds that it may be.

The way of a hit and of a plain miss stands in one function on purpose: a generator more between it and the chain would
cost a frame for each step of every request. What is rarer stands beside it.
"""

from collections.abc import Iterable

from launchready.core.cache import (
    conditional_requests,
    language_negotiation,
    lookup,
    no_vary_search,
    purge,
    route_counters,
    store_response,
)
from launchready.core.cache.cache_key import url_key, variant_key
from launchready.core.cache.cache_status import COLLAPSED, FIELD, METHOD, MISS, MISS_STORED, forwarded
from launchready.core.cache.invalidation import BOUND, describes_target, invalidated_keys
from launchready.core.cache.purge import PurgeCounter
from launchready.core.cache.request_directives import ORDINARY, RequestDirectives, has_credentials
from launchready.core.cache.reuse import Reuse, add_etag, decide, is_personal, respond_stale
from launchready.core.cache.shared_state import MAX_UNCACHEABLE, CacheState
from launchready.core.cache.storability import groups
from launchready.core.cache.store_response import Slot
from launchready.core.cache.stored_response import HAS_NO_VARY_SEARCH, HTML, NO_ETAG, POINTER, StoredResponse, stamp
from launchready.core.cache.suggestions import SAMPLE_EVERY
from launchready.core.cache.validation import complete, refresh, validate
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Flight, Forward, Join, Occupy
from launchready.exchange.operations import Flow, new
from launchready.exchange.store import Delete, Entry, Get, Put
from launchready.http.message import Request, Response
from launchready.http.problem import problem

_READS = frozenset({"GET", "HEAD"})
_SAFE = frozenset({"OPTIONS", "TRACE"})
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since"})
_INVALIDATING_FIELDS = frozenset({b"location", b"content-location", b"cache-group-invalidation"})
_STATIC_TYPES = (b"text/css", b"text/javascript", b"application/javascript", b"image/", b"font/", b"audio/", b"video/")


class CacheFeature:
    """The feature. ``counts``: what it did, by route."""

    name = "cache"

    def __init__(self, state: CacheState) -> None:
        self._state = state

    def handle(self, request: Request) -> Flow[Response | None]:
        state, method = self._state, request.method
        if method not in _READS:
            return (yield from self._forward_change(request))
        directives = ORDINARY
        if state.private is not None or not state.significant_fields.isdisjoint(request.fields):
            directives = state.read_request(request)
            if directives.bypass:
                return (yield from self._bypass(request, directives.bypass))
        key = directives.key_prefix + (
            no_vary_search.key(state.search_rules, request) if state.search_rules else url_key(request)
        )
        started, purge_version = state.clock(), PurgeCounter.count
        found = new(Get)
        found.space = state.space
        found.key = flown = key
        entry: Entry[StoredResponse] | None
        slot = old = pointer = flight = mark = None
        age, waited, joined, collapsed, settled = 0, 0.0, False, False, False
        try:
            try:
                while True:
                    if state.shared_store:
                        found.key, entry, pointer, mark = yield from lookup.look_up(state, request, key)
                    else:
                        yield found
                        entry = found.answer
                        if entry is not None and entry.value.status == POINTER:
                            pointer = entry
                            found.key = variant_key(
                                key, entry.version, entry.value.vary, request, state.policy.fold_order
                            )
                            yield found
                            entry = found.answer
                            if entry is None and state.policy.fold_order:
                                entry = yield from language_negotiation.preferred(state, request, key, pointer)
                    if entry is not None and entry.value.status > 0:
                        stored = entry.value
                        age = stored.age + int(entry.age)
                        if directives is ORDINARY and stored.lifetime > age and not (state.check_purges or collapsed):
                            return self._hit(request, stored, age)
                        verdict = yield from decide(state, request, directives, entry, age, mark, waited=collapsed)
                        if isinstance(verdict, Response):
                            if collapsed:
                                verdict.headers[-1] = COLLAPSED
                            return verdict
                        if verdict is Reuse.BYPASS:
                            return (yield from self._bypass(request, directives.credentials))
                        if verdict is Reuse.REFRESH:
                            yield from refresh(state, request, directives, Slot(key, found.key, pointer), entry)
                            return respond_stale(state, request, directives, stored, age)
                        old = entry if verdict is Reuse.VALIDATE else None
                    if directives.only_if_cached:
                        return _unsatisfiable()
                    if flight is None and directives.may_wait and not joined and method == "GET":
                        mine = Flight()
                        ahead = state.in_flight.setdefault(found.key, mine)
                        if ahead is mine:
                            flight, flown = mine, found.key
                        elif found.key not in state.uncacheable:
                            yield Join(ahead)
                            # Nothing stored after that: the answer cannot be shared, or is not to be waited for any
                            # longer, and each goes by himself. Only where there was no answer, its client being gone,
                            # may another one lead.
                            joined = ahead.answered or not ahead.landed
                            collapsed, old, found.key = True, None, key
                            continue
                    if not state.shared_store:
                        break
                    if slot is None or slot.key != found.key:
                        slot = Slot(key, found.key, pointer)
                    seconds = yield from store_response.acquire_lease(state, directives, slot, entry, mark, waited)
                    if seconds is None:
                        break
                    waited += seconds
                    collapsed, old, found.key = True, None, key
            except StoreError:
                if flight is not None:
                    state.in_flight.pop(flown, flight).land()
                    flight = None
                return (yield from self._bypass(request, b"store"))
            if old is None:
                forward = Forward() if slot is None else Occupy()  # to be told that the client went away
                yield forward
            else:
                slot = slot or Slot(key, found.key, pointer)
                answer = yield from validate(state, request, directives, slot, old, age)
                if isinstance(answer, Response):
                    settled = True
                    return answer
                forward = answer
            response = forward.answer
            if flight is not None:
                flight.answered = True
            counts, seen = state.counts.unfolded, ("miss", request.path)
            counts[seen] = counts.get(seen, 0) + 1
            if len(counts) >= route_counters.PATHS:
                state.counts.fold()
            entity = state.storable(request, directives, response, state.clock() - started) if method == "GET" else None
            if entity is None or (state.shared_store and (slot is None or slot.version is None)):
                settled = True
                if directives is ORDINARY:
                    response.headers.append(MISS)
                else:
                    self._not_stored(request, directives, response)
                if flight is not None:
                    if len(state.uncacheable) >= MAX_UNCACHEABLE:
                        state.uncacheable.clear()
                    state.uncacheable.add(flown)
                if slot is not None and state.shared_store and old is None:
                    yield from store_response.mark_uncacheable(state, slot)
                if counts.get(seen, 0) % SAMPLE_EVERY == 0 and _states_no_caching(response) and method == "GET":
                    copy = new(Copy)
                    copy.limit = state.max_body
                    yield copy
                    if copy.answer is not None:
                        state.suggestions.sample(request, copy.answer)
                return None
            response.headers.append(MISS_STORED)
            copy = new(Copy)
            copy.limit = state.max_body
            yield copy
            body = copy.answer
            if (
                body is None
                or (entity.length is not None and entity.length != b"%d" % len(body))
                or (entity.flags & HTML and is_personal(request, body))
                or (state.changes.times and state.changes.changed_since(url_key(request), started))
            ):
                if slot is not None and slot.holds_lease:
                    settled = True
                    yield from store_response.mark_uncacheable(state, slot)
                return None
            entity.body = body
            entity.weight += len(body)
            entity.purge_version = purge_version
            if entity.flags & HAS_NO_VARY_SEARCH or state.search_rules:
                yield from self._keep_searched(request, directives, slot or Slot(key, found.key, pointer), entity)
            elif entity.vary or state.shared_store or pointer is not None:
                yield from store_response.store(state, request, slot or Slot(key, found.key, pointer), entity)
            else:
                put = new(Put)
                put.space = state.space
                put.key = key
                put.value = entity
                put.ttl = entity.ttl
                yield put
            settled = True
            if state.uncacheable:
                state.uncacheable.discard(flown)
        except StoreError:
            return None
        except Exception:
            if slot is not None and not settled:
                settled = True
                yield from store_response.release_lease(state, slot)
            raise
        finally:  # also when the client went away or the app raised: nobody waits for what will not come
            if slot is not None and not settled:
                store_response.mark_abandoned(state, slot)
            if flight is not None:
                led = state.in_flight.pop(flown, flight)
                led.landed = True
                if led.waiting:
                    led.land()
        return None

    def _keep_searched(
        self, request: Request, directives: RequestDirectives, slot: Slot, stored: StoredResponse
    ) -> Flow[None]:
        """Where the answer says which parts of its query make no difference, under the key of what does."""
        state = self._state
        no_vary_search.learn(state.search_rules, request, stored.headers)
        key = directives.key_prefix + state.key(request)
        if key == slot.url_key:
            yield from store_response.store(state, request, slot, stored)
        elif not stored.vary:
            stored.purge_version = slot.purge_version or stored.purge_version
            yield from store_response.mark_uncacheable(state, slot)
            stored.stamp = stamp(key)
            yield Put(state.space, key, stored, stored.ttl)

    def _hit(self, request: Request, stored: StoredResponse, age: int) -> Response:
        """An ordinary request's answer from the store: RFC 9111 §4, without a step too many."""
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
        response = new(Response)
        response.status = stored.status
        response.headers = headers
        response.body = stored.body
        return response

    def _bypass(self, request: Request, why: bytes) -> Flow[Response | None]:
        """The app answers, and nobody else ever sees it."""
        self._state.count(f"bypass {why.decode('latin-1')}", request)
        forward = Forward()
        yield forward
        forward.answer.headers.append(forwarded(b"bypass", why))
        self._mark_private(request, forward.answer)
        return None

    def _not_stored(self, request: Request, directives: RequestDirectives, response: Response) -> None:
        response.headers.append(forwarded(b"bypass", directives.credentials) if directives.credentials else MISS)
        self._mark_private(request, response)

    def _mark_private(self, request: Request, response: Response) -> None:
        """An answer to somebody signed in that says nothing of caching: a cache in front must not guess.

        Files that can be validated are left alone: they are nobody's, and the browser would fetch them each time.
        """
        if not self._state.policy.mark_private or not has_credentials(request, self._state.policy):
            return
        fields = dict(response.headers)
        if b"cache-control" in fields or b"expires" in fields:
            return
        if b"last-modified" in fields and fields.get(b"content-type", b"").startswith(_STATIC_TYPES):
            return
        response.headers.append((b"cache-control", b"private, no-store"))

    def _forward_change(self, request: Request) -> Flow[Response | None]:
        """§4.4: a change that went well makes the stored answers for its URL useless, and for its groups (RFC 9875)."""
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
            if elsewhere or state.private is not None or not state.policy.steering.isdisjoint(request.fields):
                yield from self._invalidate_related(request, response, started)
        except StoreError:
            keys = [
                url,
                *(state.read_request(request).key_prefix + each for each in invalidated_keys(request, response)),
            ]
            lookup.defer_invalidation(state, keys, groups=bool(groups(response.headers, b"cache-group-invalidation")))
        return None

    def _invalidate_related(self, request: Request, response: Response, started: float) -> Flow[None]:
        """What else a change has reached: other URLs, the user's own answers, groups."""
        state = self._state
        slot = state.read_request(request).key_prefix
        for url in invalidated_keys(request, response):
            state.changes.times[url] = state.clock()
            yield Delete(state.space, slot + url)
        named = groups(response.headers, b"cache-group-invalidation")
        if named:
            yield from self.purge([purge.by_group(request, group) for group in named], soft=False)
        if state.policy.reuse_post and request.method == "POST" and describes_target(request, response):
            yield from self._keep_post(request, response, started)

    def _keep_post(self, request: Request, response: Response, started: float) -> Flow[None]:
        """RFC 9110 §9.3.3: with Content-Location and freshness, the answer to POST is the one to GET."""
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
        """Make what is stored under these names of :mod:`.purging` gone, or with ``soft`` stale."""
        self._state.check_purges = True
        return purge.purge(names, soft=soft)

    def rows(self) -> list[dict[str, object]]:
        """What the cache did, by route: see :mod:`.counting`."""
        return self._state.counts.rows()

    def suggestions(self) -> list[dict[str, object]]:
        """What could be cached: see :mod:`.suggesting`."""
        return self._state.suggestions.rows()


def _states_no_caching(response: Response) -> bool:
    """Whether an answer may be a good one to cache, and nobody has thought of it."""
    fields = dict(response.headers)
    return response.status == 200 and not {b"cache-control", b"expires", b"set-cookie"}.intersection(fields)


def _unsatisfiable() -> Response:
    """§5.2.1.7: the client wants nothing that is not stored."""
    answer = problem(504, "not-cached", "Not in the cache", "The request asked for a stored answer only.")
    answer.headers.append(forwarded(b"request", b"only-if-cached"))
    return answer
