"""A streamed body on its way out: when its first chunk left, and whether its last one did."""

from collections.abc import AsyncIterator, Callable, Iterator
from time import perf_counter

from launchready.metrics.timing import broke

Done = Callable[[float, bool, str], None]
"""Called once at the end: when the first chunk left, whether the last one did, and the note where it broke."""


def watched(content: Iterator[bytes], done: Done) -> Iterator[bytes]:
    first, whole, note = 0.0, False, ""
    try:
        for chunk in content:
            first = first or perf_counter()
            yield chunk
        whole = True
    except Exception as error:
        note = broke(error)[1]
        raise
    finally:
        done(first or perf_counter(), whole, note)


async def awatched(content: AsyncIterator[bytes], done: Done) -> AsyncIterator[bytes]:
    first, whole, note = 0.0, False, ""
    try:
        async for chunk in content:
            first = first or perf_counter()
            yield chunk
        whole = True
    except Exception as error:
        note = broke(error)[1]
        raise
    finally:
        done(first or perf_counter(), whole, note)
