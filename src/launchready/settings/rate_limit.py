"""``RateLimit(...)`` and ``Limit(...)``: how many requests a client may make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from launchready.core import ratelimit as core
from launchready.core.identity import Identity
from launchready.exchange.window import Window
from launchready.http.message import Request
from launchready.http.routes import RouteTable
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Limit:
    """One limit: ``rate`` as in "5/minute" or "10/second; 100/hour"; ``key`` and ``on_store_error`` as in RateLimit."""

    rate: str
    key: "str | Callable[[Request], str] | None" = None
    on_store_error: str | None = None


@dataclass(frozen=True)
class RateLimit:
    """At most so many requests in any window of that length, per client.

    - ``default``: the rate of every route that has none of its own; None leaves them unlimited.
    - ``routes``: a rate, a Limit, or None (unlimited) by route: ``{"POST /login": "5/minute"}``. It takes the place of
      the default there.
    - ``key``: "ip" (the client's address behind ``trusted_proxies``), or a function of the request.
    - ``ipv6_prefix``: how many bits of an IPv6 address are one client, 48 to 128.
    - ``exempt``: routes that are never counted.
    - ``headers``: "draft" (RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-11), "legacy"
      (X-RateLimit-*), or "off". A 429 always has Retry-After.
    - ``on_store_error``: "allow" counts in this process while the store is down; "deny" answers 503.

    Not done yet: counting failures only, by account; cost, concurrency, bans, shadow mode.
    """

    default: str | None = "300/minute"
    routes: Mapping[str, "str | Limit | None"] = field(default_factory=dict)
    key: "str | Callable[[Request], str]" = "ip"
    ipv6_prefix: int = 64
    exempt: Sequence[str] = ()
    headers: str = "draft"
    on_store_error: str = "allow"


def compile_rate_limit(problems: Problems, settings: RateLimit, trusted: Sequence[str] | int) -> core.RateLimit:
    """The feature. Every mistake goes to ``problems``."""
    prefix = problems.number("rate_limit.ipv6_prefix", settings.ipv6_prefix, least=48)
    if prefix > 128:
        problems.add(f"rate_limit.ipv6_prefix={prefix}: an IPv6 address has 128 bits; write 64")
    identity = Identity(trusted, prefix=min(prefix, 128))
    headers = problems.choice("rate_limit.headers", settings.headers, ("draft", "legacy", "off"))

    def policy(where: str, name: str, value: object) -> core.Policy | None:
        if value is None:
            return None
        limit = value if isinstance(value, Limit) else Limit(value if isinstance(value, str) else repr(value))
        key = settings.key if limit.key is None else limit.key
        if key != "ip" and not callable(key):
            problems.add(f'{where}: key={key!r} is neither "ip" nor a function of the request')
        on_error = settings.on_store_error if limit.on_store_error is None else limit.on_store_error
        on_error = problems.choice(f"{where}: on_store_error", on_error, ("allow", "deny"))
        return core.Policy(
            name,
            _windows(problems, where, limit.rate),
            key if callable(key) else identity,
            headers=headers,
            deny=on_error == "deny",
        )

    rows: dict[str, core.Policy | None] = {}
    for text, value in problems.mapping("rate_limit.routes", settings.routes).items():
        route = problems.route("rate_limit.routes", text)
        if route is not None:
            rows[route] = policy(f"rate_limit.routes[{text!r}]", text, value)
    for text in problems.strings("rate_limit.exempt", settings.exempt):
        route = problems.route("rate_limit.exempt", text)
        if route is not None:
            rows[route] = None
    return core.RateLimit(policy("rate_limit", "default", settings.default), RouteTable(rows))


def _windows(problems: Problems, where: str, rate: str) -> tuple[Window, ...]:
    """The notation of the ``limits`` package: "5/minute", "10 per second", "10/second; 100/hour"."""
    from limits import parse_many  # noqa: PLC0415 - 15 ms of import, only for those who limit

    try:
        items = parse_many(rate)
    except ValueError:
        problems.add(f'{where}: {rate!r} is not a rate; write for example "60/minute" or "10/second; 100/hour"')
        return (Window(1, 1.0),)
    windows = sorted((Window(item.amount, float(item.get_expiry())) for item in items), key=lambda each: each.period)
    for window in windows:
        if window.limit < 1 or window.period < 1:
            problems.add(f"{where}: {rate!r} lets nothing through; a limit is at least 1 per second")
    return tuple(windows)
