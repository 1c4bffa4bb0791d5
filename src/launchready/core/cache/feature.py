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
from launchready.core.cache.cache_key import target, variant
from launchready.core.cache.cache_status import COLLAPSED, FIELD, METHOD, MISS, MISS_STORED, forwarded
from launchready.core.cache.invalidation import BOUND, names_target, targets
from launchready.core.cache.purge import Purges
from launchready.core.cache.request_directives import ORDINARY, Ask, has_credentials
from launchready.core.cache.reuse import Verdict, stale_answer, tag, tells, use
from launchready.core.cache.shared_state import UNSHARED, Setup
from launchready.core.cache.storability import groups
from launchready.core.cache.store_response import Place
from launchready.core.cache.stored_response import HTML, POINTER, SEARCH, UNTAGGED, Stored, stamp
from launchready.core.cache.suggestions import EVERY
from launchready.core.cache.validation import refresh, validate, whole
from launchready.errors import StoreError
from launchready.exchange.app import Copy, Flight, Forward, Join, Occupy
from launchready.exchange.operations import Flow, new
from launchready.exchange.store import Delete, Entry, Get, Put
from launchready.http.message import Request, Response
from launchready.http.problem import problem

_READS = frozenset({"GET", "HEAD"})
_SAFE = frozenset({"OPTIONS", "TRACE"})
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since"})
_ELSEWHERE = frozenset({b"location", b"content-location", b"cache-group-invalidation"})
_FILES = (b"text/css", b"text/javascript", b"application/javascript", b"image/", b"font/", b"audio/", b"video/")


class Cache:
    """The feature. ``counts``: what it did, by route."""

    name = "cache"

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def handle(self, request: Request) -> Flow[Response | None]:
        setup, method = self._setup, request.method
        if method not in _READS:
            return (yield from self._changing(request))
        ask = ORDINARY
        if setup.private is not None or not setup.speaking.isdisjoint(request.fields):
            ask = setup.ask(request)
            if ask.bypass:
                return (yield from self._pass(request, ask.bypass))
        key = ask.place + (no_vary_search.key(setup.searches, request) if setup.searches else target(request))
        started, born = setup.clock(), Purges.count
        found = new(Get)
        found.space = setup.space
        found.key = flown = key
        entry: Entry[Stored] | None
        place = old = pointer = flight = mark = None
        age, waited, joined, collapsed, settled = 0, 0.0, False, False, False
        try:
            try:
                while True:
                    if setup.leases:
                        found.key, entry, pointer, mark = yield from lookup.look(setup, request, key)
                    else:
                        yield found
                        entry = found.answer
                        if entry is not None and entry.value.status == POINTER:
                            pointer = entry
                            found.key = variant(key, entry.version, entry.value.vary, request, setup.policy.fold_order)
                            yield found
                            entry = found.answer
                            if entry is None and setup.policy.fold_order:
                                entry = yield from language_negotiation.preferred(setup, request, key, pointer)
                    if entry is not None and entry.value.status > 0:
                        stored = entry.value
                        age = stored.age + int(entry.age)
                        if ask is ORDINARY and stored.lifetime > age and not (setup.marked or collapsed):
                            return self._hit(request, stored, age)
                        verdict = yield from use(setup, request, ask, entry, age, mark, waited=collapsed)
                        if isinstance(verdict, Response):
                            if collapsed:
                                verdict.headers[-1] = COLLAPSED
                            return verdict
                        if verdict is Verdict.PASS:
                            return (yield from self._pass(request, ask.credentials))
                        if verdict is Verdict.STALE:
                            yield from refresh(setup, request, ask, Place(key, found.key, pointer), entry)
                            return stale_answer(setup, request, ask, stored, age)
                        old = entry if verdict is Verdict.ASK else None
                    if ask.only_if_cached:
                        return _unsatisfiable()
                    if flight is None and ask.joins and not joined and method == "GET":
                        mine = Flight()
                        ahead = setup.flying.setdefault(found.key, mine)
                        if ahead is mine:
                            flight, flown = mine, found.key
                        elif found.key not in setup.unshared:
                            yield Join(ahead)
                            # Nothing stored after that: the answer cannot be shared, or is not to be waited for any
                            # longer, and each goes by himself. Only where there was no answer, its client being gone,
                            # may another one lead.
                            joined = ahead.answered or not ahead.landed
                            collapsed, old, found.key = True, None, key
                            continue
                    if not setup.leases:
                        break
                    if place is None or place.at != found.key:
                        place = Place(key, found.key, pointer)
                    seconds = yield from store_response.lease(setup, ask, place, entry, mark, waited)
                    if seconds is None:
                        break
                    waited += seconds
                    collapsed, old, found.key = True, None, key
            except StoreError:
                if flight is not None:
                    setup.flying.pop(flown, flight).land()
                    flight = None
                return (yield from self._pass(request, b"store"))
            if old is None:
                forward = Forward() if place is None else Occupy()  # to be told that the client went away
                yield forward
            else:
                place = place or Place(key, found.key, pointer)
                answer = yield from validate(setup, request, ask, place, old, age)
                if isinstance(answer, Response):
                    settled = True
                    return answer
                forward = answer
            response = forward.answer
            if flight is not None:
                flight.answered = True
            counts, seen = setup.counts.raw, ("miss", request.path)
            counts[seen] = counts.get(seen, 0) + 1
            if len(counts) >= route_counters.PATHS:
                setup.counts.fold()
            entity = setup.storing(request, ask, response, setup.clock() - started) if method == "GET" else None
            if entity is None or (setup.leases and (place is None or place.version is None)):
                settled = True
                if ask is ORDINARY:
                    response.headers.append(MISS)
                else:
                    self._not_stored(request, ask, response)
                if flight is not None:
                    if len(setup.unshared) >= UNSHARED:
                        setup.unshared.clear()
                    setup.unshared.add(flown)
                if place is not None and setup.leases and old is None:
                    yield from store_response.release(setup, place)
                if counts.get(seen, 0) % EVERY == 0 and _says_nothing(response) and method == "GET":
                    copy = new(Copy)
                    copy.limit = setup.max_body
                    yield copy
                    if copy.answer is not None:
                        setup.suggestions.look(request, copy.answer)
                return None
            response.headers.append(MISS_STORED)
            copy = new(Copy)
            copy.limit = setup.max_body
            yield copy
            body = copy.answer
            if (
                body is None
                or (entity.length is not None and entity.length != b"%d" % len(body))
                or (entity.flags & HTML and tells(request, body))
                or (setup.changes.times and setup.changes.since(target(request), started))
            ):
                if place is not None and place.leased:
                    settled = True
                    yield from store_response.release(setup, place)
                return None
            entity.body = body
            entity.weight += len(body)
            entity.born = born
            if entity.flags & SEARCH or setup.searches:
                yield from self._keep_searched(request, ask, place or Place(key, found.key, pointer), entity)
            elif entity.vary or setup.leases or pointer is not None:
                yield from store_response.keep(setup, request, place or Place(key, found.key, pointer), entity)
            else:
                put = new(Put)
                put.space = setup.space
                put.key = key
                put.value = entity
                put.ttl = entity.keep
                yield put
            settled = True
            if setup.unshared:
                setup.unshared.discard(flown)
        except StoreError:
            return None
        except Exception:
            if place is not None and not settled:
                settled = True
                yield from store_response.abandon(setup, place)
            raise
        finally:  # also when the client went away or the app raised: nobody waits for what will not come
            if place is not None and not settled:
                store_response.drop(setup, place)
            if flight is not None:
                led = setup.flying.pop(flown, flight)
                led.landed = True
                if led.waiting:
                    led.land()
        return None

    def _keep_searched(self, request: Request, ask: Ask, place: Place, stored: Stored) -> Flow[None]:
        """Where the answer says which parts of its query make no difference, under the key of what does."""
        setup = self._setup
        no_vary_search.learn(setup.searches, request, stored.headers)
        key = ask.place + setup.key(request)
        if key == place.key:
            yield from store_response.keep(setup, request, place, stored)
        elif not stored.vary:
            stored.born = place.born or stored.born
            yield from store_response.release(setup, place)
            stored.stamp = stamp(key)
            yield Put(setup.space, key, stored, stored.keep)

    def _hit(self, request: Request, stored: Stored, age: int) -> Response:
        """An ordinary request's answer from the store: RFC 9111 §4, without a step too many."""
        setup = self._setup
        counts, seen = setup.counts.raw, ("hit", request.path)
        counts[seen] = counts.get(seen, 0) + 1
        if len(counts) >= route_counters.PATHS:
            setup.counts.fold()
        if stored.flags & UNTAGGED:
            tag(stored)
        line = (FIELD, b"launchready; hit; ttl=%d" % (stored.lifetime - age))
        headers = [*stored.headers, (b"age", b"%d" % age), line]
        if not _CONDITIONS.isdisjoint(request.fields):
            return conditional_requests.answer(request, stored, headers, setup.wall())
        response = new(Response)
        response.status = stored.status
        response.headers = headers
        response.body = stored.body
        return response

    def _pass(self, request: Request, why: bytes) -> Flow[Response | None]:
        """The app answers, and nobody else ever sees it."""
        self._setup.count(f"bypass {why.decode('latin-1')}", request)
        forward = Forward()
        yield forward
        forward.answer.headers.append(forwarded(b"bypass", why))
        self._protect(request, forward.answer)
        return None

    def _not_stored(self, request: Request, ask: Ask, response: Response) -> None:
        response.headers.append(forwarded(b"bypass", ask.credentials) if ask.credentials else MISS)
        self._protect(request, response)

    def _protect(self, request: Request, response: Response) -> None:
        """An answer to somebody signed in that says nothing of caching: a cache in front must not guess.

        Files that can be validated are left alone: they are nobody's, and the browser would fetch them each time.
        """
        if not self._setup.policy.signed_in or not has_credentials(request, self._setup.policy):
            return
        fields = dict(response.headers)
        if b"cache-control" in fields or b"expires" in fields:
            return
        if b"last-modified" in fields and fields.get(b"content-type", b"").startswith(_FILES):
            return
        response.headers.append((b"cache-control", b"private, no-store"))

    def _changing(self, request: Request) -> Flow[Response | None]:
        """§4.4: a change that went well makes the stored answers for its URL useless, and for its groups (RFC 9875)."""
        setup = self._setup
        started = setup.clock()
        forward = Forward()
        yield forward
        response = forward.answer
        response.headers.append(METHOD)
        if request.method in _SAFE or not 200 <= response.status < 400:
            return None
        url, now = (no_vary_search.key(setup.searches, request) if setup.searches else target(request)), setup.clock()
        times = setup.changes.times
        times[url] = now
        if len(times) > BOUND:
            setup.changes.trim(now)
        try:
            yield Delete(setup.space, url)
            elsewhere = not _ELSEWHERE.isdisjoint(dict(response.headers))
            if elsewhere or setup.private is not None or not setup.policy.steering.isdisjoint(request.fields):
                yield from self._changed(request, response, started)
        except StoreError:
            keys = [url, *(setup.ask(request).place + each for each in targets(request, response))]
            lookup.owe(setup, keys, groups=bool(groups(response.headers, b"cache-group-invalidation")))
        return None

    def _changed(self, request: Request, response: Response, started: float) -> Flow[None]:
        """What else a change has reached: other URLs, the user's own answers, groups."""
        setup = self._setup
        place = setup.ask(request).place
        for url in targets(request, response):
            setup.changes.times[url] = setup.clock()
            yield Delete(setup.space, place + url)
        named = groups(response.headers, b"cache-group-invalidation")
        if named:
            yield from self.purge([purge.by_group(request, group) for group in named], soft=False)
        if setup.policy.post and request.method == "POST" and names_target(request, response):
            yield from self._keep_post(request, response, started)

    def _keep_post(self, request: Request, response: Response, started: float) -> Flow[None]:
        """RFC 9110 §9.3.3: with Content-Location and freshness, the answer to POST is the one to GET."""
        setup = self._setup
        stored = setup.storing(request, ORDINARY, response, setup.clock() - started)
        if stored is None or stored.vary or setup.leases:
            return
        stored.born = Purges.count
        copy = Copy(setup.max_body)
        yield copy
        if copy.answer is not None and whole(request, stored, copy.answer):
            yield Put(setup.space, target(request), stored, stored.keep)

    def purge(self, names: Iterable[str], *, soft: bool) -> Flow[None]:
        """Make what is stored under these names of :mod:`.purging` gone, or with ``soft`` stale."""
        self._setup.marked = True
        return purge.purge(names, soft=soft)

    def rows(self) -> list[dict[str, object]]:
        """What the cache did, by route: see :mod:`.counting`."""
        return self._setup.counts.rows()

    def suggestions(self) -> list[dict[str, object]]:
        """What could be cached: see :mod:`.suggesting`."""
        return self._setup.suggestions.rows()


def _says_nothing(response: Response) -> bool:
    """Whether an answer may be a good one to cache, and nobody has thought of it."""
    fields = dict(response.headers)
    return response.status == 200 and not {b"cache-control", b"expires", b"set-cookie"}.intersection(fields)


def _unsatisfiable() -> Response:
    """§5.2.1.7: the client wants nothing that is not stored."""
    answer = problem(504, "not-cached", "Not in the cache", "The request asked for a stored answer only.")
    answer.headers.append(forwarded(b"request", b"only-if-cached"))
    return answer
