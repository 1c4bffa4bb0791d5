"""The two profiles of the cache: what it may do beyond the requirements of RFC 9111.

``RFC9111`` is the plain shared cache of the standard. ``SAFE``, the default, assumes that the app marks nothing as
personal, because pages leaked from page caches came from apps that had not marked them:

- it stores only known, non-error statuses with explicit freshness; no heuristic freshness;
- private paths (``is_private_path``) are never stored, whatever their headers say;
- Set-Cookie is never stored; a response to a request with Cookie only with ``public`` or ``s-maxage``;
- a request header that changes the response and is not part of the key bypasses the cache.
"""

from dataclasses import dataclass

from launchready.core.cache.header_kinds import CREDENTIAL, STEERING, kind_of
from launchready.core.cache.private_paths import is_availability
from launchready.http.routes import RouteTable

# Final statuses that mean the same for every client. Not 206 and 304 (partial exchanges), 401, 403, 407 and 429 (one
# client), 400 and 431 (a header of one client can provoke them: CPDoS), nor 5xx.
_SHAREABLE = frozenset({200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501})

# RFC 9110 section 15, RFC 6585, RFC 7725: statuses understood for must-understand. Not 206: parts are not stored.
UNDERSTOOD = frozenset(
    {200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
     411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511}
)  # fmt: skip

# Response fields that describe one request: they are removed before a response is stored.
PER_REQUEST = frozenset(
    {b"x-request-id", b"request-id", b"x-correlation-id", b"x-trace-id", b"traceparent", b"tracestate",
     b"traceresponse", b"x-amzn-trace-id", b"x-cloud-trace-context", b"x-b3-traceid", b"server-timing", b"x-runtime",
     b"x-process-time", b"x-response-time", b"ratelimit", b"ratelimit-policy", b"x-ratelimit-limit",
     b"x-ratelimit-remaining", b"x-ratelimit-reset", b"authentication-info"}
)  # fmt: skip

AVAILABILITY_CAP = 30
"""Longest time in seconds for which availability may be shared, if the app states ``s-maxage``."""


@dataclass(frozen=True)
class CachePolicy:
    """One profile. ``forced_routes``: routes that are shared although their path is private."""

    name: str
    statuses: frozenset[int] | None  # None: every final status
    heuristic: bool
    set_cookie: bool  # responses with Set-Cookie may be stored
    ignore_cookies: bool  # Cookie does not make a request personal
    header_kinds: bool  # credentials and steering headers are recognised by their words
    mark_private: bool  # add private, no-store to silent responses for users
    search_bodies: bool  # bodies with one-time tokens are not stored
    deny_private_paths: bool  # private paths are not shared
    add_etags: bool  # add an ETag if the app sends none
    reuse_post: bool  # store a POST response that is valid for GET (RFC 9110 section 9.3.3)
    fold_order: bool  # ignore the order of languages and encodings
    max_stale: bool  # honour the max-stale directive
    stale_if_error: int  # seconds, for responses that neither state nor forbid it
    forced_routes: RouteTable[bool] | None = None

    def is_credential(self, name: bytes) -> bool:
        """Whether a request header identifies the user. The standard names only Authorization (section 3.5)."""
        return kind_of(name) == CREDENTIAL if self.header_kinds else name == b"authorization"

    def is_steering(self, name: bytes) -> bool:
        """Whether a request header changes the response and is not part of the key."""
        return self.header_kinds and kind_of(name) == STEERING

    def denies(self, path: str, lifetime: int, *, s_maxage: bool) -> bool:
        """Whether a private path stays out of the cache.

        The owner may force it. Availability is stored if the app states ``s-maxage`` of at most 30
        seconds.
        """
        if self.forced_routes is not None and self.forced_routes.find("GET", path, False):
            return False
        return not (s_maxage and lifetime <= AVAILABILITY_CAP and is_availability(path))


SAFE = CachePolicy(
    name="safe", statuses=_SHAREABLE, heuristic=False, set_cookie=False, ignore_cookies=False, header_kinds=True,
    mark_private=True,
    search_bodies=True, deny_private_paths=True, add_etags=True, reuse_post=False, fold_order=False, max_stale=False,
    stale_if_error=0,
)  # fmt: skip

RFC9111 = CachePolicy(
    name="rfc9111", statuses=None, heuristic=True, set_cookie=True, ignore_cookies=True,
    header_kinds=False, mark_private=False,
    search_bodies=False, deny_private_paths=False, add_etags=False, reuse_post=True, fold_order=True, max_stale=True,
    stale_if_error=60,
)  # fmt: skip

PROFILES = {profile.name: profile for profile in (SAFE, RFC9111)}
