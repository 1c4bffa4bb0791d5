"""Operations: what a deciding generator asks of the world, as plain objects.

The one idea of the house: whatever decides is a generator that yields operations, whatever acts is an adapter that
answers them. An operation is a question with a place for its answer::

    def handle(self, request):
        claim = PutIfAbsent(self.key(request), PENDING, ttl=self.keep)
        yield claim
        if claim.answer is not None:
            return self.replay_or_conflict(claim.answer, request)
        ...

Rules that every adapter keeps:

- it answers by setting ``op.answer`` and resuming the generator, or throws what went wrong into it;
- it answers one operation at a time, in the order they were yielded;
- it never closes a generator that it has not started to unwind: ``flow.close()`` may not yield.

The answer stands on the operation, and is not sent into the generator, for two reasons: ``op.answer`` has the exact
type ``R`` under mypy and pyright without a cast, and a plain ``yield`` costs one Python frame where
``yield from op`` (an ``__iter__`` that yields itself) costs three; a cached GET makes five of them.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, Protocol, TypeVar

R = TypeVar("R")
T = TypeVar("T")


allocate = object.__new__
"""Makes an object without the Python frame of its ``__init__``; whoever uses it fills the slots at once.

A frame costs about as much as looking up ten headers, and an ordinary GET makes a dozen small objects. Only code that
runs for every request uses it; everybody else calls the class."""


class Op(Generic[R]):
    """One question. ``answer`` is unset until an adapter has answered: reading it before is an AttributeError."""

    __slots__ = ("answer",)

    answer: R


Flow = Generator[Op[Any], None, T]
"""A decision in progress: yields operations, returns a ``T``. Nothing is ever sent into it but exceptions."""


class WouldBlock(Exception):
    """Raised by an inline adapter that would have to wait: the driver carries the operation out and answers later."""


Inline = Mapping[type[Op[Any]], Callable[[Any], None]]
"""Answers that need no waiting, by type of operation: called in the event loop, with no task and no thread between."""


class Adapter(Protocol):
    """Whatever answers operations: it sets ``op.answer``, or raises what the flow is to be told."""

    inline: Inline

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...
