"""Route patterns: ``"[METHOD[|METHOD] ]/path/{one-segment}/*"``, compiled once; the most specific one wins.

Specific means, segment by segment from the left: literal before ``{name}`` before ``*``; then a named method before
any method. ``*`` stands only at the end and matches whatever is left, nothing included. Matching is on the decoded
path, case-sensitive, segment by segment: ``/api`` is not a prefix of ``/apis``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
D = TypeVar("D")

_METHOD = re.compile(r"[A-Z]+(\|[A-Z]+)*")
_NAME = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


class Route:
    """One compiled pattern."""

    __slots__ = ("_regex", "literal", "methods", "rank", "text")

    def __init__(self, text: str) -> None:
        """Raises ValueError that says what to write instead."""
        self.text = text
        method, space, path = text.rpartition(" ")
        if space and not _METHOD.fullmatch(method):
            raise ValueError(f'{text!r}: methods are upper case, joined by "|"; write "GET|POST {path}"')
        if not path.startswith("/"):
            raise ValueError(f'{text!r}: a path starts with "/"; write "{method + space}/{path}"')
        named = frozenset(method.split("|")) if space else frozenset[str]()
        self.methods = named | {"HEAD"} if "GET" in named else named  # answered by what answers GET (RFC 9110 §9.3.2)
        segments = path[1:].split("/")
        parts, rank = [], []
        for index, segment in enumerate(segments):
            if segment == "*" and index == len(segments) - 1:
                parts.append("(?:/.*)?")
                rank.append(2)
            elif _NAME.fullmatch(segment):
                parts.append("/[^/]+")
                rank.append(1)
            elif "*" in segment or "{" in segment or "}" in segment:
                raise ValueError(f'{text!r}: {segment!r} is not a segment; write "{{name}}" for one, "/*" at the end')
            else:
                parts.append("/" + re.escape(segment))
                rank.append(0)
        self.literal = path if not any(rank) else None
        self._regex = re.compile("".join(parts), re.DOTALL)
        # Ascending, the most specific first; a pattern that ends here is more specific than one that goes on with "*".
        self.rank = (*rank, -1), not self.methods, text

    def accepts(self, method: str) -> bool:
        return not self.methods or method in self.methods

    def matches(self, method: str, path: str) -> bool:
        return self.accepts(method) and self._regex.fullmatch(path) is not None


class RouteTable(Generic[T]):
    """Patterns to values. A literal path is one dictionary look-up, however many there are."""

    __slots__ = ("_literal", "_patterns")

    def __init__(self, rows: Mapping[str, T] | Iterable[tuple[str, T]]) -> None:
        pairs = rows.items() if isinstance(rows, Mapping) else rows
        compiled = sorted(((Route(text), value) for text, value in pairs), key=lambda row: row[0].rank)
        self._literal: dict[str, list[tuple[Route, T]]] = {}
        for route, value in compiled:
            if route.literal is not None:
                self._literal.setdefault(route.literal, []).append((route, value))
        self._patterns = [(route, value) for route, value in compiled if route.literal is None]

    def __bool__(self) -> bool:
        return bool(self._literal or self._patterns)

    def values(self) -> list[T]:
        """The values of all patterns."""
        return [value for rows in self._literal.values() for _, value in rows] + [value for _, value in self._patterns]

    def find(self, method: str, path: str, default: D) -> T | D:
        """The value of the most specific pattern that matches, else ``default``."""
        for route, value in self._literal.get(path, ()):
            if not route.methods or method in route.methods:
                return value
        for route, value in self._patterns:
            if route.matches(method, path):
                return value
        return default
