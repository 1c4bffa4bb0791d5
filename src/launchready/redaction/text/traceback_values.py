"""Values that loguru and better_exceptions draw under a source line of a traceback.

    login(user, pw)
          │     └ 'hunter2x9'
          └ <User jo>

The column of an arrow is the column of the name in the source line above; the name classifies the value.
"""

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.markers import Markers

_ARROW = LazyPattern(r"^([ \t│>]{1,400}+)[└┕╰] ?[bBuUrR]?(?:'([^'\n]{1,4096}+)'|\"([^\"\n]{1,4096}+)\"|(\d{3,19})$)")
_NAME = LazyPattern(r"[A-Za-z_]\w{0,127}")
_LONGEST_LINE = 400


def present(text: str) -> bool:
    """Whether the text contains such an arrow."""
    return "└" in text or "╰ " in text


def clean(text: str, keys: KeyClassifier, markers: Markers) -> str:
    """Hide the values of sensitive names."""
    lines = text.split("\n")
    source = ""
    changed = False
    for index, line in enumerate(lines):
        found = _ARROW.match(line) if "└" in line or "╰" in line else None
        if found is None:
            if "│" not in line[:_LONGEST_LINE] or "└" not in line[:_LONGEST_LINE]:
                source = source if line.lstrip(" │").strip() == "" else line
            continue
        charge()
        name = _name_at(source, len(found.group(1)))
        key_class = keys.classify(name) if name else None
        group = found.lastindex or 1
        value = found.group(group)
        if (
            key_class is None
            or key_class.bare
            or markers.is_marker(value)
            or not value_shapes.matches_condition(key_class.condition, value)
        ):
            continue
        lines[index] = line[: found.start(group)] + markers.mark(key_class.kind, value) + line[found.end(group) :]
        changed = True
    return "\n".join(lines) if changed else text


def _name_at(source: str, column: int) -> str:
    """Return the name at a column of a line."""
    if column >= len(source) or column > _LONGEST_LINE:
        return ""
    start = column
    while start > 0 and (source[start - 1].isalnum() or source[start - 1] == "_"):
        start -= 1
    found = _NAME.match(source, start)
    return found.group() if found is not None else ""
