"""A store that can lose a key of a payment is told of before it does."""

import time
from contextlib import closing

import pytest
import redis

import launchready
from launchready.errors import ConfigError
from launchready.idempotency import idempotent
from launchready.idempotency.transaction.connect import opener
from launchready.net.store_durability import read_durability
from support import servers
from support.keys import SECRET


def asked(url):
    return launchready.check("example.com", store=url, only=["DB005"])


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
    assert read_durability(url).losses == ()


def test_a_server_that_is_away_is_undetermined():
    """Never passed, and never a failure."""
    found = read_durability(f"redis://:{servers.PASSWORD}@127.0.0.1:{servers.free_port()}/0")
    assert not found.known
    assert servers.PASSWORD not in found.reason


class Killed(BaseException):
    """What ends a worker: not an answer of its function."""


def forget(name, url):
    """Of a server that all tests share: the keys of the workers that they killed."""
    if name == "redis":
        with closing(redis.Redis.from_url(url)) as client:
            for key in client.scan_iter("launchready:idempotency:*"):
                client.delete(key)
    elif name != "sqlite":
        with closing(opener(url)()) as connection:
            connection.cursor().execute("DELETE FROM launchready_kept")
            connection.commit()


@pytest.mark.parametrize("name", ["sqlite", "redis", "postgresql", "mysql"])
@pytest.mark.parametrize("secret", ["", SECRET], ids=["plain", "signed"])
def test_an_outcome_that_nobody_knows(name, secret, monkeypatch, tmp_path):
    """A key whose worker died is counted, whoever signs; what is done, and what runs, is not. Then it is fine again."""
    from launchready.cli import main

    url = servers.store_url(name, tmp_path)
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", secret)
    monkeypatch.setenv("LAUNCHREADY_STORE", url)
    unique = f"{name}-{time.monotonic_ns()}"

    def pay(order):
        if order.endswith("dead"):
            raise Killed
        return order

    protected = idempotent(key=lambda order: order, store=url, lease="50ms")(pay)
    protected(f"{unique}-tables")
    forget(name, url)
    protected(f"{unique}-fine")
    assert list(launchready.check("example.com", only=["DB006"])) == []
    with pytest.raises(Killed):
        protected(f"{unique}-dead")
    time.sleep(0.1)
    report = launchready.check("example.com", only=["DB006"])
    assert [(one.code, one.severity, one.when) for one in report] == [("DB006", "high", "48h")]
    assert "outcome of 1 request is unknown" in report.to_text()
    assert servers.PASSWORD not in report.to_json()
    assert main(["idempotency", "resolve", f"{unique}-dead", "--done"]) == 0
    assert list(launchready.check("example.com", only=["DB006"])) == []


def test_a_store_that_is_away_is_undetermined(monkeypatch):
    """Nothing is known of its keys."""
    url = f"redis://:{servers.PASSWORD}@127.0.0.1:{servers.free_port()}/0"
    report = launchready.check("example.com", store=url, only=["DB006"])
    assert [one.status for one in report] == ["undetermined"]
    assert servers.PASSWORD not in report.to_json()


def test_more_than_can_be_read():
    """Stopped in the middle: not known."""
    from launchready.checks.store_queries import FindUnknownOutcomes

    assert not FindUnknownOutcomes("memory://").look(lambda: True).reason
    assert FindUnknownOutcomes("x").unanswered("it has more keys than can be read").reason


def test_which_address(monkeypatch):
    """The family needs one of the two addresses, a code its own."""
    for name in ("DATABASE_URL", "LAUNCHREADY_STORE"):
        monkeypatch.delenv(name, raising=False)

    def problems(*only):
        with pytest.raises(ConfigError) as caught:
            launchready.check("example.com", only=list(only))
        return [line.partition(":")[0] for line in caught.value.problems]

    assert problems("db") == ["database", "store"]
    assert problems("DB001") == ["database"]
    assert problems("DB005") == ["store"]
    monkeypatch.setenv("LAUNCHREADY_STORE", "memory://")
    assert [one.code for one in launchready.check("example.com", only=["db"])] == ["DB005"]


@pytest.mark.parametrize("how", ["typed", "environment", "file"])
def test_on_the_command_line(how, monkeypatch, tmp_path, capsys):
    """``--store``, else LAUNCHREADY_STORE, else ``[idempotency]`` of launchready.toml."""
    from launchready.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAUNCHREADY_STORE", raising=False)
    words = []
    if how == "typed":
        words = ["--store", "memory://"]
    elif how == "environment":
        monkeypatch.setenv("LAUNCHREADY_STORE", "memory://")
    else:
        (tmp_path / "launchready.toml").write_text('[idempotency]\nstore = "memory://"\n')
    assert main(["check", "--only", "DB005", "--format", "json", *words]) == 1
    assert "DB005" in capsys.readouterr().out


@pytest.fixture(scope="module", autouse=True)
def _servers_end():
    yield
    servers.close_all()
