"""The response body on its way to the server: copied for features, and followed to its end."""

from collections.abc import Iterable, Iterator
from time import monotonic, perf_counter
from typing import Protocol

from launchready.exchange.app import Copy
from launchready.metrics.timing import classify_failure


class BodyOwner(Protocol):
    """The request, as seen by its response body."""

    status: int
    note: str

    def end(self, tail: Copy, body: bytes | None) -> None: ...

    def done(self, first: float | None, whole: bool) -> None: ...


class ResponseBody:
    """Passes the app's body to the server, and copies it if a feature needs it."""

    def __init__(
        self,
        exchange: BodyOwner,
        body: Iterable[bytes],
        chunks: Iterator[bytes],
        first: bytes | None,
        tail: Copy | None,
        length: int | None = None,
    ) -> None:
        self._exchange = exchange
        self._app_body = body
        self._tail = tail
        self._length = length
        self._count = 1
        self._whole = False
        self.first = 0.0
        self._chunks = self._run(chunks, first)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def _run(self, chunks: Iterator[bytes], chunk: bytes | None) -> Iterator[bytes]:
        try:
            yield from self._parts(chunks, chunk)
        except Exception as error:
            self._exchange.status, self._exchange.note = classify_failure(error)
            raise
        self._whole = True

    def _parts(self, chunks: Iterator[bytes], chunk: bytes | None) -> Iterator[bytes]:
        """Each chunk leaves as soon as it is made.

        The copy is complete before the last byte leaves: with the chunk that completes the announced length, otherwise
        at the end of the body, which the server marks only afterwards.
        """
        copied: list[bytes] = []
        size = 0
        if self._tail is not None and not self._tail.limit:
            self._end(None)
        if chunk is None:
            chunk = next(chunks, None)
        self.first = perf_counter()
        while chunk is not None:
            tail = self._tail
            if tail is None:
                yield chunk
            else:
                size += len(chunk)
                if size > tail.limit:
                    self._end(None)
                else:
                    copied.append(chunk)
                    if size == self._length:
                        self._end(b"".join(copied))
                tail.sending(monotonic())
                yield chunk
                tail.sending(0.0)
            chunk = next(chunks, None)
            self._count += chunk is not None
        self._end(b"".join(copied))

    def _end(self, body: bytes | None) -> None:
        tail, self._tail = self._tail, None
        if tail is not None:
            self._exchange.end(tail, body)

    def close(self) -> None:
        """Called by the server at the end, after errors too. An incomplete copy is discarded."""
        try:
            self._end(None)
            self._exchange.done(self.first if self._count > 1 else None, self._whole)
        finally:
            close(self._app_body)


def close(body: Iterable[bytes]) -> None:
    """Close a response body that has ``close`` (PEP 3333)."""
    closing = getattr(body, "close", None)
    if closing is not None:
        closing()
