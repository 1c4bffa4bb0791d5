"""The only module that reads a clock. Code that needs the time takes a Clock as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time, in seconds."""

    def wall(self) -> float:
        """Return seconds since the epoch, UTC. For dates that leave the process."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going back. For durations inside one process."""


class SystemClock:
    """The clocks of this machine."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


SYSTEM = SystemClock()
