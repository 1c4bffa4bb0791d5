"""Archives within bounds: zip and what is one (wheel, jar, apk, docx), tar, gzip, bzip2, xz.

A broken archive, one that unpacks to more than ``MOST_UNPACKED`` bytes, one nested deeper than two: said, and the rest
is looked at.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from launchready.secrets.hits import Unread

MOST_UNPACKED = 256 << 20
MOST_MEMBERS = 20_000
MOST_MEMBER = 64 << 20
DEPTH = 2
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    OverflowError,
)
_STREAMS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))


class Budget:
    """What may still be unpacked, of one file and all in it."""

    __slots__ = ("members", "room")

    def __init__(self) -> None:
        self.room = MOST_UNPACKED
        self.members = MOST_MEMBERS


def unpacked(path: str, data: bytes) -> Iterator[tuple[str, bytes] | Unread]:
    """Every file in an archive's bytes, and in those of the archives in it."""
    yield from _unpacked(path, data, 0, Budget())


def _unpacked(path: str, data: bytes, depth: int, budget: Budget) -> Iterator[tuple[str, bytes] | Unread]:
    opened = _archive(data)
    if opened is None:
        yield path, data
        return
    if depth >= DEPTH:
        yield Unread(path, f"an archive in an archive in an archive: unpacked to a depth of {DEPTH} only")
        return
    try:
        members = _zip if opened == "zip" else _tar
        for name, stream in members(data):
            budget.members -= 1
            if budget.members < 0:
                yield Unread(path, f"more than {MOST_MEMBERS} files: the rest was not looked at")
                return
            inside = f"{path}!/{name}"
            bound = min(MOST_MEMBER, budget.room)
            body = stream.read(bound + 1)
            budget.room -= len(body)
            if len(body) > bound:
                yield Unread(inside, f"unpacks to more than {bound} bytes: the rest was not looked at")
                body = body[:bound]
            yield from _unpacked(inside, body, depth + 1, budget)
            if budget.room <= 0:
                yield Unread(path, f"unpacks to more than {MOST_UNPACKED >> 20} MB: the rest was not looked at")
                return
    except _BROKEN as error:
        yield Unread(path, f"a broken or encrypted archive ({type(error).__name__})")
        yield path, data


def _archive(data: bytes) -> str | None:
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    if data[257:262] == b"ustar":
        return "tar"
    return "tar" if data.startswith(tuple(magic for magic, _ in _STREAMS)) else None


def _zip(data: bytes) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as stream:
                    yield info.filename, stream


def _tar(data: bytes) -> Iterator[tuple[str, Any]]:
    """The files of a tar, packed or not; and a packed single file as one without a name of its own."""
    for magic, opener in _STREAMS:
        if data.startswith(magic):
            with opener(io.BytesIO(data)) as stream:
                head = stream.read(512)
            with opener(io.BytesIO(data)) as stream:
                if head[257:262] != b"ustar":
                    yield "content", stream
                else:
                    yield from _tarred(stream)
            return
    yield from _tarred(io.BytesIO(data))


def _tarred(stream: Any) -> Iterator[tuple[str, Any]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile() and (body := archive.extractfile(member)) is not None:
                yield member.name, body
