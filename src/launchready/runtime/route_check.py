"""The check at start: do patterns and decorators protect routes of this app?

- A pattern that matches no route is one warning with the nearest route. With ``strict=True`` it is a ConfigError.
- A decorator above the route decorator protects nothing, because the framework has registered the plain view. That is
  always a ConfigError.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

from launchready.errors import ConfigError
from launchready.http.app_routes import AppRoute, unmatched

logger = logging.getLogger("launchready")

V = TypeVar("V", bound=Callable[..., Any])

_DECORATED: WeakKeyDictionary[Any, list[tuple[str, "ref[Any]"]]] = WeakKeyDictionary()
"""The views below each decorator, with the decorator's name and its result."""


def decorated(name: str, view: Callable[..., Any], result: V) -> V:
    """Note that a decorator has turned ``view`` into ``result``, and return the result."""
    if result is not view:
        _DECORATED.setdefault(view, []).append((name, ref(result)))
    return result


class RouteCheck:
    """Checks one app, once. ``patterns``: pairs of an option's name and a pattern."""

    def __init__(self, patterns: Sequence[tuple[str, str]], *, strict: bool) -> None:
        self._patterns = patterns
        self._strict = strict
        self.done = False

    def find(self, routes: Sequence[AppRoute]) -> tuple[list[str], list[str]]:
        """Return errors and warnings. Without routes nothing is compared."""
        errors = list(_misplaced([route.view for route in routes]))
        found = [unmatched(*each, routes) for each in self._patterns] if routes else []
        warnings = [text for text in found if text is not None]
        return ([*errors, *warnings], []) if self._strict else (errors, warnings)

    def run(self, routes: Sequence[AppRoute]) -> None:
        """Log the warnings, once. Raises ConfigError; a failed check runs again at the next request."""
        errors, warnings = self.find(routes)
        if errors:
            raise ConfigError([*errors, *warnings])
        self.done = True
        for text in warnings:
            logger.warning("%s", text)


def _misplaced(views: Sequence[object]) -> Iterator[str]:
    """Views that the framework registered without their decorator."""
    reached = {id(function) for view in views for function in _unwrapped(view)}
    for view in views:
        try:
            known = _DECORATED.get(view, ())
        except TypeError:  # a view that cannot be referenced weakly
            continue
        results = [(name, result()) for name, result in known]
        alive = [(name, result) for name, result in results if result is not None]
        if alive and not any(id(result) in reached for _, result in alive):
            yield (
                f"@{alive[0][0]} of {getattr(view, '__qualname__', view)!r} stands above the route decorator, so it "
                "has no effect; write it below, next to the function"
            )


def _unwrapped(view: object) -> Iterator[object]:
    for _ in range(32):
        yield view
        view = getattr(view, "__wrapped__", None)
        if view is None:
            return
