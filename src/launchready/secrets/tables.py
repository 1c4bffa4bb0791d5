"""Tables in text: a column whose head names a secret, or rows of name and value ("stripe secret,sk...,production")."""

import csv
from collections.abc import Iterator

from launchready.secrets import context_rules
from launchready.secrets.file_context import Place
from launchready.secrets.hits import Found
from launchready.secrets.key_names import named

_DELIMITERS = ",;\t|"
_LONGEST = 4096
"""Characters of a line that is still a row."""


def tables(text: str, place: Place) -> Iterator[Found]:
    """The cells of a .csv or .tsv under the name of a secret, and those beside it."""
    if not place.path.lower().endswith((".csv", ".tsv", ".psv")):
        return
    start, head = 0, text.partition("\n")[0][:_LONGEST]
    delimiter = max(_DELIMITERS, key=head.count)
    if delimiter not in head:
        return
    columns = {at: (name, kind) for at, name in enumerate(_cells(head, delimiter)) if (kind := named(name.strip()))}
    for line in text.splitlines(keepends=True):
        if len(line) <= _LONGEST:
            yield from _row(line, start, delimiter, columns if start else {}, place)
        start += len(line)


def _row(line: str, start: int, delimiter: str, columns: dict[int, tuple[str, str]], place: Place) -> Iterator[Found]:
    cells, at = _cells(line, delimiter), 0
    before = ""
    for number, cell in enumerate(cells):
        name, kind = columns.get(number) or (before, named(before))
        where = line.find(cell, at)
        at = max(at, where + len(cell))
        if kind and cell and where >= 0:
            rule, shown = context_rules.judged(name, kind, cell, place, bare=True, encoded=False)
            if rule:
                yield Found(rule, shown, start + where, start + where + len(cell))
        before = cell.strip()


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:  # a NUL, or a cell beyond the module's limit: no table
        return []
