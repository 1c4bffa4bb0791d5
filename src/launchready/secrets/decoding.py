"""Turns bytes into texts: detects encodings and unpacks archives.

Content that cannot be read completely is reported as ``Unread``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets.hits import Unread

_HEAD = 8192
ARCHIVE_MAGIC = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
"""First bytes of zip, gzip, bzip2 and xz."""

#: Formats that are not unpacked: first bytes, bytes that must occur, name.
_UNSUPPORTED = (
    (b"%PDF-", b"/FlateDecode", "a compressed PDF"),
    (b"%PDF-", b"/Encrypt", "an encrypted PDF"),
    (b"7z\xbc\xaf\x27\x1c", b"", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", b"", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", b"", "a Zstandard file"),
)


class DecodedText(NamedTuple):
    """One text. ``binary``: printable runs of a binary file, in which only known key formats are searched."""

    path: str
    text: str
    binary: bool = False


def is_archive(data: bytes) -> bool:
    """Whether the first bytes are those of an archive."""
    return data.startswith(ARCHIVE_MAGIC) or data[257:262] == b"ustar"


def decode_all(path: str, data: bytes) -> Iterator[DecodedText | Unread]:
    """Yield every text in a file: its own, or those of its archive members."""
    if not is_archive(data):
        sealed = next((name for head, mark, name in _UNSUPPORTED if data.startswith(head) and mark in data), "")
        if sealed:
            yield Unread(path, f"{sealed}: unpack it, then scan the result with --path")
        yield decode(path, data)
        return
    from launchready.secrets.archives import unpack  # noqa: PLC0415 - imports six modules that most scans do not need

    for item in unpack(path, data):
        if isinstance(item, Unread):
            yield item
        elif item[1].strip(b"\0"):  # zip bombs consist of zeros
            yield from decode_all(*item) if not is_archive(item[1]) else (decode(*item),)


def decode(path: str, data: bytes) -> DecodedText:
    """Decode by byte order mark, else by the position of zero bytes, else as UTF-8."""
    coding = _encoding(data)
    if coding:
        return DecodedText(path, data.decode(coding, "replace").lstrip("\ufeff"))
    if b"\x00" in data[:_HEAD]:
        return DecodedText(path, data.decode("latin-1"), binary=True)
    return DecodedText(path, data.decode("utf-8", "replace").removeprefix("\ufeff"))


def _encoding(data: bytes) -> str:
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
