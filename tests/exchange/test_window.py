"""The sliding window: what it lets through on any trace, against the definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.exchange.window import EXACT_UP_TO, MICRO, Taken, Window, fresh, take

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


@given(limit=st.integers(EXACT_UP_TO + 1, 2_000))
def test_sliced_lets_nearly_all_through(limit):
    """Above 256, a steady flood gets at least nine tenths of what the definition would let through."""
    period, ticks = MICRO, 400
    steps = [(period // 100, max(1, limit // 60))] * ticks
    sliced = sum(cost for _, cost, answer in play((Window(limit, 1.0),), steps) if answer.allowed)
    log, best = [], 0
    for tick in range(ticks):
        at, cost = START + (tick + 1) * steps[0][0], steps[0][1]
        log = [(when, units) for when, units in log if when > at - period]
        if sum(units for _, units in log) + cost <= limit:
            log.append((at, cost))
            best += cost
    assert sliced >= 0.9 * best


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
