"""Plain tables of at most 100 columns: wrapped cells, aligned columns."""

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

WIDTH = 100


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """Format rows below a head, with a rule between them. Cells of any length are wrapped."""
    rule = "  ".join("-" * width for width in widths)
    lines = [rule]
    for row in (head, *rows):
        lines += [*wrap_row(row, widths), rule]
    return "\n".join(lines)


def wrap_row(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = zip_longest(*cells, fillvalue="")
    return ["  ".join(f"{part:{width}}" for part, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Format short cells, each column as wide as its longest cell. All but the first column align to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:{'<' if n == 0 else '>'}{width}}" for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
