"""The secret changes while the app runs: whatever mix of workers a roll-out has, each key has one effect."""

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager

import pytest

from launchready.idempotency.transaction.connect import opener
from support import rotating, servers
from support.keys import key as uuid
from support.keys import secret

OLD, NEW, NEXT = (secret(name) for name in ("old", "new", "next"))
BEFORE = {"secret": OLD}
BETWEEN = {"secret": NEW, "fallbacks": [OLD]}
AFTER = {"secret": NEW}
STORES = ["sqlite", "redis", "postgresql", "mysql"]
DATABASES = [name for name in STORES if name != "redis"]
MIXES = {
    "the new one arrives": [BEFORE, BETWEEN],
    "the old one goes": [BETWEEN, AFTER],
    "rolled back": [BEFORE, BETWEEN, {"secret": OLD, "fallbacks": [NEW]}],
    "changed again before the first is gone": [BETWEEN, {"secret": NEXT, "fallbacks": [NEW, OLD]}],
}
COUNT, GAP = 40, 0.03


def pay(workers, gap):
    """All of them, each key at the same moment. What each of them was told."""
    start = time.monotonic() + 0.05
    for worker in workers:
        worker.stdin.write(f"{start} {gap}\n")
        worker.stdin.flush()
    return [json.loads(worker.stdout.readline() or "null") for worker in workers]


class Rollout:
    """Workers of several settings on one store, and one ledger."""

    def __init__(self, name, folder):
        self.url = servers.store_url(name, folder)
        self.ledger = folder / "ledger"
        self.prefix = f"{name}-{time.monotonic_ns()}"

    def keys(self, count):
        return [uuid(f"{self.prefix}-{number}") for number in range(count)]

    @contextmanager
    def workers(self, mix, keys, each=2, **more):
        """So many workers of each settings, ready to pay for these keys."""
        how = {"url": self.url, "ledger": str(self.ledger), "keys": keys, **more}
        workers = [
            subprocess.Popen(
                [sys.executable, rotating.__file__, json.dumps({**how, **settings})],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for settings in mix for _ in range(each)
        ]  # fmt: skip
        try:
            assert all(worker.stdout.readline() == "ready\n" for worker in workers)
            yield workers
        finally:
            for worker in workers:
                worker.communicate(timeout=60)

    def one(self, settings, key, **more):
        """What one worker of these settings tells; None where it died."""
        with self.workers([settings], [key], 1, **more) as workers:
            told = pay(workers, 0)[0]
        return told[0] if told else None

    def effects(self):
        lines = self.ledger.read_text().split("\n") if self.ledger.exists() else []
        return Counter(line.split()[0] for line in lines if line)

    def provider(self):
        return {line.split()[2] for line in self.ledger.read_text().splitlines()}


def sensible(told):
    """The answer, the answer again, or that it is on its way."""
    status, replayed, body = told
    return (status, replayed) in {(201, None), (201, "true")} or (status == 409 and "in_progress" in body)


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("mix", MIXES)
def test_race(mix, name, tmp_path):
    """Workers that share a secret never both run a key; afterwards each of them gives the one answer again."""
    rollout = Rollout(name, tmp_path)
    keys = rollout.keys(COUNT)
    with rollout.workers(MIXES[mix], keys) as workers:
        told = pay(workers, GAP)
        assert all(sensible(each) for answers in told for each in answers)
        assert rollout.effects() == dict.fromkeys(keys, 1)
        again = pay(workers, GAP)
    assert {tuple(each[:2]) for answers in again for each in answers} == {(201, "true")}
    assert all(len({answers[number][2] for answers in again}) == 1 for number in range(COUNT))
    assert rollout.effects() == dict.fromkeys(keys, 1)


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("mix", ["the new one arrives", "the old one goes"])
def test_race_in_transactions(mix, name, tmp_path):
    """The same where key and work commit together: one row is there, whoever tried."""
    rollout = Rollout(name, tmp_path)
    with closing(opener(rollout.url)()) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS effects (k VARCHAR(99))")
        connection.commit()
        keys = rollout.keys(COUNT)
        with rollout.workers(MIXES[mix], keys, mode="transaction") as workers:
            told = pay(workers, 2 * GAP)
            again = [*pay(workers[:1], 0), *pay(workers[-1:], 0)]
        cursor.execute("SELECT k, COUNT(*) FROM effects GROUP BY k")
        assert {key: count for key, count in cursor.fetchall() if key in keys} == dict.fromkeys(keys, 1)
    assert all(sensible(each) for answers in told for each in answers)
    assert {tuple(each[:2]) for answers in again for each in answers} == {(201, "true")}


def test_this_race_sees_what_it_looks_for(tmp_path):
    """Without the old key among the fallbacks most keys have two effects."""
    rollout = Rollout("sqlite", tmp_path)
    with rollout.workers([BEFORE, AFTER], rollout.keys(COUNT)) as workers:
        pay(workers, GAP)
    assert sum(count > 1 for count in rollout.effects().values()) > COUNT / 2


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("kill", [1, 2, 3, 4], ids=["one claim", "both claims", "one answer", "both answers"])
def test_killed_in_between(kill, name, tmp_path):
    """SIGKILL after each step of a worker with both secrets: never a second effect, whoever is asked next."""
    rollout = Rollout(name, tmp_path)
    key = uuid(rollout.prefix)
    assert rollout.one(BETWEEN, key, kill=kill) is None
    ran = kill > 2
    assert rollout.effects()[key] == ran
    time.sleep(1.1)  # its lease
    told = [rollout.one(settings, key) for settings in (BETWEEN, BEFORE, AFTER)]
    assert all(each[0] == 201 or "outcome_unknown" in each[2] for each in told)
    answered = [each[0] == 201 for each in told]
    assert answered[0] == ran  # who knows both secrets finds the answer under either
    if kill in (2, 4):
        assert answered == [ran] * 3
    assert rollout.effects()[key] <= 1
