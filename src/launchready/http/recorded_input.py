"""Recording of the request body under WSGI (``wsgi.input`` of PEP 3333).

A decorated view may need the body after the app has read it. The part already read is recorded, up to a bound.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

MAX_RECORDED_BODY = 10 * 1024 * 1024
"""Maximum bytes of a request body that are recorded for a decorated view."""


class InputStream(Protocol):
    """The methods of ``wsgi.input`` that PEP 3333 requires."""

    def read(self, size: int = ..., /) -> bytes: ...

    def readline(self, size: int = ..., /) -> bytes: ...


class RecordedInput:
    """Wraps the server's input; ``note`` is called with all data read."""

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
