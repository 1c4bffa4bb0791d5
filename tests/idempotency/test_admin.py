"""``launchready idempotency``: what the person on call sees and may do, on every store that outlives a process."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import launchready
from launchready import stores
from launchready.cli import main
from launchready.errors import InFlight, OutcomeUnknown
from launchready.idempotency import idempotent
from support import servers
from support.keys import SECRET

NAMES = [name for name in stores.names() if name not in {"limits", "memory"}]


class Killed(BaseException):
    """What ends a worker: not an answer of its function."""


@pytest.fixture(params=NAMES)
def url(request, tmp_path):
    return servers.store_url(request.param, tmp_path)


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", SECRET)


class Payments:
    """One payment that is done, one that runs, one whose worker died; keys of this test alone."""

    def __init__(self, url):
        self.ran = []
        self.name = os.urandom(4).hex()
        self.goes = threading.Event()
        self.runs = threading.Event()
        self.pay = idempotent(key=lambda what: f"{self.name}-{what}", store=url, lease="1s")(self._pay)
        self.pay("done")
        threading.Thread(target=self.pay, args=("running",), daemon=True).start()
        self.runs.wait(5)
        with pytest.raises(Killed):
            self.pay("dead")
        self.ran.clear()
        threading.Event().wait(1.0)

    def _pay(self, what):
        self.ran.append(what)
        if what == "dead" and self.ran.count("dead") == 1 and self.runs.is_set() and len(self.ran) == 3:
            raise Killed
        if what == "running":
            self.runs.set()
            self.goes.wait(20)
        return {"paid": what}


@pytest.fixture
def payments(url):
    made = Payments(url)
    yield made
    made.goes.set()


def desk(capsys, url, *words):
    code = main(["idempotency", "--store", url, "--format", "json", *words])
    text = capsys.readouterr().out
    return code, json.loads(text) if text.startswith(("[", "{")) else text


def show(capsys, url, payments, what):
    return desk(capsys, url, "show", f"{payments.name}-{what}")[1][0]


def test_what_is_there(capsys, url, payments):
    """States, without anything that the client sent; the unknown ones alone, and their exit code."""
    states = {what: show(capsys, url, payments, what)["state"] for what in ("done", "running", "dead")}
    assert states == {"done": "done", "running": "running", "dead": "unknown"}
    code, rows = desk(capsys, url, "ls", "--unknown")
    assert code == 1
    dead = show(capsys, url, payments, "dead")["id"]
    assert dead in [row["id"] for row in rows]
    assert all(row["state"] == "unknown" for row in rows)
    code, rows = desk(capsys, url, "ls")
    assert code == 0
    assert payments.name not in json.dumps(rows)
    assert desk(capsys, url, "show", "no such key")[0] == 1


def test_resolved_as_done(capsys, url, payments):
    """It happened: a retry is told so, and does not run."""
    assert desk(capsys, url, "resolve", f"{payments.name}-dead", "--done")[0] == 0
    with pytest.raises(OutcomeUnknown, match="carried out"):
        payments.pay("dead")
    assert payments.ran == []


def test_resolved_for_a_retry(capsys, url, payments):
    """It did not happen: a retry runs, by the id as well."""
    dead = show(capsys, url, payments, "dead")["id"]
    with pytest.raises(OutcomeUnknown):
        payments.pay("dead")
    assert desk(capsys, url, "resolve", dead, "--retry")[0] == 0
    assert payments.pay("dead") == {"paid": "dead"}
    assert payments.ran == ["dead"]


def test_nothing_else_is_resolved(capsys, url, payments):
    """A key that is done, that runs, or that is not there: exit 2, and nothing changes."""
    for what in ("done", "running", "absent"):
        for how in ("--done", "--retry"):
            assert desk(capsys, url, "resolve", f"{payments.name}-{what}", how)[0] == 2
    assert payments.pay("done") == {"paid": "done"}
    with pytest.raises(InFlight):
        payments.pay("running")


def test_migrate_and_sweep(capsys, url):
    """Tables before the first request; what is over goes, and what is not stays."""
    assert desk(capsys, url, "migrate")[0] == 0
    name = os.urandom(4).hex()
    pay = idempotent(key=lambda what: f"{name}-{what}", store=url, keep="50ms", lease="10ms")(lambda what: what)
    kept = idempotent(key=lambda what: f"{name}-{what}", store=url)(lambda what: what)
    pay("a")
    kept("b")
    threading.Event().wait(0.1)
    code, text = desk(capsys, url, "sweep")
    assert code == 0
    assert text.startswith("deleted")
    assert desk(capsys, url, "show", f"{name}-b")[1][0]["state"] == "done"
    assert desk(capsys, url, "show", f"{name}-a")[1] == []


def test_which_store(capsys, monkeypatch, tmp_path):
    """No store, or one in memory: exit 2, and what to write."""
    monkeypatch.delenv("LAUNCHREADY_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--store", "memory://"]):
        assert main(["idempotency", *words, "ls"]) == 2
        assert "no store; write" in capsys.readouterr().err


def test_a_file_that_cannot_be_opened(capsys, tmp_path):
    """One sentence and exit 2, which is no finding."""
    for name, words in (("no-such-folder/keys.db", "unable to open"), ("text.db", "not a SQLite database")):
        (tmp_path / "text.db").write_text("no database " * 100)
        for verb in (["ls", "--unknown"], ["show", "key"], ["resolve", "key", "--done"], ["migrate"], ["sweep"]):
            assert main(["idempotency", *verb, "--store", f"sqlite:///{tmp_path}/{name}"]) == 2, verb
            assert words in capsys.readouterr().err


def test_where_options_stand(capsys, url, payments):
    """Before the verb or behind it: a store named behind it is the one that is asked."""
    name = f"{payments.name}-done"
    for words in (
        ["--store", url, "show", name, "--format", "json"],
        ["show", name, "--format", "json", "--store", url],
    ):
        assert main(["idempotency", *words]) == 0
        assert json.loads(capsys.readouterr().out)[0]["state"] == "done"
    assert main(["idempotency", "--format", "json", "ls", "--unknown", "--store", url]) == 1
    assert json.loads(capsys.readouterr().out)


def test_as_a_person_types_it(tmp_path):
    """``launchready idempotency ls``, by the environment."""
    source = str(Path(launchready.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "launchready", "idempotency", "ls"], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": source, "LAUNCHREADY_STORE": "sqlite:///keys.db"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "no keys\n", "")
