"""Looking in a store that others share: the answer, its variant and the latest purge in one round trip.

Any process may have purged, so the mark of the latest purge is looked at beside every answer. Which variant a request
selects stands in the pointer of its URL; a pointer seldom changes, so the variant behind the one that was seen last is
asked for together with it, and once more only where it is another one by now.

Who can write the store could put one URL's answer under another's key: a stored answer names the key that it was put
under (and where there is a secret its signature covers that too), and counts as unreadable under any other.

A change that happened while the store was away is not lost: this process deletes what it owes as soon as the store
answers again, and before it serves anything from it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from launchready.core.cache import language_negotiation
from launchready.core.cache.cache_key import variant
from launchready.core.cache.invalidation import BOUND
from launchready.core.cache.purge import LATEST, MARKS, by_path, purge
from launchready.core.cache.shared_state import Setup
from launchready.core.cache.stored_response import POINTER, Stored, named
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, Entry, Get, GetAll
from launchready.http.message import Request

_REMEMBERED = 1024


class Found(NamedTuple):
    """``key``: where the answer stands or would stand; ``mark``: of the latest purge of all."""

    key: str
    entry: Entry[Stored] | None
    pointer: Entry[Stored] | None
    mark: Entry[bytes] | None


def look(setup: Setup, request: Request, key: str) -> Flow[Found]:
    """What stands under the key of a URL, and the variant that the request selects."""
    own, mark = Get(setup.space, key), Get(MARKS, LATEST)
    guess = _behind(setup, request, key, setup.pointers.get(key))
    together = GetAll(own, mark) if guess is None else GetAll(own, guess, mark)
    yield together
    if setup.owed:
        yield from _pay(setup)
        yield together
    pointer = own.answer
    behind = None if pointer is None or pointer.value.status != POINTER else _behind(setup, request, key, pointer)
    if pointer is None or behind is None:
        return Found(key, named(pointer, key), None, mark.answer)
    if guess is None or guess.key != behind.key:
        if len(setup.pointers) >= _REMEMBERED:
            setup.pointers.clear()
        setup.pointers[key] = pointer
        yield behind
    else:
        behind = guess
    entry = named(behind.answer, behind.key)
    if entry is None and setup.policy.fold_order:
        entry = yield from language_negotiation.preferred(setup, request, key, pointer)
    return Found(behind.key, entry, pointer, mark.answer)


def owe(setup: Setup, keys: Iterable[str], *, groups: bool) -> None:
    """A change could not be told. ``groups``: it named groups too, and nobody knows here what is in them."""
    setup.owed.update(keys)
    if groups or len(setup.owed) > BOUND:
        setup.owed = {""}


def _pay(setup: Setup) -> Flow[None]:
    for key in [*setup.owed]:
        if key:
            yield Delete(setup.space, key)
        else:
            yield from purge([by_path("/*")], soft=False)
        setup.owed.discard(key)  # only now: it is owed until it was done


def _behind(setup: Setup, request: Request, key: str, pointer: Entry[Stored] | None) -> Get[Stored] | None:
    if pointer is None:
        return None
    names = pointer.value.vary
    return Get(setup.space, variant(key, pointer.version, names, request, setup.policy.fold_order))
