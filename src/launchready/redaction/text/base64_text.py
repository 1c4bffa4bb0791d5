"""Base64 of something that would be hidden if it stood there plainly: a header copied into a log, a payload.

What decodes to text is read by the other readers, once; where they would hide anything, the whole of it goes. Hashes
and keys decode to no text, and are left to the readers of keys.
"""

import base64
import binascii
from collections.abc import Callable

from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.markers import Markers, charge, marker_classes

#: Four characters that stand for three of printable ASCII: 0x20 to 0x7e leaves few for the first three of them.
_THREE = "[I-Za-f][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589]"
LEAST = 20
BEGINS = f"(?:{_THREE}[A-Za-z0-9]){{5}}"
_RUN = LazyPattern(
    rf"(?<![A-Za-z0-9]){BEGINS}(?:{_THREE}[A-Za-z0-9+/_\-]){{0,4096}}+[A-Za-z0-9+/_\-]{{0,3}}(?:={{1,2}}|(?:%3D){{1,2}})?"
    r"(?![A-Za-z0-9])"
)
_COST = 32  # of a run that decodes to text: all readers see it
_URLSAFE = str.maketrans("-_", "+/")


def clean(text: str, read: Callable[[str], str], markers: Markers) -> str:
    """The text without what is only encoded. ``read`` redacts plain text, and counts nothing."""
    out: list[str] = []
    done = 0
    for found in _RUN.finditer(text):
        plain = _plain(found.group())
        if not plain:
            continue
        charge(_COST)
        kinds = marker_classes(read(plain))
        if kinds and not marker_classes(plain):
            out += (text[done : found.start()], markers.mark(kinds[0], found.group()))
            done = found.end()
    return "".join([*out, text[done:]]) if out else text


def _plain(run: str) -> str:
    """The text behind it; empty: none."""
    bare = run.replace("%3D", "").rstrip("=").translate(_URLSAFE)
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return ""
    text = raw.decode("ascii") if raw.isascii() else ""
    return text if text.replace("\n", " ").replace("\r", " ").isprintable() else ""
