"""The bell: who waits for another process, in threads and in tasks, is woken when the store says so, and without."""

import asyncio
import os
import threading
import time

import pytest

from launchready.errors import StoreError, StoreUnavailable
from launchready.exchange.claim import WaitForChange
from launchready.exchange.store import Space, digest
from launchready.exchange.subscribe import Subscribe
from launchready.runtime.claims import completion_notifier as notifiers
from launchready.runtime.claims.lease_renewer import LeaseRenewer
from launchready.stores.memory import MemoryStore
from support.servers import until

SPACE = Space("bell", dump=bytes, load=bytes, size=len, evictable=False)
ENDED = b"ended"


class Subscription:
    def __init__(self, store):
        self.asks = store.asks
        self.store = store
        self.said = threading.Semaphore(0)
        self.words = []
        self.broken = self.closed = False

    def hear(self, expected, within):
        self.store.heard += 1
        if self.said.acquire(timeout=within):
            if self.broken:
                raise StoreUnavailable("broken")
            return [self.words.pop()]
        return []

    def say(self, key):
        self.words.append(digest(SPACE.name, key))
        self.said.release()

    def break_(self):
        self.broken = True
        self.said.release()

    def close(self):
        self.closed = True


class Store:
    """``versions``: of what is there. Counts what it is asked."""

    def __init__(self, *, asks=True):
        self.inline = {}
        self.shared = True
        self.asks = asks
        self.versions = {}
        self.expected = []
        self.ears = []
        self.heard = self.refused = 0
        self.deaf = self.away = False

    def listen(self):
        if self.deaf:
            self.refused += 1
            raise StoreUnavailable("nothing to hear")
        self.ears.append(Subscription(self))
        return self.ears[-1]

    def execute(self, op):
        assert isinstance(op, Subscribe)
        self.expected.append(op.key)
        if self.away:
            raise StoreError("away")
        op.answer = self.versions.get(op.key) == op.version

    async def aexecute(self, op):
        self.execute(op)


class Waiter(threading.Thread):
    """One who waits: ``watch`` again and again, until it is told that his entry ended or ``patience`` is over."""

    def __init__(self, renewer, key="k", *, mode="sync", patience=20.0, pause=0.25, version=1, here=None):
        super().__init__()
        self.renewer, self.key, self.mode = renewer, key, mode
        self.patience, self.version, self.pause = patience, version, pause
        self.versions = renewer._store.versions if here is None else here
        self.looks = 0
        self.waited = 0.0
        self.start()

    def run(self):
        op = WaitForChange(SPACE, self.key, self.pause)
        op.version = self.version
        while self.waited < self.patience:
            op.most = self.patience - self.waited
            if self.mode == "sync":
                self.renewer.watch(op)
            else:
                asyncio.run(self.renewer.awatch(op))
            self.waited = op.answer
            self.looks += 1
            if self.versions.get(self.key) != self.version:
                return


def bell_threads():
    return [thread for thread in threading.enumerate() if thread.name == "launchready-completion-notifier"]


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch):
    monkeypatch.setattr(notifiers, "IDLE_TIMEOUT", 0.3)
    yield
    until(lambda: not bell_threads(), "the thread to end")


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


def ear_of(store):
    return until(lambda: store.ears and store.ears[-1], "somebody to listen")


def end(store, *keys):
    """They end, and all are told."""
    for key in keys:
        store.versions[key] = 0
        ear_of(store).say(key)


def test_woken_at_once(mode):
    """Who waits looks when it is listened to, and when it ended."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer, mode=mode)
    until(lambda: store.expected, "it to be expected")
    started = time.monotonic()
    threading.Event().wait(0.5)
    end(store, "k")
    waiter.join()
    assert waiter.looks <= 2
    assert 0.5 <= (took := time.monotonic() - started) < 5
    assert len(store.expected) <= 1 + took / notifiers.RECHECK_INTERVAL


def test_many_ask_once(mode):
    """Twenty who wait for one key ask for it once, and once in every second that passes."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiters = [Waiter(renewer, mode=mode) for _ in range(20)]
    started = time.monotonic()
    until(lambda: store.expected, "it to be expected")
    threading.Event().wait(2.2)
    end(store, "k")
    for waiter in waiters:
        waiter.join()
    assert len(store.expected) <= 1 + (time.monotonic() - started) / notifiers.RECHECK_INTERVAL
    assert sum(waiter.looks for waiter in waiters) <= 2 * 20
    assert len(store.ears) == 1


def test_a_lost_word_costs_a_second(mode):
    """Nobody said that it ended; it is found out all the same, and told to all who trusted in the one who asks."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiters = [Waiter(renewer, mode=mode) for _ in range(3)]
    until(lambda: store.expected, "it to be expected")
    store.versions["k"] = 2
    started = time.monotonic()
    for waiter in waiters:
        waiter.join()
    assert time.monotonic() - started < 1.9 * notifiers.RECHECK_INTERVAL  # the second second begins for nobody


def test_only_who_waits_for_it(mode):
    """A word wakes those of its key."""
    store = Store()
    store.versions.update(a=1, b=1)
    renewer = LeaseRenewer(store)
    first, second = Waiter(renewer, "a", mode=mode), Waiter(renewer, "b", mode=mode)
    until(lambda: {*store.expected} == {"a", "b"}, "both to be expected")
    looked = second.looks
    end(store, "a", "of another process")
    first.join()
    assert second.is_alive()
    assert second.looks == looked
    end(store, "b")
    second.join()


def test_a_broken_connection(mode):
    """What was said while it was broken is looked for as soon as there is another."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer, mode=mode)
    until(lambda: store.expected, "it to be expected")
    first = ear_of(store)
    store.versions["k"] = 2
    started = time.monotonic()
    first.break_()
    waiter.join()
    assert first.closed
    assert len(store.ears) == 2
    assert time.monotonic() - started < 0.9 * notifiers.RECHECK_INTERVAL


def test_nothing_to_hear(mode):
    """Everybody looks for himself, by his own pause, and it is tried more and more seldom."""
    store = Store()
    store.deaf = True
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer, mode=mode, pause=0.02, patience=1.0)
    waiter.join()
    assert 5 <= waiter.looks <= 50
    assert 1 <= store.refused <= 5
    assert store.expected == []


def test_the_store_is_away(mode):
    """It cannot be asked: whoever waits does not fail, he looks after a pause as without a bell."""
    store = Store()
    store.versions["k"] = 1
    store.away = True
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer, mode=mode, pause=0.05)
    until(lambda: len(store.expected) > 3, "it to be asked again")
    store.away = False
    until(lambda: waiter.looks and store.ears, "it to be there again")
    looks = len(store.expected)
    until(lambda: len(store.expected) > looks, "it to be expected")
    end(store, "k")
    waiter.join()


def test_a_store_of_this_process(mode):
    """Nothing can be listened to: each looks after his own pause, and there is no thread."""
    renewer = LeaseRenewer(MemoryStore())
    waiter = Waiter(renewer, mode=mode, pause=0.05, patience=0.3, here={"k": 1})
    waiter.join()
    assert 2 <= waiter.looks <= 7
    assert not bell_threads()


def test_a_store_that_tells_nobody(mode):
    """It is not asked by who waits: what listens looks for all of them, at their versions."""
    store = Store(asks=False)
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer, mode=mode)
    ear_of(store)
    threading.Event().wait(0.2)
    end(store, "k")
    waiter.join()
    assert store.expected == []
    assert waiter.looks == 1
    until(lambda: store.ears[0].closed, "it to stop looking, since nobody waits")


def test_it_ends_and_begins_again(mode):
    """The thread is there while somebody waits, and a while longer; one of a key may come when another is told."""
    store = Store()
    renewer = LeaseRenewer(store)
    for turn in range(3):
        store.versions["k"] = 1
        before = len(store.expected)
        waiter = Waiter(renewer, mode=mode)
        until(lambda before=before: len(store.expected) > before, "it to be expected")
        end(store, "k")
        waiter.join()
        if turn == 1:
            until(lambda: not bell_threads(), "it to end")
            assert store.ears[0].closed
    assert len(store.ears) == 2


def test_patience(mode):
    """Never longer than ``most``, though nothing ended."""
    store = Store()
    store.versions["k"] = 1
    waiter = Waiter(LeaseRenewer(store), mode=mode, patience=0.4)
    waiter.join()
    assert 0.4 <= waiter.waited < 5


async def waits(renewer):
    """For ever."""
    op = WaitForChange(SPACE, "k", 0.25)
    op.version, op.most = 1, 20.0
    while True:
        await renewer.awatch(op)


def test_a_task_that_is_cancelled():
    """Nothing of it is left."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)

    async def run():
        task = asyncio.create_task(waits(renewer))
        await asyncio.to_thread(until, lambda: store.expected, "it to be expected")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(run())
    assert not renewer._notifier._waiters
    assert not renewer._notifier._expected


def test_no_more_threads(monkeypatch):
    """Where the process may start none, everybody looks for himself."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    op = WaitForChange(SPACE, "k", 0.01)
    op.version, op.most = 1, 20.0

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    renewer.watch(op)
    assert 0.01 <= op.answer < 5
    assert not renewer._notifier._waiters


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_listens_for_itself():
    """After a fork the parent's connection is the parent's, and its waiters are not the child's."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)
    waiter = Waiter(renewer)
    subscription = ear_of(store)
    until(lambda: store.expected, "it to be expected")
    child = os.fork()
    if not child:
        code = 1
        try:
            op = WaitForChange(SPACE, "k", 0.02)
            op.version, op.most = 1, 20.0
            renewer.watch(op)
            code = 0 if len(store.ears) == 2 and not subscription.closed and not renewer._notifier._waiters else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    end(store, "k")
    waiter.join()


def test_a_loop_that_is_gone():
    """Whose loop was closed before the word came is not told, and nobody else suffers for it."""
    store = Store()
    store.versions["k"] = 1
    renewer = LeaseRenewer(store)

    async def leave():
        task = asyncio.ensure_future(waits(renewer))
        await asyncio.to_thread(until, lambda: store.expected, "it to be expected")
        return task

    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(leave())
    loop.run_until_complete(loop.shutdown_default_executor())
    for each in asyncio.all_tasks(loop):
        each._log_destroy_pending = False  # this test means to leave them so
    loop.close()
    end(store, "k")
    until(lambda: not renewer._notifier._waiters, "it to be told")
    task.get_coro().close()
