"""The SQLite store: its URL, its file, waiting for other writers, its size limit, the clock in the file."""

import os
import sqlite3
import threading
import time
from functools import partial
from types import SimpleNamespace

import pytest

from launchready.errors import ConfigError, StoreFull, StoreUnavailable
from launchready.exchange.operations import WouldBlock
from launchready.exchange.store import Consume, Get, Put, PutIfAbsent, Replace
from launchready.exchange.window import Window
from launchready.stores import connect
from launchready.stores._sqlite_file import checkpoint
from launchready.stores.sqlite import SQLiteStore
from support import racers, servers

KEPT, CACHE = racers.space("kept"), racers.space("cache", evictable=True)


@pytest.fixture
def make(tmp_path):
    made = []

    def make(query="", name="store.db"):
        made.append(connect(f"sqlite:///{tmp_path / name}{query}"))
        return made[-1]

    yield make
    for store in made:
        store.close()


def ask(store, op):
    store.execute(op)
    return op.answer


def test_a_new_file_is_opened_by_many_at_once(make):
    """Workers that start together create the file together; each waits for the others and none fails."""
    window, failed = (Window(1000, 60.0),), []
    for number in range(60):
        stores, go = [make(name=f"new-{number}.db") for _ in range(4)], threading.Barrier(4)

        def first(store, go=go):
            go.wait()
            try:
                store.execute(Consume("client", window))
            except StoreUnavailable as error:
                failed.append(str(error))

        threads = [threading.Thread(target=first, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ask(stores[0], Consume("client", window)).remaining == 1000 - 5
    assert failed == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://store.db", "write sqlite:///store.db"),
        ("sqlite://", "no file in the URL"),
        ("sqlite:///:memory:", "memory://"),
        ("sqlite:///a.db?synchronous=OFF", "NORMAL, FULL or EXTRA"),
        ("sqlite:///a.db?max_size=1", "at least 1048576"),
        ("sqlite:///a.db?sync=FULL", "unknown option 'sync'"),
    ],
)
def test_wrong_urls(url, says):
    """An invalid URL is a ConfigError with the correction."""
    with pytest.raises(ConfigError, match=says):
        connect(url)


def test_paths(make, tmp_path, monkeypatch):
    """Three slashes are relative, four are absolute, and no file exists before the first operation."""
    monkeypatch.chdir(tmp_path)
    relative, absolute = connect("sqlite:///my%20file.db"), make()
    assert list(tmp_path.iterdir()) == []
    ask(relative, Put(KEPT, "k", b"v", 60))
    ask(absolute, Put(KEPT, "k", b"v", 60))
    relative.close()
    assert {"my file.db", "store.db"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("content", [b"no database at all" * 400, b"SQLite format 3\0" + b"\7" * 8000])
def test_a_file_that_is_something_else(make, tmp_path, content):
    """A foreign or damaged file raises StoreUnavailable with its name, stays unchanged, and may be replaced."""
    path, store = tmp_path / "store.db", make()
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"store\.db"):
        ask(store, Get(KEPT, "k"))
    assert path.read_bytes() == content
    path.unlink()
    ask(store, Put(KEPT, "k", b"v", 60))


def test_no_such_folder(make):
    """A missing folder and a foreign table with our name raise StoreUnavailable."""
    with pytest.raises(StoreUnavailable, match="unable to open"):
        ask(make(name="nowhere/store.db"), Get(KEPT, "k"))


def test_waiting_for_another_writer(make, tmp_path):
    """An inline verb gives up within milliseconds with Elsewhere, a thread within 3 s; reads never wait."""
    store = make()
    ask(store, Put(KEPT, "k", b"v", 60))
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        start = time.monotonic()
        with pytest.raises(WouldBlock):
            store.inline[Put](Put(KEPT, "k", b"w", 60))
        assert time.monotonic() - start < 0.5
        with pytest.raises(StoreUnavailable, match="locked"):
            ask(store, Put(KEPT, "k", b"w", 60))
        assert time.monotonic() - start < 3.5
        read = Get(KEPT, "k")
        store.inline[Get](read)
        assert read.answer.value == b"v"
    finally:
        other.execute("ROLLBACK")
        other.close()
    ask(store, Put(KEPT, "k", b"w", 60))


def test_first_operation_is_not_in_place(make):
    """The file is opened in a thread, never in the event loop."""
    with pytest.raises(WouldBlock):
        make().inline[Get](Get(KEPT, "k"))


def test_room(make):
    """At max_size cached entries are evicted; without any, StoreFull is raised."""
    store = make("?max_size=1048576")
    for n in range(100):
        ask(store, Put(CACHE, f"{n}", b"v" * 20_000, 60))
    for n in range(36):
        assert ask(store, PutIfAbsent(KEPT, f"{n}", b"v" * 20_000, 60)).entry is None
    with pytest.raises(StoreFull, match="is full"):
        ask(store, Put(KEPT, "large", b"v" * 1_000_000, 60))
    assert all(ask(store, Get(KEPT, f"{n}")) for n in range(36))


def test_what_is_over_leaves_the_file(make, tmp_path):
    """Writes delete expired rows of every table, a few at a time."""
    store = make()
    for n in range(100):
        ask(store, Put(KEPT, f"{n}", b"v", 0.01))
        ask(store, Put(CACHE, f"{n}", b"v", 0.01))
        ask(store, Consume(f"{n}", (Window(3, 0.01),)))
    for n in range(900):
        ask(store, Put(KEPT, f"live {n % 10}", b"v", 60))
    with sqlite3.connect(tmp_path / "store.db") as other:
        left = [
            other.execute(f"SELECT count(*) FROM launchready_{table}").fetchone()[0]
            for table in ("kept", "cache", "windows")
        ]
    other.close()
    assert left == [10, 0, 0]


def test_the_log_goes_back_into_the_file(make, tmp_path):
    """After CHECKPOINT_EVERY writes a short-lived thread checkpoints the log."""
    store = make()
    for n in range(4_100):
        ask(store, Put(KEPT, f"{n % 50}", os.urandom(300), 60))
    servers.until(lambda: store._checkpoint is not None and not store._checkpoint.is_alive(), "the checkpoint to end")
    assert (tmp_path / "store.db-wal").stat().st_size < 40_000_000


@pytest.mark.parametrize(("meanwhile", "anew"), [(0, True), (3, True), (10, False)])
def test_the_log_begins_anew(make, tmp_path, monkeypatch, meanwhile, anew):
    """A checkpoint completes under concurrent writes, as soon as one pass sees no write."""
    store, left = make(), [meanwhile]
    for n in range(50):
        ask(store, Put(KEPT, f"{n}", b"v", 60))

    path = str(tmp_path / "store.db")
    reader = sqlite3.connect(path, isolation_level=None)

    class Beside(sqlite3.Connection):
        def execute(self, sql):
            if left[0]:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM launchready_kept").fetchall()
            rows = super().execute(sql).fetchall()
            if left[0]:  # where somebody reads it, what is written stands behind what went back
                left[0] -= 1
                ask(store, Put(KEPT, "k", b"v", 60))
                reader.execute("COMMIT")
            return SimpleNamespace(fetchall=lambda: rows)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Beside))
    checkpoint(path)
    reader.close()
    ask(store, Put(KEPT, "k", b"v", 60))
    log = store._files[True].db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    assert (log < 50) is anew


@pytest.mark.parametrize("synchronous", ["FULL", "EXTRA", "normal"])
def test_synchronous(make, synchronous):
    """Every level returns the same results; above NORMAL only spaces that are not evictable are synced."""
    store = make(f"?synchronous={synchronous}")
    for space in (KEPT, CACHE):
        ask(store, Put(space, "k", b"v", 60))
        assert ask(store, Get(space, "k")).value == b"v"
    levels = [store._files[evictable].db.execute("PRAGMA synchronous").fetchone()[0] for evictable in (True, False)]
    assert levels == [1, {"FULL": 2, "EXTRA": 3, "normal": 1}[synchronous]]


class Shifted:
    """A process with the machine's monotonic clock and a wall clock that is an hour off."""

    def wall(self):
        return time.time() + 3600

    monotonic = staticmethod(time.monotonic)


def test_wall_clocks_do_not_matter(make, tmp_path):
    """A second process with another wall clock agrees on expiry."""
    first = make()
    ask(first, Put(KEPT, "k", b"v", 600))
    second = SQLiteStore(str(tmp_path / "store.db"), clock=Shifted())
    entry = ask(second, Get(KEPT, "k"))
    second.close()
    assert entry.age < 60


def test_another_boot(make, tmp_path, monkeypatch):
    """After a reboot the store's time is derived from the wall clock again."""

    class Rebooted(Shifted):
        monotonic = staticmethod(lambda: 5.0)

    first = make()
    ask(first, Put(KEPT, "k", b"v", 600))
    first.close()
    monkeypatch.setattr("launchready.stores._sqlite_file._boot_id", lambda: "another")
    second = SQLiteStore(str(tmp_path / "store.db"), clock=Rebooted())
    entry = ask(second, Get(KEPT, "k"))
    second.close()
    assert entry.age < 60


class Stopped(Shifted):
    monotonic = staticmethod(lambda: 5.0)


def test_versions_grow_while_the_clock_stands(tmp_path):
    """Versions grow within one microsecond, and after the clock goes back."""
    store = SQLiteStore(str(tmp_path / "store.db"), clock=Stopped())
    versions = [ask(store, Put(KEPT, "k", b"v", 60)) for _ in range(3)]
    assert ask(store, Replace(KEPT, "k", b"w", 60, versions[-1]))
    versions.append(ask(store, Get(KEPT, "k")).version)
    versions.append(ask(store, Put(KEPT, "k", b"over at once", 0)))
    versions.append(ask(store, PutIfAbsent(KEPT, "k", b"v", 60)).version)
    store.close()
    assert versions == sorted(set(versions))
