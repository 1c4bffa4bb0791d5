"""Finds secrets in CSV files: columns whose title names a secret, and rows of name and value."""

import csv
from collections.abc import Iterator

from launchready.secrets import context_rules
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_names import key_kind

_DELIMITERS = ",;\t|"
_LONGEST = 4096
"""Maximum characters of a row."""


def csv_secrets(text: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield the cells of a .csv or .tsv below the name of a secret, or next to it."""
    if not context.path.lower().endswith((".csv", ".tsv", ".psv")):
        return
    start, head = 0, text.partition("\n")[0][:_LONGEST]
    delimiter = max(_DELIMITERS, key=head.count)
    if delimiter not in head:
        return
    columns = {at: (name, kind) for at, name in enumerate(_cells(head, delimiter)) if (kind := key_kind(name.strip()))}
    for line in text.splitlines(keepends=True):
        if len(line) <= _LONGEST:
            yield from _row(line, start, delimiter, columns if start else {}, context)
        start += len(line)


def _row(
    line: str, start: int, delimiter: str, columns: dict[int, tuple[str, str]], context: FileContext
) -> Iterator[SecretMatch]:
    cells, at = _cells(line, delimiter), 0
    before = ""
    for number, cell in enumerate(cells):
        name, kind = columns.get(number) or (before, key_kind(before))
        where = line.find(cell, at)
        at = max(at, where + len(cell))
        if kind and cell and where >= 0:
            rule, shown = context_rules.classify(name, kind, cell, context, bare=True, encoded=False)
            if rule:
                yield SecretMatch(rule, shown, start + where, start + where + len(cell))
        before = cell.strip()


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:  # a NUL, or a cell over the module's limit: not CSV
        return []
