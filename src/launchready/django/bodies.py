"""Bodies of Django's requests and responses: complete if small enough, else on disk or streaming."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from launchready.exchange.app import BodyCutShort, BodyTooLarge
from launchready.http.message import Request, is_event_stream
from launchready.runtime.bodies.spool import CHUNK, IN_MEMORY, BodyRecorder, Deadline, Spool
from launchready.runtime.bodies.wsgi_input import is_chunked, read_body

DjangoResponse = Any
"""HttpResponse or StreamingHttpResponse: Django ships no types."""


class RequestBody:
    """The body of one request. Above a megabyte it is spooled to disk, and replaces the server's stream.

    ``request.body`` is not used then: it refuses bodies above DATA_UPLOAD_MAX_MEMORY_SIZE, which excludes files.
    """

    def __init__(self, django: HttpRequest, request: Request) -> None:
        self._django = django
        self._request = request
        self._spool: bytes | Spool | None = None  # a large or a chunked body

    def read(self, limit: int) -> bytes | Spool:
        """Raises BodyTooLarge, or BodyCutShort if the body is incomplete or a parser has consumed it."""
        fields = self._django.META
        if self._spool is None and "wsgi.input" in fields and is_chunked(fields):
            self._take_chunks(limit)
        length = fields.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            raise BodyCutShort
        announced = int(length)
        if announced > limit:
            raise BodyTooLarge
        try:
            if announced > IN_MEMORY and self._spool is None and not hasattr(self._django, "_body"):
                self._to_disk(limit)
            body: bytes | Spool = self._django.body if self._spool is None else self._spool
        except (UnreadablePostError, RawPostDataException):
            raise BodyCutShort from None
        size = len(body) if isinstance(body, bytes) else body.size
        if size > limit:
            raise BodyTooLarge
        if size < announced:
            raise BodyCutShort
        return body

    def _take_chunks(self, limit: int) -> None:
        """Read a chunked body under WSGI. Django reads as much as Content-Length announces, so its views would see an
        empty body. Afterwards Django reads it as if its length had been sent.
        """
        self._spool = read_body(self._django.META, BodyRecorder(self._request, limit), limit)
        for name in ("_body", "_post", "_files"):  # the empty values that a middleware has read
            vars(self._django).pop(name, None)
        self._django._stream = self._django.META["wsgi.input"]
        self._django._read_started = False

    def _to_disk(self, limit: int) -> None:
        if self._django._read_started:
            raise RawPostDataException
        arrived = BodyRecorder(self._request, limit)
        while data := self._django.read(CHUNK):
            arrived.add(data)
        self._django._stream = arrived.reader(0)
        self._django._read_started = False
        whole = arrived.content()
        self._spool = whole if isinstance(whole, Spool) else None


def read_body_up_to(answer: DjangoResponse, limit: int) -> bytes | None:
    """Return the whole body, or None if it is larger than ``limit``. A stream stays readable from its start."""
    if not answer.streaming:
        content: bytes = answer.content
        return content if len(content) <= limit else None
    if _is_event_stream(answer):
        return None
    parts, size, stream, is_late = [], 0, iter(answer.streaming_content), Deadline()
    for part in stream:
        parts.append(part)
        size += len(part)
        if size > limit or is_late():
            answer.streaming_content = _prepend(parts, stream)
            return None
    answer.streaming_content = iter(parts)
    return b"".join(parts)


async def aread_body_up_to(answer: DjangoResponse, limit: int) -> bytes | None:
    if not answer.streaming or not answer.is_async:
        return read_body_up_to(answer, limit)
    if _is_event_stream(answer):
        return None
    parts, size, stream, is_late = [], 0, aiter(answer.streaming_content), Deadline()
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size > limit or is_late():
            answer.streaming_content = _aprepend(parts, stream)
            return None
    answer.streaming_content = _aprepend(parts, None)
    return b"".join(parts)


def _is_event_stream(answer: DjangoResponse) -> bool:
    return is_event_stream([(b"content-type", answer.headers.get("Content-Type", "").encode("latin-1"))])


def _prepend(parts: list[bytes], stream: Iterator[bytes]) -> Iterator[bytes]:
    yield from parts
    yield from stream


async def _aprepend(parts: list[bytes], stream: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if stream is not None:
        async for part in stream:
            yield part


class BodyCopy:
    """A copy of a stream, up to ``limit`` bytes. ``body`` is None if the stream is longer."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] | None = [] if limit else None  # no copy needed

    def add(self, part: bytes) -> bool:
        """Add a part. Returns whether the copy is still within the limit."""
        self._left -= len(part)
        if self._parts is None or self._left < 0:
            self._parts = None
            return False
        self._parts.append(part)
        return True

    @property
    def body(self) -> bytes | None:
        return None if self._parts is None else b"".join(self._parts)


def drain_response(answer: DjangoResponse) -> None:
    """Read a response to its end and discard it."""
    try:
        if answer.streaming:
            for _ in answer.streaming_content:
                pass
    finally:
        answer.close()


async def adrain_response(answer: DjangoResponse) -> None:
    """The same as ``drain_response``, also for asynchronous streams."""
    if not answer.streaming or not answer.is_async:
        drain_response(answer)
        return
    try:
        async for _ in answer.streaming_content:
            pass
    finally:
        answer.close()
