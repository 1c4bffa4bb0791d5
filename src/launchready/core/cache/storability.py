"""Whether an answer may be stored, and as what (RFC 9111 §3): asked with its head, before its body is there."""

from collections.abc import Callable

from launchready.core.cache import freshness, no_vary_search
from launchready.core.cache.cache_control import KNOWN, Control, control
from launchready.core.cache.cache_key import vary
from launchready.core.cache.cache_status import FIELD
from launchready.core.cache.profiles import PER_REQUEST, PERSONAL, PERSONAL_FIELDS, UNDERSTOOD, Policy, personal
from launchready.core.cache.request_directives import ORDINARY, Ask
from launchready.core.cache.stored_response import (
    HEADER_LINE,
    HTML,
    KEEP,
    SEARCH,
    UNTAGGED,
    VALIDATE_FOR,
    Lines,
    Stored,
)
from launchready.core.cache.targeted_cache_control import targeted
from launchready.exchange.operations import new
from launchready.http.message import Headers, Request, Response
from launchready.http.routes import RouteTable
from launchready.http.structured import parse_list

# §3.1: fields of one connection, and those of a proxy's own.
NOT_STORED = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authentication-info", b"proxy-authorization",
     b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"age", FIELD}
)  # fmt: skip

# What an answer is more carefully looked at for. Without any of these it is its freshness and its body.
_SPECIAL = frozenset(
    {*NOT_STORED, *PERSONAL_FIELDS, b"vary", b"cache-groups", b"content-security-policy", b"expires", b"date",
     b"last-modified", no_vary_search.FIELD, b"access-control-allow-origin", b"content-encoding"}
)  # fmt: skip

_ALLOWED = b"access-control-allow-origin"

_MAX_GROUPS = 32
"""RFC 9875 §2: as many must be supported, of 32 characters each."""


Said = tuple[int, bytes | None, bytes | None, bool]  # status, Cache-Control, Content-Type, whether there is an ETag
Judged = tuple[int, ...]  # lifetime, flags, stale_for, error_for, keep
NEVER: Judged = ()
_REMEMBERED = 256


class Storing:
    """The rule, set up once.

    - ``routes``: seconds of freshness for answers that state none; ``private``: the same for one user's own.
    - ``targets``: names of targeted fields. ``wall``: the date; never for age, but where an answer has a Date itself.
    - ``stale_for``, ``error_for``: seconds, for answers that neither state nor forbid it.
    """

    def __init__(
        self,
        policy: Policy,
        routes: RouteTable[int],
        *,
        targets: tuple[bytes, ...] = (b"cdn-cache-control",),
        stale_for: int = 0,
        error_for: int = 0,
        wall: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._routes = routes or None
        self._targets = targets
        self._stale_for = stale_for
        self._error_for = error_for
        self._wall = wall
        self._dropped = NOT_STORED if policy.set_cookie else NOT_STORED | PER_REQUEST
        self._special = _SPECIAL.union(targets, self._dropped)
        self._judged: dict[Said, Judged] = {}

    def __call__(self, request: Request, ask: Ask, response: Response, delay: float) -> Stored | None:
        """The response as it may be stored, its body still to come; or None. ``delay``: seconds since it was asked.

        An app says few different things of its ordinary answers, so what came of each is remembered: judging anew
        would cost half of what a plain miss costs altogether.
        """
        headers = response.headers
        fields = dict(headers)
        if (
            ask is not ORDINARY
            or request.cached is not None
            or len(fields) != len(headers)
            or not self._special.isdisjoint(fields)
        ):
            return self._judge(request, ask, response, delay)
        said = response.status, fields.get(b"cache-control"), fields.get(b"content-type"), b"etag" in fields
        judged = self._judged.get(said)
        if judged is NEVER:
            return None
        if delay >= 1 or (PERSONAL.get(request.path, True) and said[1] is not None):  # may speak against storing it
            return self._judge(request, ask, response, delay)
        if judged is None:
            return self._remember(said, self._judge(request, ask, response, delay))
        stored = new(Stored)
        stored.status = response.status
        stored.body = b""
        stored.lifetime, stored.flags, stored.stale_for, stored.error_for, stored.keep = judged
        stored.age = stored.born = 0
        stored.vary = stored.groups = ()
        stored.length = fields.get(b"content-length")
        stored.weight = HEADER_LINE * len(headers)
        stored.headers = tuple(headers)
        return stored

    def _remember(self, said: Said, stored: Stored | None) -> Stored | None:
        """Whatever an answer that says nothing is worth depends on its route, and is not remembered."""
        if control(said[1]).lifetime is not None or self._routes is None:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[said] = NEVER
            if stored is not None:
                self._judged[said] = stored.lifetime, stored.flags, stored.stale_for, stored.error_for, stored.keep
        return stored

    def _judge(self, request: Request, ask: Ask, response: Response, delay: float) -> Stored | None:
        policy, status, headers = self._policy, response.status, response.headers
        if (status not in policy.statuses) if policy.statuses else (status < 200 or status in (206, 304)):
            return None
        fields = dict(headers)
        kind = fields.get(b"content-type", b"")
        if kind.startswith(b"text/event-stream"):
            return None
        plain = len(fields) == len(headers) and self._special.isdisjoint(fields)
        said = fields.get(b"cache-control")
        says = (KNOWN.get(said) or control(said)) if plain else self.control(headers)
        if says.forbids and not self._permitted(says, status, ask):
            return None
        lifetime = says.lifetime
        if lifetime is None or ask.user:
            if said is None and plain and self._routes is None and request.cached is None and not ask.user:
                return None  # it says nothing, and nobody says anything in its place
            lifetime = self._lifetime(request, ask, response, says)
            if lifetime is None:
                return None
        if ask is not ORDINARY and not ask.user and not self._for_everybody(ask, says):
            return None
        if policy.deny and personal(request.path) and self._denied(request, ask, says, lifetime):
            return None
        age = int(delay)
        if not plain:
            if not self._storable(fields, headers):
                return None
            age = freshness.initial_age(fields, headers, delay, self._wall())
        keep = stale_for = error_for = 0
        if b"etag" in fields or b"last-modified" in fields:
            keep = VALIDATE_FOR
        if not says.strict:
            stale_for = self._stale_for if says.stale_for is None else says.stale_for
            error_for = self._error_for if says.error_for is None else says.error_for
            if stale_for or error_for:
                keep = max(keep, stale_for, error_for)
        if says.no_cache:
            lifetime = 0
        if lifetime > age:
            keep += lifetime - age
        if keep <= 0:
            return None
        stored = new(Stored)
        stored.status = status
        stored.body = b""
        stored.lifetime = lifetime
        stored.age = age
        stored.born = 0
        stored.flags = says.flags
        stored.vary = stored.groups = ()
        stored.length = fields.get(b"content-length")
        stored.weight = HEADER_LINE * len(headers)
        stored.stale_for = stale_for
        stored.error_for = error_for
        stored.keep = min(KEEP, keep)
        stored.headers = tuple(headers)
        if policy.tags_made and status == 200:
            if b"etag" not in fields:
                stored.flags |= UNTAGGED
            if kind.startswith(b"text/html"):
                stored.flags |= HTML
        if request.cached is not None:
            stored.groups = request.cached.tags
        if not plain:
            self._complete(stored, fields)
        return stored

    def control(self, headers: Headers) -> Control:
        """What the answer says: a targeted field, else Cache-Control; several lines of a field are one list."""
        lines = [value for name, value in headers if name == b"cache-control"]
        return targeted(headers, self._targets) or control(b",".join(lines) if lines else None)

    def _permitted(self, says: Control, status: int, ask: Ask) -> bool:
        """§5.2.2.3: must-understand lifts no-store where the status is understood; §5.2.2.7: private is for one."""
        if says.must_understand and status not in UNDERSTOOD:
            return False
        if says.no_store and not (says.must_understand and self._policy.statuses is None):
            return False
        return bool(ask.user) or not says.private

    def _lifetime(self, request: Request, ask: Ask, response: Response, says: Control) -> int | None:
        """§4.2.1 where Cache-Control gave none: Expires, then what the view or the settings say, then a guess."""
        own = says.own if ask.user else says.lifetime
        if own is not None:
            return own
        fields = dict(response.headers)
        if b"expires" in fields and not says.targeted:
            lines = [value for name, value in response.headers if name == b"expires"]
            return freshness.expires(b",".join(lines), fields, self._wall())
        if says.no_cache:
            return 0
        if ask.user:
            return ask.seconds
        if response.status == 200 and request.cached is not None:
            return request.cached.seconds
        if response.status == 200 and self._routes is not None:
            given = self._routes.find(request.method, request.path, None)
            if given is not None:
                return given
        if self._policy.heuristic and (response.status in freshness.HEURISTIC or says.public):
            return freshness.heuristic(fields, self._wall())
        return None

    def _for_everybody(self, ask: Ask, says: Control) -> bool:
        """§3.5, and for cookies the same: asked with credentials, the answer must say that it is not about them."""
        if ask.authorization and not says.signed_in:
            return False
        return says.shared or not ask.cookie

    def _denied(self, request: Request, ask: Ask, says: Control, lifetime: int) -> bool:
        if ask.user or (request.cached is not None and request.cached.force):
            return False
        return self._policy.denied(request.path, lifetime, s_maxage=says.s_maxage)

    def _storable(self, fields: freshness.Fields, headers: Headers) -> bool:
        nonce = b"'nonce-" in fields.get(b"content-security-policy", b"")
        personal = nonce or not PERSONAL_FIELDS.isdisjoint(fields)
        if personal and not self._policy.set_cookie:  # a nonce that is used twice protects nobody
            return False
        return selected_by(headers) is not None

    def _complete(self, stored: Stored, fields: freshness.Fields) -> None:
        """What only some answers have: Vary, groups, fields that are not for the next one."""
        selecting = {*(selected_by(stored.headers) or ())}
        if not self._policy.set_cookie:  # what an answer depends on, whether Vary says so or not
            if fields.get(_ALLOWED, b"*") != b"*":
                selecting.add(b"origin")
            if fields.get(b"content-encoding", b"identity") != b"identity":
                selecting.add(b"accept-encoding")
        stored.vary = tuple(sorted(selecting))
        if no_vary_search.FIELD in fields:
            stored.flags |= SEARCH
        if b"cache-groups" in fields:
            stored.groups = (*stored.groups, *groups(stored.headers, b"cache-groups"))
        if not self._dropped.isdisjoint(fields):
            named = b",".join(value for name, value in stored.headers if name == b"connection")
            dropped = self._dropped.union(name.strip(b" \t") for name in named.lower().split(b","))
            stored.headers = tuple(pair for pair in stored.headers if pair[0] not in dropped)


def selected_by(headers: Lines) -> tuple[bytes, ...] | None:
    """The names in all lines of Vary; None where no other request can be told to be alike."""
    return vary(b",".join(value for name, value in headers if name == b"vary"))


def groups(headers: Lines, name: bytes) -> tuple[str, ...]:
    """RFC 9875 §2: a List of Strings; other members, and a field that cannot be read, name no group."""
    members = parse_list(b", ".join(value for key, value in headers if key == name)) or []
    return tuple(str(item.value) for item in members if type(item.value) is str)[:_MAX_GROUPS]
