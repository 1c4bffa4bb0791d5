"""A store that can lose a key of a payment is told of before it does."""

from contextlib import closing

import pytest

import launchready
from launchready.net.keeping import keeping
from support import servers


def asked(url):
    return launchready.check("example.com", store=url, database="", only=["DB005"])


@pytest.mark.parametrize(
    ("policy", "log", "words"),
    [
        ("noeviction", "yes", []),
        ("allkeys-lru", "yes", ["maxmemory-policy allkeys-lru"]),
        ("noeviction", "no", ["appendonly no"]),
        ("volatile-ttl", "no", ["maxmemory-policy volatile-ttl", "appendonly no"]),
    ],
)
def test_redis(policy, log, words):
    """What evicts, and what is not written down, is said; a server that keeps is fine. Never the password."""
    import redis

    server = servers.server("redis")
    with closing(redis.Redis.from_url(server.url)) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("appendonly", log)
        try:
            report = asked(server.url)
        finally:
            client.config_set("appendonly", "no")
            client.config_set("maxmemory-policy", "noeviction")
    assert [line.partition(":")[0] for one in report for line in one.evidence.split("\n")] == words
    assert servers.PASSWORD not in report.to_json()


def test_memory():
    """What is gone with the process keeps nothing."""
    assert [one.code for one in asked("memory://")] == ["DB005"]


@pytest.mark.parametrize("url", ["sqlite:///a.db", "postgresql://nowhere/app", "mysql://nowhere/app"])
def test_what_keeps(url):
    """A database keeps what it acknowledged; it is not even asked."""
    assert keeping(url).losses == ()


def test_a_server_that_is_away_is_undetermined():
    """Never passed, and never a failure."""
    found = keeping(f"redis://:{servers.PASSWORD}@127.0.0.1:{servers.free_port()}/0")
    assert not found.known
    assert servers.PASSWORD not in found.reason


@pytest.fixture(scope="module", autouse=True)
def _servers_end():
    yield
    servers.close_all()
