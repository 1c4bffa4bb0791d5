"""Reads archives within bounds: zip and its relatives (wheel, jar, apk, docx), tar, gzip, bzip2, xz.

An archive that is broken, unpacks to more than ``MAX_UNPACKED`` bytes or is nested too deep is reported as ``Unread``,
and its readable part is still scanned.
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

MAX_UNPACKED = 256 << 20
MAX_MEMBERS = 20_000
MAX_MEMBER = 64 << 20
MAX_DEPTH = 2
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


class UnpackBudget:
    """Bytes and members that may still be unpacked, for one file and all archives in it."""

    __slots__ = ("bytes_left", "members")

    def __init__(self) -> None:
        self.bytes_left = MAX_UNPACKED
        self.members = MAX_MEMBERS


def unpack(path: str, data: bytes) -> Iterator[tuple[str, bytes] | Unread]:
    """Yield every file of an archive, and of the archives in it."""
    yield from _unpack(path, data, 0, UnpackBudget())


def _unpack(path: str, data: bytes, depth: int, budget: UnpackBudget) -> Iterator[tuple[str, bytes] | Unread]:
    kind = _archive_kind(data)
    if kind is None:
        yield path, data
        return
    if depth >= MAX_DEPTH:
        yield Unread(path, f"archives nested more than {MAX_DEPTH} deep are not unpacked")
        return
    try:
        members = _zip if kind == "zip" else _tar
        for name, stream in members(data):
            budget.members -= 1
            if budget.members < 0:
                yield Unread(path, f"more than {MAX_MEMBERS} files: the rest was not scanned")
                return
            inside = f"{path}!/{name}"
            bound = min(MAX_MEMBER, budget.bytes_left)
            body = stream.read(bound + 1)
            budget.bytes_left -= len(body)
            if len(body) > bound:
                yield Unread(inside, f"unpacks to more than {bound} bytes: the rest was not scanned")
                body = body[:bound]
            yield from _unpack(inside, body, depth + 1, budget)
            if budget.bytes_left <= 0:
                yield Unread(path, f"unpacks to more than {MAX_UNPACKED >> 20} MB: the rest was not scanned")
                return
    except _BROKEN as error:
        yield Unread(path, f"a broken or encrypted archive ({type(error).__name__})")
        yield path, data


def _archive_kind(data: bytes) -> str | None:
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
    """Yield the files of a tar, compressed or not. A compressed single file is one member without a name."""
    for magic, opener in _STREAMS:
        if data.startswith(magic):
            with opener(io.BytesIO(data)) as stream:
                head = stream.read(512)
            with opener(io.BytesIO(data)) as stream:
                if head[257:262] != b"ustar":
                    yield "content", stream
                else:
                    yield from _tar_members(stream)
            return
    yield from _tar_members(io.BytesIO(data))


def _tar_members(stream: Any) -> Iterator[tuple[str, Any]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile() and (body := archive.extractfile(member)) is not None:
                yield member.name, body
