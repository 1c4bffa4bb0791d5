"""The few Structured Fields we read and write (RFC 9651): a String item, and Lists of Strings with parameters."""

import re

# RFC 9651 §3.3.3: printable ASCII, with \" and \\ as the only escapes.
_STRING = re.compile(rb'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPE = re.compile(rb"\\(.)")


def parse_string(value: bytes) -> bytes | None:
    """The content of a String item without parameters, or None where the value is not one."""
    match = _STRING.fullmatch(value.strip(b" "))
    return None if match is None else _ESCAPE.sub(rb"\1", match[1])


def string(value: str) -> str:
    """A String item. Raises ValueError where a character cannot stand in one."""
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"{value!r} has characters outside printable ASCII")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
