"""A table of Markdown, read by its head: the cells below "password" are passwords."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import context_rules
from launchready.secrets.file_context import Place
from launchready.secrets.hits import Found
from launchready.secrets.key_names import named

_RULE = LazyPattern(r"(?m)^[ \t>]{0,8}\|?[ \t]{0,8}:?-{1,80}:?[ \t]{0,8}\|[ \t|:\-]{0,400}$")
_CELL = LazyPattern(r"[^|\n]*")
_MARKS = " \t`*_\"'"
_ROWS = 400


def tables(text: str, place: Place) -> Iterator[Found]:
    """Every secret in a cell whose column says so."""
    if not place.prose:
        return
    read = 0
    for rule in _RULE.finditer(text):
        end = rule.start() - 1
        if end < read:
            continue  # a row of the table before
        titles = _titles(text[text.rfind("\n", 0, max(0, end)) + 1 : end])
        columns = {at: kind for at, title in enumerate(titles) if (kind := named(title))}
        if columns:
            read = _end(text, rule.end() + 1)
            yield from _below(text, rule.end() + 1, read, columns, titles, place)


def _end(text: str, at: int) -> int:
    """Where the rows from a place on end."""
    for _ in range(_ROWS):
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        if text.find("|", at, end) < 0:
            break
        at = end + 1
    return at


def _titles(head: str) -> list[str]:
    return [one.strip(_MARKS) for one in head.strip().strip("|").split("|")]


def _below(text: str, at: int, last: int, columns: dict[int, str], titles: list[str], place: Place) -> Iterator[Found]:
    while at < last:
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        cell = at + len(text[at:end]) - len(text[at:end].lstrip(" \t>"))
        cell += text.startswith("|", cell)
        for number in range(len(titles)):
            found = _CELL.match(text, cell, end)
            if found is None:
                break
            value = found.group().strip(_MARKS)
            if number in columns and value and " " not in value:
                rule, shown = context_rules.judged(
                    titles[number], columns[number], value, place, bare=True, encoded=False
                )
                start = found.start() + found.group().find(value)
                if rule:
                    yield Found(rule, shown, start, start + len(value))
            cell = found.end() + 1
        at = end + 1
