"""Writing a response to the store without undoing concurrent changes.

A store of one process has a single writer, and RecentChanges knows later changes. In a shared store every write is a
Replace of the version seen before the app was asked: a lease, or the entry that was validated. A concurrent change,
purge or takeover has another version, and the write is skipped.
"""

from launchready.core.cache import language_negotiation
from launchready.core.cache.app_call import Slot
from launchready.core.cache.cache_key import variant_key
from launchready.core.cache.request_directives import RequestDirectives
from launchready.core.cache.reuse import add_etag
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.stored_response import LEASE, NO_ETAG, POINTER, UNCACHEABLE, StoredResponse, stamp
from launchready.errors import StoreError
from launchready.exchange.claim import WaitForChange
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, Get, Put, PutIfAbsent, Replace
from launchready.http.message import Request

LEASE_SECONDS = 10.0
"""Seconds for which other processes wait for a lease; after that its holder counts as dead."""

POLL_INTERVAL, MAX_POLL_INTERVAL = 0.02, 1.0
"""Seconds between two reads of another process's lease without notifications, and at most."""
_UNSHARED_FOR = 2.0
_POINTER_FOR = 86_400
MAX_VARIANTS = 2048
_COUNTED = 1024
_DROPPED = 1024


def acquire_lease(
    state: CacheState,
    directives: RequestDirectives,
    slot: Slot,
    entry: Entry[StoredResponse] | None,
    mark: Entry[bytes] | None,
    waited: float,
) -> Flow[float | None]:
    """Announce in a shared store that this process asks the app; None if it may do so.

    If another process holds the lease, wait and return the seconds waited; the caller reads the entry again.
    ``entry``, ``mark``: the entry and the latest purge as they were read together.
    """
    if entry is None:
        claim = PutIfAbsent(state.space, slot.key, StoredResponse(LEASE, []), LEASE_SECONDS)
        yield claim
        entry = claim.answer.entry
        if entry is None:
            slot.version = slot.purge_version = claim.answer.version
            slot.holds_lease = True
            return None
        if entry.value.status != LEASE:
            return POLL_INTERVAL
    if entry.value.status == LEASE and state.dropped.pop(slot.key, None) != entry.version:
        if not directives.may_wait or waited >= LEASE_SECONDS or slot.key in state.uncacheable:
            return None  # asks the app itself; the holder of the lease stores
        watch = WaitForChange(state.space, slot.key, POLL_INTERVAL)
        watch.version, watch.most = entry.version, MAX_POLL_INTERVAL
        yield watch
        return watch.answer
    slot.holds_lease = entry.value.status == LEASE
    slot.version = entry.version
    slot.purge_version = entry.version if mark is None else max(entry.version, mark.version)
    return None


def release_lease(state: CacheState, slot: Slot) -> Flow[None]:
    """The app failed or was cancelled: another request may lead at once."""
    if slot.holds_lease and slot.version is not None:
        try:
            yield Delete(state.space, slot.key, slot.version)
        except StoreError:
            return


def mark_abandoned(state: CacheState, slot: Slot) -> None:
    """The leader was cancelled and cannot reach the store: the next leader of this process takes the lease over."""
    if slot.version is not None:
        if len(state.dropped) >= _DROPPED:
            state.dropped.clear()
        state.dropped[slot.key] = slot.version


def mark_uncacheable(state: CacheState, slot: Slot) -> Flow[None]:
    """The response cannot be shared: release all waiting requests, and let nobody wait for a moment."""
    if slot.version is not None:
        yield Replace(state.space, slot.key, StoredResponse(UNCACHEABLE, []), _UNSHARED_FOR, slot.version)


def write(state: CacheState, slot: Slot, stored: StoredResponse) -> Flow[None]:
    """Write a response to its slot."""
    if not state.shared_store:
        yield Put(state.space, slot.key, stored, stored.ttl)
    elif slot.version is not None:
        stored.purge_version, stored.stamp = slot.purge_version, stamp(slot.key)
        if stored.flags & NO_ETAG:
            add_etag(stored)  # otherwise each process would compute it again
        yield Replace(state.space, slot.key, stored, stored.ttl, slot.version)


def store(state: CacheState, request: Request, slot: Slot, stored: StoredResponse) -> Flow[None]:
    """Store a response at the URL, or behind a pointer if it varies."""
    if state.shared_store and slot.version is None:
        return
    if state.shared_store:
        stored.purge_version = slot.purge_version
    if not stored.vary:
        if slot.pointer is not None:  # it no longer varies
            yield from mark_uncacheable(state, slot)
            slot.version, slot.pointer = slot.pointer.version, None
        slot.key = slot.url_key
    else:
        at = yield from _variant_slot_key(state, request, slot, stored.vary)
        if at is None or slot.pointer is None:
            return
        if state.policy.fold_order:
            yield from language_negotiation.offer(state, request, slot.url_key, slot.pointer, stored)
        if at != slot.key:
            slot.key, stored.stamp = at, stamp(at)
            yield Put(state.space, at, stored, stored.ttl)  # the pointer is new, so no other process uses the key
            return
    yield from write(state, slot, stored)


def _variant_slot_key(state: CacheState, request: Request, slot: Slot, names: tuple[bytes, ...]) -> Flow[str | None]:
    """The key of the request's variant, after writing its pointer if needed; None if the URL was changed."""
    known = slot.pointer is not None and slot.pointer.value.vary == names and not _has_too_many_variants(state, slot)
    if not known and not (yield from _put_pointer(state, slot, names)):
        return None
    assert slot.pointer is not None  # it existed or was written
    return variant_key(slot.url_key, slot.pointer.version, names, request, state.policy.fold_order)


def _put_pointer(state: CacheState, slot: Slot, names: tuple[bytes, ...]) -> Flow[bool]:
    """Write the pointer. False if the URL was changed meanwhile."""
    pointer = StoredResponse(POINTER, [], vary=names)
    version = slot.version if slot.pointer is None else slot.pointer.version
    if state.shared_store and version is not None:
        replaced = Replace(state.space, slot.url_key, pointer, _POINTER_FOR, version)
        yield replaced
        if not replaced.answer:
            return False
    else:
        yield Put(state.space, slot.url_key, pointer, _POINTER_FOR)
    found = Get(state.space, slot.url_key)
    yield found
    slot.pointer = found.answer
    return found.answer is not None and found.answer.value.vary == names


def _has_too_many_variants(state: CacheState, slot: Slot) -> bool:
    """Whether the URL has more variants than MAX_VARIANTS. Then they are dropped by a new pointer."""
    assert slot.pointer is not None  # the caller has one
    known = slot.url_key, slot.pointer.version
    if len(state.variants) >= _COUNTED:
        state.variants.clear()
    state.variants[known] = state.variants.get(known, 0) + 1
    return state.variants[known] > MAX_VARIANTS
