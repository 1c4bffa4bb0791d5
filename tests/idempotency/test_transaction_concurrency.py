"""Forty concurrent transactions in ``async def`` views: each effect once, no refusal, and the app's threads stay free."""

import asyncio
import sqlite3
import threading
from contextlib import asynccontextmanager, closing, contextmanager
from importlib import import_module
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request

from launchready.errors import ConfigError, StoreUnavailable
from launchready.fastapi import Idempotency, LaunchReadyMiddleware
from launchready.idempotency import current, idempotent, transaction
from launchready.idempotency.transaction.scheduling import FairSlots, TransactionThread, WriterTurn
from support.booking import KINDS

scheduling = import_module("launchready.idempotency.transaction.scheduling")  # `transaction` is a function as well
AT_ONCE = 40
STORES = ["sqlite", "postgresql", "mysql"]
PLAIN = {"sqlite": "Sqlite3", "postgresql": "Psycopg", "mysql": "Pymysql"}
LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN", "mysql": "LOCK TABLES launchready_once WRITE"}
UNLOCK = {"sqlite": "ROLLBACK", "postgresql": "ROLLBACK", "mysql": "UNLOCK TABLES"}
SESSIONS = [
    "AsyncAlchemySessionSqlite", "AsyncAlchemySessionPostgreSQL", "AsyncAlchemySessionAsyncpg",
    "AsyncAlchemySessionAiomysql",
]  # fmt: skip


@pytest.fixture
def bookings(kind, tmp_path):
    made = KINDS[kind](tmp_path)
    yield made
    made.close()


@asynccontextmanager
async def client_of(app):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as client:
        yield client


async def book(client, key, slot):
    answer = await client.post(f"/book?slot={slot}", headers={"Idempotency-Key": key, "Authorization": "Bearer ann"})
    return answer.status_code, answer.text


def url_of(store, bookings):
    return f"sqlite:///{bookings.url}" if store == "sqlite" else bookings.url


def app_by_url(store, bookings, *, listed):
    """The connection is opened by URL: by the decorator, or for a listed route."""
    app = FastAPI()
    url = url_of(store, bookings)

    async def view(slot: int):
        statement = f"INSERT INTO {bookings.table} VALUES ({slot})"
        tx = current().tx
        done = tx.execute(statement) if hasattr(tx, "execute") else tx.cursor().execute(statement)
        if asyncio.iscoroutine(done):
            await done
        await asyncio.sleep(0.005)  # the handler awaits while it holds the lock
        return {"slot": slot}

    if listed:
        app.post("/book", status_code=201)(view)
        app.add_middleware(
            LaunchReadyMiddleware, store=url, idempotency=Idempotency(routes=["POST /book"], mode="transaction")
        )
    else:
        app.post("/book", status_code=201)(idempotent(mode="transaction", store=url)(view))
        app.add_middleware(LaunchReadyMiddleware)

    @app.get("/thread")
    async def thread():
        return await asyncio.to_thread(lambda: "free")

    return app


@pytest.mark.parametrize("listed", [False, True], ids=["decorated", "listed"])
@pytest.mark.parametrize(("store", "kind"), sorted(PLAIN.items()))
def test_different_keys(store, bookings, listed):
    """Every booking is made once and answered 201. A second attempt of each gets the stored answer."""

    async def run():
        async with client_of(app_by_url(store, bookings, listed=listed)) as client:
            await book(client, str(uuid4()), 99)
            keys = [str(uuid4()) for _ in range(AT_ONCE)]
            first = await asyncio.gather(*(book(client, key, n) for n, key in enumerate(keys)))
            again = await asyncio.gather(*(book(client, key, n) for n, key in enumerate(keys)))
        return first, again

    first, again = asyncio.run(run())
    assert [status for status, _ in first] == [201] * AT_ONCE
    assert first == again
    assert bookings.rows() == [*range(AT_ONCE), 99]


@pytest.mark.parametrize("listed", [False, True], ids=["decorated", "listed"])
@pytest.mark.parametrize(("store", "kind"), sorted(PLAIN.items()))
def test_one_key(store, bookings, listed):
    """Forty attempts of one key: one booking; each attempt gets its answer, or 409 while it runs."""

    async def run():
        async with client_of(app_by_url(store, bookings, listed=listed)) as client:
            await book(client, str(uuid4()), 99)
            key = str(uuid4())
            answers = await asyncio.gather(*(book(client, key, 1) for _ in range(AT_ONCE)))
            return answers, await book(client, key, 1)

    answers, last = asyncio.run(run())
    assert {status for status, _ in answers} <= {201, 409}
    assert last[0] == 201
    assert bookings.rows() == [1, 99]


class SessionPerRequest:
    """Gives each request its AsyncSession, and closes it when the response is sent."""

    def __init__(self, app, engine):
        self.app = app
        self.engine = engine

    async def __call__(self, scope, receive, send):
        from sqlalchemy.ext.asyncio import AsyncSession

        async with AsyncSession(self.engine) as session:
            scope.setdefault("state", {})["session"] = session
            await self.app(scope, receive, send)


@pytest.mark.parametrize("kind", SESSIONS)
def test_sessions(bookings):
    """The same through SQLAlchemy's AsyncSession, with every async driver."""
    from sqlalchemy import text

    engine = bookings.aengine()
    app = FastAPI()

    @app.post("/book", status_code=201)
    @idempotent(mode="transaction", connection=lambda request: request.state.session)
    async def view(slot: int, request: Request):
        await request.state.session.execute(text(f"INSERT INTO {bookings.table} VALUES ({slot})"))
        return {"slot": slot}

    app.add_middleware(SessionPerRequest, engine=engine)
    app.add_middleware(LaunchReadyMiddleware)

    async def run():
        async with client_of(app) as client:
            first = [await book(client, str(uuid4()), 99)]
            keys = [str(uuid4()) for _ in range(AT_ONCE)]
            first += await asyncio.gather(*(book(client, key, n) for n, key in enumerate(keys)))
            again = await asyncio.gather(*(book(client, key, n) for n, key in enumerate(keys)))
        await engine.dispose()
        return first, again

    first, again = asyncio.run(run())
    assert [status for status, _ in first] == [201] * (AT_ONCE + 1)
    assert first[1:] == again
    assert bookings.rows() == [*range(AT_ONCE), 99]


@pytest.mark.parametrize("kind", ["Sqlite3"])
def test_coroutine_functions(bookings):
    """Concurrent ``async def`` functions on one SQLite file: each runs once, and the event loop is never blocked."""

    @idempotent(mode="transaction", key=lambda slot: f"slot:{slot}", store=f"sqlite:///{bookings.url}")
    async def charge(slot):
        current().tx.execute(f"INSERT INTO {bookings.table} VALUES ({slot})")
        await asyncio.sleep(0.005)
        return slot

    async def run():
        return [await asyncio.gather(*(charge(slot) for slot in range(AT_ONCE))) for _ in range(2)]

    assert asyncio.run(run()) == [[*range(AT_ONCE)]] * 2
    assert bookings.rows() == [*range(AT_ONCE)]


@pytest.mark.parametrize(("store", "kind"), sorted(PLAIN.items()))
def test_other_threads_stay_free(store, bookings):
    """While twenty attempts wait for a key that another process holds, an unrelated to_thread route is answered."""

    @contextmanager
    def held():
        """Another process writes: SQLite's file, or the table of the keys."""
        with bookings.opened() as other:
            bookings.execute(other, LOCK[store])
            if store == "postgresql":
                bookings.execute(other, "LOCK TABLE launchready_once")
            yield
            bookings.execute(other, UNLOCK[store])

    async def run():
        async with client_of(app_by_url(store, bookings, listed=True)) as client:
            await book(client, str(uuid4()), 99)
            with held():
                waiting = [asyncio.create_task(book(client, str(uuid4()), n)) for n in range(20)]
                await asyncio.sleep(0)
                free = await client.get("/thread")
                pending = sum(not task.done() for task in waiting)
            return free.json(), pending, await asyncio.gather(*waiting)

    free, pending, answers = asyncio.run(run())
    assert free == "free"
    assert pending == 20  # the route overtook all of them
    assert {status for status, _ in answers} == {201}


@pytest.mark.parametrize("kind", ["AsyncAlchemySessionAsyncpg", "AsyncAlchemySessionAiomysql"])
def test_a_bug_is_no_outage(bookings, caplog):
    """A failing ``connection=`` function is answered 500 with its own traceback, never 503."""
    app = FastAPI()

    @app.post("/book", status_code=201)
    @idempotent(mode="transaction", connection=lambda request: request.state.sesion)
    async def view(slot: int):
        raise AssertionError("never reached")

    app.add_middleware(LaunchReadyMiddleware)

    async def run():
        async with client_of(app) as client:
            return await book(client, str(uuid4()), 1)

    assert asyncio.run(run())[0] == 500


def test_a_refused_commit(tmp_path, caplog):
    """A deferred constraint fails at COMMIT: 500 with the reason in the log, nothing stored, and the key is free."""
    path = str(tmp_path / "app.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE coaches (id INTEGER PRIMARY KEY)")
        db.execute("CREATE TABLE slots (coach INTEGER REFERENCES coaches DEFERRABLE INITIALLY DEFERRED)")
    opened = []

    def connection(request):
        opened.append(sqlite3.connect(path, isolation_level=None, check_same_thread=False))
        opened[-1].execute("PRAGMA foreign_keys = ON")
        return opened[-1]

    app = FastAPI()

    @app.post("/book", status_code=201)
    @idempotent(mode="transaction", connection=connection)
    async def view(slot: int):
        current().tx.execute("INSERT INTO slots VALUES (?)", [slot])

    app.add_middleware(LaunchReadyMiddleware)

    async def run():
        key = str(uuid4())
        async with client_of(app) as client:
            return [await book(client, key, 1) for _ in range(2)]

    answers = asyncio.run(run())
    for one in opened:
        one.close()
    assert [status for status, _ in answers] == [500, 500]
    assert "idempotency-transaction-failed" in answers[0][1]
    assert "FOREIGN KEY" in caplog.text
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM slots").fetchone() == (0,)


@pytest.mark.parametrize("failing", [False, True])
def test_first_come_first_served(tmp_path, failing):
    """Writers of one file get their turn in the order in which they came, threads and coroutines alike."""
    file, order = str(tmp_path / "app.db"), []

    async def run():
        first = WriterTurn(file)
        first.acquire()

        async def come(number):
            turn = WriterTurn(file)
            await turn.aacquire()
            order.append(number)
            if failing and number == 2:
                turn.release()
                raise ZeroDivisionError
            turn.release()

        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(come(number)))
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        first.release()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert order == [0, 2, 3, 4]


def test_a_queue_that_stands_still(monkeypatch):
    """A waiter gives up when the queue has not moved for a while; one that moves is waited for."""
    monkeypatch.setattr(scheduling, "STALLED_AFTER", 0.05)
    slots = FairSlots(1, "locked")
    slots.acquire()
    with pytest.raises(StoreUnavailable, match="locked"):
        slots.acquire()
    with pytest.raises(StoreUnavailable, match="locked"):
        asyncio.run(slots.aacquire())
    slots.release()
    slots.acquire()  # the waiters that gave up have taken nothing
    slots.release()


def test_a_forgotten_turn(tmp_path):
    """A transaction that is dropped without an end gives its turn back."""
    file = str(tmp_path / "app.db")
    turn = WriterTurn(file)
    turn.acquire()
    del turn
    again = WriterTurn(file)
    again.acquire()
    again.release()
    again.release()  # more than once is harmless
    third = WriterTurn(file)
    third.acquire()
    third.release()


def test_threads_are_bounded(monkeypatch):
    """No more threads than the bound; a cancelled waiter leaves its place to the next one."""
    slots = FairSlots(2, "all threads for transactions are in use")
    monkeypatch.setattr(scheduling._state, "threads", slots)

    async def run():
        names = set()
        one, two = [await TransactionThread.start() for _ in range(2)]
        third = asyncio.create_task(TransactionThread.start())
        fourth = asyncio.create_task(TransactionThread.start())
        await asyncio.sleep(0)
        assert not third.done()
        third.cancel()
        names.add(await one.run(lambda: threading.current_thread().name))
        one.release()
        another = await fourth
        names.add(await another.run(lambda: threading.current_thread().name))
        ended = threading.Event()
        two.release(ended.set)
        another.release()
        await asyncio.to_thread(ended.wait)
        return names

    assert len(asyncio.run(run())) == 1  # the thread was given on


def test_a_bug_in_sql(tmp_path):
    """SQL that fails is raised as it is; a locked file is an outage."""
    path = str(tmp_path / "app.db")
    with closing(sqlite3.connect(path, timeout=0)) as db, closing(sqlite3.connect(path)) as other:
        db.execute("CREATE TABLE launchready_once (wrong TEXT)")
        with pytest.raises(sqlite3.OperationalError, match="no column"), transaction(db, "key"):
            pass
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable), transaction(db, "key"):
            pass


def test_the_setting_is_checked():
    """A store without transactions is a configuration error, not an outage."""
    with pytest.raises(ConfigError):
        idempotent(mode="transaction", store="redis://localhost")(len)
