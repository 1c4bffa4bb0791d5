"""Lookup in a store shared by several processes: response, variant and latest purge in one round trip.

- Any process may have purged, so the mark of the latest purge is read together with every entry.
- The pointer of a URL names the variant. Pointers seldom change, so the variant behind the last known pointer is read
  in the same batch; a second read is needed only if the pointer has changed.
- An attacker with write access to the store could copy a response to another key. A stored response names its key
  (covered by the signature if there is a secret) and is unreadable under any other key.
- Changes made while the store was down are kept in ``deferred`` and invalidated before anything is served from it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from launchready.core.cache import language_negotiation
from launchready.core.cache.cache_key import variant_key
from launchready.core.cache.invalidation import BOUND
from launchready.core.cache.purge import LATEST, MARKS, by_path, purge
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.stored_response import POINTER, StoredResponse, verify_stamp
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, Get, GetAll
from launchready.http.message import Request

_MAX_POINTERS = 1024


class LookupResult(NamedTuple):
    """``key``: where the response is or would be stored; ``mark``: the latest purge of all."""

    key: str
    entry: Entry[StoredResponse] | None
    pointer: Entry[StoredResponse] | None
    mark: Entry[bytes] | None


def look_up(state: CacheState, request: Request, key: str) -> Flow[LookupResult]:
    """Read the entry of a URL and the variant that the request selects."""
    own, mark = Get(state.space, key), Get(MARKS, LATEST)
    guess = _variant_get(state, request, key, state.pointers.get(key))
    together = GetAll(own, mark) if guess is None else GetAll(own, guess, mark)
    yield together
    if state.deferred:
        yield from _invalidate_deferred(state)
        yield together
    pointer = own.answer
    behind = None if pointer is None or pointer.value.status != POINTER else _variant_get(state, request, key, pointer)
    if pointer is None or behind is None:
        return LookupResult(key, verify_stamp(pointer, key), None, mark.answer)
    if guess is None or guess.key != behind.key:
        if len(state.pointers) >= _MAX_POINTERS:
            state.pointers.clear()
        state.pointers[key] = pointer
        yield behind
    else:
        behind = guess
    entry = verify_stamp(behind.answer, behind.key)
    if entry is None and state.policy.fold_order:
        entry = yield from language_negotiation.preferred(state, request, key, pointer)
    return LookupResult(behind.key, entry, pointer, mark.answer)


def defer_invalidation(state: CacheState, keys: Iterable[str], *, groups: bool) -> None:
    """Remember keys whose invalidation failed. ``groups``: unknown group members, so everything is purged."""
    state.deferred.update(keys)
    if groups or len(state.deferred) > BOUND:
        state.deferred = {""}


def _invalidate_deferred(state: CacheState) -> Flow[None]:
    for key in [*state.deferred]:
        if key:
            yield Delete(state.space, key)
        else:
            yield from purge([by_path("/*")], soft=False)
        state.deferred.discard(key)  # only after it succeeded


def _variant_get(
    state: CacheState, request: Request, key: str, pointer: Entry[StoredResponse] | None
) -> Get[StoredResponse] | None:
    if pointer is None:
        return None
    names = pointer.value.vary
    return Get(state.space, variant_key(key, pointer.version, names, request, state.policy.fold_order))
