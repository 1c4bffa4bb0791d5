"""Values that a traceback draws under its source line, as loguru and better_exceptions do.

    login(user, pw)
          │     └ 'hunter2x9'
          └ <User jo>

The column of an arrow is that of the name in the source line above, and the name says what the value is.
"""

from launchready.lazy_pattern import Late
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import Keys
from launchready.redaction.text.placeholders import Marks, spend

_ARROW = Late(r"^([ \t│>]{1,400}+)[└┕╰] ?[bBuUrR]?(?:'([^'\n]{1,4096}+)'|\"([^\"\n]{1,4096}+)\"|(\d{3,19})$)")
_NAME = Late(r"[A-Za-z_]\w{0,127}")
_FAR = 400


def present(text: str) -> bool:
    """Whether such an arrow stands in the text."""
    return "└" in text or "╰ " in text


def clean(text: str, keys: Keys, marks: Marks) -> str:
    """The text with the values of sensitive names marked."""
    lines = text.split("\n")
    source = ""
    changed = False
    for index, line in enumerate(lines):
        found = _ARROW.match(line) if "└" in line or "╰" in line else None
        if found is None:
            if "│" not in line[:_FAR] or "└" not in line[:_FAR]:
                source = source if line.lstrip(" │").strip() == "" else line
            continue
        spend()
        name = _at(source, len(found.group(1)))
        named = keys.named(name) if name else None
        group = found.lastindex or 1
        value = found.group(group)
        if named is None or named.bare or marks.is_marker(value) or not value_shapes.admits(named.condition, value):
            continue
        lines[index] = line[: found.start(group)] + marks.mark(named.kind, value) + line[found.end(group) :]
        changed = True
    return "\n".join(lines) if changed else text


def _at(source: str, column: int) -> str:
    """The name that stands at a column of a line."""
    if column >= len(source) or column > _FAR:
        return ""
    start = column
    while start > 0 and (source[start - 1].isalnum() or source[start - 1] == "_"):
        start -= 1
    found = _NAME.match(source, start)
    return found.group() if found is not None else ""
