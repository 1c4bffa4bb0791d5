"""What the cache may do beyond what RFC 9111 makes it do: two profiles of the same code.

``RFC9111`` is the plain shared cache. ``SAFE``, the default, assumes that the app says nothing of what is personal,
because every page that leaked from a page cache was one whose app had said nothing:

- unknown means not stored: no heuristic freshness, only statuses whose meaning is known, no errors;
- what is a person's business by its name (``denied``) is never stored, whatever its headers say;
- Set-Cookie is never stored; an answer to a request with Cookie only where it says ``public`` or ``s-maxage``;
- a request header that steers what the app answers, and is not part of the key, passes the cache by.
"""

import re
from dataclasses import dataclass

from launchready.http.routes import RouteTable

# Final statuses that say the same to whoever asks. Not 206 and 304, which are parts of an exchange; not 401, 403, 407
# and 429, which are for one client; not 400 and 431, which a header can provoke for everybody (CPDoS); no 5xx.
_SHAREABLE = frozenset({200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501})

# RFC 9110 §15, RFC 6585, RFC 7725: what is recognised where an answer says must-understand. 206 is not: parts are not
# stored.
UNDERSTOOD = frozenset(
    {200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
     411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511}
)  # fmt: skip

# Fields that an app puts on each answer for the one request it answers: replayed, they would be another's.
PER_REQUEST = frozenset(
    {b"x-request-id", b"request-id", b"x-correlation-id", b"x-trace-id", b"traceparent", b"tracestate",
     b"traceresponse", b"x-amzn-trace-id", b"x-cloud-trace-context", b"x-b3-traceid", b"server-timing", b"x-runtime",
     b"x-process-time", b"x-response-time", b"ratelimit", b"ratelimit-policy", b"x-ratelimit-limit",
     b"x-ratelimit-remaining", b"x-ratelimit-reset", b"authentication-info"}
)  # fmt: skip

# Fields with which an answer is one person's, whatever it says: his session, his one-time token.
PRIVATE_FIELDS = frozenset(
    {b"set-cookie", b"x-csrf-token", b"x-csrftoken", b"x-xsrf-token", b"csrf-token", b"x-auth-token",
     b"x-access-token", b"x-session-id", b"x-session-token"}
)  # fmt: skip

# Fields that say who asks, beside Cookie. Only the first is the standard's (§3.5); apps, and the gateways in front of
# them, name users by the others as well.
CREDENTIALS = frozenset(
    {b"authorization", b"proxy-authorization", b"x-authorization", b"x-api-key", b"api-key", b"apikey", b"x-auth-token",
     b"x-access-token", b"x-session-id", b"x-session-token", b"x-csrf-token", b"remote-user", b"x-remote-user",
     b"x-forwarded-user", b"x-forwarded-email", b"x-forwarded-access-token", b"x-auth-request-user",
     b"x-auth-request-email", b"x-auth-request-access-token", b"x-user-id", b"x-amz-security-token",
     b"x-amzn-oidc-data", b"x-amzn-oidc-identity", b"x-goog-iap-jwt-assertion", b"x-goog-authenticated-user-email",
     b"cf-access-jwt-assertion", b"x-ms-client-principal", b"x-ssl-client-cert", b"x-client-cert", b"ssl-client-cert",
     b"x-forwarded-client-cert", b"client-cert"}
)  # fmt: skip

# They make many apps answer for another host, scheme, path or method than the key says.
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

_REMEMBERED = 1024

AVAILABILITY_CAP = 30
"""Seconds that what is free may be shared at most, and only where the app says ``s-maxage`` itself."""


@dataclass(frozen=True)
class CachePolicy:
    """One profile. ``forced``: routes that are shared although their name says that they should not be."""

    name: str
    statuses: frozenset[int] | None  # None: every final one
    heuristic: bool
    set_cookie: bool  # may be stored
    ignore_cookies: bool  # a request with Cookie is like any other
    credentials: frozenset[bytes]  # request fields that say who asks
    mark_private: bool  # answers to requests with credentials that say nothing are marked private
    steering: frozenset[bytes]
    deny_private_paths: bool  # what is one person's business by its name is not shared
    add_etags: bool  # an ETag where the app gives none
    reuse_post: bool  # an answer to POST that is one to GET as well (RFC 9110 §9.3.3)
    fold_order: bool  # of languages and encodings
    max_stale: bool  # the client may ask for a stale answer
    forced_routes: RouteTable[bool] | None = None

    def denies(self, path: str, lifetime: int, *, s_maxage: bool) -> bool:
        """Whether a path that is :func:`personal` is denied: not where the owner insists, nor what is free at
        the moment where the app itself says ``s-maxage``, of half a minute at most."""
        if self.forced_routes is not None and self.forced_routes.find("GET", path, False):
            return False
        return not (s_maxage and lifetime <= AVAILABILITY_CAP and _AVAILABILITY.search(path.lower()))


def is_private_path(path: str) -> bool:
    """Whether a path is on the deny list; of a route, its pattern."""
    if len(PRIVATE_PATHS) >= _REMEMBERED:
        PRIVATE_PATHS.clear()
    found = PRIVATE_PATHS[path] = _DENIED.search(path.lower()) is not None
    return found


PRIVATE_PATHS: dict[str, bool] = {}
"""What was found in the paths of this app; bounded."""


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
