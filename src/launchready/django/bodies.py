"""The body of a Django response, whole where it is small enough; a stream that was read goes on where it stood."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

Answer = Any
"""HttpResponse or StreamingHttpResponse: Django ships no types."""


def joined(answer: Answer, limit: int) -> bytes | None:
    """The whole body, or None where it is larger; a stream that was read goes on where it stood."""
    if not answer.streaming:
        content: bytes = answer.content
        return content if len(content) <= limit else None
    parts, size, stream = [], 0, iter(answer.streaming_content)
    for part in stream:
        parts.append(part)
        size += len(part)
        if size > limit:
            answer.streaming_content = _again(parts, stream)
            return None
    answer.streaming_content = iter(parts)
    return b"".join(parts)


async def ajoined(answer: Answer, limit: int) -> bytes | None:
    if not answer.streaming or not answer.is_async:
        return joined(answer, limit)
    parts, size, stream = [], 0, aiter(answer.streaming_content)
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size > limit:
            answer.streaming_content = _aagain(parts, stream)
            return None
    answer.streaming_content = _aagain(parts, None)
    return b"".join(parts)


def _again(parts: list[bytes], stream: Iterator[bytes]) -> Iterator[bytes]:
    yield from parts
    yield from stream


async def _aagain(parts: list[bytes], stream: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if stream is not None:
        async for part in stream:
            yield part


class Kept:
    """What of a stream has gone past, as far as ``limit`` bytes. ``body``: the whole, None where there is more."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] | None = [] if limit else None  # nobody asked: nothing is held back for anybody

    def add(self, part: bytes) -> bool:
        """Whether it is within the bound."""
        self._left -= len(part)
        if self._parts is None or self._left < 0:
            self._parts = None
            return False
        self._parts.append(part)
        return True

    @property
    def body(self) -> bytes | None:
        return None if self._parts is None else b"".join(self._parts)


def spent(answer: Answer) -> None:
    """Read a response to its end, for nobody."""
    try:
        if answer.streaming:
            for _ in answer.streaming_content:
                pass
    finally:
        answer.close()


async def aspent(answer: Answer) -> None:
    """The same of one that may stream asynchronously."""
    if not answer.streaming or not answer.is_async:
        spent(answer)
        return
    try:
        async for _ in answer.streaming_content:
            pass
    finally:
        answer.close()
