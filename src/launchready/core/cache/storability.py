"""Whether and how a response is stored (RFC 9111 section 3); decided on its head, before the body arrives."""

from collections.abc import Callable

from launchready.core.cache import freshness, no_vary_search
from launchready.core.cache.cache_control import PARSED, CacheControl, parse_cache_control
from launchready.core.cache.cache_key import parse_vary
from launchready.core.cache.cache_status import FIELD
from launchready.core.cache.header_kinds import is_private_response_field
from launchready.core.cache.personal_body import is_searched
from launchready.core.cache.private_paths import PRIVATE_PATHS, is_private_path
from launchready.core.cache.profiles import PER_REQUEST, UNDERSTOOD, CachePolicy
from launchready.core.cache.request_directives import ORDINARY, RequestDirectives
from launchready.core.cache.stored_response import (
    ENCODED,
    HAS_NO_VARY_SEARCH,
    HEADER_LINE,
    MAX_TTL,
    NO_ETAG,
    SEARCHED,
    VALIDATE_FOR,
    Lines,
    StoredResponse,
)
from launchready.core.cache.targeted_cache_control import targeted
from launchready.exchange.operations import allocate
from launchready.http.message import NOT_SHAREABLE, Headers, Request, Response
from launchready.http.routes import RouteTable
from launchready.http.structured import parse_list

# Section 3.1: fields of one connection or of a proxy.
NOT_STORED = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authentication-info", b"proxy-authorization",
     b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"age", FIELD}
)  # fmt: skip

# Fields that need a closer look. Without them, only freshness and body matter.
_SPECIAL = frozenset(
    {*NOT_STORED, b"vary", b"cache-groups", b"content-security-policy", b"expires", b"date",
     b"last-modified", no_vary_search.FIELD, b"access-control-allow-origin", b"content-encoding"}
)  # fmt: skip

_ALLOWED = b"access-control-allow-origin"

_MAX_GROUPS = 32
"""RFC 9875 section 2: a cache supports at least 32 groups of 32 characters each."""


Traits = tuple[int, bytes | None, bytes | None, bool]  # status, Cache-Control, Content-Type, has an ETag
StorageTerms = tuple[int, ...]  # lifetime, flags, stale_for, error_for, keep
NOT_STORABLE: StorageTerms = ()
_MAX_TERMS = 256


class Storability:
    """The compiled rule.

    - ``routes``: seconds of freshness for responses that state none.
    - ``targets``: names of targeted fields. ``wall``: wall time, for responses with a Date of their own.
    - ``stale_while_revalidate``, ``stale_if_error``: seconds, for responses that neither state nor forbid them.
    """

    def __init__(
        self,
        policy: CachePolicy,
        routes: RouteTable[int],
        *,
        targets: tuple[bytes, ...] = (b"cdn-cache-control",),
        stale_while_revalidate: int = 0,
        stale_if_error: int = 0,
        wall: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._routes = routes or None
        self._targets = targets
        self._stale_for = stale_while_revalidate
        self._error_for = stale_if_error
        self._wall = wall
        self._dropped = NOT_STORED if policy.set_cookie else NOT_STORED | PER_REQUEST
        self._special = _SPECIAL.union(targets, self._dropped)
        self._plain: set[bytes] = set()
        self._terms: dict[Traits, StorageTerms] = {}

    def __call__(
        self, request: Request, directives: RequestDirectives, response: Response, delay: float
    ) -> StoredResponse | None:
        """The entry to store, still without its body; None if it is not storable. ``delay``: seconds the app took.

        Terms of ordinary responses are remembered by their traits: a new evaluation would cost half of a plain miss.
        """
        headers = response.headers
        fields = dict(headers)
        if (
            directives is not ORDINARY
            or request.cached is not None
            or len(fields) != len(headers)
            or not self._plain.issuperset(fields)
        ):
            return self._evaluate(request, directives, response, delay)
        said = response.status, fields.get(b"cache-control"), fields.get(b"content-type"), b"etag" in fields
        terms = self._terms.get(said)
        if terms is NOT_STORABLE:
            return None
        if delay >= 1 or (PRIVATE_PATHS.get(request.path, True) and said[1] is not None):  # delay or path may forbid it
            return self._evaluate(request, directives, response, delay)
        if terms is None:
            return self._remember(said, self._evaluate(request, directives, response, delay))
        stored = allocate(StoredResponse)
        stored.status = response.status
        stored.body = b""
        stored.lifetime, stored.flags, stored.stale_while_revalidate, stored.stale_if_error, stored.ttl = terms
        stored.age = stored.purge_version = 0
        stored.vary = stored.groups = ()
        stored.length = fields.get(b"content-length")
        stored.weight = HEADER_LINE * len(headers)
        stored.headers = tuple(headers)
        return stored

    def _is_plain(self, fields: freshness.Fields) -> bool:
        """Whether no header needs a closer look. Plain names are remembered, up to a bound."""
        if self._plain.issuperset(fields):
            return True
        if not self._special.isdisjoint(fields) or any(map(is_private_response_field, fields)):
            return False
        if len(self._plain) >= _MAX_TERMS:
            self._plain.clear()
        self._plain.update(fields)
        return True

    def _remember(self, said: Traits, stored: StoredResponse | None) -> StoredResponse | None:
        """Remember the terms of these traits. Responses without freshness depend on their route and are left out."""
        if parse_cache_control(said[1]).lifetime is not None or self._routes is None:
            if len(self._terms) >= _MAX_TERMS:
                self._terms.clear()
            self._terms[said] = NOT_STORABLE
            if stored is not None:
                self._terms[said] = (
                    stored.lifetime,
                    stored.flags,
                    stored.stale_while_revalidate,
                    stored.stale_if_error,
                    stored.ttl,
                )
        return stored

    def _evaluate(
        self, request: Request, directives: RequestDirectives, response: Response, delay: float
    ) -> StoredResponse | None:
        if request.cached is NOT_SHAREABLE:
            return None
        policy, status, headers = self._policy, response.status, response.headers
        if (status not in policy.statuses) if policy.statuses else (status < 200 or status in (206, 304)):
            return None
        fields = dict(headers)
        kind = fields.get(b"content-type", b"")
        if kind.startswith(b"text/event-stream"):
            return None
        plain = len(fields) == len(headers) and self._is_plain(fields)
        said = fields.get(b"cache-control")
        control = (PARSED.get(said) or parse_cache_control(said)) if plain else self.read_cache_control(headers)
        if control.may_forbid and not self._allows_storage(control, status, directives):
            return None
        lifetime = control.lifetime
        if lifetime is None or directives.user:
            if said is None and plain and self._routes is None and request.cached is None and not directives.user:
                return None  # no freshness from the response, the view or the settings
            lifetime = self._lifetime(request, directives, response, control)
            if lifetime is None:
                return None
        if directives is not ORDINARY and not directives.user and not self._is_shareable(directives, control):
            return None
        if (
            policy.deny_private_paths
            and is_private_path(request.path)
            and self._denied(request, directives, control, lifetime)
        ):
            return None
        age = int(delay)
        if not plain:
            if not self._storable(fields, headers):
                return None
            age = freshness.initial_age(fields, headers, delay, self._wall())
        ttl = stale_while_revalidate = stale_if_error = 0
        if b"etag" in fields or b"last-modified" in fields:
            ttl = VALIDATE_FOR
        if not control.never_stale:
            stale_while_revalidate = (
                self._stale_for if control.stale_while_revalidate is None else control.stale_while_revalidate
            )
            stale_if_error = self._error_for if control.stale_if_error is None else control.stale_if_error
            if stale_while_revalidate or stale_if_error:
                ttl = max(ttl, stale_while_revalidate, stale_if_error)
        if control.no_cache:
            lifetime = 0
        if lifetime > age:
            ttl += lifetime - age
        if ttl <= 0:
            return None
        stored = allocate(StoredResponse)
        stored.status = status
        stored.body = b""
        stored.lifetime = lifetime
        stored.age = age
        stored.purge_version = 0
        stored.flags = control.flags
        stored.vary = stored.groups = ()
        stored.length = fields.get(b"content-length")
        stored.weight = HEADER_LINE * len(headers)
        stored.stale_while_revalidate = stale_while_revalidate
        stored.stale_if_error = stale_if_error
        stored.ttl = min(MAX_TTL, ttl)
        stored.headers = tuple(headers)
        if policy.add_etags and status == 200 and b"etag" not in fields:
            stored.flags |= NO_ETAG
        if policy.search_bodies and is_searched(kind):
            stored.flags |= SEARCHED
        if b"content-encoding" in fields:
            stored.flags |= ENCODED
        if request.cached is not None:
            stored.groups = request.cached.tags
        if not plain:
            self._complete(stored, fields)
        return stored

    def read_cache_control(self, headers: Headers) -> CacheControl:
        """The directives: of a targeted field, otherwise of Cache-Control; several lines form one list."""
        lines = [value for name, value in headers if name == b"cache-control"]
        return targeted(headers, self._targets) or parse_cache_control(b",".join(lines) if lines else None)

    def _allows_storage(self, control: CacheControl, status: int, directives: RequestDirectives) -> bool:
        """Section 5.2.2.3: must-understand lifts no-store for known statuses; 5.2.2.7: private is for one user."""
        if control.must_understand and status not in UNDERSTOOD:
            return False
        if control.no_store and not (control.must_understand and self._policy.statuses is None):
            return False
        return bool(directives.user) or not control.private

    def _lifetime(
        self, request: Request, directives: RequestDirectives, response: Response, control: CacheControl
    ) -> int | None:
        """Section 4.2.1, if Cache-Control states none: Expires, then the view or the settings, then the heuristic."""
        private_lifetime = control.private_lifetime if directives.user else control.lifetime
        if private_lifetime is not None:
            return private_lifetime
        fields = dict(response.headers)
        if b"expires" in fields and not control.targeted:
            lines = [value for name, value in response.headers if name == b"expires"]
            return freshness.expires(b",".join(lines), fields, self._wall())
        if control.no_cache:
            return 0
        if directives.user:
            return directives.seconds
        if response.status == 200 and request.cached is not None:
            return request.cached.seconds
        if response.status == 200 and self._routes is not None:
            given = self._routes.find(request.method, request.path, None)
            if given is not None:
                return given
        if self._policy.heuristic and (response.status in freshness.HEURISTIC or control.public):
            return freshness.heuristic(fields, self._wall())
        return None

    def _is_shareable(self, directives: RequestDirectives, control: CacheControl) -> bool:
        """Section 3.5, extended to cookies: with credentials, the response must allow sharing explicitly."""
        if directives.authorization and not control.allows_authorization:
            return False
        return control.explicitly_shared or not directives.cookie

    def _denied(self, request: Request, directives: RequestDirectives, control: CacheControl, lifetime: int) -> bool:
        if directives.user or (request.cached is not None and request.cached.force):
            return False
        return self._policy.denies(request.path, lifetime, s_maxage=control.s_maxage)

    def _storable(self, fields: freshness.Fields, headers: Headers) -> bool:
        nonce = b"'nonce-" in fields.get(b"content-security-policy", b"")
        private = nonce or any(map(is_private_response_field, fields))
        if private and not self._policy.set_cookie:  # a reused nonce is useless
            return False
        return selected_by(headers) is not None

    def _complete(self, stored: StoredResponse, fields: freshness.Fields) -> None:
        """Add Vary and groups, and remove fields that describe one request."""
        selecting = {*(selected_by(stored.headers) or ())}
        if not self._policy.set_cookie:  # these select a response even if Vary does not name them
            if fields.get(_ALLOWED, b"*") != b"*":
                selecting.add(b"origin")
            if fields.get(b"content-encoding", b"identity") != b"identity":
                selecting.add(b"accept-encoding")
        stored.vary = tuple(sorted(selecting))
        if no_vary_search.FIELD in fields:
            stored.flags |= HAS_NO_VARY_SEARCH
        if b"cache-groups" in fields:
            stored.groups = (*stored.groups, *groups(stored.headers, b"cache-groups"))
        if not self._dropped.isdisjoint(fields):
            named = b",".join(value for name, value in stored.headers if name == b"connection")
            dropped = self._dropped.union(name.strip(b" \t") for name in named.lower().split(b","))
            stored.headers = tuple(pair for pair in stored.headers if pair[0] not in dropped)


def selected_by(headers: Lines) -> tuple[bytes, ...] | None:
    """The names in all lines of Vary; None if the response matches no other request."""
    return parse_vary(b",".join(value for name, value in headers if name == b"vary"))


def groups(headers: Lines, name: bytes) -> tuple[str, ...]:
    """RFC 9875 section 2: a List of Strings. Other members and unreadable fields are ignored."""
    members = parse_list(b", ".join(value for key, value in headers if key == name)) or []
    return tuple(str(item.value) for item in members if type(item.value) is str)[:_MAX_GROUPS]
