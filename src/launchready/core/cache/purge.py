"""Purging by path, tag or group: a mark in the store, older or younger than what it is about.

An entry is looked at when it is used: is there a mark for its path or one of its tags that is younger than the moment
its app was asked? So a purge reaches every variant, every query and every worker at once, whatever is in the store and
whatever is still under way. Nearly always the answer is found with one look, at the moment of the latest_mark purge of all.

A hard mark makes what is older gone, a soft one makes it stale: it may still be used as RFC 5861 allows, and validated.
"""

from collections.abc import Iterable, Iterator
from math import inf

from launchready.core.cache.stored_response import MAX_TTL, StoredResponse
from launchready.exchange.operations import Flow
from launchready.exchange.store import Entry, Get, Put, Space
from launchready.http.message import Request

MARKS: Space[bytes] = Space("cache-marks", dump=bytes, load=bytes, size=len, evictable=False, max_entries=100_000)

LATEST = "latest"


class PurgeCounter:
    """How many there were in this process: what dates a mark in a store that no other process knows."""

    count = 0


def purge(names: Iterable[str], *, soft: bool) -> Flow[None]:
    """Put the marks. Raises what the store raises: a purge that did not reach it did not happen."""
    PurgeCounter.count += 1
    number = b"%d" % PurgeCounter.count
    for name in names:
        yield Put(MARKS, f"{'soft' if soft else 'hard'} {name}", number, MAX_TTL)
    yield Put(MARKS, LATEST, number, MAX_TTL)  # last, so that whoever sees it sees the others


def by_path(path: str) -> str:
    """``/coaches``: with every query; ``/coaches?page=2``: with this one; ``/coaches/*``: with all that is below."""
    return f"path {path}"


def by_tag(tag: str) -> str:
    return f"tag {tag}"


def by_group(request: Request, group: str) -> str:
    """RFC 9875 §2.1: a group is of one origin."""
    return f"group {request.scheme}://{request.get(b'host')!r} {group}"


def latest_mark() -> Flow[Entry[bytes] | None]:
    """The mark of the latest_mark purge of all."""
    mark = Get(MARKS, LATEST)
    yield mark
    return mark.answer


def seconds_since_purge(
    request: Request, entry: Entry[StoredResponse], mark: Entry[bytes] | None, *, shared: bool
) -> Flow[float | None]:
    """Seconds for which the entry has been stale by a purge; inf where it is gone; None where none reached it.

    ``mark``: of the latest_mark purge of all.
    """
    purge_version = entry.value.purge_version
    if not _is_newer(mark, purge_version, shared=shared):
        return None
    names = [*_paths(request)]
    for group in entry.value.groups:
        names += [by_tag(group), by_group(request, group)]
    stale: float | None = None
    for kind in ("hard", "soft"):
        for name in names:
            own = Get(MARKS, f"{kind} {name}")
            yield own
            if own.answer is not None and _is_newer(own.answer, purge_version, shared=shared):
                if kind == "hard":
                    return inf
                stale = max(stale or 0.0, own.answer.age)
    return stale


def _is_newer(mark: Entry[bytes] | None, purge_version: int, *, shared: bool) -> bool:
    """Whether the mark is younger than the moment in which the app was asked, to the very operation.

    A store that others share draws all its versions from one source. In one of this process, purges are numbered.
    """
    return mark is not None and (mark.version if shared else int(mark.value)) > purge_version


def _paths(request: Request) -> Iterator[str]:
    """What a mark that reaches this URL may be called."""
    path = request.path
    yield by_path(path)
    if request.query:
        yield by_path(f"{path}?{request.query.decode('latin-1')}")
    parts = path.rstrip("/").split("/")[:32]
    for depth in range(1, len(parts) + 1):
        yield by_path("/".join(parts[:depth]) + "/*")
