"""A stored response, and how it is carried over a wire.

Nothing in it is changed once it was put, but for the ETag that it is given when it is first used.

Three things stand in the store beside responses, each under the key of one, each with a status that no response has:

- a **pointer**: what this URL answers depends on the request headers in ``vary``; the answer is one key further;
- a **lease**: somebody is asking the app right now, and will put the answer here;
- an **unshared** mark: what came cannot be shared, so nobody waits for anybody here.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import attrgetter

from launchready.exchange.store import Entry
from launchready.http.message import Headers

Lines = Sequence[tuple[bytes, bytes]]
"""Header lines, as tuples: the collector lets go of those at once, and would look at lists again and again."""

POINTER, LEASE, UNCACHEABLE = 0, -1, -2

HEADER_LINE = 200  # bytes of Python that a header line takes

# Bits of ``Stored.flags``.
EXPLICITLY_SHARED = 1  # for requests with a Cookie too
ALLOWS_AUTHORIZATION = 2  # for requests with Authorization too
NEVER_STALE = 4  # never stale
NO_ETAG = 8  # has no ETag, and may be given one
OWN_ETAG = 16  # the ETag is ours: the app does not know it
HAS_NO_VARY_SEARCH = 64  # says what makes no difference in its query
HTML = 32  # a page: looked through for what is for one visitor

MAX_TTL = 7 * 86_400
"""Seconds that anything is kept at most: fresh for a year or not, a purge need not be remembered for longer."""


class StoredResponse:
    """A stored response.

    - ``lifetime``: seconds of freshness from the moment it was made; ``age``: how old it was when it was put.
    - ``born``: which purge was the last when the app was asked: a purge must reach what was asked before it, however
      late that was put. In a store that others share, a version of that moment.
    - ``stale_for``, ``error_for``: seconds past freshness that it may be used while it is validated, and on an error.
    - ``groups``: its Cache-Groups and tags. ``length``: the length that the app announced.
    - ``keep``: seconds from the put that it is of any use: while fresh, while it may be stale or can be validated.
    - ``weight``: bytes, as a store in memory counts them.
    - ``stamp``: the key that it was put under, in a store that others can write: see ``verify_stamp``.
    """

    __slots__ = (
        "age",
        "body",
        "flags",
        "groups",
        "headers",
        "length",
        "lifetime",
        "purge_version",
        "stale_if_error",
        "stale_while_revalidate",
        "stamp",
        "status",
        "ttl",
        "vary",
        "weight",
    )  # fmt: skip

    def __init__(self, status: int, headers: Lines, lifetime: int = 0, vary: tuple[bytes, ...] = ()) -> None:
        self.status = status
        self.headers: Lines = tuple(headers)
        self.lifetime = lifetime
        self.vary = vary
        self.body = b""
        self.age = self.purge_version = 0
        self.stale_while_revalidate = 0
        self.stale_if_error = 0
        self.flags = 0
        self.groups: tuple[str, ...] = ()
        self.length: bytes | None = None
        self.ttl = 0
        self.stamp = ""
        self.weight = HEADER_LINE * len(headers)

    def field(self, name: bytes) -> bytes:
        """The first line of a header, or b""."""
        return next((value for key, value in self.headers if key == name), b"")

    @property
    def validators(self) -> Headers:
        """What to ask the app with, whether this is still its answer (RFC 9111 §4.3.1)."""
        names = {b"etag": b"if-none-match", b"last-modified": b"if-modified-since"}
        known = names.keys() - {b"etag"} if self.flags & OWN_ETAG else names.keys()
        return [(names[name], value) for name, value in self.headers if name in known]


VALIDATE_FOR = 86_400
"""Seconds past freshness for which an answer with validators is kept: a 304 in place of the whole."""

_NAMES = ("status", "lifetime", "age", "stale_while_revalidate", "stale_if_error", "flags", "ttl", "purge_version")


def dump(stored: StoredResponse) -> bytes:
    head = {
        "n": [getattr(stored, name) for name in _NAMES],
        "v": [name.decode("latin-1") for name in stored.vary],
        "g": stored.groups,
        "k": getattr(stored, "stamp", ""),  # what is made without a frame may have none
        "h": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in stored.headers],
    }
    return json.dumps(head).encode() + b"\n" + stored.body


def load(data: bytes) -> StoredResponse:
    """What was dumped. What cannot be read (another release wrote it) is a mark that is written over."""
    try:
        return _load(data)
    except (ValueError, KeyError, TypeError):
        return unreadable()


def unreadable() -> StoredResponse:
    return StoredResponse(UNCACHEABLE, [])


def stamp(key: str) -> str:
    """A key, as what stands under it names it: a digest, for a key holds what a request said."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def verify_stamp(entry: Entry[StoredResponse] | None, key: str) -> Entry[StoredResponse] | None:
    """The entry; unreadable where it is an answer that was put under another key.

    Who can write the store could copy one URL's answer, or one user's, under the key of another. Where there is a
    secret, the signature covers the name too.
    """
    if entry is None or entry.value.status <= 0 or entry.value.stamp == stamp(key):
        return entry
    return entry._replace(value=unreadable())


def _load(data: bytes) -> StoredResponse:
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["h"]]
    stored = StoredResponse(head["n"][0], headers)
    for name, value in zip(_NAMES, head["n"], strict=True):
        setattr(stored, name, value)
    stored.vary = tuple(name.encode("latin-1") for name in head["v"])
    stored.groups = tuple(head["g"])
    stored.stamp = head["k"]
    stored.body = body
    stored.weight += len(body)
    return stored


size: Callable[[StoredResponse], int] = attrgetter("weight")  # in C: no Python frame for every answer that is stored
