"""Comparison of route patterns with the app's own routes: a pattern that matches no route protects nothing."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from launchready.http.routes import Route

_FLASK_PARAMETER = re.compile(r"<(?:(?P<converter>[^<>:()]*)(?:\([^<>]*\))?:)?(?P<name>\w+)>")
_STARLETTE_PARAMETER = re.compile(r"\{(?P<name>\w+)(?::(?P<converter>\w+))?\}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class AppRoute(NamedTuple):
    """One route of the app. ``path`` is a pattern of ours; ``methods`` is empty if the route serves any method."""

    methods: frozenset[str]
    path: str
    view: object = None

    @property
    def text(self) -> str:
        """The route as a pattern: ``GET /coaches/{id}``."""
        methods = "|".join(sorted((self.methods - {"HEAD"} or self.methods) & _METHODS))
        return f"{methods} {self.path}" if methods else self.path


def as_pattern(path: str) -> str:
    """Return a path of Starlette, Flask or Django in the notation of our patterns. A path converter becomes ``*``."""
    segments: list[str] = []
    for segment in path.split("/"):
        found = _STARLETTE_PARAMETER.search(segment) or _FLASK_PARAMETER.search(segment)
        if found is None:
            segments.append(segment)
        elif found["converter"] == "path":
            segments.append("*")
            break
        else:
            segments.append(f"{{{found['name']}}}")
    return "/".join(segments) or "/"


def unmatched(where: str, pattern: str, routes: Sequence[AppRoute]) -> str | None:
    """Return a warning if the pattern matches no route, with the nearest route, else None."""
    route = Route(pattern)
    same_path = [each for each in routes if _overlap(_segments(route.path), _segments(each.path))]
    methods = route.methods - {"MESSAGE"}
    if any(not methods or not each.methods or methods & each.methods for each in same_path):
        return None
    start = f"{where}: {pattern!r} matches no route of the app, so it has no effect"
    if same_path:
        return f"{start}; the app serves {same_path[0].text!r}"
    likely = sorted(routes, key=lambda each: methods.isdisjoint(each.methods))
    ends = [each.text for each in likely if route.path != "/" and each.path.endswith(route.path)]
    near = ends or get_close_matches(pattern, [each.text for each in routes], 1, 0.6)
    return f"{start}; did you mean {near[0]!r}?" if near else f"{start}; write a path of the app"


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _overlap(pattern: list[str], route: list[str]) -> bool:
    """Whether some path matches both."""
    for index, one in enumerate(pattern):
        if one == "*":
            return True
        if index >= len(route):
            return False
        other = route[index]
        if other == "*":
            return True
        if one != other and not one.startswith("{") and not other.startswith("{"):
            return False
    return len(route) == len(pattern) or route[len(pattern) : len(pattern) + 1] == ["*"]
