"""Rows under a line of column names: CSV, the tab-separated rows of COPY, tables printed by psql and mysql.

The name of a column classifies its cells, as a key does. ``names_and_streets`` finds names without a column name.
"""

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import KeyClass, KeyClassifier
from launchready.redaction.text.markers import Markers

_COLUMN = LazyPattern(r"[\"']?[A-Za-z][\w .\-]{0,40}[\"']?")
_COPY = LazyPattern(r"\bCOPY [\w.\"]{1,128} ?\(([\w\", ]{1,2048})\)")
_COPIED = LazyPattern(r"line \d{1,12}: \"?([^\n]{1,8192})")
_SEPARATORS = (",", ";", "\t", "|")
_WIDEST = 64
_LONGEST = 65_536


def present(text: str) -> bool:
    """Whether a line of the text may be a row of a table."""
    return ("\n" in text and any(map(text.__contains__, _SEPARATORS))) or ("COPY " in text and "\t" in text)


def clean(text: str, keys: KeyClassifier, markers: Markers) -> str:
    """Hide the cells of sensitive columns."""
    if "COPY " in text and "\t" in text:
        text = _copy_rows(text, keys, markers)
    lines = text.split("\n")
    changed = False
    index = 0
    while index < len(lines) - 1:
        separator, columns = _columns(lines[index], keys)
        index += 1
        if not separator:
            continue
        while index < len(lines):
            row = _row(lines[index], separator, columns, markers)
            if row is None:
                break
            changed = changed or row != lines[index]
            lines[index] = row
            index += 1
    return "\n".join(lines) if changed else text


def _copy_rows(text: str, keys: KeyClassifier, markers: Markers) -> str:
    """Hide cells of a row that PostgreSQL quotes in a COPY error, or that follows the statement."""
    head = _COPY.search(text)
    if head is None:
        return text
    columns = [keys.classify(name.strip(' "')) for name in head.group(1).split(",")]
    lines = text[head.end() :].split("\n")
    for index, line in enumerate(lines):
        found = _COPIED.search(line)
        start = found.start(1) if found is not None else 0
        row = _row(line[start:], "\t", columns, markers)
        if row is not None:
            lines[index] = line[:start] + row
    return text[: head.end()] + "\n".join(lines)


def _columns(line: str, keys: KeyClassifier) -> tuple[str, list[KeyClass | None]]:
    """Return the separator of a header line and the class of each column, or an empty separator."""
    if len(line) > _LONGEST:
        return "", []
    for separator in _SEPARATORS:
        if separator not in line:
            continue
        cells = line.strip("\r").split(separator)
        names = [cell.strip() for cell in cells]
        inner = names[1:-1] if separator == "|" and not names[0] and not names[-1] else names
        if not 2 <= len(inner) <= _WIDEST or not all(_COLUMN.fullmatch(name) for name in inner):
            continue
        key_class = [keys.classify(name.strip("\"'").replace(" ", "_")) if name else None for name in names]
        if any(one is not None and not one.bare for one in key_class):
            return separator, key_class
    return "", []


def _row(line: str, separator: str, columns: list[KeyClass | None], markers: Markers) -> str | None:
    """Return the row with sensitive cells hidden, or None if the table has ended."""
    if len(line) > _LONGEST or separator not in line:
        return line if line[:1] in {"-", "+"} and line.strip("-+| ") == "" else None
    cells = line.split(separator)
    if len(cells) != len(columns):
        return line if line.strip("-+| ") == "" else None
    for index, (cell, key_class) in enumerate(zip(cells, columns, strict=True)):
        value = cell.strip(" \t\r\"'")
        if key_class is None or not value or markers.is_marker(value):
            continue
        charge()
        condition = "person" if key_class.bare else key_class.condition
        if (
            condition not in {"email", "connection"}
            and value_shapes.matches_condition(condition, value)
            and not value_shapes.plain_word(value)
        ):
            cells[index] = cell.replace(value, markers.mark(key_class.kind, value))
    return separator.join(cells)
