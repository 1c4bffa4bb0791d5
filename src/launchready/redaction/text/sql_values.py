"""SQL statements with their values. A column names the value at its place (INSERT) or at its parameter ($1, %s, ?).

Engines log a statement and its parameters in one record: "DETAIL: parameters: $1 = '...'" (PostgreSQL), "args=(...)"
(Django), "[parameters: (...)]" (SQLAlchemy).
"""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.markers import Markers

_INSERT = LazyPattern(
    r"\b(?:INSERT|REPLACE)[ \t]{1,4}+INTO[ \t]{1,4}+[\w.\"`\[\]]{1,128}+[ \t\n]{0,8}+"
    r"\(([^()]{1,4096}+)\)[ \t\n]{0,8}+VALUES[ \t\n]{0,8}+\(",
    re.IGNORECASE,
)
_NUMBERED = LazyPattern(
    r"([\w.\"`]{1,128}+)[ \t]{0,2}+(?:=|LIKE|ILIKE|<>|!=)[ \t]{0,2}+(?:lower\()?\$(\d{1,3})", re.IGNORECASE
)
_ORDERED = LazyPattern(
    r"([\w.\"`\[\]]{1,128}+)[ \t]{0,2}+(?:=|LIKE|ILIKE|<>|!=)[ \t]{0,2}+(?:%s|\?|'[^'\n]{0,4096}+'|\d{1,19}\b)",
    re.IGNORECASE,
)
_DETAIL = LazyPattern(r"\$(\d{1,3}) = '([^'\n]{0,4096}+)'")
_ARGS = LazyPattern(r"(?:args=|params=|parameters:? ?\[?|bind: ?)[\[(]|\] \(")
_LITERAL = LazyPattern(
    r"[ \t\n]{0,8}+(?:[bBeENruU]{0,2}'((?:[^'\\\n]|''|\\.){0,4096}+)'"
    r"|\"((?:[^\"\\\n]|\\.){0,4096}+)\"|([^,()'\"\n]{1,256}+(?:\([^()\n]{0,128}+\))?))[ \t\n]{0,8}+"
)


class SqlReader:
    """Finds and hides the values of sensitive columns."""

    def __init__(self, keys: KeyClassifier, markers: Markers) -> None:
        self._keys = keys
        self._markers = markers

    def clean(self, text: str) -> str:
        """Hide the values of sensitive columns."""
        order: list[str] = []
        insert = _INSERT.search(text)
        while insert is not None:
            charge()
            columns = [column.strip(' \t\n"`[]') for column in insert.group(1).split(",")]
            text, at = self._rows(text, insert.end(), columns)
            order = order or columns
            insert = _INSERT.search(text, at)
        if "$1" in text:
            names = {number: column.strip('"`').rpartition(".")[2] for column, number in _NUMBERED.findall(text)}
            names |= {str(index): column for index, column in enumerate(order, 1) if str(index) not in names}
            text = _DETAIL.sub(lambda found: self._detail(found, names), text)
            order = order or [names.get(str(index), "") for index in range(1, max(map(int, names), default=0) + 1)]
        if not order:
            order = [column.strip('"`[]').rpartition(".")[2].strip('"`[]') for column in _ORDERED.findall(text)]
        args = _ARGS.search(text)
        if args is not None and order:
            text = self._row(text, args.end(), order)[0]
        return text

    def _rows(self, text: str, at: int, columns: list[str]) -> tuple[str, int]:
        while True:
            text, at = self._row(text, at, columns)
            more = re.compile(r"\)[ \t\n]{0,8}+,[ \t\n]{0,8}+\(").match(text, at)
            if more is None:
                return text, at
            at = more.end()

    def _row(self, text: str, at: int, columns: list[str]) -> tuple[str, int]:
        """Hide sensitive values in one list of values; ``columns`` names them in order."""
        for column in columns:
            found = _LITERAL.match(text, at)
            if found is None:
                return text, at
            at = found.end()
            group = found.lastindex or 1
            value = found.group(group)
            marker = self._marker_for(column, value.strip())
            if marker is not None:
                text = text[: found.start(group)] + marker + text[found.end(group) :]
                at += len(marker) - len(value)
            if text[at : at + 1] != ",":
                return text, at
            at += 1
        return text, at

    def _detail(self, found: re.Match[str], names: dict[str, str]) -> str:
        marker = self._marker_for(names.get(found.group(1), ""), found.group(2))
        return found.group() if marker is None else f"${found.group(1)} = '{marker}'"

    def _marker_for(self, column: str, value: str) -> str | None:
        key_class = self._keys.classify(column)
        if key_class is None or self._markers.is_marker(value):
            return None
        if not value_shapes.matches_condition("person" if key_class.bare else key_class.condition, value):
            return None
        return self._markers.mark(key_class.kind, value)
