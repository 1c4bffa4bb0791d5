"""Untrusted text made safe to show. ``Finding`` passes all its text through this module, so every format is safe.

Text from a network must not move the cursor, change the title of a window, reverse the direction of a line, imitate
a line of our own ("Fix: ..."), or fill the report.
"""

import re
from collections.abc import Iterable

# C0, DEL, C1, lone surrogates, invisible characters, and the marks that change the direction of text (UAX 9).
CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
NEWLINE = "\u2424"
MAX_LINE = 2_000
MAX_LINES = 60
Lines = str | Iterable[str]


def clean(text: str) -> str:
    """The text without control characters; its newlines stay."""
    return CONTROL.sub("\ufffd", text)


def one_line(text: str, most: int = MAX_LINE) -> str:
    """A single line without control characters. A newline becomes a visible sign; a long line is cut and says so."""
    end = f" … (cut, {len(text)} characters)"
    kept = text if len(text) <= most else text[: most - len(end)]
    return clean(kept.replace("\n", NEWLINE)) + ("" if len(text) <= most else end)


def lines(text: Lines) -> str:
    """Several lines, each made safe. An item of an iterable is one line, even if it contains newlines."""
    given = text.split("\n") if isinstance(text, str) else list(text)
    kept = (
        given if len(given) <= MAX_LINES else [*given[: MAX_LINES - 1], f"… ({len(given) - MAX_LINES + 1} more lines)"]
    )
    return "\n".join(one_line(line) for line in kept)
