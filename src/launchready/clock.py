"""The only place that reads a clock. Whoever needs the time takes one of these as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks under one name, in seconds."""

    def wall(self) -> float:
        """Seconds since the epoch, UTC. For dates that leave the process."""

    def monotonic(self) -> float:
        """Seconds from any start, never going back. For durations and windows inside one process."""


class SystemClock:
    """The clocks of this machine."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


SYSTEM = SystemClock()
