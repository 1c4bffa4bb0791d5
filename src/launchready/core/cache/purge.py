"""Purging by path, tag or group: a mark in the store with a version.

Entries are checked when they are used: a mark for their path or one of their tags that is newer than the request to the
app makes them unusable. A purge therefore reaches every variant, query and worker at once, and responses still under
way. Usually one read of the latest mark of all decides.

A hard mark removes older entries. A soft mark makes them stale: RFC 5861 and validation still apply to them.
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
    """Number of purges in this process: the version of a mark in a store that no other process uses."""

    count = 0


def purge(names: Iterable[str], *, soft: bool) -> Flow[None]:
    """Write the marks. Raises StoreError if the store was not reached: then nothing was purged."""
    PurgeCounter.count += 1
    number = b"%d" % PurgeCounter.count
    for name in names:
        yield Put(MARKS, f"{'soft' if soft else 'hard'} {name}", number, MAX_TTL)
    yield Put(MARKS, LATEST, number, MAX_TTL)  # last: a reader that sees it also sees the others


def by_path(path: str) -> str:
    """``/coaches``: with every query; ``/coaches?page=2``: this query; ``/coaches/*``: everything below."""
    return f"path {path}"


def by_tag(tag: str) -> str:
    return f"tag {tag}"


def by_group(request: Request, group: str) -> str:
    """RFC 9875 section 2.1: a group belongs to one origin."""
    return f"group {request.scheme}://{request.get(b'host')!r} {group}"


def latest_mark() -> Flow[Entry[bytes] | None]:
    """The mark of the latest purge of all."""
    mark = Get(MARKS, LATEST)
    yield mark
    return mark.answer


def seconds_since_purge(
    request: Request, entry: Entry[StoredResponse], mark: Entry[bytes] | None, *, shared: bool
) -> Flow[float | None]:
    """Seconds since a soft purge of the entry; inf after a hard purge; None if no purge applies.

    ``mark``: the latest purge of all.
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
    """Whether the mark is newer than the request to the app.

    A shared store draws all versions from one sequence. In a store of one process, purges are numbered.
    """
    return mark is not None and (mark.version if shared else int(mark.value)) > purge_version


def _paths(request: Request) -> Iterator[str]:
    """Names of the marks that apply to this URL."""
    path = request.path
    yield by_path(path)
    if request.query:
        yield by_path(f"{path}?{request.query.decode('latin-1')}")
    parts = path.rstrip("/").split("/")[:32]
    for depth in range(1, len(parts) + 1):
        yield by_path("/".join(parts[:depth]) + "/*")
