"""Redis Cluster: three real nodes, named by the URL of one of them."""

import asyncio
import re
import time

import pytest

from launchready import stores
from launchready.exchange.store import Complete, Consume, Delete, Get, Put, PutIfAbsent, Refund, Replace, Space, digest
from launchready.exchange.subscribe import Subscribe
from launchready.exchange.window import Window
from support import servers

SPACE = Space("cluster", dump=bytes, load=bytes, size=len, evictable=False)


@pytest.fixture(scope="module")
def cluster():
    made = servers.RedisCluster()
    try:
        yield made.start()
    finally:
        made.close()


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_every_verb_on_every_node(cluster, mode):
    """Keys of all nodes work without configuration, because each verb is one script on one key."""
    store = stores.connect(cluster.url)
    runner = asyncio.Runner() if mode == "async" else None

    def call(op):
        if runner is None:
            store.execute(op)
        else:
            runner.run(store.aexecute(op))
        return op.answer

    windows = (Window(2, 60.0), Window(300, 3600.0))
    for number in range(30):
        key = f"{mode} {number}"
        assert call(PutIfAbsent(SPACE, key, b"v", 60)).entry is None
        entry = call(Get(SPACE, key))
        assert call(Replace(SPACE, key, b"w", 60, entry.version))
        assert call(Put(SPACE, key, b"x", 60)) > entry.version
        assert call(Delete(SPACE, key))
        takes = [Consume(key, windows) for _ in range(3)]
        assert [call(take).allowed for take in takes] == [True, True, False]
        call(Refund(key, windows, 1, takes[0].at))
        assert call(Consume(key, windows)).allowed
    if runner is None:
        store.close()
    else:
        runner.run(store.aclose())
        runner.close()


def test_each_key_has_a_tag(cluster):
    """The hash tag alone determines the node of a key, whatever the key contains."""
    import redis

    store = stores.connect(cluster.url)
    store.execute(Consume("{x}:2001:db8::/64", (Window(5, 60.0),)))
    store.execute(Put(SPACE, "{x} y", b"v", 60))
    store.close()
    keys = []
    for node in cluster.nodes:
        client = redis.Redis.from_url(node.url)
        keys += client.keys()
        client.close()
    assert {key.split(b":")[1] for key in keys} >= {b"take", b"cluster"}
    assert all(re.fullmatch(rb"launchready:[a-z-]+:\{[0-9a-f]{64}\}", key) for key in keys)


def test_all_at_once(cluster):
    """The first reply of a node reveals the cluster; concurrent operations succeed too."""
    store = stores.connect(cluster.url)
    takes = [Consume(f"together {number % 7}", (Window(5, 60.0),)) for number in range(70)]
    claims = [PutIfAbsent(SPACE, f"together {number % 7}", b"v", 60) for number in range(70)]

    async def together():
        await asyncio.gather(*[store.aexecute(op) for pair in zip(takes, claims, strict=True) for op in pair])
        await store.aclose()

    asyncio.run(together())
    assert sum(take.answer.allowed for take in takes) == 35
    assert sum(claim.answer.entry is None for claim in claims) == 7


def test_scripts_are_loaded_where_they_are_missing(cluster):
    """A script is loaded again after a restart, and on a node that has not seen it."""
    import redis

    store = stores.connect(cluster.url)
    for number in range(10):
        for node in cluster.nodes:
            client = redis.Redis.from_url(node.url)
            client.script_flush()
            client.close()
        op = Consume(f"flushed {number}", (Window(5, 60.0),))
        store.execute(op)
        assert op.answer.allowed
    store.close()


def test_the_end_of_a_key_of_any_node_is_heard(cluster):
    """Messages reach every node, so a subscription on any node gets every key."""
    store = stores.connect(cluster.url)
    store.execute(Get(SPACE, "which node has it"))
    for number in range(3):  # each time a node by chance
        subscription = store.listen()
        names = set()
        for key in range(12):
            name = f"heard {number} {key}"
            claim = PutIfAbsent(SPACE, name, b"v", 60)
            store.execute(claim)
            expect = Subscribe(SPACE, name, claim.answer.version)
            store.execute(expect)
            assert expect.answer
            store.execute(Complete(SPACE, name, b"w", 60, claim.answer.version))
            names.add(digest(SPACE.name, name))
        until = time.monotonic() + 20
        while names and time.monotonic() < until:
            names.difference_update(subscription.hear({}, 0.1))
        assert not names
        subscription.close()
    store.close()
