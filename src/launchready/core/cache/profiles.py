"""The two profiles of the cache: what it may do beyond the requirements of RFC 9111.

``RFC9111`` is the plain shared cache of the standard. ``SAFE``, the default, assumes that the app marks nothing as
personal, because pages leaked from page caches came from apps that had not marked them:

- it stores only known, non-error statuses with explicit freshness; no heuristic freshness;
- private paths (``is_private_path``) are never stored, whatever their headers say;
- Set-Cookie is never stored; a response to a request with Cookie only with ``public`` or ``s-maxage``;
- a request header that changes the response and is not part of the key bypasses the cache.
"""

import re
from dataclasses import dataclass

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

# Response fields that carry a session or a one-time token: such a response is never stored.
PRIVATE_FIELDS = frozenset(
    {b"set-cookie", b"x-csrf-token", b"x-csrftoken", b"x-xsrf-token", b"csrf-token", b"x-auth-token",
     b"x-access-token", b"x-session-id", b"x-session-token"}
)  # fmt: skip

# Request fields that identify the user, besides Cookie. The standard names only the first (section 3.5); apps and
# gateways use the others as well.
CREDENTIALS = frozenset(
    {b"authorization", b"proxy-authorization", b"x-authorization", b"x-api-key", b"api-key", b"apikey", b"x-auth-token",
     b"x-access-token", b"x-session-id", b"x-session-token", b"x-csrf-token", b"remote-user", b"x-remote-user",
     b"x-forwarded-user", b"x-forwarded-email", b"x-forwarded-access-token", b"x-auth-request-user",
     b"x-auth-request-email", b"x-auth-request-access-token", b"x-user-id", b"x-amz-security-token",
     b"x-amzn-oidc-data", b"x-amzn-oidc-identity", b"x-goog-iap-jwt-assertion", b"x-goog-authenticated-user-email",
     b"cf-access-jwt-assertion", b"x-ms-client-principal", b"x-ssl-client-cert", b"x-client-cert", b"ssl-client-cert",
     b"x-forwarded-client-cert", b"client-cert"}
)  # fmt: skip

# Request fields that make many apps answer for another host, scheme, path or method than the key contains.
STEERING = frozenset(
    {b"forwarded", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-protocol", b"x-forwarded-scheme",
     b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-server", b"x-forwarded-path", b"x-forwarded-uri",
     b"x-forwarded-ssl", b"front-end-https", b"x-scheme", b"x-url-scheme", b"x-script-name", b"script-name",
     b"path-info", b"x-host", b"x-original-host", b"x-http-host-override", b"x-backend-host", b"x-proxy-url",
     b"x-original-url", b"x-original-uri", b"x-original-path", b"x-envoy-original-path", b"x-real-url",
     b"x-rewrite-url", b"x-http-method-override", b"x-http-method", b"x-method-override"}
)  # fmt: skip

_ACCESS = (
    r"log[-_]?(?:in|out|on|off)|sign[-_]?(?:in|up|out|on)|register|passw(?:or)?d|oauth2?|callback|sso|saml|mfa|otp|2fa"
)
_MONEY = r"check[-_]?out|pay|payments?|cart|basket|orders?|invoices?|billing|refunds?|webhooks?"
_TIME = r"book|bookings?|reserve|reservations?|appointments?|(?:un)?availab\w*|(?:time)?slots?|free[-_]?busy"
_PERSON = r"accounts?|me|my|profile|settings|inbox|messages|dashboard|admin|sessions?|tokens?|api[-_]?keys?|csrf"
_STATE = r"health|healthz|livez|readyz"
_WORD = r"[a-z0-9]+[-_.]"
_DENIED = re.compile(
    rf"(?:^|/)(?:{_WORD}){{0,2}}(?:{_ACCESS}|{_MONEY}|{_TIME}|{_PERSON}|{_STATE})(?:[-_.][a-z0-9]+){{0,2}}(?=/|$)"
)
_AVAILABILITY = re.compile(r"availab|slot|free[-_]?busy")

_MAX_PATHS = 1024

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
    credentials: frozenset[bytes]  # request fields that identify the user
    mark_private: bool  # add private, no-store to silent responses for users
    steering: frozenset[bytes]
    deny_private_paths: bool  # private paths are not shared
    add_etags: bool  # add an ETag if the app sends none
    reuse_post: bool  # store a POST response that is valid for GET (RFC 9110 section 9.3.3)
    fold_order: bool  # ignore the order of languages and encodings
    max_stale: bool  # honour the max-stale directive
    forced_routes: RouteTable[bool] | None = None

    def denies(self, path: str, lifetime: int, *, s_maxage: bool) -> bool:
        """Whether a private path stays out of the cache.

        The owner may force it. Availability is stored if the app states ``s-maxage`` of at most 30
        seconds.
        """
        if self.forced_routes is not None and self.forced_routes.find("GET", path, False):
            return False
        return not (s_maxage and lifetime <= AVAILABILITY_CAP and _AVAILABILITY.search(path.lower()))


def is_private_path(path: str) -> bool:
    """Whether a path, or the pattern of a route, is on the deny list."""
    if len(PRIVATE_PATHS) >= _MAX_PATHS:
        PRIVATE_PATHS.clear()
    found = PRIVATE_PATHS[path] = _DENIED.search(path.lower()) is not None
    return found


PRIVATE_PATHS: dict[str, bool] = {}
"""Results of ``is_private_path`` for the paths of this app; bounded."""


SAFE = CachePolicy(
    name="safe", statuses=_SHAREABLE, heuristic=False, set_cookie=False, ignore_cookies=False, credentials=CREDENTIALS,
    mark_private=True,
    steering=STEERING, deny_private_paths=True, add_etags=True, reuse_post=False, fold_order=False, max_stale=False,
)  # fmt: skip

RFC9111 = CachePolicy(
    name="rfc9111", statuses=None, heuristic=True, set_cookie=True, ignore_cookies=True,
    credentials=frozenset({b"authorization"}), mark_private=False,
    steering=frozenset(), deny_private_paths=False, add_etags=False, reuse_post=True, fold_order=True, max_stale=True,
)  # fmt: skip

PROFILES = {profile.name: profile for profile in (SAFE, RFC9111)}
