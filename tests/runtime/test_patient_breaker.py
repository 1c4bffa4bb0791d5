"""A hung store makes one request of the cache wait, however many are in flight."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from launchready.errors import StoreUnavailable
from launchready.exchange.store import Get, Space
from launchready.runtime.patient_breaker import FOLLOWER_WAIT, PatientBreaker
from launchready.stores.memory import MemoryStore

SPACE = Space("cache", dump=bytes, load=bytes, size=len, evictable=True)
HANGS = 1.5
COUNT = 40


class Hung(MemoryStore):
    """A store that hangs for HANGS seconds while ``hung``."""

    shared = True
    hung = False

    def execute(self, op):
        if self.hung:
            threading.Event().wait(HANGS)
            raise StoreUnavailable("it did not respond in time")
        super().execute(op)

    async def aexecute(self, op):
        if self.hung:
            await asyncio.sleep(HANGS)
            raise StoreUnavailable("it did not respond in time")
        await super().aexecute(op)


def seconds(call):
    started = time.monotonic()
    try:
        call()
    except StoreUnavailable:
        return time.monotonic() - started, False
    return time.monotonic() - started, True


async def aseconds(breaker):
    started = time.monotonic()
    try:
        await breaker.aexecute(Get(SPACE, "k"))
    except StoreUnavailable:
        return time.monotonic() - started, False
    return time.monotonic() - started, True


def together(breaker, mode):
    """COUNT operations at once: for each its seconds, and whether it was executed."""
    if mode == "sync":
        with ThreadPoolExecutor(COUNT) as pool:
            return list(pool.map(lambda _: seconds(lambda: breaker.execute(Get(SPACE, "k"))), range(COUNT)))

    async def main():
        found = await asyncio.gather(*[aseconds(breaker) for _ in range(COUNT)])
        if breaker._task is not None:
            breaker._task.cancel()
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_one_request_waits(mode):
    """Of forty operations in flight one waits for the store's timeout; the others end soon, and the circuit is open."""
    store = Hung()
    breaker = PatientBreaker(store)
    assert all(executed for _, executed in together(breaker, mode))
    store.hung = True
    found = sorted(together(breaker, mode))
    assert not any(executed for _, executed in found)
    assert found[-1][0] >= HANGS * 0.9
    assert found[-2][0] < HANGS * 0.9
    assert found[-2][0] >= FOLLOWER_WAIT * 0.5
    assert seconds(lambda: breaker.execute(Get(SPACE, "k")))[0] < HANGS / 2


def test_a_busy_loop_is_not_a_hung_store():
    """A blocked event loop does not open the circuit of a healthy store."""

    class Slow(MemoryStore):
        async def aexecute(self, op):
            await asyncio.sleep(0.02)
            await super().aexecute(op)

    breaker = PatientBreaker(Slow())

    async def block():
        for _ in range(3):
            time.sleep(0.3)  # noqa: ASYNC251 - blocks the loop on purpose
            await asyncio.sleep(0)

    async def main():
        found = await asyncio.gather(block(), *[aseconds(breaker) for _ in range(5)])
        return found[1:]

    assert all(executed for _, executed in asyncio.run(main()))
