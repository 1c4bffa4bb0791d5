"""Rate limit counters in the memory of one process. Memory is bounded, and no client can evict its own counter.

- Most clients send one request. Their state is one number, the time of that request; the second request turns it into
  an array (see exchange/window.py).
- Expired clients are removed by a cursor that checks two entries per new client. There is no thread and no long sweep.
- At ``max_keys`` no counter is dropped for a new client. The client shares the counter of its /24 or /48. The number of
  network counters is bounded too; beyond that, clients share one of a thousand common counters.
- A client that has no counter because of ``max_keys`` is never refused its first request: a filter remembers who has
  sent one. Its later requests count for its network.
- A flood of invented addresses can exhaust the quota of its own network, but never gets a fresh counter.
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
_MAX_POLICIES = 1024  # an app has tens of policies; one that creates policies at run time must not fill the memory
_REFUNDED = -(2**62)  # the time of a refunded hit

ClientState = int | State | list[State]
"""The time of one hit of cost 1, or the state of one window, or the states of several windows."""

_V6 = re.compile(r":([0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})/[0-9]{1,3}")
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

new_tuple = tuple.__new__


class _WindowTable:
    """The clients of all policies with the same number and kinds of windows, whose states are interchangeable."""

    __slots__ = ("cursor", "states", "windows")

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self.windows = windows
        self.states: dict[str, ClientState] = {}
        self.cursor: deque[str] = deque()

    def idle(self, state: ClientState, now: int) -> bool:
        """Whether no hit counts any more in the longest window."""
        window = self.windows[-1]
        if isinstance(state, int):
            latest = state
        else:
            state = state[-1] if isinstance(state, list) else state
            if len(state) <= (0 if window.exact else HEAD):  # every hit was refunded
                return True
            latest = state[-1 if window.exact else -2]
        return latest + window.period_us <= now


class _FirstRequests:
    """Remembers which clients have sent a request, in a Bloom filter of 16 bits per client and two generations.

    A client is remembered for at least one period. One new client in 400 is mistaken for a known one at capacity.
    """

    def __init__(self, capacity: int) -> None:
        self._bits = max(131_072, capacity * 16)
        self._new, self._old = bytearray(self._bits // 8 + 1), bytearray(self._bits // 8 + 1)
        self._rotate_at = 0

    def is_first(self, key: str, now: int, period: int) -> bool:
        if now >= self._rotate_at:
            self._new, self._old = bytearray(len(self._new)), self._new
            self._rotate_at = now + period
        start, step = hash(key), hash((key,))
        places = [(start + step * turn) % self._bits for turn in range(4)]
        known = [all(bits[place >> 3] & 1 << (place & 7) for place in places) for bits in (self._new, self._old)]
        for place in places:
            self._new[place >> 3] |= 1 << (place & 7)
        return not any(known)


class MemoryWindows:
    """Executes Take and Give. ``clock`` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        self.max_keys = max_keys
        self._clock = clock
        self._lock = Lock()
        self._tables: dict[str, _WindowTable] = {}
        self._by_windows: dict[tuple[Window, ...], _WindowTable] = {}  # by the identity of the windows
        self._count = 0
        self._first_requests: _FirstRequests | None = None  # created above max_keys

    def take(self, op: Consume) -> None:
        with self._lock:
            now = int(self._clock() * MICRO)  # read under the lock, so that time never goes back for a key
            windows = op.windows
            table = self._by_windows.get(windows) or self._table(windows)
            state = table.states.get(op.key)
            if state.__class__ is not array:
                self._take(table, op, state, now)
                return
            window = windows[0]  # window.take inlined: most limits have one window, and this saves a frame
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
                if key == op.key:  # one client may not reset the counter of its network
                    table.states[key] = _REFUNDED
            elif not isinstance(state, int):
                give(state if isinstance(state, list) else [state], op.windows, op.cost, op.at)

    def _take(self, table: _WindowTable, op: Consume, state: ClientState | None, now: int) -> None:
        key, windows, first = op.key, op.windows, False
        if state is None:
            key, state = self._admit(table, key, now)
            if key != op.key:
                first = self._is_first(table, op.key, now)
        if state is None or isinstance(state, int):
            states = fresh(windows)
            if state is not None and state != _REFUNDED:
                take(states, state, windows, 1)
        else:
            states = state if isinstance(state, list) else [state]
        op.at = now
        op.answer = taken = take(states, now, windows, op.cost)
        if first and not taken.allowed:  # its network has used up the shared counter, the client itself has not
            op.answer = Taken(True, taken.which, 0, taken.reset)
            return
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
        """Return the key and the state under which a new client is counted."""
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

    def _is_first(self, table: _WindowTable, key: str, now: int) -> bool:
        if self._first_requests is None:
            self._first_requests = _FirstRequests(self.max_keys)
        return self._first_requests.is_first(key, now, table.windows[-1].period_us)

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
    """Return the key of the /24 or /48 of the address that ends the key, else one of the shared counters."""
    if found := _V4.fullmatch(key.rpartition(":")[2]):
        return key[: -len(found[0])] + found[0].rpartition(".")[0] + ".*"
    if found := _V6.search(key):
        return key[: found.start(1)] + ":".join(found[1].split(":")[:3]) + "::*"
    return f"*{hash(key) % _SHARED_COUNTERS}"
