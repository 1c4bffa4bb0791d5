"""The lease renewer's thread renews held claims, and costs short claims nothing."""

import threading
import time

import pytest

from launchready.errors import StoreUnavailable
from launchready.exchange.claim import Claim, KeepAlive, ReleaseIfMine
from launchready.exchange.store import Complete, Delete, Get, PutIfAbsent, Renew, Space
from launchready.runtime.claims import lease_renewer
from launchready.runtime.claims.lease_renewer import LeaseRenewer
from launchready.stores.memory import MemoryStore
from support.servers import until

SPACE = Space("heart", dump=bytes, load=bytes, size=len, evictable=False)


class Store(MemoryStore):
    """Records the time and kind of each operation."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.away = False

    def execute(self, op):
        self.asked.append((type(op), time.monotonic()))
        if self.away:
            raise StoreUnavailable("away")
        super().execute(op)

    def times(self, kind):
        return [at for each, at in self.asked if each is kind]


def held(renewer, key, lease):
    """A claim under renewal."""
    put = PutIfAbsent(SPACE, key, b"running", 60)
    renewer._store.execute(put)
    claim = Claim(SPACE, key, put.answer.version, lambda _: b"running", 60, lease)
    renewer.keep(KeepAlive(claim))
    return claim


@pytest.fixture
def turns(monkeypatch):
    """Counts the turns of the thread."""
    seen = []
    turn = LeaseRenewer._run_turn

    def counted(renewer):
        seen.append(time.monotonic())
        return turn(renewer)

    monkeypatch.setattr(LeaseRenewer, "_run_turn", counted)
    return seen


def test_what_ends_at_once_wakes_nobody(turns, monkeypatch):
    """The first claim starts the thread, and later claims do not wake it."""
    monkeypatch.setattr(lease_renewer, "MAX_INTERVAL", 0.1)
    renewer = LeaseRenewer(Store())
    started = time.monotonic()
    for number in range(300):
        held(renewer, str(number), 60.0).end()
        threading.Event().wait(0.001)  # the thread may run
    took = time.monotonic() - started
    assert len(turns) <= 3 + took / 0.05


def test_it_sleeps_when_nothing_came(turns, monkeypatch):
    """Without new claims the thread sleeps, the next claim wakes it, and it ends after IDLE_TIMEOUT."""
    monkeypatch.setattr(lease_renewer, "MAX_INTERVAL", 0.1)
    monkeypatch.setattr(lease_renewer, "IDLE_TIMEOUT", 0.5)
    renewer = LeaseRenewer(Store())
    for _ in range(2):
        held(renewer, "k", 60.0).end()
        renewer._store.execute(Delete(SPACE, "k"))
        until(lambda: not renewer._awake, "it to sleep")
    held(renewer, "k", 60.0).end()
    until(lambda: renewer._thread is None, "the thread to end")
    assert len(turns) < 30


def test_a_shorter_lease_is_heard_of_at_once():
    """A short lease is renewed in time although the thread pauses for a long one."""
    store = Store()
    renewer = LeaseRenewer(store)
    held(renewer, "long", 60.0).end()
    time.sleep(0.05)
    claim = held(renewer, "short", 0.8)
    began = time.monotonic()
    until(lambda: len(store.times(Renew)) >= 3, "three signs of life")
    assert store.times(Renew)[0] - began < 0.8
    claim.end()


def test_a_last_word_that_the_store_did_not_take():
    """A failed settle is retried until the store accepts it, whether the thread sleeps or not."""
    store = Store()
    renewer = LeaseRenewer(store)
    claim = held(renewer, "k", 60.0)
    store.away = True
    claim.retry(Complete(SPACE, "k", b"done", 60, claim.version), 30.0)
    claim.end()
    until(lambda: store.times(Complete), "a first try")
    store.away = False

    def done():
        look = Get(SPACE, "k")
        MemoryStore.execute(store, look)
        return look.answer.value == b"done"

    until(done, "it to be taken")


def test_a_claim_that_was_refused():
    """A refused claim that was written after all is found and released."""
    store = Store()
    renewer = LeaseRenewer(store)
    store.execute(PutIfAbsent(SPACE, "k", b"mine", 60))
    renewer.forget(ReleaseIfMine(SPACE, "k", lambda value: value == b"mine"))
    until(lambda: store.times(Delete), "it to be freed")


def test_an_app_that_is_gone():
    """The thread ends with its app, even if a claim is held."""
    before = {thread for thread in threading.enumerate() if thread.name == "launchready-lease-renewer"}
    renewer = LeaseRenewer(Store())
    claim = held(renewer, "k", 60.0)
    mine = renewer._thread
    assert mine not in before
    del renewer
    claim.keeper = None
    until(lambda: not mine.is_alive(), "its thread to end")
