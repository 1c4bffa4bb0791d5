"""Putting what came into the store, past everything that may have happened meanwhile.

In a store of this process nobody else writes, and what was changed since is known (:class:`.invalidation.Changes`).
In a store that others share, a write is a Replace of what was there before the app was asked: a lease, or the entry
that was validated. Who changed, purged or took over in between has made it another one, and nothing is written.
"""

from launchready.core.cache import language_negotiation
from launchready.core.cache.cache_key import variant
from launchready.core.cache.request_directives import Ask
from launchready.core.cache.reuse import tag
from launchready.core.cache.shared_state import Setup
from launchready.core.cache.stored_response import LEASE, POINTER, UNSHARED, UNTAGGED, Stored, stamp
from launchready.errors import StoreError
from launchready.exchange.claim import Watch
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, Get, Put, PutIfAbsent, Replace
from launchready.http.message import Request

LEASED = 10.0
"""Seconds for which a process may keep others waiting for its answer; after that it is taken for dead."""

LOOK_AGAIN, SURE = 0.02, 1.0
"""Seconds between two looks at somebody else's lease: where nothing tells of its end, and at most."""
_UNSHARED_FOR = 2.0
_POINTER_FOR = 86_400
MAX_VARIANTS = 2048
_COUNTED = 1024
_DROPPED = 1024


class Place:
    """Where an answer will be put. ``key``: of the URL; ``at``: where it was looked for: the same, or one of its
    variants, behind ``pointer``. ``version``: of what a shared store holds there; None: somebody else will store.
    ``born``: its version when the app was asked. ``leased``: others wait for what comes."""

    __slots__ = ("at", "born", "key", "leased", "pointer", "version")

    def __init__(self, key: str, at: str, pointer: Entry[Stored] | None) -> None:
        self.key = key
        self.at = at
        self.pointer = pointer
        self.version: int | None = None
        self.born = 0
        self.leased = False


def lease(
    setup: Setup, ask: Ask, place: Place, entry: Entry[Stored] | None, mark: Entry[bytes] | None, waited: float
) -> Flow[float | None]:
    """Say in a shared store that this process asks the app. Else somebody does: look again. Answers how long it waited.

    ``entry``, ``mark``: what stands there, and the latest purge, as they were found together.
    """
    if entry is None:
        claim = PutIfAbsent(setup.space, place.at, Stored(LEASE, []), LEASED)
        yield claim
        entry = claim.answer.entry
        if entry is None:
            place.version = place.born = claim.answer.version
            place.leased = True
            return None
        if entry.value.status != LEASE:
            return LOOK_AGAIN
    if entry.value.status == LEASE and setup.dropped.pop(place.at, None) != entry.version:
        if not ask.joins or waited >= LEASED or place.at in setup.unshared:
            return None  # goes by himself, and leaves the storing to who holds the lease
        watch = Watch(setup.space, place.at, LOOK_AGAIN)
        watch.version, watch.most = entry.version, SURE
        yield watch
        return watch.answer
    place.leased = entry.value.status == LEASE
    place.version = entry.version
    place.born = entry.version if mark is None else max(entry.version, mark.version)
    return None


def abandon(setup: Setup, place: Place) -> Flow[None]:
    """The app failed, or was stopped since its client went away: whoever waits longest may lead, at once."""
    if place.leased and place.version is not None:
        try:
            yield Delete(setup.space, place.at, place.version)
        except StoreError:
            return


def drop(setup: Setup, place: Place) -> None:
    """The leader of this process went away and cannot say so in the store: whoever leads next here takes over."""
    if place.version is not None:
        if len(setup.dropped) >= _DROPPED:
            setup.dropped.clear()
        setup.dropped[place.at] = place.version


def release(setup: Setup, place: Place) -> Flow[None]:
    """What came cannot be shared: all who wait go on at once, and for a moment nobody waits here again."""
    if place.version is not None:
        yield Replace(setup.space, place.at, Stored(UNSHARED, []), _UNSHARED_FOR, place.version)


def write(setup: Setup, place: Place, stored: Stored) -> Flow[None]:
    """Put an answer where it was looked for."""
    if not setup.leases:
        yield Put(setup.space, place.at, stored, stored.keep)
    elif place.version is not None:
        stored.born, stored.stamp = place.born, stamp(place.at)
        if stored.flags & UNTAGGED:
            tag(stored)  # others load a copy, and each would work it out again
        yield Replace(setup.space, place.at, stored, stored.keep, place.version)


def keep(setup: Setup, request: Request, place: Place, stored: Stored) -> Flow[None]:
    """Put an answer where it belongs by its Vary: at the URL, or behind a pointer that says what it depends on."""
    if setup.leases and place.version is None:
        return
    if setup.leases:
        stored.born = place.born
    if not stored.vary:
        if place.pointer is not None:  # it does not vary any more
            yield from release(setup, place)
            place.version, place.pointer = place.pointer.version, None
        place.at = place.key
    else:
        at = yield from _behind(setup, request, place, stored.vary)
        if at is None or place.pointer is None:
            return
        if setup.policy.fold_order:
            yield from language_negotiation.offer(setup, request, place.key, place.pointer, stored)
        if at != place.at:
            place.at, stored.stamp = at, stamp(at)
            yield Put(setup.space, at, stored, stored.keep)  # nobody else knew the new pointer
            return
    yield from write(setup, place, stored)


def _behind(setup: Setup, request: Request, place: Place, names: tuple[bytes, ...]) -> Flow[str | None]:
    """The key of the request's variant, its pointer put where there is none; None where the URL has changed."""
    known = place.pointer is not None and place.pointer.value.vary == names and not _crowded(setup, place)
    if not known and not (yield from _point(setup, place, names)):
        return None
    assert place.pointer is not None  # it is there, or was put
    return variant(place.key, place.pointer.version, names, request, setup.policy.fold_order)


def _point(setup: Setup, place: Place, names: tuple[bytes, ...]) -> Flow[bool]:
    """Put the pointer. False where the URL was changed meanwhile."""
    pointer = Stored(POINTER, [], vary=names)
    version = place.version if place.pointer is None else place.pointer.version
    if setup.leases and version is not None:
        replaced = Replace(setup.space, place.key, pointer, _POINTER_FOR, version)
        yield replaced
        if not replaced.answer:
            return False
    else:
        yield Put(setup.space, place.key, pointer, _POINTER_FOR)
    found = Get(setup.space, place.key)
    yield found
    place.pointer = found.answer
    return found.answer is not None and found.answer.value.vary == names


def _crowded(setup: Setup, place: Place) -> bool:
    """Whether one URL has more variants than any app means. Then they are forgotten, and it starts again."""
    assert place.pointer is not None  # asked by who has it
    known = place.key, place.pointer.version
    if len(setup.variants) >= _COUNTED:
        setup.variants.clear()
    setup.variants[known] = setup.variants.get(known, 0) + 1
    return setup.variants[known] > MAX_VARIANTS
