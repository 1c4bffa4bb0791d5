"""Health checks run in parallel with timeouts, one run at a time, and nothing accumulates."""

import asyncio
import threading
import time
from functools import partial

import pytest

from launchready.exchange.app import RunChecks
from launchready.runtime.health.checks import NOT_YET, STILL_RUNNING, HealthCheckRunner


def run(probes):
    op = RunChecks()
    probes.run(op)
    return op.answer


def arun(probes):
    op = RunChecks()
    asyncio.run(probes.arun(op))
    return op.answer


def troubles(checked):
    return {name: finding.trouble for name, finding in checked.findings.items()}


def again(probes):
    """Simulates that kept results have expired."""
    for probe in probes._checks:
        probe.due = 0.0


async def fine():
    return True


async def false():
    return False


async def broken():
    raise ConnectionError("secret")


def sync_broken():
    raise ConnectionError("secret")


def raises_timeout():
    raise TimeoutError("its own")


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
    "h": raises_timeout,
}
VERDICTS = {
    "a": None, "b": "returned False", "c": "ConnectionError", "d": None, "e": "returned False", "f": "ConnectionError",
    "g": None, "h": "TimeoutError",
}  # fmt: skip

WAYS = pytest.mark.parametrize("way", [run, arun])


@WAYS
def test_verdicts(way):
    """def and async def checks work on both drivers; a failure shows only the exception's class."""
    checked = way(HealthCheckRunner(CHECKS, timeout=5.0))
    assert troubles(checked) == VERDICTS
    assert {name for name, finding in checked.findings.items() if finding.up} == {"a", "d", "g"}


@WAYS
def test_a_hung_check_does_not_pile_up(way):
    """A hung check times out, is then reported as still running in one thread, and runs again after it returns."""
    free, ran = threading.Event(), []

    def slow():
        ran.append(1)
        free.wait(20)

    probes = HealthCheckRunner({"slow": slow}, timeout=0.05)
    assert troubles(way(probes)) == {"slow": "no answer within 0.05 s"}
    for _ in range(5):
        again(probes)
        assert troubles(way(probes)) == {"slow": STILL_RUNNING}
    assert len(ran) == 1
    free.set()
    deadline = time.monotonic() + 10
    while troubles(way(probes)) != {"slow": None}:
        again(probes)
        assert time.monotonic() < deadline
    assert len(ran) == 2


def test_an_async_check_that_hangs_is_cancelled():
    """A timed-out check leaves no task in the event loop."""
    assert troubles(arun(HealthCheckRunner({"hangs": hangs}, timeout=0.05))) == {"hangs": "no answer within 0.05 s"}


@WAYS
def test_ten_hung_checks_cost_the_time_of_one(way):
    """Checks run in parallel and share one deadline."""
    free = threading.Event()
    probes = HealthCheckRunner({str(number): (lambda: free.wait(20)) for number in range(10)}, timeout=0.2)
    start = time.monotonic()
    assert set(troubles(way(probes)).values()) == {"no answer within 0.2 s"}
    assert time.monotonic() - start < 1
    free.set()


async def probed(probes):
    op = RunChecks()
    started = time.monotonic()
    await probes.arun(op)
    return time.monotonic() - started, op.answer


@pytest.mark.parametrize("known", [False, True])
def test_a_hundred_probes_of_a_hung_database(known):
    """A crowd of probes starts one run and gets the known results at once."""
    free, ran, hung = threading.Event(), [], threading.Event()

    def database():
        if hung.is_set():
            ran.append(1)
            free.wait(20)

    probes = HealthCheckRunner({"database": database}, timeout=5)
    if known:
        assert run(probes).findings["database"].up
        again(probes)
    hung.set()

    async def storm():
        return await asyncio.gather(*(probed(probes) for _ in range(100)))

    answers = asyncio.run(storm())
    free.set()
    assert len(ran) == 1
    assert max(took for took, _ in answers) < 0.25  # 6 ms on a quiet machine; benchmarks/timing.py says how many
    assert {checked.findings["database"].up for _, checked in answers} == {known}


def test_alone_it_waits_for_the_verdict():
    """A single probe waits for its own run; in a crowd the run still counts."""
    slow = HealthCheckRunner({"slow": lambda: time.sleep(0.1)})
    assert run(slow).findings["slow"].up

    async def crowd():
        probes = HealthCheckRunner({"slow": slow_async})
        answers = await asyncio.gather(*(probed(probes) for _ in range(3)))
        await asyncio.sleep(0.2)
        return [checked.findings["slow"].trouble for _, checked in answers], (await probed(probes))[1]

    async def slow_async():
        await asyncio.sleep(0.1)

    told, later = asyncio.run(crowd())
    assert told == [NOT_YET] * 3
    assert later.findings["slow"].up


@WAYS
def test_late_is_late(way):
    """A result after the timeout stays a failure until the next run."""
    probes = HealthCheckRunner({"late": lambda: time.sleep(0.15)}, timeout=0.05)
    assert troubles(way(probes)) == {"late": "no answer within 0.05 s"}
    time.sleep(0.3)
    assert troubles(way(probes)) == {"late": "no answer within 0.05 s"}


def test_threads_that_ask_at_once():
    """Twenty threads share one run of a fast check, and all get its result."""
    ran, told, go = [], [], threading.Barrier(20)
    probes = HealthCheckRunner({"a": lambda: ran.append(1)})

    def ask():
        go.wait()
        told.append(run(probes).findings["a"].up)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ran) == 1
    assert len(told) == 20


@WAYS
def test_a_verdict_is_kept(way):
    """A check runs once in ten probes within ``keep``."""
    ran = []
    probes = HealthCheckRunner({"a": lambda: ran.append(1)}, keep=60)
    for _ in range(10):
        assert way(probes).findings["a"].up
    assert len(ran) == 1


@WAYS
def test_one_failure_is_not_down(way, caplog):
    """A check goes down at the second consecutive failure and up at the first pass; each change is logged once."""
    says = iter([True, False, True, False, False, False, True])
    probes = HealthCheckRunner({"a": lambda: next(says)})
    ups = []
    for _ in range(7):
        again(probes)
        ups.append(way(probes).findings["a"].up)
    assert ups == [True, True, True, True, False, False, True]
    assert [record.getMessage() for record in caplog.records] == [
        "health check a fails: returned False", "health check a passes again",
    ]  # fmt: skip


@WAYS
def test_rise(way):
    """``rise=2`` needs two passes to come up again; the very first result counts at once."""
    says = iter([False, True, False, True, True])
    probes = HealthCheckRunner({"a": lambda: next(says)}, fall=1, rise=2)
    ups = []
    for _ in range(5):
        again(probes)
        ups.append(way(probes).findings["a"].up)
    assert ups == [False, False, False, False, True]


@WAYS
def test_startup(way):
    """A startup check runs until it passes, and never again."""
    says = iter([False, True])
    probes = HealthCheckRunner({}, startup={"migrations": lambda: next(says)})
    assert probes.ready() is None
    ups = []
    for _ in range(5):
        again(probes)
        ups.append(way(probes).findings["migrations"].up)
    assert ups == [False, True, True, True, True]
    assert probes.ready() is True


def test_optional():
    """An optional check is marked as such."""
    checked = run(HealthCheckRunner({"a": fine}, {"b": false}))
    assert {name: finding.critical for name, finding in checked.findings.items()} == {"a": True, "b": False}
