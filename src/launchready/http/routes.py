"""Route patterns: ``"[METHOD[|METHOD] ]/path/{one-segment}/*"``, compiled once; the most specific one wins.

Specificity is compared segment by segment from the left: a literal before ``{name}`` before ``*``; then a named method
before any method. ``*`` stands only at the end and matches any rest, also an empty one. Matching is on the decoded path
below the app's prefix, case-sensitive, by whole segments: ``/api`` is not a prefix of ``/apis``.

A pattern holds for every spelling of its path that a framework serves by the same route:

- A trailing slash makes no difference (Flask's ``strict_slashes=False``, optional slashes in Django and DRF), unless
  another pattern names the path with it or without it.
- A trailing newline (``%0A``) makes no difference: the regular expressions of Starlette's routes end in ``$``.
- Leading slashes and the case of the method are normalised before: see Request.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
D = TypeVar("D")

_METHOD = re.compile(r"[A-Z]+(\|[A-Z]+)*")
_NAME = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_FLASK_NAME = re.compile(r"<(?:[^<>:]*:)?([A-Za-z_][A-Za-z0-9_]*)>|:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_]\w*):[a-z]+\}")


def normalise(path: str) -> str:
    """Return the path without a trailing newline and without trailing slashes."""
    return path.removesuffix("\n").rstrip("/") or "/"


class Route:
    """One compiled pattern."""

    __slots__ = ("_regex", "literal", "methods", "path", "rank", "text")

    def __init__(self, text: str) -> None:
        """Raises ValueError with the correction."""
        self.text = text
        method, space, path = text.rpartition(" ")
        if space and not _METHOD.fullmatch(method):
            raise ValueError(f'{text!r}: methods are upper case, joined by "|"; write "GET|POST {path}"')
        if not path.startswith("/"):
            raise ValueError(f'{text!r}: a path starts with "/"; write "{method + space}/{path}"')
        self.path = path
        named = frozenset(method.split("|")) if space else frozenset[str]()
        self.methods = named | {"HEAD"} if "GET" in named else named  # HEAD is served by GET (RFC 9110 §9.3.2)
        segments = (path.rstrip("/") or "/")[1:].split("/")
        parts, rank = [], []
        for index, segment in enumerate(segments):
            if segment == "*" and index == len(segments) - 1:
                parts.append("(?:/.*)?")
                rank.append(2)
            elif _NAME.fullmatch(segment):
                parts.append("/[^/]+")
                rank.append(1)
            elif _FLASK_NAME.fullmatch(segment):
                names = _FLASK_NAME.sub(lambda found: f"{{{found[1] or found[2] or found[3]}}}", path)
                raise ValueError(f'{text!r}: a pattern names a segment in braces; write "{method + space}{names}"')
            elif "*" in segment or "{" in segment or "}" in segment:
                raise ValueError(f'{text!r}: {segment!r} is not a segment; write "{{name}}" for one, "/*" at the end')
            else:
                parts.append("/" + re.escape(segment))
                rank.append(0)
        self.literal = path if not any(rank) else None
        self._regex = re.compile("".join(parts) + r"/*\n?", re.DOTALL)
        # Ascending, the most specific first; a pattern that ends here is more specific than one that goes on with "*".
        self.rank = (*rank, -1), not self.methods, text

    def accepts(self, method: str) -> bool:
        return not self.methods or method in self.methods

    def matches(self, method: str, path: str) -> bool:
        return self.accepts(method) and self._regex.fullmatch(path) is not None


class RouteTable(Generic[T]):
    """Patterns to values. A literal path costs one or two dictionary look-ups, however many there are."""

    __slots__ = ("_exact", "_patterns", "_spelled")

    def __init__(self, rows: Mapping[str, T] | Iterable[tuple[str, T]]) -> None:
        pairs = rows.items() if isinstance(rows, Mapping) else rows
        compiled = sorted(((Route(text), value) for text, value in pairs), key=lambda row: row[0].rank)
        self._exact: dict[str, list[tuple[Route, T]]] = {}
        self._spelled: dict[str, list[tuple[Route, T]]] = {}
        for route, value in compiled:
            if route.literal is not None:
                self._exact.setdefault(route.literal, []).append((route, value))
                self._spelled.setdefault(normalise(route.literal), []).append((route, value))
        self._patterns = [(route, value) for route, value in compiled if route.literal is None]

    def __bool__(self) -> bool:
        return bool(self._exact or self._patterns)

    def rows(self) -> list[tuple[Route, T]]:
        """Return the patterns with their values."""
        return [row for rows in self._exact.values() for row in rows] + self._patterns

    def values(self) -> list[T]:
        """Return the values of all patterns."""
        return [value for _, value in self.rows()]

    def find(self, method: str, path: str, default: D) -> T | D:
        """Return the value of the most specific pattern that matches, else ``default``."""
        for route, value in self._exact.get(path, ()):
            if not route.methods or method in route.methods:
                return value
        if self._spelled:
            for route, value in self._spelled.get(normalise(path) if path[-1:] in "/\n" else path, ()):
                if not route.methods or method in route.methods:
                    return value
        for route, value in self._patterns:
            if route.matches(method, path):
                return value
        return default
