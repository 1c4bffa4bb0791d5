"""Whether the view of a request has an idempotency rule of its own, asked before the framework has routed it.

The nearest rule wins: a view with ``@idempotent`` or ``@webhook`` under a listed route is protected by its own rule
alone, so the middleware must know of it before it claims a key. Only requests to listed routes ask, and only where some
view of the process is decorated. An app whose router is unknown answers False; its view then takes over from the
route's rule when it is called (``IdempotencyFlow``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

MARK = "__launchready_idempotent__"
"""Set on each view that ``@idempotent`` or ``@webhook`` wraps; ``functools.wraps`` carries it through wrappers."""


def has_rule(view: object, method: str) -> bool:
    """Whether a function view, or the method of a class-based one (Starlette, Flask, Django, DRF), is decorated."""
    if getattr(view, MARK, False):
        return True
    handlers: object = (
        view if isinstance(view, type) else getattr(view, "view_class", None) or getattr(view, "cls", None)
    )
    name = method.lower()
    actions = getattr(view, "actions", None)
    if isinstance(actions, Mapping):
        name = str(actions.get(name, name))
    return any(getattr(getattr(handlers, each, None), MARK, False) for each in (name, "dispatch"))


def starlette_endpoint(routes: Iterable[Any] | None, scope: Mapping[str, Any]) -> object:
    """The endpoint that Starlette's router would call, through mounts and included routers; None if there is none."""
    for route in routes or ():
        try:
            match, child = route.matches(scope)
        except (AttributeError, TypeError, ValueError):
            return None
        if getattr(match, "name", "") != "FULL":
            continue
        endpoint = child.get("endpoint")
        inner = getattr(endpoint, "routes", None)
        return endpoint if inner is None else starlette_endpoint(inner, {**scope, **child})
    return None
