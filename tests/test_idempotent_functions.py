"""``@idempotent`` on plain functions: once per key, on every embedded store, sync and async."""

import asyncio
import threading

import pytest

from launchready.errors import ConfigError, InFlight, KeyReused, OutcomeUnknown, SafeToRetry
from launchready.idempotency import idempotent
from launchready.stores import connect


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = connect("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/once.db")
    yield made
    made.close()


def by_order(order, **_):
    return f"order:{order}"


def test_once(store):
    """The second call gets the first one's result and runs nothing; another key is another call."""
    ran = []

    @idempotent(key=by_order, store=store)
    def charge(order, cents):
        ran.append(order)
        return {"order": order, "cents": cents}

    assert charge(order=1, cents=500) == charge(order=1, cents=500) == {"order": 1, "cents": 500}
    assert charge(order=2, cents=500)["order"] == 2
    assert ran == [1, 2]


def test_other_arguments(store):
    """The same key with other arguments is a mistake of the caller."""

    @idempotent(key=by_order, store=store)
    def charge(order, cents):
        return cents

    charge(order=1, cents=500)
    with pytest.raises(KeyReused):
        charge(order=1, cents=900)


def test_a_failure_is_not_repeated(store):
    """What raised may have charged: a retry is told so, and runs nothing."""
    ran = []

    @idempotent(key=by_order, store=store)
    def charge(order):
        ran.append(order)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        charge(order=1)
    with pytest.raises(OutcomeUnknown, match="ZeroDivisionError"):
        charge(order=1)
    assert ran == [1]


def test_safe_to_retry(store):
    """A function that knows that nothing happened frees its key."""
    ran = []

    @idempotent(key=by_order, store=store)
    def charge(order):
        ran.append(order)
        if len(ran) == 1:
            raise SafeToRetry("refused")
        return "done"

    with pytest.raises(SafeToRetry):
        charge(order=1)
    assert charge(order=1) == "done"


def test_a_result_that_json_cannot_hold(store):
    """It is returned once; a retry is told that it was done, and runs nothing."""
    ran = []

    @idempotent(key=by_order, store=store)
    def charge(order):
        ran.append(order)
        return object()

    charge(order=1)
    with pytest.raises(OutcomeUnknown):
        charge(order=1)
    assert ran == [1]


def test_many_threads(store):
    """Of twenty at once one runs; the others are told that it is running, or get its result."""
    ran, told = [], []
    go, done = threading.Barrier(20), threading.Event()

    @idempotent(key=by_order, store=store)
    def charge(order):
        ran.append(order)
        done.wait(5)
        return "paid"

    def customer():
        go.wait()
        try:
            told.append(charge(order=1))
        except InFlight:
            told.append("running")
        if len(told) >= 19:
            done.set()

    threads = [threading.Thread(target=customer) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]
    assert sorted(told) == ["paid", *["running"] * 19]


def test_waiting(store):
    """With ``wait`` a second call gets the first one's result when it comes."""
    ran = []
    entered = threading.Event()

    @idempotent(key=by_order, store=store, wait="20s")
    def charge(order):
        ran.append(order)
        entered.set()
        told.wait(0.1)
        return "paid"

    told = threading.Event()
    results = []
    first = threading.Thread(target=lambda: results.append(charge(order=1)))
    first.start()
    entered.wait(5)
    assert charge(order=1) == "paid"
    first.join()
    assert results == ["paid"]
    assert ran == [1]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_slow_call_is_not_repeated(store, asynchronous):
    """Older than its lease, and not answered: its outcome is unknown, whoever asks."""
    entered, done = threading.Event(), threading.Event()

    @idempotent(key=by_order, store=store, lease="10ms")
    def charge(order):
        entered.set()
        done.wait(20)

    @idempotent(key=by_order, store=store, lease="10ms")
    async def acharge(order):
        entered.set()
        await asyncio.to_thread(done.wait, 20)

    def call():
        return asyncio.run(acharge(order=1)) if asynchronous else charge(order=1)

    first = threading.Thread(target=call)
    first.start()
    entered.wait(5)
    done.wait(0.05)
    with pytest.raises(OutcomeUnknown, match="never answered"):
        call()
    done.set()
    first.join()


def test_coroutines(store):
    """The same for ``async def``."""
    ran = []

    @idempotent(key=by_order, store=store)
    async def charge(order):
        ran.append(order)
        await asyncio.sleep(0)
        return "paid"

    async def main():
        return await asyncio.gather(*(charge(order=1) for _ in range(5)), return_exceptions=True)

    answers = asyncio.run(main())
    assert "paid" in answers
    assert all(answer == "paid" or isinstance(answer, InFlight) for answer in answers)
    assert asyncio.run(charge(order=1)) == "paid"
    assert ran == [1]


def test_mistakes_are_told_where_it_is_applied():
    """Each wrong option is named, with what to write instead, before anything is called."""
    with pytest.raises(ConfigError) as caught:
        idempotent(key="cookie:x", keep="soon", on_error="forget")(len)
    assert len(caught.value.problems) == 3
    with pytest.raises(ConfigError, match="no launchready middleware"):
        idempotent(lambda: None)()
