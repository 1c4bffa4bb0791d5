"""The circuit breaker: what only counts waits 40 ms for a store at most, and once."""

import asyncio
import threading
import time

import pytest

from launchready.errors import StoreUnavailable
from launchready.exchange.store import HURRY, Consume, ConsumeLocal, Get, Put, Space
from launchready.exchange.window import Window
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.circuit_breaker import CircuitBreaker, StoreHung, StoreLate
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.stores.memory import MemoryStore
from support.servers import until

WINDOWS = (Window(1000, 60.0),)
KEPT = Space("kept", dump=bytes, load=bytes, size=len, evictable=False)
SLOW = 5.0


class Shop(MemoryStore):
    """A store across a wire that a test can slow down, or cut."""

    shared = True

    def __init__(self, *, minds):
        super().__init__()
        self.verbs, self.inline = self.inline, {}
        if minds:
            self.execute_quickly = lambda op: self.execute(op, 0.04)
        self.back = threading.Event()
        self.back.set()
        self.cut = False
        self.asked = []

    def execute(self, op, patience=SLOW):
        self.asked.append(type(op).__name__)
        if self.cut:
            raise StoreUnavailable("cut")
        if not self.back.wait(patience):
            raise StoreUnavailable("late")
        self.verbs[type(op)](op)

    async def aexecute(self, op):
        self.asked.append(type(op).__name__)
        if self.cut:
            raise StoreUnavailable("cut")
        await asyncio.to_thread(self.back.wait, SLOW)
        self.verbs[type(op)](op)


def asking(store, mode):
    """A function that asks through the app's adapter: answered (seconds, whether it was)."""
    answers = OperationAdapter(store, HealthCheckRunner({}), {ConsumeLocal: MemoryStore().windows.take})
    runner = asyncio.Runner() if mode == "async" else None

    def ask(op=None):
        op = op or Consume("k", WINDOWS)
        start = time.monotonic()
        try:
            if runner is None:
                answers.execute(op)
            else:
                runner.run(answers.aexecute(op))
        except StoreUnavailable:
            return time.monotonic() - start, False
        return time.monotonic() - start, True

    return ask, runner


@pytest.fixture(params=["sync", "minding", "async"])
def shop(request):
    store = Shop(minds=request.param == "minding")
    ask, runner = asking(store, request.param)
    yield store, ask
    store.back.set()
    if runner is not None:
        runner.close()


def test_a_store_that_hangs(shop):
    """The first request waits 40 ms, the next not at all; when the store is back it is asked again by itself."""
    store, ask = shop
    assert ask()[1]
    waits = []
    for _ in range(5):  # the quickest of five: others work on this machine
        store.back.clear()
        seconds, answered = ask()
        assert not answered
        waits.append(seconds)
        store.back.set()
        until(lambda: ask()[1], "the store to be asked again", 10)
    assert min(waits) < 0.05
    store.back.clear()
    assert not ask()[1]
    before = store.asked.count("Consume")
    times = [ask() for _ in range(50)]
    assert not any(answered for _, answered in times)
    assert sorted(seconds for seconds, _ in times)[25] < 0.01
    assert store.asked.count("Consume") == before
    store.back.set()
    until(lambda: ask()[1], "the store to be asked again", 10)


def test_a_store_that_refuses(shop):
    """One refusal opens it; while it lasts the store is probed, and not asked by every request."""
    store, ask = shop
    store.cut = True
    assert [ask()[1] for _ in range(200)] == [False] * 200
    assert store.asked.count("Consume") == 1
    store.cut = False
    until(lambda: ask()[1], "the store to be asked again", 10)
    assert [ask()[1] for _ in range(5)] == [True] * 5


def test_what_does_not_hurry(shop):
    """A claim always asks; its answer closes the breaker for all."""
    store, ask = shop
    store.cut = True
    assert not ask()[1]
    assert not ask(Put(KEPT, "k", b"v", 60))[1]
    store.cut = False
    assert ask(Put(KEPT, "k", b"v", 60))[1]
    assert ask()[1]
    assert ask(Get(KEPT, "k"))[1]


def test_no_thread_while_it_is_up(shop):
    """A store that minds the hurry by itself, and one in an event loop, need no thread."""
    store, ask = shop
    before = threading.active_count()
    for _ in range(20):
        assert ask()[1]
    if hasattr(store, "execute_quickly"):
        assert threading.active_count() == before


def test_a_process_of_its_own_has_its_own_threads():
    """After a fork the threads of the parent are not waited for."""
    store = Shop(minds=False)
    ask, _ = asking(store, "sync")
    assert ask()[1]
    breaker = ask.__closure__
    assert breaker
    answers = next(cell.cell_contents for cell in breaker if isinstance(cell.cell_contents, OperationAdapter))
    answers._counts._pid = -1
    assert ask()[1]


class Wire(MemoryStore):
    """A store whose responses the test sends."""

    shared = True

    def __init__(self):
        super().__init__()
        self.verbs, self.inline = self.inline, {}
        self.waiting = []

    async def aexecute(self, op):
        response = asyncio.get_running_loop().create_future()
        self.waiting.append(response)
        await response
        self.verbs[type(op)](op)


def consume(breaker):
    return asyncio.create_task(breaker.aexecute(Consume("k", WINDOWS)))


def test_a_busy_event_loop_is_not_a_slow_store():
    """A handler blocks the event loop for five times the limit. The operation succeeds and the breaker stays closed."""

    async def main():
        wire = Wire()
        breaker = CircuitBreaker(wire)
        task = consume(breaker)
        await asyncio.sleep(0)
        time.sleep(5 * HURRY)  # noqa: ASYNC251 - that is the handler
        await asyncio.sleep(0)
        wire.waiting[0].set_result(None)
        await task
        assert not breaker._open

    asyncio.run(main())


def test_a_store_that_responds_to_nothing_hangs():
    """The operation fails and the breaker opens."""

    async def main():
        breaker = CircuitBreaker(Wire())
        with pytest.raises(StoreHung):
            await consume(breaker)
        assert breaker._open

    asyncio.run(main())


def test_an_operation_that_waits_while_others_are_answered_is_late(caplog):
    """The request goes on without it, the breaker stays closed, and the log says "late" and not "unavailable"."""

    async def main():
        wire = Wire()
        adapter = OperationAdapter(wire, HealthCheckRunner({}), {})
        first = asyncio.create_task(adapter.aexecute(Consume("k", WINDOWS)))
        while not first.done():
            other = asyncio.create_task(adapter.aexecute(Consume("k", WINDOWS)))
            await asyncio.sleep(0.005)
            wire.waiting[-1].set_result(None)
            await other
        with pytest.raises(StoreLate):
            await first
        assert adapter.reachable

    asyncio.run(main())
    assert "store late" in caplog.text
    assert "unavailable" not in caplog.text
