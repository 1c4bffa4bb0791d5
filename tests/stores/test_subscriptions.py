"""Subscriptions of every store that has them: which completions they report, and how they end."""

import asyncio
import contextlib
import itertools
import os
import threading
import time

import pytest

from launchready import stores
from launchready.errors import StoreUnavailable
from launchready.exchange.store import Complete, Delete, PutIfAbsent, Renew, Replace, Seize, digest
from launchready.exchange.subscribe import Subscribe
from support import racers, servers

LISTENED = [
    name
    for name in stores.names()
    if hasattr(__import__(f"launchready.stores.{name}", fromlist=[name]), "Subscriptions")
]
TOLD = ("redis", "postgresql")
_serial = itertools.count()


@pytest.fixture(params=["kept", "evictable"])
def space(request):
    return racers.space(f"listening {os.getpid()} {next(_serial)}", evictable=request.param == "evictable")


@pytest.fixture(params=LISTENED)
def store(request, tmp_path):
    made = stores.connect(servers.store_url(request.param, tmp_path))
    yield made
    made.close()


@pytest.fixture(params=TOLD)
def told(request, tmp_path):
    made = stores.connect(servers.store_url(request.param, tmp_path))
    yield made
    made.close()


def ask(store, op):
    store.execute(op)
    return op.answer


def heard(subscription, expected, seconds=5.0):
    """Returns the first reported key, or nothing within the time limit."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := list(subscription.hear(expected, 0.1)):
            return found
    return []


ENDS = {
    "settle": lambda space, version: Complete(space, "k", b"w", 60, version),
    "replace": lambda space, version: Replace(space, "k", b"w", 60, version),
    "delete": lambda space, version: Delete(space, "k", version),
    "delete whatever": lambda space, _: Delete(space, "k"),
}


def test_which_stores():
    """Every shared store has a subscription, except the one that only counts."""
    assert set(LISTENED) == set(stores.names()) - {"memory", "limits"}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_end_is_heard(store, space, end):
    """Renew and Seize are not reported; Settle, Replace and Delete are, from any process."""
    version = ask(store, PutIfAbsent(space, "k", b"v", 60)).version
    subscription = store.listen()
    name = digest(space.name, "k")
    if subscription.asks:
        assert ask(store, Subscribe(space, "k", version))
        assert ask(store, Subscribe(space, "k", version))  # by another one
    assert ask(store, Renew(space, "k", b"v", 60, version))
    assert heard(subscription, {name: version}, 0.2) == []
    seized = ask(store, Seize(space, "k", b"v", 60, version, 0.0))
    assert ask(store, end(space, version)) is (end is ENDS["delete whatever"])
    if end is not ENDS["delete whatever"]:
        assert heard(subscription, {name: seized}, 0.2) == []
        assert ask(store, end(space, seized))
    assert heard(subscription, {name: seized}) == [name]
    subscription.close()


def test_expected_in_vain(told, space):
    """Expect returns False for a missing entry or another version."""
    assert not ask(told, Subscribe(space, "k", 1))
    version = ask(told, PutIfAbsent(space, "k", b"v", 60)).version
    assert not ask(told, Subscribe(space, "k", version - 1))
    assert ask(told, Subscribe(space, "k", version))
    assert ask(told, Complete(space, "k", b"w", 60, version))
    assert not ask(told, Subscribe(space, "k", version))


def test_nobody_is_told_of_what_nobody_waits_for(told, space):
    """Nothing is published without a waiter, and a completion is published once."""
    subscription = told.listen()
    for key in "ab":
        version = ask(told, PutIfAbsent(space, key, b"v", 60)).version
        if key == "b":
            assert ask(told, Subscribe(space, key, version))
        assert ask(told, Complete(space, key, b"w", 60, version))
    assert heard(subscription, {}) == [digest(space.name, "b")]
    assert heard(subscription, {}, 0.2) == []
    subscription.close()


def test_told_while_it_is_asked(told, space):
    """Every key that completes during Expect is either refused by Expect or reported."""
    subscription = told.listen()
    keys = [str(number) for number in range(200)]
    versions = {key: ask(told, PutIfAbsent(space, key, b"v", 60)).version for key in keys}
    asked = {}

    def expect():
        for key in keys:
            asked[key] = ask(told, Subscribe(space, key, versions[key]))

    def settle():
        for key in keys:
            assert ask(told, Complete(space, key, b"w", 60, versions[key]))

    threads = [threading.Thread(target=work) for work in (expect, settle)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    missing = {digest(space.name, key) for key in keys if asked[key]}
    while missing and (found := heard(subscription, {})):
        missing -= set(found)
    assert not missing
    subscription.close()


def test_others_say_what_they_like(told, space):
    """Foreign messages on the channel are ignored."""
    subscription = told.listen()
    if told._name.startswith("the Redis"):
        for word in ("", "{", "launchready:x:{zz}"):
            told._client(quick=False).publish("launchready:ended", word)
    else:
        for word in ("zz", "ü", ""):
            told._ask("SELECT pg_notify('launchready', %(word)s)", {"word": word}, time.monotonic() + 2)
    version = ask(told, PutIfAbsent(space, "k", b"v", 60)).version
    assert ask(told, Subscribe(space, "k", version))
    assert ask(told, Delete(space, "k", version))
    while digest(space.name, "k") not in (found := heard(subscription, {})):
        assert set(found) <= {b""}
    subscription.close()


def connections(server):
    """Returns the server's other connections."""
    if server.url.startswith("redis"):
        import redis

        with contextlib.closing(redis.Redis.from_url(server.url)) as client:
            return {each["id"] for each in client.client_list()} - {str(client.client_id())}
    import psycopg

    with psycopg.connect(server.url, autocommit=True) as client:
        others = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return {pid for (pid,) in client.execute(others).fetchall()}


@pytest.mark.parametrize("how", ["close", "aclose"])
@pytest.mark.parametrize("name", TOLD)
def test_nothing_is_left_of_it(name, how):
    """Closing a store ends its subscription in another thread at once; a new one can be opened."""
    server = servers.server(name)
    before = connections(server)  # of other tests
    store = stores.connect(server.url)
    for _ in range(2):
        subscription = store.listen()

        def listen(subscription=subscription):
            try:
                with pytest.raises(StoreUnavailable):
                    heard(subscription, {}, 30.0)
            finally:
                subscription.close()

        thread = threading.Thread(target=listen)
        thread.start()
        if how == "close":
            store.close()
        else:
            asyncio.run(store.aclose())
        thread.join(1.0)
        assert not thread.is_alive()
        servers.until(lambda: connections(server) <= before, "its connections to end")


@pytest.mark.parametrize("name", TOLD)
def test_a_broken_connection_is_told(name, space):
    """A subscription raises after its connection is closed, by either side."""
    server = servers.server(name)
    store = stores.connect(server.url)
    subscription = store.listen()
    end_listeners(server)
    with pytest.raises(StoreUnavailable):
        heard(subscription, {})
    subscription.close()
    store.close()


def end_listeners(server):
    """Returns how many connections were closed."""
    if server.url.startswith("redis"):
        import redis

        with contextlib.closing(redis.Redis.from_url(server.url)) as client:
            return client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    import psycopg

    with psycopg.connect(server.url, autocommit=True) as client:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN launchready'"
        return len(client.execute(end).fetchall())


@pytest.mark.parametrize("rights", ["", "+publish", "+subscribe", "&launchready:ended"])
def test_a_redis_user_without_the_rights(rights, space):
    """A user without PUBLISH can settle; a user without SUBSCRIBE gets an error from listen()."""
    import redis

    server = servers.server("redis")
    word = "".join(reversed("resu-a-fo"))
    with contextlib.closing(redis.Redis.from_url(server.url)) as client:
        client.execute_command(
            "ACL", "SETUSER", "clerk", "reset", "on", f">{word}", "~launchready:*", "+@all", "-publish", "-subscribe",
            *rights.split(),
        )  # fmt: skip
    store = stores.connect(f"redis://clerk:{word}@127.0.0.1:{server.port}/0")
    version = ask(store, PutIfAbsent(space, "k", b"v", 60)).version
    assert ask(store, Subscribe(space, "k", version))
    assert ask(store, Complete(space, "k", b"w", 60, version))
    with pytest.raises(StoreUnavailable):
        store.listen()
    store.close()


def test_a_pooler_that_passes_nothing_on():
    """A pooler accepts LISTEN and delivers nothing, so the self-test fails."""
    import psycopg

    from launchready.stores._postgresql_notify import PostgreSQLSubscription

    server = servers.server("postgresql")
    with pytest.raises(StoreUnavailable, match="pooler"):
        PostgreSQLSubscription(server.url, lambda word: None)
    with pytest.raises(psycopg.OperationalError):
        PostgreSQLSubscription(server.url.replace(str(server.port), str(servers.free_port())), lambda word: None)


def test_a_silent_connection(monkeypatch):
    """A silent connection is pinged, and counts as broken without a reply."""
    from launchready.stores import _postgresql_notify, _redis_pubsub

    monkeypatch.setattr(_redis_pubsub, "MAX_SILENCE", 0.2)
    monkeypatch.setattr(_postgresql_notify, "MAX_SILENCE", 0.2)
    monkeypatch.setattr(_postgresql_notify, "PING_TIMEOUT", 0.3)
    for name in TOLD:
        server = servers.server(name)
        store = stores.connect(server.url)
        subscription = store.listen()
        assert heard(subscription, {}, 1.0) == []
        server.pause()
        try:
            with pytest.raises(StoreUnavailable):
                heard(subscription, {})
        finally:
            server.resume()
        subscription.close()
        store.close()


def test_one_look_for_all(tmp_path):
    """A store without notifications is polled in one lookup for all keys, less often the more there are."""
    from launchready.stores._subscription import PollingSubscription

    looks = []

    def look(names):
        looks.append(sorted(names))
        return {b"a": 1, b"b": 2}

    subscription = PollingSubscription(look, 0.05)
    expected = {b"a": 1, b"b": 2}
    assert list(subscription.hear(expected, 0.02)) == list(subscription.hear(expected, 0.02)) == []
    assert looks == [[b"a", b"b"]]
    expected |= {b"a": 0, b"c": 3}
    assert sorted(heard(subscription, expected)) == [b"a", b"c"]
    assert looks[1:] == [[b"a", b"b", b"c"]]


def test_a_word_that_comes_with_an_answer():
    """A notification that arrives before the reply of a query is not lost."""
    server = servers.server("postgresql")
    space = racers.space(f"with {os.getpid()}", evictable=False)
    store = stores.connect(server.url)
    subscription = store.listen()
    version = ask(store, PutIfAbsent(space, "k", b"v", 60)).version
    assert ask(store, Subscribe(space, "k", version))
    assert ask(store, Delete(space, "k"))
    subscription._ask("SELECT 1")
    assert list(subscription.hear({}, 0)) == [digest(space.name, "k")]
    subscription.close()
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", TOLD)
def test_a_child_leaves_its_parents_alone(name, space):
    """A forked child closes its own copy, and the parent's subscription continues."""
    store = stores.connect(servers.server(name).url)
    subscription = store.listen()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            store.close()
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    version = ask(store, PutIfAbsent(space, "k", b"v", 60)).version
    assert ask(store, Subscribe(space, "k", version))
    assert ask(store, Delete(space, "k"))
    assert heard(subscription, {}) == [digest(space.name, "k")]
    subscription.close()
    store.close()


def test_tables_of_before():
    """Old tables without the waited column get it at first use, and no completion is lost."""
    import psycopg

    server = servers.server("postgresql")
    space = racers.space(f"before {os.getpid()}", evictable=False)
    store = stores.connect(server.url)
    version = ask(store, PutIfAbsent(space, "k", b"v", 60)).version
    store.close()
    with psycopg.connect(server.url, autocommit=True) as client:
        for table in ("launchready_kept", "launchready_cache"):
            client.execute(f"ALTER TABLE {table} DROP COLUMN waited")
    assert ask(store, Complete(space, "k", b"w", 60, version))
    version = ask(store, PutIfAbsent(space, "l", b"v", 60)).version
    assert ask(store, Subscribe(space, "l", version))
    store.close()
