"""The sliding window: at most ``limit`` units in any span of ``period``, on any trace.

Theory. A hit at time t counts in every window (now - W, now] with t in it. Two ways to remember the hits:

- limit <= 256: the time of every hit, exactly. A hit is let through when fewer than ``limit`` times are younger
  than W. This *is* the definition.
- limit > 256: neighbouring hits in groups of at most limit / 32 units, and of a group the time of its last hit, at
  which all of it is taken to have come. So no unit is forgotten early, and nothing more than the exact rule allows is
  let through. The groups do not overlap in time, so the window's far edge cuts one of them at most, and what is counted
  too long is less than a group: whenever a unit is refused, more than 31/32 of ``limit`` are in the window. Lay windows
  back from each refusal, and 31/32 of what the exact rule lets through follows, for any trace of single units.

Fixed windows let twice the limit through around an edge, the weighted two-window estimate does the same on traces made
for it, and a token bucket adds its burst to its rate; none of the three keeps the sentence at the top.

All windows of a key are looked at before any is charged, and a refusal charges nothing. Times are whole microseconds
of the store's clock. Where that clock goes back, time stands still until it has caught up: nothing is freed early.
The functions here are the meaning of ``Take``: a store in this process calls them, one across
a wire runs the same rule in its own language, and the contract suite holds both to the same answers.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple

EXACT_UP_TO = 256
GROUPS = 32
MICRO = 1_000_000

State = MutableSequence[int]
"""One window's memory. Exact: the times of hits, ascending. Grouped: the sum of all counts, the time up to which hits
are over, then of each group time and count alternating, oldest first; or empty. A list will do; ``fresh`` makes arrays
of 8 bytes a number."""
HEAD = 2  # numbers in front of the groups


Look = Callable[["Window", State, int, int, bool], tuple[int, int]]


class Window:
    """``limit`` units in any ``period`` seconds. Immutable; what a Take needs of it is worked out once.

    ``shape`` tells which states it can read: times mean the same to every limit and period. A store that outlives a
    release keeps states of different shapes apart. ``exact``: the shape, where it is not to follow from the limit.

    ``look(window, state, now, cost, charge)`` answers units left after the cost, and microseconds until the oldest
    unit comes back. Where the cost would not pass: -1 - (units left now), and microseconds until it would.
    """

    __slots__ = ("exact", "group", "limit", "look", "period", "period_us", "shape")

    def __init__(self, limit: int, period: float, *, exact: bool | None = None) -> None:
        self.limit = limit
        self.period = period
        self.period_us = int(period * MICRO)
        self.exact = limit <= EXACT_UP_TO if exact is None else exact
        self.group = limit // GROUPS
        self.shape = "x" if self.exact else "g"
        self.look: Look = _exact if self.exact else _grouped

    def __repr__(self) -> str:
        return f"Window({self.limit}, {self.period})"


class Taken(NamedTuple):
    """The answer to a Take.

    - ``allowed``: the units were taken.
    - ``which``: the window that speaks, by its place in ``windows``: where refused the one that must be waited for
      longest, else the one with the fewest units left.
    - ``remaining``: units left in it after this.
    - ``reset``: seconds until it gives back its oldest unit; where refused, until this cost would pass.
    """

    allowed: bool
    which: int
    remaining: int
    reset: float


def fresh(windows: Sequence[Window]) -> list[State]:
    """The states of windows that saw nothing yet."""
    return [array("q") for _ in windows]


_new = tuple.__new__
"""Makes a NamedTuple without the Python frame of its constructor."""


def take(states: Sequence[State], now: int, windows: tuple[Window, ...], cost: int) -> Taken:
    """Take from all windows or from none. ``states``, one a window, are changed in place; by a refusal not at all."""
    if len(windows) == 1:
        window = windows[0]
        left, wait = window.look(window, states[0], now, cost, True)
        return _new(Taken, (left >= 0, 0, left if left >= 0 else -1 - left, wait / MICRO))
    fewest, speaker, reset, refused = -1, 0, 0, False
    for window, state in zip(windows, states, strict=True):
        left, wait = window.look(window, state, now, cost, False)
        if left < 0:
            if not refused or wait > reset:
                refused, speaker, reset, fewest = True, windows.index(window), wait, -1 - left
        elif not refused and (fewest < 0 or left < fewest):
            fewest, speaker, reset = left, windows.index(window), wait
    if not refused:
        for window, state in zip(windows, states, strict=True):
            window.look(window, state, now, cost, True)
    return Taken(not refused, speaker, fewest, reset / MICRO)


def give(states: Sequence[State], windows: tuple[Window, ...], cost: int, at: int) -> None:
    """Undo a take of ``cost`` units at ``at``, as far as they still count: what is over by then is nobody's."""
    for window, state in zip(windows, states, strict=True):
        if window.exact:
            end = start = bisect_right(state, at)
            while start and end - start < cost and state[start - 1] == at:
                start -= 1
            del state[start:end]
            continue
        _give_group(window, state, cost, at)


def _exact(window: Window, state: State, now: int, cost: int, charge: bool) -> tuple[int, int]:
    wait = period = window.period_us
    first = length = 0
    if state:
        wait = state[0] + period - now
        if wait > 0 and cost == 1 and charge and state[-1] <= now:
            left = window.limit - len(state) - 1
            if left >= 0:
                state.append(now)  # nearly every hit: one more, and none is over
                return left, wait
        length = len(state)
        if state[-1] > now:
            now = state[-1]
            wait = state[0] + period - now
        if wait <= 0:
            first = bisect_right(state, now - period)  # so many at the front are over
            length -= first
            wait = state[first] + period - now if length else period
    left = window.limit - length - cost
    if left < 0:  # -left hits must leave first; a cost above the limit never passes
        return -1 - left - cost, (state[first - left - 1] + period - now if -left <= length else period)
    if charge:
        if first:
            del state[:first]
        state.extend([now] * cost)
    return left, wait


def _grouped(window: Window, state: State, now: int, cost: int, charge: bool) -> tuple[int, int]:
    period, length, first, total, joins = window.period_us, len(state), HEAD, 0, False
    if length > HEAD:
        if state[-2] > now:  # noqa: PLR1730  max() costs a call
            now = state[-2]
        total, joins = state[0], 0 < cost <= window.group - state[-1]
        if joins and charge and total + cost <= window.limit and state[HEAD] > now - period:
            state[0] = total = total + cost  # nearly every hit: one more in the newest group, and none is over
            state[-2] = now
            state[-1] += cost
            return window.limit - total, state[HEAD] + period - now
        while first < length and state[first] <= now - period:
            total -= state[first + 1]
            first += 2
        joins = joins and first < length
    left = window.limit - total
    if cost > left:
        return -1 - left, _until_passes(state, first, cost - left, now, period)
    oldest = state[first] if first + 2 * joins < length else now
    if charge and cost:
        if not state:
            state.extend((0, now - 1))
        if first > HEAD:
            state[1] = state[first - 2]
            del state[HEAD:first]
        state[0] = total + cost
        if joins:
            state[-2] = now
            state[-1] += cost
        else:
            state.extend((now, cost))
    return left - cost, oldest + period - now


def _until_passes(state: State, first: int, over: int, now: int, period: int) -> int:
    for place in range(first, len(state), 2):
        over -= state[place + 1]
        if over <= 0:
            return state[place] + period - now
    return period


def _give_group(window: Window, state: State, cost: int, at: int) -> None:
    """Two neighbours that fit into one group become one, so that there are never more than 73 of them."""
    if len(state) <= HEAD or at <= state[1]:
        return
    for place in range(HEAD, len(state), 2):
        if state[place] >= at:
            units = min(cost, state[place + 1])
            state[0] -= units
            state[place + 1] -= units
            if not state[place + 1]:
                del state[place : place + 2]
            for left in (place, place - 2):
                if HEAD <= left < len(state) - 2 and state[left + 1] + state[left + 3] <= window.group:
                    state[left + 3] += state[left + 1]
                    del state[left : left + 2]
            return
