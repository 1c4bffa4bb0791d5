"""Health checks: at once, each within its time, a hung one at most once."""

import asyncio
import threading
import time
from functools import partial

import pytest

from launchready.drivers.probes import Probes
from launchready.exchange.app import RunChecks


def run(probes, timeout=1.0):
    op = RunChecks(timeout)
    probes.run(op)
    return op.answer


def arun(probes, timeout=1.0):
    op = RunChecks(timeout)
    asyncio.run(probes.arun(op))
    return op.answer


async def fine():
    return True


async def false():
    return False


async def broken():
    raise ConnectionError("secret")


def sync_broken():
    raise ConnectionError("secret")


async def hangs():
    await asyncio.Event().wait()


CHECKS = {
    "a": lambda: None,
    "b": lambda: False,
    "c": sync_broken,
    "d": fine,
    "e": false,
    "f": broken,
    "g": partial(fine),
}
VERDICTS = {
    "a": None, "b": "returned False", "c": "ConnectionError", "d": None, "e": "returned False", "f": "ConnectionError",
    "g": None,
}  # fmt: skip


@pytest.mark.parametrize("way", [run, arun])
def test_verdicts(way):
    """def and async def, on both drivers; of what was raised the name of its class and no word more."""
    assert way(Probes(CHECKS), 5.0) == VERDICTS


@pytest.mark.parametrize("way", [run, arun])
def test_a_hung_check_does_not_pile_up(way):
    """It is late once, then told as still running, by one thread; when it comes back it is asked again."""
    free, ran = threading.Event(), []

    def slow():
        ran.append(1)
        free.wait(20)

    probes = Probes({"slow": slow})
    assert way(probes, 0.05) == {"slow": "no answer within 0.05 s"}
    for _ in range(5):
        assert way(probes, 0.05) == {"slow": "still running since the last probe"}
    assert len(ran) == 1
    free.set()
    deadline = time.monotonic() + 10
    while way(probes, 5.0) != {"slow": None}:
        assert time.monotonic() < deadline
    assert len(ran) == 2


def test_an_async_check_that_hangs_is_cancelled():
    """Nothing of it is left behind in the loop."""
    assert arun(Probes({"hangs": hangs}), 0.05) == {"hangs": "no answer within 0.05 s"}


@pytest.mark.parametrize("way", [run, arun])
def test_ten_hung_checks_cost_the_time_of_one(way):
    """They run at once and share one deadline."""
    free = threading.Event()
    probes = Probes({str(number): (lambda: free.wait(20)) for number in range(10)})
    start = time.monotonic()
    assert set(way(probes, 0.2).values()) == {"no answer within 0.2 s"}
    assert time.monotonic() - start < 1
    free.set()
