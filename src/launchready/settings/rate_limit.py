"""``RateLimit(...)``, ``Limit(...)`` and ``Ban(...)``: how many requests a client may make."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import sha256
from inspect import iscoroutinefunction
from secrets import token_urlsafe

from launchready.core import ratelimit as core
from launchready.core.identity import Identity
from launchready.core.ratelimit.account_names import FIELDS
from launchready.exchange.window import Window
from launchready.http.message import Request
from launchready.http.routes import Route, RouteTable
from launchready.runtime.current import ViewFeatures
from launchready.settings import untrusted_proxy
from launchready.settings.problems import Problems, coerce

logger = logging.getLogger("launchready")

MOST = 1_000_000_000  # in one window
_NO_TIME = re.compile(r"(?:/|per)\s*0+\s", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """One limit.

    - ``rate``: "5/minute", or several windows that are checked together: "10/second; 100/hour". None: only
      ``concurrent`` counts.
    - ``count``: "all" requests, or "failures" only: those that the app refuses (4xx, or a form shown again).
    - ``key``: "ip"; "account" (the account that a log-in names in its body, and the client's address beside it;
      "account:FIELD" names the field); "all" (everybody together); or a function of the request.
    - ``cost``: units that a request takes, or a function of the request. ``refund``: they come back after a 5xx; None:
      where there is a cost.
    - ``concurrent``: how many requests at once; a slot is free when the last byte has left, or ``lease`` has passed.
    - ``mode``, ``ban``, ``on_store_error``: as in RateLimit, whose hold where these are None.
    """

    rate: str | None = None
    key: "str | Callable[[Request], str] | None" = None
    on_store_error: str | None = None
    count: str = "all"
    cost: "int | Callable[[Request], int]" = 1
    refund: bool | None = None
    concurrent: int | None = None
    lease: str | float = "60s"
    mode: str | None = None
    ban: "Ban | Mapping[str, object] | str | None" = None


@dataclass(frozen=True)
class Ban:
    """Whoever is refused ``after`` times ``within`` that time is not answered for ``time``; each time for twice as
    long, up to ``longest``. A trusted proxy is never banned."""

    time: str | float = "10m"
    after: int = 20
    within: str | float = "10m"
    longest: str | float = "24h"


@dataclass(frozen=True)
class RateLimit:
    """At most so many requests in any window of that length, per client.

    - ``default``: the rate, or the Limit, of every route that has none of its own; None leaves them unlimited. Static
      files and verified webhooks do not count.
    - ``routes``: a rate, a Limit, or None (unlimited) by route: ``{"POST /login": "5/minute"}``. It takes the place of
      the default there. "MESSAGE /ws" counts what a client sends over a WebSocket.
    - ``key``: "ip" (the client's address behind ``trusted_proxies``), "all", or a function of the request
      (``lambda request: request.get(b"x-api-key")``); where that gives None, the address counts.
    - ``ipv6_prefix``: how many bits of an IPv6 address are one client, 48 to 128.
    - ``mode``: "enforce", or "shadow": nothing is refused, what would have been is counted and logged.
    - ``exempt``: routes that are never counted.
    - ``headers``: "draft" (RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-11; "draft-11" says
      so by name), "legacy" (X-RateLimit-*), or "off". A 429 always has Retry-After.
    - ``on_store_error``: "allow" counts in this process while the store is down; "deny" answers 503.
    - ``ban``: a Ban, or how long it lasts; None bans nobody.
    - ``max_keys``: clients counted one by one in the memory of a process; beyond it by their /24 or /48.
    """

    default: "str | Limit | None" = "300/minute"
    routes: Mapping[str, "str | Limit | None"] = field(default_factory=dict)
    key: "str | Callable[[Request], str]" = "ip"
    ipv6_prefix: int = 64
    mode: str = "enforce"
    exempt: Sequence[str] = ()
    headers: str = "draft"
    on_store_error: str = "allow"
    ban: "Ban | Mapping[str, object] | str | None" = None
    max_keys: int = 1_000_000


def compile_rate_limit(
    problems: Problems,
    settings: RateLimit,
    trusted: Sequence[str] | int,
    *,
    secret_key: str | None = None,
    workers: int = 1,
) -> core.RateLimit:
    """The feature. Every mistake goes to ``problems``."""
    prefix = problems.number("rate_limit.ipv6_prefix", settings.ipv6_prefix, least=48)
    if prefix > 128:
        problems.add(f"rate_limit.ipv6_prefix={prefix}: an IPv6 address has 128 bits; write 64")
    identity = Identity(trusted, prefix=min(prefix, 128), tell=untrusted_proxy.warn)
    problems.number("rate_limit.max_keys", settings.max_keys, least=1)
    make = Maker(problems, settings, identity, secret_key=secret_key, workers=workers)
    rows: dict[str, core.LimitPolicy | None] = {}
    messages: dict[str, core.LimitPolicy | None] = {}
    for text, value in problems.mapping("rate_limit.routes", settings.routes).items():
        route = problems.route("rate_limit.routes", text)
        if route is not None:
            table = messages if "MESSAGE" in Route(route).methods else rows
            table[route] = make.policy(f"rate_limit.routes[{text!r}]", text, value)
    for text in problems.strings("rate_limit.exempt", settings.exempt):
        route = problems.route("rate_limit.exempt", text)
        if route is not None:
            rows[route] = None
    default = make.policy("rate_limit", "default", settings.default)
    return core.RateLimit(default, RouteTable(rows), RouteTable(messages), logger.warning)


class Maker:
    """Makes policies of limits. What a limit does not say is as in ``settings``."""

    def __init__(
        self,
        problems: Problems,
        settings: RateLimit,
        identity: Identity | None,
        *,
        secret_key: str | None = None,
        workers: int = 1,
    ) -> None:
        """``identity`` None: the face that a view stands behind says who is asking."""
        self._problems = problems
        self._settings = settings
        self._identity = identity
        self._workers = workers
        self._secret = secret_key
        # With a key of the install in front of it, who reads the store cannot try all addresses.
        self._salt = sha256(b"rate limit" + secret_key.encode()).hexdigest()[:16] + ":" if secret_key else ""
        self._mode = problems.choice("rate_limit.mode", settings.mode, ("enforce", "shadow"))
        self._headers = problems.choice("rate_limit.headers", settings.headers, ("draft", "draft-11", "legacy", "off"))

    def policy(self, where: str, name: str, value: object) -> core.LimitPolicy | None:
        problems, settings = self._problems, self._settings
        limit = coerce(problems, where, value, Limit, "rate")
        if limit is None:
            return None
        key = settings.key if limit.key is None else limit.key
        windows = self._rate(where, limit)
        count = problems.choice(f"{where}: count", limit.count, ("all", "failures"))
        on_error = settings.on_store_error if limit.on_store_error is None else limit.on_store_error
        on_error = problems.choice(f"{where}: on_store_error", on_error, ("allow", "deny"))
        mode = self._mode if limit.mode is None else limit.mode
        mode = problems.choice(f"{where}: mode", mode, ("enforce", "shadow"))
        if count == "failures":
            ViewFeatures.views = True  # the app may say in words that a log-in failed
        return core.LimitPolicy(
            name,
            windows,
            self._key(where, key),
            headers=self._headers.removesuffix("-11"),
            deny=on_error == "deny",
            cost=self._cost(where, limit.cost, windows),
            refund=count == "all" and self._refund(where, limit),
            failures=count == "failures",
            guard=self._guard(where, key, windows),
            slots=self._slots(where, limit),
            shed=key == "all",
            shadow=mode == "shadow",
            bans=self._bans(where, settings.ban if limit.ban is None else limit.ban),
            workers=self._workers,
            salt=self._salt,
        )

    def _rate(self, where: str, limit: Limit) -> tuple[Window, ...]:
        if limit.rate is None and limit.concurrent is not None:
            if limit.count == "failures":
                self._problems.add(
                    f'{where}: failures are counted by a rate; write Limit("5/minute", count="failures")'
                )
            return ()
        return windows(self._problems, where, limit.rate)

    def _key(self, where: str, key: object) -> Callable[[Request], str] | None:
        if callable(key):
            self._plain(f"{where}: key", key)
            return partial(_who, key, self._identity)
        if key == "all":
            return lambda _: "all"
        if key != "ip" and not (isinstance(key, str) and key.partition(":")[0] == "account"):
            self._problems.add(f'{where}: key={key!r}; write "ip", "account", "all", or a function of the request')
        return self._identity

    def _cost(self, where: str, cost: object, counted: tuple[Window, ...]) -> "int | Callable[[Request], int]":
        if callable(cost):
            self._plain(f"{where}: cost", cost)
            return partial(_units, cost)
        units = self._problems.number(f"{where}: cost", cost, least=1)
        if counted and units > min(window.limit for window in counted):
            self._problems.add(f"{where}: cost={units} is more than the limit ever lets through; write a smaller cost")
        return units

    def _refund(self, where: str, limit: Limit) -> bool:
        if limit.refund is None:
            return limit.cost != 1
        return self._problems.flag(f"{where}: refund", limit.refund)

    def _plain(self, where: str, function: Callable[[Request], object]) -> None:
        if iscoroutinefunction(function):
            self._problems.add(f"{where}: it is asked before anything is awaited; write a plain def, not async def")

    def _guard(self, where: str, key: object, counted: tuple[Window, ...]) -> core.Guard | None:
        if not isinstance(key, str) or key.partition(":")[0] != "account":
            return None
        if not counted:
            self._problems.add(
                f'{where}: key={key!r} needs a rate; write Limit("5/minute", count="failures", key={key!r})'
            )
        name = key.partition(":")[2]
        secret = sha256(b"device cookie" + self._secret.encode()).digest() if self._secret else b""
        return core.Guard(counted, (name,) if name else FIELDS, secret, partial(token_urlsafe, 12))

    def _slots(self, where: str, limit: Limit) -> Window | None:
        if limit.concurrent is None:
            return None
        number = self._problems.number(f"{where}: concurrent", limit.concurrent, least=1)
        if number > 256:
            self._problems.add(f"{where}: concurrent={number}: at most 256 slots are told apart; write 256 or less")
        return Window(min(number, 256), self._problems.duration(f"{where}: lease", limit.lease))

    def _bans(self, where: str, value: object) -> core.Bans | None:
        ban = coerce(self._problems, f"{where}: ban", value, Ban, "time")
        if ban is None:
            return None
        problems = self._problems
        after = problems.number(f"{where}: ban.after", ban.after, least=1)
        within = problems.duration(f"{where}: ban.within", ban.within)
        time = problems.duration(f"{where}: ban.time", ban.time)
        longest = problems.duration(f"{where}: ban.longest", ban.longest)
        never = self._identity.trusts if self._identity is not None else (lambda _: False)
        return core.Bans(min(after, 256), within, time, longest, never, self._salt)


def _who(key: Callable[[Request], object], identity: Identity | None, request: Request) -> str:
    """What a function says of a request; the client's address where it says nothing or fails."""
    try:
        found = named(key(request))
    except Exception:  # a mistake in it must not take the site down
        _failed(key, "the client's address counts")
        found = None
    if found is None:
        return "local" if identity is None else identity(request)
    return found


@lru_cache(maxsize=256)
def _failed(function: Callable[[Request], object], instead: str) -> None:
    """Told once, and not for every request."""
    logger.warning("a function of the rate limit failed, %r: %s", function, instead, exc_info=True)  # noqa: LOG014 - its callers handle one


def _units(cost: Callable[[Request], int], request: Request) -> int:
    """What a function says of a request; 1 where it fails."""
    try:
        return max(0, min(int(cost(request)), MOST))
    except Exception:
        _failed(cost, "the request costs 1")
        return 1


def named(value: object) -> str | None:
    """A key of the user's own, apart from addresses: nobody gets another's counter by calling himself 198.51.100.7.

    One of any length costs the same memory.
    """
    if value is None or value in ("", b""):
        return None
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if len(text) > 64:
        text = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"k:{text}"


def windows(problems: Problems, where: str, rate: object) -> tuple[Window, ...]:
    """The notation of the ``limits`` package: "5/minute", "10 per second", "10/second; 100/hour"."""
    from limits import parse_many  # noqa: PLC0415 - 15 ms of import, only for those who limit

    try:
        items = parse_many(rate if isinstance(rate, str) else "")
    except ValueError:
        problems.add(f'{where}: {rate!r} is not a rate; write for example "60/minute" or "10/second; 100/hour"')
        return (Window(1, 1.0),)
    if _NO_TIME.search(str(rate)):
        problems.add(f'{where}: {rate!r} has a window of no time; write for example "60/minute"')
    made = sorted((Window(item.amount, float(item.get_expiry())) for item in items), key=lambda each: each.period)
    for window in made:
        if not 1 <= window.limit <= MOST or window.period < 1:
            problems.add(f"{where}: {rate!r}: a limit is at least 1 and at most {MOST}, per second or longer")
            return (Window(1, 1.0),)
    return tuple(made)
