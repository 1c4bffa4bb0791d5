"""Invalidation after unsafe requests (RFC 9111 section 4.4, RFC 9875 section 3)."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from launchready.core.cache.cache_key import url_key, url_key_of
from launchready.http.message import Request, Response

BOUND = 1024
_FORGET = 60.0


def invalidated_keys(request: Request, response: Response) -> Iterator[str]:
    """Keys of the URL itself, and of Location and Content-Location on the same host."""
    yield url_key(request)
    host = request.get(b"host")
    for name in (b"location", b"content-location"):
        value = response.get(name)
        if value:
            url = _resolved(request, value)
            if url is not None and url[:2] == (request.scheme, host):
                yield url_key_of(*url)


def describes_target(request: Request, response: Response) -> bool:
    """Whether Content-Location states that the response equals a GET of this URL (RFC 9110 section 9.3.3)."""
    value = response.get(b"content-location")
    if value is None:
        return False
    own = request.scheme, request.get(b"host"), request.raw_path, request.query
    return _resolved(request, value) == own


def _resolved(request: Request, value: bytes) -> tuple[str, bytes | None, bytes, bytes] | None:
    host = (request.get(b"host") or b"").decode("latin-1")
    query = b"?" + request.query if request.query else b""
    base = f"{request.scheme}://{host}{(request.raw_path + query).decode('latin-1')}"
    try:
        parts = urlsplit(urljoin(base, value.decode("latin-1")))
    except ValueError:
        return None
    path = (parts.path or "/").encode("latin-1")
    return parts.scheme, parts.netloc.encode("latin-1"), path, parts.query.encode("latin-1")


class RecentChanges:
    """URLs that were changed lately. A response requested before a change must not be stored after it.

    Bounded: past BOUND, everything requested before now counts as changed, which costs one call of the app. The feature
    writes into ``times`` itself and calls ``trim`` past the bound, to save a function call for each change.
    """

    __slots__ = ("_floor", "times")

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._floor = float("-inf")

    def trim(self, now: float) -> None:
        """Forget old changes; if that frees nothing, forget all and raise the floor."""
        self.times = {key: time for key, time in self.times.items() if time > now - _FORGET}
        if len(self.times) >= BOUND:
            self.times.clear()
        self._floor = now - _FORGET if self.times else now

    def changed_since(self, key: str, moment: float) -> bool:
        """Whether the URL was changed at or after ``moment``."""
        return self.times.get(key, self._floor) >= moment
