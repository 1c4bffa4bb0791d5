"""The budget of one input: what it counts, when it ends, and what extends it."""

import pytest

from launchready.budget import Budget, BudgetExceeded, ambient, charge, limited


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_steps_and_characters_end_the_work():
    """Exactly the allowed steps and characters are available; the next one raises, and so does every later one."""
    for costs in ({"steps": 1}, {"steps": 0, "characters": 1}, {"steps": 0.5, "characters": 1}):
        budget = Budget(steps=10, characters=10)
        for _ in range(10):
            budget.charge(**costs)
        with pytest.raises(BudgetExceeded):
            budget.charge(10, 10)
        with pytest.raises(BudgetExceeded):
            budget.charge(1)


def test_cpu_time_ends_the_work():
    """CPU time past the limit raises at the next look at the clock: within 256 steps, or at check()."""
    clock = Clock()
    budget = Budget(steps=1e9, characters=0, seconds=0.5, clock=clock)
    budget.check()
    clock.now += 0.6
    with pytest.raises(BudgetExceeded):
        budget.check()
    budget = Budget(steps=1e9, characters=0, seconds=0.5, clock=clock)
    clock.now += 0.6
    with pytest.raises(BudgetExceeded):  # noqa: PT012 - the clock is read once in so many steps
        for _ in range(258):
            budget.charge()


def test_extension_is_for_another_part():
    """A budget that was exceeded allows the work of the next part, and no CPU time is given back."""
    clock = Clock()
    budget = Budget(steps=1, characters=1, seconds=0.5, clock=clock)
    with pytest.raises(BudgetExceeded):
        budget.charge(2)
    budget.extend(steps=2, characters=2, seconds=0.1)
    budget.charge(2, 2)
    clock.now += 0.7
    budget.extend(steps=2, characters=2)
    with pytest.raises(BudgetExceeded):
        budget.check()


def test_budget_of_a_block():
    """charge() finds the budget of the innermost block, and costs nothing outside of one."""
    charge(1e9, 10**9)
    assert ambient() is None
    outer, inner = Budget(steps=2, characters=0), Budget(steps=1, characters=0)
    with limited(outer):
        with limited(inner):
            assert ambient() is inner
            charge()
            with pytest.raises(BudgetExceeded):
                charge()
        charge(2)
    assert ambient() is None
