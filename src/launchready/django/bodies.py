"""The bodies of Django's requests and responses, whole where they are small enough, else on disk or streaming on."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.http import HttpRequest
from django.http.request import RawPostDataException

from launchready.drivers.spool import CHUNK, Kept, Spool

Answer = Any
"""HttpResponse or StreamingHttpResponse: Django ships no types."""


def spooled(request: HttpRequest, kept: Kept) -> Spool | None:
    """The request body on disk, put back in the place of the server's stream; None where Django has it in memory.

    Not ``request.body``: that refuses what is over DATA_UPLOAD_MAX_MEMORY_SIZE, which is not meant for files.
    """
    if hasattr(request, "_body"):
        return None
    if request._read_started:
        raise RawPostDataException
    while data := request.read(CHUNK):
        kept.add(data)
    request._stream = kept.reader(0)
    request._read_started = False
    whole = kept.whole()
    return whole if isinstance(whole, Spool) else None


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
