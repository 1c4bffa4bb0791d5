"""Parses dotenv files as Docker, python-dotenv and most shells do.

``NAME=value``, ``export NAME=value``, literal single quotes, double quotes with escapes and several lines, a comment
after a blank and ``#``. ``NAME`` without ``=`` is a name without a value. Outside of single quotes, ``${NAME}`` and
``${NAME:-else}`` stand for values that the file sets earlier; an unknown name stays as written.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_NAME = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.\-]*)\s*(=?)[ \t]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_REFERENCE = re.compile(r"(?<!\\)\$\{([A-Za-z_]\w*)(?::?-([^{}]*))?\}")


class Line(NamedTuple):
    """One variable, and the line it begins on."""

    name: str
    value: str
    number: int


def parse(text: str) -> tuple[list[Line], list[int]]:
    """Return the variables in file order, and the numbers of lines that are not variables."""
    found: list[Line] = []
    wrong: list[int] = []
    known: dict[str, str] = {}
    lines = text.removeprefix("\ufeff").splitlines()
    number = 0
    while number < len(lines):
        line, first = lines[number], number + 1
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        head = _NAME.match(line)
        if head is None or (not head.group(2) and line[head.end() :].strip()):
            wrong.append(first)
            continue
        rest = line[head.end() :]
        if rest[:1] in {'"', "'"} and not _closed(rest):
            end = number
            while end < len(lines) and not _closes(lines[end], rest[0]):
                end += 1
            rest = "\n".join([rest, *lines[number : end + 1]])
            number = end + 1
        found.append(Line(head.group(1), _value(rest if rest.startswith("'") else _expand(rest, known)), first))
        known[head.group(1)] = found[-1].value
    return found, wrong


def _expand(text: str, known: Mapping[str, str]) -> str:
    """Replace references to other variables with their values."""

    def value_of(one: re.Match[str]) -> str:
        name, default = one.groups()
        return known.get(name, "") or (one.group() if default is None else default)

    return _REFERENCE.sub(value_of, text) if "${" in text else text


def _closed(text: str) -> bool:
    return re.match(r"'[^']*'" if text[0] == "'" else r'"(?:[^"\\]|\\.)*"', text, re.DOTALL) is not None


def _closes(line: str, quote: str) -> bool:
    """Whether a further line of a quoted value ends it. Each line is read once, so a quote without an end is linear."""
    return quote in line if quote == "'" else re.match(r'(?:[^"\\]|\\.|\\$)*"', line) is not None


def _value(text: str) -> str:
    if text.startswith("'") and _closed(text):
        return text[1 : text.index("'", 1)]
    if text.startswith('"') and (whole := re.match(r'"((?:[^"\\]|\\.)*)"', text, re.DOTALL)):
        return re.sub(r"\\(.)", lambda one: _ESCAPES.get(one.group(1), one.group()), whole.group(1))
    return re.split(r"\s#", text, maxsplit=1)[0].strip()
