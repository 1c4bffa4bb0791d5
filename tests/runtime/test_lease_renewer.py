"""The heart's thread: it keeps alive what is held, and is no burden to what is held for a moment."""

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
    """Says when it was asked for what."""

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
    """A claim on it, kept."""
    put = PutIfAbsent(SPACE, key, b"running", 60)
    renewer._store.execute(put)
    claim = Claim(SPACE, key, put.answer.version, lambda _: b"running", 60, lease)
    renewer.keep(KeepAlive(claim))
    return claim


@pytest.fixture
def turns(monkeypatch):
    """How often the thread looked."""
    seen = []
    turn = LeaseRenewer._run_turn

    def counted(renewer):
        seen.append(time.monotonic())
        return turn(renewer)

    monkeypatch.setattr(LeaseRenewer, "_turn", counted)
    return seen


def test_what_ends_at_once_wakes_nobody(turns, monkeypatch):
    """The thread is started by the first claim, and not woken by the hundreds that come after it."""
    monkeypatch.setattr(lease_renewer, "MAX_INTERVAL", 0.1)
    renewer = LeaseRenewer(Store())
    started = time.monotonic()
    for number in range(300):
        held(renewer, str(number), 60.0).end()
        threading.Event().wait(0.001)  # the thread may run
    took = time.monotonic() - started
    assert len(turns) <= 3 + took / 0.05


def test_it_sleeps_when_nothing_came(turns, monkeypatch):
    """Where no claim was made in between it stops looking; the next one wakes it, and it ends when none comes."""
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
    """While the thread pauses as for a long lease, a claim with a short one is kept alive before it is over."""
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
    """It is said again until the store takes it, whether the thread sleeps or not."""
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
    """What was written all the same is looked for, and freed."""
    store = Store()
    renewer = LeaseRenewer(store)
    store.execute(PutIfAbsent(SPACE, "k", b"mine", 60))
    renewer.forget(ReleaseIfMine(SPACE, "k", lambda value: value == b"mine"))
    until(lambda: store.times(Delete), "it to be freed")


def test_an_app_that_is_gone():
    """Its thread goes with it, though a claim is held: nobody is there to be kept alive."""
    before = {thread for thread in threading.enumerate() if thread.name == "launchready-lease-renewer"}
    renewer = LeaseRenewer(Store())
    claim = held(renewer, "k", 60.0)
    mine = renewer._thread
    assert mine not in before
    del renewer
    claim.keeper = None
    until(lambda: not mine.is_alive(), "its thread to end")
