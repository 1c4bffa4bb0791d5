"""A limit on the work that one input from outside may cause.

Code that reads a request, a log line, a DNS answer or a scanned file charges its work to a ``Budget``. When the budget
is used up, the reader stops with ``BudgetExceeded``, and its caller answers for the unread rest: with a marker, a
refusal or an undetermined finding, never with "fine".

A budget is passed as an argument, or set for a block of code by ``limited``; ``charge`` then finds it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time

_CLOCK_INTERVAL = 256  # steps between two looks at the clock, which costs as much as several steps


class BudgetExceeded(Exception):
    """The budget of an input is used up. Its rest has not been read."""


class Budget:
    """The work that is left.

    - ``steps``: nodes visited, or looks at a possible value. Fractions are for cheap steps.
    - ``characters``: characters read by code that may read some of them again.
    - ``seconds``: CPU time of the thread, the last defence. ``clock`` replaces it in tests.

    A budget that was exceeded stays exceeded until it is extended; CPU time is never given back.
    """

    __slots__ = ("_characters", "_checkpoint", "_clock", "_deadline", "_steps")

    def __init__(
        self,
        *,
        steps: float,
        characters: int,
        seconds: float = float("inf"),
        clock: Callable[[], float] = thread_time,
    ) -> None:
        self._steps = steps
        self._characters = characters
        self._clock = clock
        self._deadline = clock() + seconds
        self._checkpoint = max(0, steps - _CLOCK_INTERVAL)

    def charge(self, steps: float = 1, characters: int = 0) -> None:
        """Charge some work. Raises ``BudgetExceeded`` past any of the limits."""
        self._steps -= steps
        self._characters -= characters
        if self._steps < self._checkpoint or self._characters < 0:
            self.check()

    def check(self) -> None:
        """Compare the work and the clock with the limits. Call it before work of unknown length."""
        if self._steps < 0 or self._characters < 0 or self._clock() > self._deadline:
            self._steps = -1
            self._checkpoint = 0
            raise BudgetExceeded
        self._checkpoint = max(0, self._steps - _CLOCK_INTERVAL)

    def extend(self, *, steps: float, characters: int, seconds: float = 0) -> None:
        """Allow more work for another part of the input, in proportion to its length."""
        self._steps = max(0, self._steps) + steps
        self._characters = max(0, self._characters) + characters
        self._deadline += seconds
        self._checkpoint = max(0, self._steps - _CLOCK_INTERVAL)


_ambient: ContextVar[Budget | None] = ContextVar("launchready.budget", default=None)


@contextmanager
def limited(budget: Budget) -> Iterator[None]:
    """Charge the work of this block to ``budget``."""
    token = _ambient.set(budget)
    try:
        yield
    finally:
        _ambient.reset(token)


def ambient() -> Budget | None:
    """Return the budget of the current block, or None."""
    return _ambient.get()


def charge(steps: float = 1, characters: int = 0) -> None:
    """Charge some work to the budget of the current block, if it has one."""
    budget = _ambient.get()
    if budget is not None:
        budget.charge(steps, characters)
