"""Keys and fingerprints of calls: equal calls are one call, and what cannot be compared is refused before it runs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from uuid import UUID

import pytest

from launchready.errors import ConfigError, OutcomeUnknown
from launchready.idempotency import idempotent, webhook
from launchready.idempotency.arguments import key_of_call
from launchready.stores import connect


class Plan(Enum):
    YEAR = "year"


@pytest.fixture
def store():
    made = connect("memory://")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("key", "text"),
    [("order:1", "order:1"), (7, "7"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"), (Plan.YEAR, "year"),
      (b"ab", "ab"), (("a", 1), '["a", 1]')], ids=repr,
)  # fmt: skip
def test_a_key(key, text):
    """Text, numbers and ids are keys, and so are tuples of them."""
    assert key_of_call(key) == text


@pytest.mark.parametrize(
    "key", [None, "", b"", True, (), 1.5, {"a"}, object(), {"a": 1}], ids=lambda key: repr(key)[:9]
)
def test_no_key(store, key):
    """A value that would be one key for many calls, or another key in every process, is refused and nothing runs."""
    ran = []

    @idempotent(key=lambda order: key, store=store)
    def charge(order):
        ran.append(order)

    with pytest.raises(TypeError, match="return text or a number"):
        charge(1)
    assert ran == []


def test_a_default_without_a_stable_form(store):
    """It is left out where it is not replaced: another process has another object for it."""
    ran = []
    client = object()

    @idempotent(key=lambda order, *_, **__: order, store=store)
    def charge(order, amount=1, client=client):
        ran.append(order)
        return amount

    assert charge(1) == charge(1, 1) == charge(1, amount=1, client=client) == 1
    assert ran == [1]
    with pytest.raises(TypeError, match="'client'"):
        charge(1, client=object())


def test_a_bound_celery_task(store):
    """The task of ``bind=True`` is no argument of the job, whatever its parameter is called."""
    celery = pytest.importorskip("celery")
    app = celery.Celery("jobs", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True
    ran = []

    @app.task(bind=True)
    @idempotent(key=lambda task, order: order, store=store)
    def charge(task, order):
        ran.append(order)
        return order

    assert charge.delay(7).get() == charge.delay(7).get() == 7
    assert ran == [7]


async def later():
    """Work that nobody has begun."""


def numbers():
    yield 1


def on_a_thread():
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(int)


@pytest.mark.parametrize("work", [later, numbers, on_a_thread, lambda: map(int, "1")])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_unfinished_work(store, work, asynchronous):
    """It never counts as done, and does not free the key: what came before the return had its effect."""
    ran = []

    def charge(order):
        ran.append(order)
        return work()

    async def acharge(order):
        return charge(order)

    protected = idempotent(key=lambda order: order, store=store)(acharge if asynchronous else charge)

    def call():
        return asyncio.run(protected(1)) if asynchronous else protected(1)

    with pytest.raises(TypeError, match="not done yet"):
        call()
    with pytest.raises(OutcomeUnknown):
        call()
    assert ran == [1]


async def anumbers():
    yield 1


@pytest.mark.parametrize("function", [numbers, anumbers])
@pytest.mark.parametrize(
    "decorate",
    [idempotent, idempotent(key=lambda: 1, store="memory://"), webhook("github", secret="github " * 8)],
    ids=["view", "job", "webhook"],
)
def test_generators(function, decorate):
    """A generator function is refused where it is decorated, as a view, a job and a webhook."""
    with pytest.raises(ConfigError, match="while it is read"):
        decorate(function)
