"""From bytes to texts: encodings, and archives where there are any.

What cannot be read, or not to its end, is said (``Unread``), never passed over.
"""

from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets.hits import Unread

_HEAD = 8192
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
"""How zip, gzip, bzip2 and xz begin."""

#: What hides its text, and is not opened here: how it begins, what must stand in it, and what it is called.
_SEALED = (
    (b"%PDF-", b"/FlateDecode", "a PDF, whose text is packed"),
    (b"%PDF-", b"/Encrypt", "a PDF, which is encrypted"),
    (b"7z\xbc\xaf\x27\x1c", b"", "an archive of 7-Zip"),
    (b"Rar!\x1a\x07", b"", "an archive of RAR"),
    (b"\x28\xb5\x2f\xfd", b"", "packed with Zstandard"),
)


class Text(NamedTuple):
    """A text to look at. ``binary``: printable characters among others, in which only known formats are looked for."""

    path: str
    text: str
    binary: bool = False


def archive(data: bytes) -> bool:
    """Whether these are the first bytes of something that packs others."""
    return data.startswith(PACKED) or data[257:262] == b"ustar"


def texts(path: str, data: bytes) -> Iterator[Text | Unread]:
    """Every text in a file's bytes: itself, or what its archive holds."""
    if not archive(data):
        sealed = next((name for head, mark, name in _SEALED if data.startswith(head) and mark in data), "")
        if sealed:
            yield Unread(path, f"{sealed}: unpack it, and name the result with --path")
        yield text(path, data)
        return
    from launchready.secrets.archives import unpacked  # noqa: PLC0415 - six modules that most scans do without

    for item in unpacked(path, data):
        if isinstance(item, Unread):
            yield item
        elif item[1].strip(b"\0"):  # a bomb is made of zeros
            yield from texts(*item) if not archive(item[1]) else (text(*item),)


def text(path: str, data: bytes) -> Text:
    """Bytes as text: by their mark, else by where their zeros stand, else UTF-8."""
    coding = _coding(data)
    if coding:
        return Text(path, data.decode(coding, "replace").lstrip("\ufeff"))
    if b"\x00" in data[:_HEAD]:
        return Text(path, data.decode("latin-1"), binary=True)
    return Text(path, data.decode("utf-8", "replace").removeprefix("\ufeff"))


def _coding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[: _HEAD & ~1]
    if len(head) >= 8 and b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if odd > 0.7 * half and even < 0.1 * half:
            return "utf-16-le"
        if even > 0.7 * half and odd < 0.1 * half:
            return "utf-16-be"
    return ""
