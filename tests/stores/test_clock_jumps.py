"""Setting the machine's wall clock lets no request through early and locks no client out."""

import pytest

from launchready.exchange.store import Consume
from launchready.exchange.window import Window
from launchready.stores.memory import MemoryStore
from launchready.stores.sqlite import SQLiteStore

HOUR = 3_600.0


class Hands:
    """A wall clock and a monotonic clock, set independently."""

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
    """A window keeps its length whatever the wall clock shows; an open file and a reopened one agree."""
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
