"""Base64 of text that would be hidden in plain form: a header copied into a log, a payload.

A run that decodes to printable ASCII is read once by the other readers. If they hide anything, the whole run is hidden.
Hashes and keys do not decode to text; the key readers handle them.
"""

import base64
import binascii
from collections.abc import Callable

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.markers import Markers, marker_classes

#: Four base64 characters that encode three printable ASCII characters; 0x20 to 0x7e limits the first three of them.
_THREE = "[I-Za-f][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589]"
LEAST = 20
BEGINS = f"(?:{_THREE}[A-Za-z0-9]){{5}}"
_RUN = LazyPattern(
    rf"(?<![A-Za-z0-9]){BEGINS}(?:{_THREE}[A-Za-z0-9+/_\-]){{0,4096}}+[A-Za-z0-9+/_\-]{{0,3}}(?:={{1,2}}|(?:%3D){{1,2}})?"
    r"(?![A-Za-z0-9])"
)
_COST = 8  # for a run that decodes to text, because all readers see it
_URLSAFE = str.maketrans("-_", "+/")


def clean(text: str, read: Callable[[str], str], markers: Markers) -> str:
    """Hide the encoded values of the text. ``read`` redacts plain text without counting."""
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
    """Return the decoded text, or an empty string if the run does not decode to text."""
    bare = run.replace("%3D", "").rstrip("=").translate(_URLSAFE)
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return ""
    text = raw.decode("ascii") if raw.isascii() else ""
    return text if text.replace("\n", " ").replace("\r", " ").isprintable() else ""
