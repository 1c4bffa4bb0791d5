"""``transaction()``: the key's row and the booking commit together, or not at all, on every kind of connection."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import launchready
from launchready.errors import ConfigError, InFlight, KeyReused, StoreUnavailable
from launchready.idempotency import current, transaction
from launchready.idempotency.transaction.connect import opener
from support import servers
from support.booking import KINDS

EVERY = pytest.mark.parametrize("kind", sorted(KINDS))


@pytest.fixture
def bookings(kind, tmp_path):
    made = KINDS[kind](tmp_path)
    yield made
    made.close()


@EVERY
def test_once(bookings):
    """The first does the work, and a retry is told what it gave."""
    assert bookings.book("key-1", slot=7) == (True, {"slot": 7})
    assert bookings.book("key-1", slot=7) == (False, {"slot": 7})
    assert bookings.book("key-2", slot=8) == (True, {"slot": 8})
    assert bookings.rows() == [7, 8]


@EVERY
def test_rolled_back_together(bookings):
    """What raises inside leaves neither booking nor key: a retry does the work."""
    with pytest.raises(ZeroDivisionError):
        bookings.book("key-1", slot=7, error=ZeroDivisionError)
    assert bookings.rows() == []
    assert bookings.book("key-1", slot=7) == (True, {"slot": 7})
    assert bookings.rows() == [7]


@EVERY
def test_scopes_and_fingerprints(bookings):
    """Another scope's key is another key; the same key for something else is refused, and nothing is done."""
    assert bookings.book("key-1", slot=7, scope="ann", fingerprint={"slot": 7})[0]
    assert bookings.book("key-1", slot=8, scope="bob", fingerprint={"slot": 8})[0]
    with pytest.raises(KeyReused):
        bookings.book("key-1", slot=9, scope="ann", fingerprint={"slot": 9})
    assert bookings.book("key-1", slot=7, scope="ann", fingerprint={"slot": 7}) == (False, {"slot": 7})
    assert bookings.rows() == [7, 8]


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_the_first_use_of_a_database(kind):
    """Nobody made the table, and several come with one key at once: it is made, and one of them does the work."""
    opened = opener(servers.server(kind).url)
    with contextlib.closing(opened()) as connection:
        connection.cursor().execute("DROP TABLE IF EXISTS launchready_once")
        connection.commit()
    together, told, key = threading.Barrier(6), [], f"first-{os.urandom(6).hex()}"

    def come():
        with contextlib.closing(opened()) as mine:
            together.wait()
            try:
                with transaction(mine, key, wait="10s") as once:
                    told.append("first" if once.first else once.result)
                    if once.first:
                        once.result = "done"
            except Exception as error:
                told.append(error)

    threads = [threading.Thread(target=come) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(map(repr, told)) == ["'done'"] * 5 + ["'first'"]


@EVERY
def test_expired(bookings):
    """After ``keep`` the key is free."""
    assert bookings.book("key-1", slot=7, keep="1ms")[0]
    threading.Event().wait(0.01)
    assert bookings.book("key-1", slot=8)[0]
    assert bookings.rows() == [7, 8]


@EVERY
def test_joined(bookings):
    """In a transaction that is open already, its owner decides: his rollback takes booking and key along."""
    bookings.book("key-0", slot=1)  # MySQL makes no table inside a transaction
    bookings.book_joined("key-1", slot=7, commit=False)
    assert bookings.rows() == [1]
    bookings.book_joined("key-1", slot=7, commit=True)
    assert bookings.book("key-1", slot=7) == (False, {"slot": 7})
    assert bookings.rows() == [1, 7]


@EVERY
def test_raced(bookings):
    """Of ten at once one does the work; the others are told so, or that it is being done."""
    bookings.book("warm", slot=1)
    told = bookings.at_once(10, "key-1", slot=7)
    assert sum(1 for one in told if one == (True, {"slot": 7})) == 1, told
    others = [one for one in told if one != (True, {"slot": 7})]
    assert all(one == (False, {"slot": 7}) or isinstance(one, InFlight | StoreUnavailable) for one in others), others
    assert bookings.rows() == [1, 7]
    assert bookings.book("key-1", slot=7) == (False, {"slot": 7})


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if not KINDS[kind].asynchronous))
def test_killed_before_the_commit(kind, bookings, tmp_path):
    """kill -9 after the booking was made and before it was committed: neither is there, and a retry does it."""
    bookings.book("warm", slot=1)
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r})\nfrom support.booking import die\n"
    source = str(Path(launchready.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code + f"die({kind!r}, {str(tmp_path)!r}, {bookings.url!r})"],
        env={**os.environ, "PYTHONPATH": source},
    )
    assert done.returncode == -signal.SIGKILL
    assert bookings.rows() == [1]
    assert bookings.book("key-1", slot=7) == (True, {"slot": 7})


@EVERY
def test_current(bookings):
    """Inside, ``current()`` is what is held: its key, the connection, and a key for the provider that stays the same."""
    seen = []

    def look(once):
        held = current()
        seen.append((held is once, held.key, held.tx is not None, held.downstream_key("mail")))

    with pytest.raises(ZeroDivisionError):
        bookings.book("key-1", slot=7, inside=look, error=ZeroDivisionError)
    bookings.book("key-1", slot=7, inside=look)
    assert seen[0] == seen[1]
    assert seen[0][:3] == (True, "key-1", True)
    with pytest.raises(ConfigError):
        current()


def test_mistakes():
    """No connection, and the wrong ``with``, are told with what to write."""
    with pytest.raises(ConfigError, match="not a known connection"):
        transaction(object(), "k")
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:

        async def wrong():
            async with transaction(connection, "k"):
                pass

        with pytest.raises(ConfigError, match="write 'with'"):
            asyncio.run(wrong())
