"""Rate limit: never more than N in any window of length W, per client and route.

What a refusal says: status 429 (RFC 6585 §4), ``Retry-After``, the fields of draft-ietf-httpapi-ratelimit-headers-11,
and a problem document of the type registered for it. A preflight is not a request of anybody's and is never counted.
"""

from collections.abc import Callable
from math import ceil

from launchready.errors import StoreError
from launchready.exchange.ops import Flow, new
from launchready.exchange.store import Take, TakeHere
from launchready.exchange.window import Taken, Window
from launchready.http.message import Request, Response
from launchready.http.problem import problem
from launchready.http.routes import RouteTable
from launchready.http.structured import string

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"

Key = Callable[[Request], str]


class Policy:
    """One limit: its name, its windows in ascending order of period, and whose requests it counts together."""

    __slots__ = ("deny", "field", "key", "legacy", "name", "prefix", "quoted", "windows")

    def __init__(self, name: str, windows: tuple[Window, ...], key: Key, *, headers: str, deny: bool) -> None:
        """``headers``: "draft", "legacy" (X-RateLimit-*) or "off". ``deny``: refuse while the store is down."""
        self.name = name
        self.windows = windows
        self.key = key
        self.deny = deny
        self.legacy = headers == "legacy"
        self.prefix = f"rate:{name}:"
        names = [name if index == 0 else f"{name};{index + 1}" for index in range(len(windows))]
        self.quoted = [string(each).encode() for each in names] if headers == "draft" else []
        policies = [
            b"%b;q=%d;w=%d" % (quoted, window.limit, ceil(window.period))
            for quoted, window in zip(self.quoted, windows, strict=False)
        ]
        self.field = (b"ratelimit-policy", b", ".join(policies)) if policies else None

    def headers(self, taken: Taken) -> list[tuple[bytes, bytes]]:
        """What the client may know. Seconds are rounded up: told too early, it would come back too early."""
        seconds = ceil(taken.reset)
        if self.field is not None:
            return [self.field, (b"ratelimit", b"%b;r=%d;t=%d" % (self.quoted[taken.which], taken.remaining, seconds))]
        if self.legacy:
            return [
                (b"x-ratelimit-limit", b"%d" % self.windows[taken.which].limit),
                (b"x-ratelimit-remaining", b"%d" % taken.remaining),
                (b"x-ratelimit-reset", b"%d" % seconds),
            ]
        return []


class RateLimit:
    """``routes`` names the policy of a route (None: not limited); any other request falls under ``default``."""

    name = "rate_limit"

    def __init__(self, default: Policy | None, routes: RouteTable[Policy | None]) -> None:
        self._default = default
        self._routes = routes or None

    def handle(self, request: Request) -> Flow[Response | None]:
        policy = self._default
        if self._routes is not None:
            policy = self._routes.find(request.method, request.path, policy)
        if policy is None or (request.method == "OPTIONS" and _is_preflight(request)):
            return None
        take = new(Take)
        take.key = policy.prefix + policy.key(request)
        take.windows = policy.windows
        take.cost = 1
        try:
            yield take
        except StoreError:
            if policy.deny:
                return problem(
                    503, "rate-limit-store-unavailable", "Temporarily unavailable",
                    "The request could not be counted and was not carried out. Try again.", retry_after=2,
                )  # fmt: skip
            take = TakeHere(take.key, policy.windows)
            yield take
        taken = take.answer
        if not taken.allowed:
            return _refusal(policy, taken)
        if policy.field is not None:
            line = b"%b;r=%d;t=%d" % (policy.quoted[taken.which], taken.remaining, ceil(taken.reset))
            request.adds += (policy.field, (b"ratelimit", line))
        elif policy.legacy:
            request.adds += policy.headers(taken)
        return None


def _is_preflight(request: Request) -> bool:
    return request.get(b"origin") is not None and request.get(b"access-control-request-method") is not None


def _refusal(policy: Policy, taken: Taken) -> Response:
    window = policy.windows[taken.which]
    wait = max(1, ceil(taken.reset))
    return problem(
        429, "quota-exceeded", "Too many requests",
        f"At most {window.limit} in {window.period:g} seconds. Try again in {wait} seconds.",
        type_=QUOTA_EXCEEDED, retry_after=wait, headers=tuple(policy.headers(taken)),
        **{"violated-policies": [policy.name]},
    )  # fmt: skip
