"""The sliding window: what it lets through on any trace, against the definition."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launchready.exchange.window import EXACT_UP_TO, GROUPS, HEAD, MICRO, Taken, Window, fresh, give, take

START = 1_790_000_000_000_000
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 999, 40_000, 62_500, 500_000, 999_999, 1_000_000]), st.integers(1, 40)),
    min_size=1,
    max_size=150,
)


def play(windows, steps):
    """The answers on a trace, with their times and costs."""
    states, now, played = fresh(windows), START, []
    for step, cost in steps:
        now += step
        played.append((now, cost, take(states, now, windows, cost)))
    return played


def units(played, edge, period):
    """Units let through in the window of this period that ends at ``edge``."""
    return sum(cost for at, cost, answer in played if answer.allowed and edge - period < at <= edge)


@given(limit=st.integers(1, 600), steps=STEPS)
def test_never_more_than_the_limit(limit, steps):
    """No span of the period holds more than the limit, wherever it is laid."""
    played = play((Window(limit, 1.0),), steps)
    assert all(units(played, at, MICRO) <= limit for at, _, _ in played)


@given(limit=st.integers(1, EXACT_UP_TO), steps=STEPS)
def test_exact_is_the_definition(limit, steps):
    """Up to 256, what fits is let through, what does not is refused, and the rest is told."""
    played = play((Window(limit, 1.0),), steps)
    for index, (at, cost, answer) in enumerate(played):
        used = units(played[:index], at, MICRO)
        assert answer.allowed == (used + cost <= limit)
        assert answer.remaining == limit - used - (cost if answer.allowed else 0)


BURSTS = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from([0, 1, 31_250, 62_500, 500_000, MICRO - 1, MICRO, MICRO + 1]),
            st.integers(0, 3 * MICRO // 2),
        ),
        st.floats(0.001, 1.2),  # hits, as a part of the limit
        st.sampled_from([0, 1, 100, 700]),  # microseconds between them
    ),
    min_size=1,
    max_size=10,
)


class Log:
    """The definition: the times of all hits that were let through."""

    def __init__(self, limit):
        self.limit = limit
        self.hits = deque()
        self.count = 0

    def take(self, now):
        while self.hits and self.hits[0] <= now - MICRO:
            self.hits.popleft()
        if len(self.hits) < self.limit:
            self.hits.append(now)
            self.count += 1


@settings(deadline=None, max_examples=60)
@given(limit=st.integers(EXACT_UP_TO + 1, 5_000), bursts=BURSTS)
def test_grouped_lets_nearly_all_through(limit, bursts):
    """Above 256, on any trace and at any moment of it: never more than the limit, and 31/32 of the definition's."""
    window, log, now = (Window(limit, 1.0),), Log(limit), START
    states, mine, count = fresh(window), deque(), 0
    for step, part, apart in bursts:
        now += step
        for _ in range(max(1, int(part * limit))):
            now += apart
            log.take(now)
            if take(states, now, window, 1).allowed:
                count += 1
                mine.append(now)
                while mine[0] <= now - MICRO:
                    mine.popleft()
                assert len(mine) <= limit
        assert count >= log.count * (GROUPS - 1) / GROUPS


@settings(deadline=None)
@given(
    limit=st.integers(EXACT_UP_TO + 1, 5_000),
    bursts=BURSTS,
    costs=st.lists(st.sampled_from([1, 2, 9, 60, 200]), min_size=10, max_size=10),
    late=st.lists(st.integers(0, 400), min_size=10, max_size=10),
)
def test_grouped_with_costs_and_gifts(limit, bursts, costs, late):
    """Above 256, whatever is taken and given back, soon or late: never more units than the limit, in a bounded state."""
    window, now, taken = (Window(limit, 1.0),), START, deque()
    states, counted = fresh(window), {}
    for (step, part, apart), cost, waits in zip(bursts, costs, late, strict=False):
        now += step
        for _ in range(min(600, max(1, int(part * limit)))):
            now += apart
            if take(states, now, window, cost).allowed:
                taken.append((now, cost))
                counted[now] = counted.get(now, 0) + cost
                assert sum(units for at, units in counted.items() if at > now - MICRO) <= limit
            while len(taken) > waits:
                at, units = taken.popleft()
                give(states, window, units, at)
                counted[at] -= units
            assert len(states[0]) <= HEAD + 2 * 73
            assert not states[0] or states[0][0] == sum(states[0][HEAD + 1 :: 2])


def test_what_is_over_is_nobodys():
    """A hit given back after its time takes nothing from those that came later; one that counts still, its own."""
    window = (Window(320, 1.0),)
    states = fresh(window)
    for at in (0, 10, 1_000_010):
        take(states, START + at, window, 160)
    give(states, window, 160, START + 10)
    assert take(states, START + 1_000_011, window, 161) == Taken(False, 0, 160, 0.999999)
    give(states, window, 160, START + 1_000_010)
    assert take(states, START + 1_000_012, window, 320).allowed


@given(steps=STEPS, limits=st.tuples(st.integers(1, 400), st.integers(1, 400)))
def test_reset_is_when_the_cost_passes(steps, limits):
    """After a refusal the same cost passes at ``reset``, and not a microsecond earlier."""
    windows = (Window(limits[0], 0.7), Window(limits[1], 3.1))
    states, now = fresh(windows), START
    for step, cost in steps:
        now += step
        answer = take(states, now, windows, cost)
        if answer.allowed or cost > min(limits):
            continue
        wait = round(answer.reset * MICRO)
        assert not take(states, now + wait - 1, windows, cost).allowed
        assert take(states, now + wait, windows, cost).allowed
        return


@given(steps=STEPS, limit=st.integers(1, 300))
def test_a_refusal_changes_nothing(steps, limit):
    """What is refused in one window is charged in none, and leaves every state as it was."""
    windows = (Window(limit, 0.5), Window(limit * 2, 60.0))
    states, now = fresh(windows), START
    for step, cost in steps:
        now += step
        before = [list(state) for state in states]
        if not take(states, now, windows, cost).allowed:
            assert [list(state) for state in states] == before


def test_who_speaks():
    """The window with the fewest units left, or where refused the one to be waited for longest."""
    windows = (Window(3, 1.0), Window(4, 60.0))
    states = fresh(windows)
    assert take(states, START, windows, 2) == Taken(True, 0, 1, 1.0)
    assert take(states, START + MICRO, windows, 1) == Taken(True, 1, 1, 59.0)
    assert take(states, START + MICRO, windows, 2) == Taken(False, 1, 1, 59.0)


@pytest.mark.parametrize("limit", [2, 300])
def test_a_clock_that_goes_back_frees_nothing(limit):
    """Time stands still until the clock has caught up."""
    windows = (Window(limit, 60.0),)
    states = fresh(windows)
    assert take(states, START, windows, limit).allowed
    for back in (1, 3_600 * MICRO):
        assert not take(states, START - back, windows, 1).allowed
    assert take(states, START + 64 * MICRO, windows, limit).allowed


@pytest.mark.parametrize("limit", [2, 300])
def test_a_hit_on_a_clock_that_went_back(limit):
    """It counts from the latest time that was seen, and as long as any other: it is not forgotten for being "old"."""
    windows = (Window(limit, 60.0),)
    states = fresh(windows)
    assert take(states, START, windows, limit // 2).allowed
    assert take(states, START - 3_600 * MICRO, windows, limit // 2) == Taken(True, 0, 0, 60.0)
    assert not take(states, START + 59 * MICRO, windows, 1).allowed
    assert take(states, START + 60 * MICRO, windows, limit).allowed


def test_cost_above_the_limit_never_passes():
    """It is refused with the whole period to wait; a cost of nothing always passes."""
    for limit in (5, 300):
        windows = (Window(limit, 60.0),)
        assert take(fresh(windows), START, windows, limit + 1) == Taken(False, 0, limit, 60.0)
        assert take(fresh(windows), START, windows, 0).allowed


def test_lists_are_states_too():
    """A state may be a plain list, and a window tells what it is."""
    assert take([[]], START, (Window(1, 1.0),), 1).allowed
    assert repr(Window(5, 60.0)) == "Window(5, 60.0)"
