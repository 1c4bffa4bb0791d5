"""A request that no plain hit answers: look up, wait for a concurrent call, ask the app, store.

Requests for one key share one call of the app (RFC 9111 section 4). A request that demands validation (``no-cache``,
``max-age=0``) shares only a call that began after the request arrived: so of 50 simultaneous ones the first calls the
app, and the other 49 share a second call.
"""

from launchready.core.cache import language_negotiation, lookup, no_vary_search, route_counters, store_response
from launchready.core.cache.app_call import AppCall, Slot
from launchready.core.cache.cache_key import url_key, variant_key
from launchready.core.cache.cache_status import COLLAPSED, MISS, MISS_STORED, forwarded
from launchready.core.cache.purge import PurgeCounter
from launchready.core.cache.request_directives import ORDINARY, RequestDirectives, has_credentials
from launchready.core.cache.reuse import Reuse, decide, respond_stale
from launchready.core.cache.shared_state import MAX_UNCACHEABLE, CacheState
from launchready.core.cache.stored_response import HAS_NO_VARY_SEARCH, POINTER, StoredResponse, stamp
from launchready.core.cache.suggestions import SAMPLE_EVERY
from launchready.core.cache.validation import complete, refresh, validate
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward, ForwardExclusive, Join
from launchready.exchange.operations import Flow, allocate
from launchready.exchange.store import Entry, Get, Put
from launchready.http.message import Request, Response
from launchready.http.problem import problem

_STATIC_TYPES = (b"text/css", b"text/javascript", b"application/javascript", b"image/", b"font/", b"audio/", b"video/")

MAX_BLOCKED = 2
"""Calls with a slow client that a request waits for, before it asks the app itself."""


class Miss:
    """The flow of one request.

    - ``key``: of the URL; ``entry_key``: of the entry, which may be a variant behind ``pointer``.
    - ``entry``: what the store holds there; ``stale``: the entry to validate; ``mark``: the latest purge.
    - ``call``: our call of the app that others wait for. ``shared``: a call of another request ended meanwhile.
    - ``may_wait``: another call may still be waited for; ``waited``: seconds spent on other processes' leases.
    - ``arrived``: the request's place in ``state.sequence``; ``validated``: the entry is younger than the request.
    - ``blocked``: calls with a slow client that were met.
    - ``settled``: other processes need not be told of this request's end.
    """

    entry: Entry[StoredResponse] | None = None
    stale: Entry[StoredResponse] | None = None
    pointer: Entry[StoredResponse] | None = None
    mark: Entry[bytes] | None = None
    slot: Slot | None = None
    call: AppCall | None = None
    shared = settled = validated = False
    age = arrived = blocked = 0
    waited = 0.0

    def __init__(self, state: CacheState, request: Request, directives: RequestDirectives, key: str) -> None:
        self.state = state
        self.request = request
        self.directives = directives
        self.key = self.entry_key = key
        self.may_wait = directives.may_wait and request.method == "GET"
        self.started = state.clock()
        self.purge_version = PurgeCounter.count
        if directives.validate:
            self.arrived = next(state.sequence)

    def run(self, first: Get[StoredResponse] | None) -> Flow[Response | None]:
        """``first``: the lookup under the URL's key, if the feature has made it already."""
        state = self.state
        try:
            try:
                answer = yield from self._find(first)
            except StoreError:
                self._end_call()
                answer = b"store"
            if isinstance(answer, bytes):
                return (yield from bypass(state, self.request, answer))
            if answer is not None:
                return answer
            if self.stale is None:
                forward = (
                    Forward() if self.slot is None else ForwardExclusive()
                )  # Occupy reports a client that went away
                yield forward
            else:
                self.slot = self.slot or Slot(self.key, self.entry_key, self.pointer)
                validated = yield from validate(state, self.request, self.directives, self.slot, self.stale, self.age)
                if isinstance(validated, Response):
                    self.settled = True
                    return validated
                forward = validated
            yield from self._receive(forward.answer)
        except StoreError:
            return None
        except Exception:
            if self.slot is not None and not self.settled:
                self.settled = True
                yield from store_response.release_lease(state, self.slot)
            raise
        finally:  # also after an exception or a disconnect: requests must not wait for a response that never comes
            if self.slot is not None and not self.settled:
                store_response.mark_abandoned(state, self.slot)
            if self.call is not None:
                self._end_call()
        return None

    def _find(self, first: Get[StoredResponse] | None) -> Flow[Response | bytes | None]:
        """The answer; or the reason to bypass the cache; or None: ask the app."""
        state, directives = self.state, self.directives
        while True:
            if first is None or first.answer is not None:
                yield from self._look_up(first)
            first = None
            if self.entry is not None and self.entry.value.status > 0:
                answer = yield from self._reuse(self.entry)
                if answer is not None:
                    return answer
            if directives.only_if_cached:
                return _unsatisfiable()
            if self.call is None and self.may_wait:
                ahead = self._lead()
                if ahead is not None:
                    yield Join(ahead)
                    self._look_again(ahead)
                    continue
            if not state.shared_store:
                return None
            if self.slot is None or self.slot.key != self.entry_key:
                self.slot = Slot(self.key, self.entry_key, self.pointer)
            seconds = yield from store_response.acquire_lease(
                state, directives, self.slot, self.entry, self.mark, self.waited
            )
            if seconds is None:
                if self.call is not None:
                    self.call.slot = self.slot
                return None
            self.waited += seconds
            self.shared, self.stale, self.entry_key = True, None, self.key

    def _look_up(self, found: Get[StoredResponse] | None) -> Flow[None]:
        state = self.state
        if state.shared_store:
            self.entry_key, self.entry, self.pointer, self.mark = yield from lookup.look_up(
                state, self.request, self.key
            )
            return
        if found is None:
            found = Get(state.space, self.key)
            yield found
        entry = found.answer
        if entry is not None and entry.value.status == POINTER:
            self.pointer = entry
            self.entry_key = variant_key(
                self.key, entry.version, entry.value.vary, self.request, state.policy.fold_order
            )
            found = Get(state.space, self.entry_key)
            yield found
            entry = found.answer
            if entry is None and state.policy.fold_order:
                entry = yield from language_negotiation.preferred(state, self.request, self.key, self.pointer)
        self.entry = entry

    def _reuse(self, entry: Entry[StoredResponse]) -> Flow[Response | bytes | None]:
        state, request, directives = self.state, self.request, self.directives
        self.age = entry.value.age + int(entry.age)
        answer = yield from decide(
            state, request, directives, entry, self.age, self.mark, waited=self.shared, validated=self.validated
        )
        if isinstance(answer, Response):
            if self.shared:
                answer.headers[-1] = COLLAPSED
            return answer
        if answer is Reuse.BYPASS:
            return directives.credentials
        if answer is Reuse.REFRESH:
            slot = Slot(self.key, self.entry_key, self.pointer)
            yield from refresh(state, request, directives, slot, entry)
            return respond_stale(state, request, directives, entry.value, self.age)
        self.stale = entry if answer is Reuse.VALIDATE else None
        return None

    def _lead(self) -> AppCall | None:
        """Become the request that asks the app, or return the call to wait for; None also if waiting is useless."""
        state = self.state
        call = allocate(AppCall)
        call.key, call.started = self.entry_key, next(state.sequence)
        ahead = state.in_flight.setdefault(self.entry_key, call)
        if ahead is not call and ahead.blocked:  # take over, with its lease
            state.in_flight[self.entry_key] = call
            if ahead.slot is not None:
                store_response.mark_abandoned(state, ahead.slot)
            ahead = call
        if ahead is call:
            self.call = call
        elif self.entry_key not in state.uncacheable:
            return ahead
        return None

    def _look_again(self, ahead: AppCall) -> None:
        """A call of another request has ended, or waiting for it makes no sense any more.

        If it stored nothing although the app answered, the response cannot be shared and each request asks the app.
        If the app did not answer (the client went away), or the client reads too slowly, another request may lead. A
        request that demands validation waits once more if the call began before the request arrived.
        """
        if ahead.blocked and not ahead.landed:
            self.blocked += 1
            self.may_wait = self.blocked < MAX_BLOCKED
        elif ahead.started > self.arrived:
            self.validated = self.directives.validate and ahead.stored
            self.may_wait = ahead.landed and not ahead.answered
        else:
            self.may_wait = ahead.landed
        self.shared, self.stale, self.entry_key = True, None, self.key

    def adopt(self, call: AppCall, response: Response, stored: StoredResponse) -> Flow[None]:
        """Go on for the feature, which has asked the app: the response varies. The feature ends the call."""
        self.call, self.started, self.purge_version = call, call.began, call.purge_version
        yield from self.store(response, stored)

    def _receive(self, response: Response) -> Flow[None]:
        state, request = self.state, self.request
        if self.call is not None:
            self.call.answered = True
        counts, outcome = state.counts.unfolded, ("miss", request.path)
        counts[outcome] = count = counts.get(outcome, 0) + 1
        if len(counts) >= route_counters.PATHS:
            state.counts.fold()
        stored = None
        if request.method == "GET":
            stored = state.storable(request, self.directives, response, state.clock() - self.started)
        if stored is None or (state.shared_store and (self.slot is None or self.slot.version is None)):
            yield from self._not_stored(response, count)
        else:
            yield from self.store(response, stored)

    def store(self, response: Response, stored: StoredResponse) -> Flow[None]:
        """Store the response once its body is complete."""
        state, request = self.state, self.request
        response.headers.append(MISS_STORED)
        copy = Copy(state.max_body, self.call)
        yield copy
        body = copy.answer
        changed = state.changes.times and state.changes.changed_since(url_key(request), self.started)
        if body is None or changed or not complete(request, stored, body):
            if self.slot is not None and self.slot.holds_lease:
                self.settled = True
                yield from store_response.mark_uncacheable(state, self.slot)
            return
        stored.purge_version = self.purge_version
        if stored.flags & HAS_NO_VARY_SEARCH or state.search_rules:
            yield from self._store_searched(self.slot or Slot(self.key, self.entry_key, self.pointer), stored)
        elif stored.vary or state.shared_store or self.pointer is not None:
            slot = self.slot or Slot(self.key, self.entry_key, self.pointer)
            yield from store_response.store(state, request, slot, stored)
        else:
            yield Put(state.space, self.key, stored, stored.ttl)
        self.settled = True
        if self.call is not None:
            self.call.stored = True
            if state.uncacheable:
                state.uncacheable.discard(self.call.key)

    def _not_stored(self, response: Response, count: int) -> Flow[None]:
        state, request, directives = self.state, self.request, self.directives
        self.settled = True
        credentials = directives.credentials
        response.headers.append(forwarded(b"bypass", credentials) if credentials else MISS)
        if directives is not ORDINARY:
            mark_private(state, request, response)
        if self.call is not None:
            if len(state.uncacheable) >= MAX_UNCACHEABLE:
                state.uncacheable.clear()
            state.uncacheable.add(self.call.key)
        if self.slot is not None and state.shared_store and self.stale is None:
            yield from store_response.mark_uncacheable(state, self.slot)
        if count % SAMPLE_EVERY == 0 and request.method == "GET":
            yield from sample(state, request, response)

    def _store_searched(self, slot: Slot, stored: StoredResponse) -> Flow[None]:
        """Store a response under the key that its No-Vary-Search rule gives."""
        state, request = self.state, self.request
        no_vary_search.learn(state.search_rules, request, stored.headers)
        key = self.directives.key_prefix + state.key(request)
        if key == slot.url_key:
            yield from store_response.store(state, request, slot, stored)
        elif not stored.vary:
            stored.purge_version = slot.purge_version or stored.purge_version
            yield from store_response.mark_uncacheable(state, slot)
            stored.stamp = stamp(key)
            yield Put(state.space, key, stored, stored.ttl)

    def _end_call(self) -> None:
        """Release the requests that wait for our call."""
        call, self.call = self.call, None
        if call is not None:
            if self.state.in_flight.get(call.key) is call:
                del self.state.in_flight[call.key]
            call.landed = True
            if call.waiting:
                call.land()


def bypass(state: CacheState, request: Request, reason: bytes) -> Flow[Response | None]:
    """Let the app answer; the response is not stored."""
    state.count(f"bypass {reason.decode('latin-1')}", request)
    forward = Forward()
    yield forward
    forward.answer.headers.append(forwarded(b"bypass", reason))
    mark_private(state, request, forward.answer)
    return None


def mark_private(state: CacheState, request: Request, response: Response) -> None:
    """Add ``private, no-store`` to a response for a user that states no caching, for the caches in front.

    Static files with validators are left alone: they are the same for every user.
    """
    if not state.policy.mark_private or not has_credentials(request, state.policy):
        return
    fields = dict(response.headers)
    if b"cache-control" in fields or b"expires" in fields:
        return
    if b"last-modified" in fields and fields.get(b"content-type", b"").startswith(_STATIC_TYPES):
        return
    response.headers.append((b"cache-control", b"private, no-store"))


def sample(state: CacheState, request: Request, response: Response) -> Flow[None]:
    """Compare the body with earlier ones, if the response states nothing about caching: it may be worth caching."""
    fields = dict(response.headers)
    if response.status == 200 and not {b"cache-control", b"expires", b"set-cookie"}.intersection(fields):
        copy = Copy(state.max_body)
        yield copy
        if copy.answer is not None:
            state.suggestions.sample(request, copy.answer)


def _unsatisfiable() -> Response:
    """RFC 9111 section 5.2.1.7: only-if-cached, and nothing usable is stored."""
    answer = problem(504, "not-cached", "Not in the cache", "The request asked for a stored answer only.")
    answer.headers.append(forwarded(b"request", b"only-if-cached"))
    return answer
