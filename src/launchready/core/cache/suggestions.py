"""Suggestions of what could be cached: GET responses whose body stays the same for one user.

A sample of the responses without caching headers is compared with the previous body of the same URL and user. Only
hashes are kept, and their number is bounded.
"""

from collections.abc import Iterator

from launchready.core.cache.private_paths import is_private_path
from launchready.core.cache.profiles import CachePolicy
from launchready.core.cache.request_directives import has_credentials
from launchready.http.message import Request

SAMPLE_EVERY = 16
"""One response in so many is sampled, per path."""

_URLS = 512
_MIN_REPEATS = 3


class _Sample:
    __slots__ = ("body", "same", "size", "times")

    def __init__(self) -> None:
        self.body: int | None = None
        self.same = self.times = self.size = 0


class Suggestions:
    """Samples by path and user."""

    def __init__(self, policy: CachePolicy) -> None:
        self._policy = policy
        self._seen: dict[tuple[str, int], _Sample] = {}

    def sample(self, request: Request, body: bytes) -> None:
        """Record one response that states no freshness."""
        user = hash(tuple(self._credentials(request))) if has_credentials(request, self._policy) else 0
        url = f"{request.path}?{request.query.decode('latin-1')}" if request.query else request.path
        if (url, user) not in self._seen and len(self._seen) >= _URLS:
            self._seen.clear()
        seen = self._seen.setdefault((url, user), _Sample())
        found = hash(body)
        seen.same = seen.same + 1 if found == seen.body else 0
        seen.times += 1
        seen.body, seen.size = found, len(body)

    def _credentials(self, request: Request) -> Iterator[tuple[bytes, bytes]]:
        return (pair for pair in request.headers if pair[0] == b"cookie" or self._policy.is_credential(pair[0]))

    def rows(self) -> list[dict[str, object]]:
        """``{"path", "bytes", "looks", "write"}``: the setting to write, for each path with stable bodies."""
        best: dict[str, dict[str, object]] = {}
        for (url, user), seen in self._seen.items():
            path = url.partition("?")[0]
            if seen.same < _MIN_REPEATS or (not user and is_private_path(path)):
                continue
            option = "private" if user else "routes"
            whose = ', private_key="cookie:sessionid"' if user else ""
            row = {"path": path, "bytes": seen.size, "looks": seen.times,
                   "write": f'Cache({option}={{"GET {path}": "60s"}}{whose})'}  # fmt: skip
            if path not in best or seen.times > int(str(best[path]["looks"])):
                best[path] = row
        return list(best.values())
