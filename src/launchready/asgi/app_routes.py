"""The routes of a Starlette or FastAPI app, for the comparison with patterns at start."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from launchready.http.app_routes import AppRoute, as_pattern


def routes_of(app: object) -> list[AppRoute]:
    """Return the routes of an app with a ``routes`` attribute, or an empty list for any other ASGI app."""
    routes = getattr(app, "routes", None)
    return list(_walk(routes, "")) if isinstance(routes, list | tuple) else []


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[AppRoute]:
    fastapi = sys.modules.get("fastapi.routing")
    contexts = getattr(fastapi, "iter_route_contexts", None)  # FastAPI from 0.137 includes routers lazily
    for route in routes if contexts is None else contexts(list(routes)):
        path = prefix + (getattr(route, "path", None) or "")
        nested = getattr(route, "routes", None)
        if nested:
            yield from _walk(nested, path)
        elif nested is not None or (getattr(route, "app", None) is not None and not hasattr(route, "endpoint")):
            yield AppRoute(frozenset(), as_pattern(path).rstrip("/") + "/*")
        else:
            methods = frozenset(getattr(route, "methods", None) or ())
            yield AppRoute(methods, as_pattern(path), getattr(route, "endpoint", None))
