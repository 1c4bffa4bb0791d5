"""Counts of clients in the memory of one process: small, bounded, and nobody can push his own out.

A million strangers come once each, so what is kept of a client's only hit is one number, its time; the second hit makes
an array of it (see exchange/window.py). Clients over their time leave by a hand that goes round, two looks for each new
one: no thread, no long sweep. At ``max_keys`` no counter is dropped for a new client; he is counted together with his
/24 or /48, where the number of these is bounded too together with one thousandth of all others. So a flood of invented
addresses may get its own neighbourhood refused, and buys nobody a fresh counter.
"""

import re
from array import array
from collections import deque
from collections.abc import Callable
from threading import Lock

from launchready.exchange.store import Consume, Refund
from launchready.exchange.window import HEAD, MICRO, State, Taken, Window, fresh, give, take

MAX_KEYS = 1_000_000
_SHARED_COUNTERS = 1024
_MAX_POLICIES = 1024  # policies; an app has tens, and one that invents policies must not fill the memory
_REFUNDED = -(2**62)  # the time of a hit that was given back

ClientState = int | State | list[State]
"""One hit of cost 1, by its time; or the state of the one window; or those of several."""

_V6 = re.compile(r":([0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})/[0-9]{1,3}")
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

new_tuple = tuple.__new__


class _WindowTable:
    """The clients of all policies whose states can be read as each other: the same number and kinds of windows."""

    __slots__ = ("cursor", "states", "windows")

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self.windows = windows
        self.states: dict[str, ClientState] = {}
        self.cursor: deque[str] = deque()

    def idle(self, state: ClientState, now: int) -> bool:
        """Whether nothing of it counts any more in the longest window."""
        window = self.windows[-1]
        if isinstance(state, int):
            latest = state
        else:
            state = state[-1] if isinstance(state, list) else state
            if len(state) <= (0 if window.exact else HEAD):  # all of it was given back
                return True
            latest = state[-1 if window.exact else -2]
        return latest + window.period_us <= now


class MemoryWindows:
    """Answers Take and Give. ``clock``: seconds, never going back."""

    def __init__(self, clock: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        self.max_keys = max_keys
        self._clock = clock
        self._lock = Lock()
        self._tables: dict[str, _WindowTable] = {}
        self._by_windows: dict[tuple[Window, ...], _WindowTable] = {}  # by the identity of the windows
        self._count = 0

    def take(self, op: Consume) -> None:
        with self._lock:
            now = int(self._clock() * MICRO)  # under the lock, so that it never goes back along a key
            windows = op.windows
            table = self._by_windows.get(windows) or self._table(windows)
            state = table.states.get(op.key)
            if state.__class__ is not array:
                self._take(table, op, state, now)
                return
            window = windows[0]  # as in window.take, without its frame: most limits have one window
            left, wait = window.look(window, state, now, op.cost, True)
            op.at = now
            if left >= 0:
                op.answer = new_tuple(Taken, (True, 0, left, wait / MICRO))
            else:
                op.answer = new_tuple(Taken, (False, 0, -1 - left, wait / MICRO))

    def take_at(self, op: Consume, now: int) -> None:
        with self._lock:
            table = self._table(op.windows)
            self._take(table, op, table.states.get(op.key), now)

    def give(self, op: Refund) -> None:
        with self._lock:
            table = self._table(op.windows)
            key = op.key if op.key in table.states else _network_key(op.key)
            state = table.states.get(key)
            op.answer = None
            if state is None:
                return
            if op.at is None or state == op.at:
                if key == op.key:  # what a whole neighbourhood did is not one client's to forget
                    table.states[key] = _REFUNDED
            elif not isinstance(state, int):
                give(state if isinstance(state, list) else [state], op.windows, op.cost, op.at)

    def _take(self, table: _WindowTable, op: Consume, state: ClientState | None, now: int) -> None:
        key, windows = op.key, op.windows
        if state is None:
            key, state = self._admit(table, key, now)
        if state is None or isinstance(state, int):
            states = fresh(windows)
            if state is not None and state != _REFUNDED:
                take(states, state, windows, 1)
        else:
            states = state if isinstance(state, list) else [state]
        op.at = now
        op.answer = taken = take(states, now, windows, op.cost)
        if state is None:
            if not taken.allowed or not op.cost:
                return
            table.cursor.append(key)
            self._count += 1
            if op.cost == 1:
                table.states[key] = now
                return
        table.states[key] = states[0] if len(states) == 1 else states

    def _admit(self, table: _WindowTable, key: str, now: int) -> tuple[str, ClientState | None]:
        """Under which key a new client is counted."""
        for _ in range(min(2, len(table.cursor))):
            old = table.cursor.popleft()
            if table.idle(table.states[old], now):
                del table.states[old]
                self._count -= 1
            else:
                table.cursor.append(old)
        if self._count >= self.max_keys:
            key = _network_key(key)
            if key not in table.states and self._count >= self.max_keys + self.max_keys // 16:
                key = f"*{hash(key) % _SHARED_COUNTERS}"
        return key, table.states.get(key)

    def _table(self, windows: tuple[Window, ...]) -> _WindowTable:
        shape = " ".join([window.shape for window in windows])
        table = self._tables.get(shape)
        if table is None:
            table = self._tables[shape] = _WindowTable(windows)
        elif windows[-1].period_us > table.windows[-1].period_us:
            table.windows = windows
        if len(self._by_windows) >= _MAX_POLICIES:
            self._by_windows.clear()
        self._by_windows[windows] = table
        return table


def _network_key(key: str) -> str:
    """The key of the /24 or /48 around the address that a key ends with; else one of a thousand common ones."""
    if found := _V4.fullmatch(key.rpartition(":")[2]):
        return key[: -len(found[0])] + found[0].rpartition(".")[0] + ".*"
    if found := _V6.search(key):
        return key[: found.start(1)] + ":".join(found[1].split(":")[:3]) + "::*"
    return f"*{hash(key) % _SHARED_COUNTERS}"
