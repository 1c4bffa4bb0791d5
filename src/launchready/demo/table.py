"""Plain tables that fit into 100 columns: cells are wrapped, columns aligned."""

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

WIDTH = 100


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """Rows under a head, a thin line between them. A cell may be of any length."""
    rule = "  ".join("-" * width for width in widths)
    lines = [rule]
    for row in (head, *rows):
        lines += [*wrapped(row, widths), rule]
    return "\n".join(lines)


def wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = zip_longest(*cells, fillvalue="")
    return ["  ".join(f"{part:{width}}" for part, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Short cells, as wide as they need to be; all but the first are numbers and stand to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:{'<' if n == 0 else '>'}{width}}" for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
