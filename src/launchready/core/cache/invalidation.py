"""What a change makes useless (RFC 9111 §4.4; RFC 9875 §3), and which answers were under way meanwhile."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from launchready.core.cache.cache_key import url_key, url_key_of
from launchready.http.message import Request, Response

BOUND = 1024
_FORGET = 60.0


def invalidated_keys(request: Request, response: Response) -> Iterator[str]:
    """Keys: the URL itself, and Location and Content-Location where they are on the same host."""
    yield url_key(request)
    host = request.get(b"host")
    for name in (b"location", b"content-location"):
        value = response.get(name)
        if value:
            url = _resolved(request, value)
            if url is not None and url[:2] == (request.scheme, host):
                yield url_key_of(*url)


def describes_target(request: Request, response: Response) -> bool:
    """Whether Content-Location says that the answer is what GET of this URL would be (RFC 9110 §9.3.3)."""
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
    """Which URLs were changed lately: what was asked before the change must not be stored after it.

    ``times`` is empty where nothing was changed: then nothing need be asked. Bounded: past the bound everything asked
    before now counts as changed, which costs a call of the app and no more. Who notes a change writes its time into
    ``times`` and trims past the bound: a call would be a frame of every change.
    """

    __slots__ = ("_floor", "times")

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._floor = float("-inf")

    def trim(self, now: float) -> None:
        """Forget what was long ago, and where that does not help everything."""
        self.times = {key: time for key, time in self.times.items() if time > now - _FORGET}
        if len(self.times) >= BOUND:
            self.times.clear()
        self._floor = now - _FORGET if self.times else now

    def changed_since(self, key: str, moment: float) -> bool:
        """Whether the URL was changed after this moment."""
        return self.times.get(key, self._floor) >= moment
