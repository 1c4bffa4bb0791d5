"""``Cache(...)``: a shared HTTP cache inside the app."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from launchready.clock import Clock
from launchready.core import cache as core
from launchready.core.identity import Identity
from launchready.exchange.store import Space
from launchready.http.message import Request
from launchready.http.routes import RouteTable
from launchready.settings.private_cache_key import user_of
from launchready.settings.problems import Problems
from launchready.settings.signing import derived, signing


@dataclass(frozen=True)
class Cache:
    """The cache; docs/cache.md lists what it stores and what it never stores.

    - ``routes``: freshness of 200 responses that state none: ``{"GET /coaches": "60s"}``. The app's own Cache-Control
      always wins.
    - ``private``: a cache for each user: ``{"GET /me": "10s"}``. ``private_key`` identifies the user and is required:
      ``"cookie:sessionid"``, ``"header:authorization"``, or a function of the request; None means no user.
    - ``profile``: ``"safe"``, or ``"rfc9111"`` for the plain shared cache of the standard.
    - ``stale_while_revalidate``, ``stale_if_error``: for responses that neither state nor forbid them. The default is
      0, but ``rfc9111`` uses a stale response for a minute while the app fails (RFC 9111 section 4.2.4).
    - ``heuristic``: freshness by Last-Modified for responses that state none (RFC 9111 section 4.2.2).
    - ``targets``: targeted fields that take precedence over Cache-Control (RFC 9213); the first one present counts.
    - ``force``: ``routes`` may contain private paths, such as a login, a booking or availability.
    - ``mark_private``: responses to signed-in users that state no caching get ``Cache-Control: private, no-store``.
    - ``max_body``: largest stored body, in bytes. ``max_entries``, ``max_bytes``: bounds of the memory store.
    """

    routes: Mapping[str, str | float] = field(default_factory=dict)
    private: Mapping[str, str | float] = field(default_factory=dict)
    private_key: str | Callable[[Request], str | None] | None = None
    profile: str = "safe"
    stale_while_revalidate: str | float = 0
    stale_if_error: str | float | None = None
    heuristic: bool | None = None
    targets: Sequence[str] = ("CDN-Cache-Control",)
    force: bool = False
    mark_private: bool = True
    max_body: int = 1024 * 1024
    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024


def compile_cache(
    problems: Problems,
    settings: Cache,
    clock: Clock,
    trusted: Sequence[str] | int,
    *,
    shared: bool,
    secrets: Sequence[str] = (),
) -> core.CacheFeature:
    """Build the feature. Mistakes go to ``problems``. ``shared``: other processes use the same store.

    ``secrets``: sign entries in a shared store, so that write access to the store does not allow forging pages.
    """
    dump, load = signed(secrets) if secrets else (core.dump, core.load)
    rows = _routes(problems, "cache.routes", settings.routes)
    private = _routes(problems, "cache.private", settings.private)
    if not settings.force:
        for route in rows:
            if core.is_private_path(route.rpartition(" ")[2]):
                problems.add(
                    f"cache.routes: {route!r} is a private path, and its responses would be shared; "
                    "write it under private=, or set force=True if its response is the same for everyone"
                )
    user = user_of(problems, settings.private_key, private=bool(private))
    max_body = problems.number("cache.max_body", settings.max_body, least=1)
    space = Space(
        "cache",
        dump,
        load,
        core.size,
        evictable=True,
        max_entries=problems.number("cache.max_entries", settings.max_entries, least=1),
        max_bytes=problems.number("cache.max_bytes", settings.max_bytes, least=max_body),
    )
    profile = core.PROFILES[problems.choice("cache.profile", settings.profile, tuple(core.PROFILES))]
    policy = replace(
        profile,
        heuristic=profile.heuristic if settings.heuristic is None else settings.heuristic,
        mark_private=profile.mark_private and settings.mark_private,
        forced_routes=RouteTable(dict.fromkeys(rows, True)) if settings.force and rows else None,
    )
    storability = core.Storability(
        policy,
        RouteTable(rows),
        targets=tuple(name.lower().encode() for name in problems.strings("cache.targets", settings.targets)),
        stale_while_revalidate=int(
            problems.duration("cache.stale_while_revalidate", settings.stale_while_revalidate, zero=True)
        ),
        stale_if_error=policy.stale_if_error
        if settings.stale_if_error is None
        else int(problems.duration("cache.stale_if_error", settings.stale_if_error, zero=True)),
        wall=clock.wall,
    )
    state = core.CacheState(
        policy, storability, space,
        max_body=max_body, clock=clock.monotonic, wall=clock.wall, shared_store=shared,
        is_proxy=Identity(trusted).proxied, private=RouteTable(private), user=user,
    )  # fmt: skip
    return core.CacheFeature(state)


def signed(
    secrets: Sequence[str],
) -> tuple[Callable[[core.StoredResponse], bytes], Callable[[bytes], core.StoredResponse]]:
    """``dump`` and ``load`` with a signature. An entry with a wrong signature counts as absent."""
    sign, unsign = signing(*(derived(secret, "launchready.cache") for secret in secrets))

    def dump(stored: core.StoredResponse) -> bytes:
        return sign(core.dump(stored))

    def load(signed: bytes) -> core.StoredResponse:
        data = unsign(signed)
        return core.unreadable() if data is None else core.load(data)

    return dump, load


def _routes(problems: Problems, where: str, value: object) -> dict[str, int]:
    rows: dict[str, int] = {}
    for text, duration in problems.mapping(where, value).items():
        route = problems.route(where, text)
        seconds = problems.duration(f"{where}[{text!r}]", duration)
        if route is not None:
            method, _, path = route.rpartition(" ")
            if method not in {"", "GET", "HEAD", "GET|HEAD"}:
                problems.add(f'{where}: {route!r}: only GET is cached; write "GET {path}"')
            rows[route] = int(seconds)
    return rows
