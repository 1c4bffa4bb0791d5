"""Timing of a streamed body: when its first chunk left, and whether its last one did."""

from collections.abc import AsyncIterator, Callable, Iterator
from time import perf_counter

from launchready.metrics.timing import classify_failure

Done = Callable[[float, bool, str], None]
"""Called once at the end with the time of the first chunk, whether the last one left, and the note of a failure."""


class _StreamTimer:
    """``close`` also ends the timing: a body that is never iterated (HEAD, client gone) runs no ``finally``."""

    def __init__(self, done: Done) -> None:
        self._done: Done | None = done
        self.first, self.whole, self.note = 0.0, False, ""

    def close(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self.first or perf_counter(), self.whole, self.note)


class TimedStream(_StreamTimer):
    def __init__(self, content: Iterator[bytes], done: Done) -> None:
        super().__init__(done)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._content:
                self.first = self.first or perf_counter()
                yield chunk
            self.whole = True
        except Exception as error:
            self.note = classify_failure(error)[1]
            raise
        finally:
            self.close()


class AsyncTimedStream(_StreamTimer):
    def __init__(self, content: AsyncIterator[bytes], done: Done) -> None:
        super().__init__(done)
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._content:
                self.first = self.first or perf_counter()
                yield chunk
            self.whole = True
        except Exception as error:
            self.note = classify_failure(error)[1]
            raise
        finally:
            self.close()
