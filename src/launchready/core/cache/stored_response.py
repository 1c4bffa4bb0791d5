"""A stored response and its serialised form.

Entries are immutable after the write, except for an ETag added at first use. Three other kinds of entry share the key
space, each with a status that no response has:

- a **pointer**: the response depends on the request headers in ``vary``; the entry is one key further;
- a **lease**: a process is asking the app and will store the response here;
- an **uncacheable** mark: the response cannot be shared, so no request waits here.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import attrgetter

from launchready.exchange.store import Entry
from launchready.http.message import Headers

Lines = Sequence[tuple[bytes, bytes]]
"""Header lines as tuples: the garbage collector untracks them, unlike lists."""

POINTER, LEASE, UNCACHEABLE = 0, -1, -2

HEADER_LINE = 200  # bytes of memory per header line

# Bits of ``Stored.flags``.
EXPLICITLY_SHARED = 1  # usable for requests with a Cookie
ALLOWS_AUTHORIZATION = 2  # usable for requests with Authorization
NEVER_STALE = 4  # must not be used stale
NO_ETAG = 8  # has no ETag and may get ours
OWN_ETAG = 16  # the ETag is ours, unknown to the app
HAS_NO_VARY_SEARCH = 64  # carries No-Vary-Search
SEARCHED = 32  # pages and data: searched for one-time tokens
ENCODED = 128  # has a Content-Encoding
INSPECTED = SEARCHED | ENCODED

MAX_TTL = 7 * 86_400
"""Longest time in seconds that anything is stored, so that purges need not be remembered longer."""


class StoredResponse:
    """- ``lifetime``: seconds of freshness; ``age``: age when it was stored.
    - ``purge_version``: the latest purge when the app was asked, so that the purge reaches responses stored later. In a
      shared store, a version of that moment.
    - ``stale_while_revalidate``, ``stale_if_error``: seconds after freshness ends.
    - ``groups``: its Cache-Groups and tags. ``length``: the announced Content-Length.
    - ``ttl``: seconds for which the entry is useful: fresh, usable stale, or for validation.
    - ``weight``: bytes, as a memory store counts them.
    - ``stamp``: names the key that it was stored under, in a store that others can write: see ``verify_stamp``.
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
        """Conditions that ask the app whether this response is still current (RFC 9111 section 4.3.1)."""
        names = {b"etag": b"if-none-match", b"last-modified": b"if-modified-since"}
        known = names.keys() - {b"etag"} if self.flags & OWN_ETAG else names.keys()
        return [(names[name], value) for name, value in self.headers if name in known]


VALIDATE_FOR = 86_400
"""Seconds past freshness for which a response with validators is kept: a 304 replaces a full response."""

_NAMES = ("status", "lifetime", "age", "stale_while_revalidate", "stale_if_error", "flags", "ttl", "purge_version")


def dump(stored: StoredResponse) -> bytes:
    head = {
        "n": [getattr(stored, name) for name in _NAMES],
        "v": [name.decode("latin-1") for name in stored.vary],
        "g": stored.groups,
        "k": getattr(stored, "stamp", ""),  # entries made by ``new`` may have none
        "h": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in stored.headers],
    }
    return json.dumps(head).encode() + b"\n" + stored.body


def load(data: bytes) -> StoredResponse:
    """Inverse of ``dump``. Unreadable data, such as another release's, counts as an uncacheable mark."""
    try:
        return _load(data)
    except (ValueError, KeyError, TypeError):
        return unreadable()


def unreadable() -> StoredResponse:
    return StoredResponse(UNCACHEABLE, [])


def stamp(key: str) -> str:
    """Digest of a key. A digest, because a key contains parts of the request."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def verify_stamp(entry: Entry[StoredResponse] | None, key: str) -> Entry[StoredResponse] | None:
    """The entry; unreadable if it is a response that was stored under another key.

    An attacker with write access to the store could copy a response to another URL's or user's key. With a secret, the
    signature covers the stamp too.
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


size: Callable[[StoredResponse], int] = attrgetter("weight")  # in C: no Python frame per stored response
