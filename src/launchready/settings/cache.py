"""``Cache(...)``: a shared HTTP cache inside the app, for what the app says may be shared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from launchready.core import cache as core
from launchready.exchange.store import Space
from launchready.http.routes import RouteTable
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Cache:
    """The cache; what it stores and never stores is said in :mod:`launchready.core.cache`.

    - ``routes``: freshness for 200 answers that state none: ``{"GET /coaches": "60s"}``. The app's own
      Cache-Control always wins.
    - ``max_body``: largest body stored, in bytes. ``max_entries``, ``max_bytes``: bounds of the memory store.
    """

    routes: Mapping[str, str | float] = field(default_factory=dict)
    max_body: int = 1024 * 1024
    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024


def compile_cache(problems: Problems, settings: Cache, wall: Callable[[], float]) -> core.Cache:
    """The feature. Every mistake goes to ``problems``."""
    rows: dict[str, int] = {}
    for text, value in problems.mapping("cache.routes", settings.routes).items():
        route = problems.route("cache.routes", text)
        seconds = problems.duration(f"cache.routes[{text!r}]", value)
        if route is not None:
            method = route.rpartition(" ")[0]
            if method not in {"", "GET", "HEAD", "GET|HEAD"}:
                problems.add(f'cache.routes: {route!r}: only GET is cached; write "GET {route.rpartition(" ")[2]}"')
            rows[route] = int(seconds)
    max_body = problems.number("cache.max_body", settings.max_body, least=1)
    space = Space(
        "cache",
        core.dump,
        core.load,
        core.size,
        evictable=True,
        max_entries=problems.number("cache.max_entries", settings.max_entries, least=1),
        max_bytes=problems.number("cache.max_bytes", settings.max_bytes, least=max_body),
    )
    return core.Cache(RouteTable(rows), space, max_body=max_body, wall=wall)
