"""Rows under a line of column names: CSV, tab-separated rows of COPY, the tables that psql and mysql print.

A column's name says what its cells are, as a key does. Names beside an address need no line of names (see ``people``).
"""

from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import KeyClass, KeyClassifier
from launchready.redaction.text.markers import Markers, charge

_COLUMN = LazyPattern(r"[\"']?[A-Za-z][\w .\-]{0,40}[\"']?")
_COPY = LazyPattern(r"\bCOPY [\w.\"]{1,128} ?\(([\w\", ]{1,2048})\)")
_COPIED = LazyPattern(r"line \d{1,12}: \"?([^\n]{1,8192})")
_SEPARATORS = (",", ";", "\t", "|")
_WIDEST = 64
_LONGEST = 65_536


def present(text: str) -> bool:
    """Whether a line may be a row of a table."""
    return ("\n" in text and any(map(text.__contains__, _SEPARATORS))) or ("COPY " in text and "\t" in text)


def clean(text: str, keys: KeyClassifier, markers: Markers) -> str:
    """The text with the cells of sensitive columns marked."""
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
    """The row that PostgreSQL names in an error of COPY, or that stands below the statement."""
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
    """What separates the names of a line of them, and the class of each; empty: it is none."""
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
    """The row with its cells marked; None: the table has ended."""
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
