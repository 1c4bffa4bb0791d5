"""``@idempotent`` on plain functions: once per key, on every embedded store, sync and async."""

import asyncio
import threading

import pytest

from launchready.errors import ClaimLost, ConfigError, InFlight, KeyReused, OutcomeUnknown, SafeToRetry
from launchready.idempotency import current, idempotent
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
def test_a_slow_call_keeps_its_key(store, asynchronous):
    """Slower than its lease, and blocking its event loop: it lives, so it is running, and nobody repeats it."""
    entered, done = threading.Event(), threading.Event()
    ran = []

    @idempotent(key=by_order, store=store, lease="200ms", on_crash="rerun")
    def charge(order):
        ran.append(order)
        entered.set()
        done.wait(20)

    @idempotent(key=by_order, store=store, lease="200ms", on_crash="rerun")
    async def acharge(order):
        ran.append(order)
        entered.set()
        done.wait(20)

    def call():
        return asyncio.run(acharge(order=1)) if asynchronous else charge(order=1)

    first = threading.Thread(target=call)
    first.start()
    entered.wait(5)
    done.wait(0.6)
    with pytest.raises(InFlight):
        call()
    done.set()
    first.join()
    assert ran == [1]


class Killed(BaseException):
    """What ends a worker: not an answer of its function."""


def die(charge, order=1):
    with pytest.raises(Killed):
        charge(order=order)
    threading.Event().wait(0.06)  # its lease


def test_a_dead_call_is_not_repeated(store):
    """It ended without an answer, and its lease is over: the outcome is unknown, whoever asks."""
    ran = []

    @idempotent(key=by_order, store=store, lease="50ms")
    def charge(order):
        ran.append(order)
        raise Killed

    die(charge)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="never answered"):
            charge(order=1)
    assert ran == [1]


def test_a_dead_call_that_is_safe_to_repeat(store):
    """``on_crash="rerun"`` runs it again, with the same key for the provider, and goes on after the last step."""
    ran, keys = [], []

    @idempotent(key=by_order, store=store, lease="50ms", on_crash="rerun")
    def charge(order):
        once = current()
        keys.append((once.downstream_key("stripe"), once.fence))
        charged = once.step("charge", lambda: ran.append("charge") or {"id": 7})
        if len(keys) == 1:
            raise Killed
        return once.step("mail", lambda: ran.append("mail") or charged["id"])

    die(charge)
    assert charge(order=1) == charge(order=1) == 7
    assert ran == ["charge", "mail"]
    assert keys[0][0] == keys[1][0]
    assert len(keys[0][0]) == 40
    assert keys[0][1] < keys[1][1]


def test_not_longer_than_the_provider_remembers(store):
    """After ``rerun_for`` the provider has forgotten its key: nothing is repeated any more."""
    ran = []

    @idempotent(key=by_order, store=store, lease="50ms", on_crash="rerun", rerun_for="55ms")
    def charge(order):
        ran.append(order)
        raise Killed

    die(charge)
    with pytest.raises(OutcomeUnknown):
        charge(order=1)
    assert ran == [1]


@pytest.mark.parametrize(("found", "runs"), [(None, 2), (False, 2), ({"id": 7}, 1)])
def test_a_dead_call_is_asked_about(store, found, runs):
    """A function finds out what happened: nothing (run it), or this (the answer)."""
    ran, asked = [], []

    def recover(once, order):
        asked.append((once.key, order))
        return found

    @idempotent(key=by_order, store=store, lease="50ms", on_crash=recover)
    def charge(order):
        ran.append(order)
        if len(ran) == 1:
            raise Killed
        return {"id": 7}

    die(charge)
    assert charge(order=1) == charge(order=1) == {"id": 7}
    assert len(ran) == runs
    assert asked == [("order:1", 1)]


def test_it_happened_and_no_more_is_known(store):
    """True: it is done, and its answer is gone. A recovery that fails leaves the outcome unknown."""

    def recover(key):
        if key == "order:2":
            raise OSError
        return True

    @idempotent(key=by_order, store=store, lease="50ms", on_crash=recover)
    def charge(order):
        raise Killed

    for order in (1, 2):
        die(charge, order)
        for _ in range(2):
            with pytest.raises((OutcomeUnknown, InFlight)):
                charge(order=order)


def test_asynchronous_steps(store):
    """A step may be a coroutine, and a lambda that makes one; a retry awaits what is remembered."""
    ran = []

    async def pay():
        ran.append("pay")
        return 5

    @idempotent(key=by_order, store=store, lease="50ms", on_crash="rerun")
    async def charge(order):
        once = current()
        paid = await once.step("pay", pay)
        sent = await once.step("send", lambda: pay(*[]))
        if len(ran) == 2 and not ran.count("died"):
            ran.append("died")
            raise Killed
        return [paid, sent]

    with pytest.raises(Killed):
        asyncio.run(charge(order=1))
    threading.Event().wait(0.06)
    assert asyncio.run(charge(order=1)) == [5, 5]
    assert ran == ["pay", "pay", "died"]


def test_a_late_attempt_is_not_believed(store):
    """Taken over while it stood still: it cannot store its answer, ``check()`` tells it, and its caller gets the other's."""
    stands, goes, told, seen = threading.Event(), threading.Event(), [], []

    @idempotent(key=by_order, store=store, lease="50ms", on_crash="rerun")
    def charge(order):
        once = current()
        if not stands.is_set():
            once._claim.keeper.claims.clear()  # frozen: no sign of life any more
            stands.set()
            goes.wait(10)
            with pytest.raises(ClaimLost):
                once.check()
            seen.append("lost")
            return "late"
        once.check()
        return "in time"

    first = threading.Thread(target=lambda: told.append(charge(order=1)))
    first.start()
    stands.wait(5)
    threading.Event().wait(0.06)
    assert charge(order=1) == "in time"
    goes.set()
    first.join()
    assert told == ["in time"]
    assert seen == ["lost"]


def test_current_outside():
    """Where nothing protects what runs, that is said, and what to write."""
    with pytest.raises(ConfigError, match="nothing protects"):
        current()


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
