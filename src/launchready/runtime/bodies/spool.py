"""Request bodies too large for memory: written to an unnamed temporary file, and hashed as they arrive."""

from hashlib import sha256
from io import BufferedReader, BytesIO, RawIOBase
from tempfile import TemporaryFile

from launchready.clock import SYSTEM
from launchready.http.message import Request, multipart_boundary

IN_MEMORY = 1024 * 1024
"""Maximum bytes of a body held in memory."""

CHUNK = 64 * 1024

STREAM_SECONDS = 60.0
"""Seconds for which a response stream is buffered for an idempotency key. Later the stream is sent, and not stored."""


class Deadline:
    """STREAM_SECONDS from now on. Calling it returns whether they are over."""

    def __init__(self) -> None:
        self._end = SYSTEM.monotonic() + STREAM_SECONDS

    def __call__(self) -> bool:
        return SYSTEM.monotonic() > self._end


class Spool:
    """An append-only file with random reads.

    ``boundary`` is left out of the digest: see :func:`launchready.http.message.multipart_boundary`.
    """

    def __init__(self, multipart_boundary: bytes = b"") -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the request does
        self._boundary = multipart_boundary
        self._hash = sha256()
        self._tail = b""
        self.size = 0

    def __del__(self) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        self._file.seek(self.size)
        self._file.write(data)
        self.size += len(data)
        if not self._boundary:
            self._hash.update(data)
            return
        *parts, last = (self._tail + data).split(self._boundary)
        for part in parts:
            self._hash.update(part)
        complete = max(0, len(last) - len(self._boundary) + 1)  # a boundary may continue in the next chunk
        self._hash.update(last[:complete])
        self._tail = last[complete:]

    def digest(self) -> bytes:
        """Return ``sha256(body.replace(boundary, b"")).digest()``."""
        end = self._hash.copy()
        end.update(self._tail)
        return end.digest()

    def read(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def __bytes__(self) -> bytes:
        return self.read(0, self.size)


class _Reader(RawIOBase):
    def __init__(self, spool: Spool, at: int) -> None:
        self._spool = spool
        self._at = at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]", /) -> int:  # type: ignore[override]  # the only kind that comes
        data = self._spool.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class BodyRecorder:
    """Records a body from its first byte: in memory while it is small, and nothing above ``bound`` bytes."""

    def __init__(self, request: Request, bound: int) -> None:
        self._request = request
        self.bound = bound
        self._parts: list[bytes] = []
        self._spool: Spool | None = None
        self.size = 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= IN_MEMORY:
            self._parts.append(data)
        elif self.size <= self.bound:
            if self._spool is None:
                self._spool = Spool(multipart_boundary(self._request))
                self._spool.write(b"".join(self._parts))
                self._parts.clear()
            self._spool.write(data)

    def content(self) -> bytes | Spool:
        return b"".join(self._parts) if self._spool is None else self._spool

    def reader(self, start: int) -> BytesIO | BufferedReader:
        """Return a file object that reads the body from ``start``."""
        if self._spool is None:
            return BytesIO(b"".join(self._parts)[start:])
        return BufferedReader(_Reader(self._spool, start), CHUNK)
