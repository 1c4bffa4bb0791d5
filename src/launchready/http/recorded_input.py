"""A request body that tells what was read of it (``wsgi.input`` of PEP 3333).

A view may turn out to be idempotent when the app has read the body already; what was read is then still known, up to a
bound above which nobody may ask for it.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

MAX_RECORDED_BODY = 10 * 1024 * 1024
"""Bytes of a request body that are kept for a view that turns out to be idempotent when the app has read it."""


class InputStream(Protocol):
    """The part of a file that PEP 3333 asks of ``wsgi.input``."""

    def read(self, size: int = ..., /) -> bytes: ...

    def readline(self, size: int = ..., /) -> bytes: ...


class RecordedInput:
    """Wraps the server's input; ``note`` gets all that is read."""

    def __init__(self, source: InputStream, note: Callable[[bytes], None]) -> None:
        self.source = source
        self._tell = note

    def read(self, *size: int) -> bytes:
        return self._note(self.source.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._note(self.source.readline(*size))

    def readlines(self, hint: int = -1) -> list[bytes]:
        del hint  # advice only
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def _note(self, data: bytes) -> bytes:
        self._tell(data)
        return data
