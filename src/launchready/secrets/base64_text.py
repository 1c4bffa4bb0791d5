"""Decodes base64 that contains text."""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern

_RUN = LazyPattern(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{20,65536}+={0,2}")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\xc2-\xf4\x80-\xbf]+")
_HEAD = 24


def decode_text(value: str) -> str:
    """Return the text in a base64 value, or "" if it does not decode to text."""
    value = value.strip()
    if len(value) < 8 or not value.isascii():
        return ""
    body = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        head = a2b_base64(body[:_HEAD] + "=" * (-len(body[:_HEAD]) % 4))
        if _TEXT.fullmatch(head) is None:
            return ""
        data = a2b_base64(body + "=" * (-len(body) % 4))
        return data.decode() if _TEXT.fullmatch(data) else ""
    except (Error, ValueError):
        return ""


def text_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield every base64 run that decodes to text: start, end, decoded text."""
    for found in _RUN.finditer(text):
        value = found.group()
        if value.startswith("eyJ") and text[found.end() : found.end() + 1] == ".":
            continue
        inside = decode_text(value)
        if inside:
            yield found.start(), found.end(), inside
