"""Finds secrets in Markdown tables: the cells below a "password" column."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import context_rules
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_names import key_kind

_RULE = LazyPattern(r"(?m)^[ \t>]{0,8}\|?[ \t]{0,8}:?-{1,80}:?[ \t]{0,8}\|[ \t|:\-]{0,400}$")
_CELL = LazyPattern(r"[^|\n]*")
_MARKS = " \t`*_\"'"
_ROWS = 400


def table_secrets(text: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield every secret in a column whose title names one."""
    if not context.prose:
        return
    read = 0
    for rule in _RULE.finditer(text):
        end = rule.start() - 1
        if end < read:
            continue  # a row of the previous table
        titles = _titles(text[text.rfind("\n", 0, max(0, end)) + 1 : end])
        columns = {at: kind for at, title in enumerate(titles) if (kind := key_kind(title))}
        if columns:
            read = _end(text, rule.end() + 1)
            yield from _below(text, rule.end() + 1, read, columns, titles, context)


def _end(text: str, at: int) -> int:
    """Return the end of the rows that start at ``at``."""
    for _ in range(_ROWS):
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        if text.find("|", at, end) < 0:
            break
        at = end + 1
    return at


def _titles(head: str) -> list[str]:
    return [one.strip(_MARKS) for one in head.strip().strip("|").split("|")]


def _below(
    text: str, at: int, last: int, columns: dict[int, str], titles: list[str], context: FileContext
) -> Iterator[SecretMatch]:
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
                rule, shown = context_rules.classify(
                    titles[number], columns[number], value, context, bare=True, encoded=False
                )
                start = found.start() + found.group().find(value)
                if rule:
                    yield SecretMatch(rule, shown, start, start + len(value))
            cell = found.end() + 1
        at = end + 1
