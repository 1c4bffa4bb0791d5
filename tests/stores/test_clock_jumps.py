"""Somebody sets the wall clock of the machine while limits are counted: nobody is let through early, or kept out."""

import pytest

from launchready.exchange.store import Consume
from launchready.exchange.window import Window
from launchready.stores.memory import MemoryStore
from launchready.stores.sqlite import SQLiteStore

HOUR = 3_600.0


class Hands:
    """Two clocks, set by hand and apart."""

    def __init__(self):
        self.by_wall = 1_790_000_000.0
        self.since = 1_000.0

    def wall(self):
        return self.by_wall

    def monotonic(self):
        return self.since

    def passes(self, seconds):
        self.by_wall += seconds
        self.since += seconds


@pytest.mark.parametrize("limit", [3, 300])
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_hour_either_way(kind, jump, limit, tmp_path):
    """The window is as long as it was, whatever the wall says; an open file and one opened anew agree."""
    clock, windows = Hands(), (Window(limit, 60.0),)
    store = MemoryStore(clock) if kind == "memory" else SQLiteStore(str(tmp_path / "store.db"), clock=clock)

    def allowed(cost=1):
        op = Consume("k", windows, cost)
        store.execute(op)
        return op.answer.allowed

    assert allowed(limit)
    clock.by_wall += jump
    assert not allowed()
    clock.passes(59.9)
    if kind == "sqlite":
        store.close()
        store = SQLiteStore(str(tmp_path / "store.db"), clock=clock)
    assert not allowed()
    clock.passes(0.2)
    assert allowed(limit)
    store.close()
