"""``launchready check``, ``map``, ``explain`` and ``config`` as typed: results, files, exit codes."""

import datetime as dt
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import launchready.checks.run
from checks.world import DOMAIN, NOW, RECORDS, certificate, registration, universe, without, zone_server
from launchready import cli

SOURCE = Path(launchready.checks.run.__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served(lines=RECORDS, **more):
    return zone_server.ZoneServer(universe(lines, **more))


def typed(server, *words):
    """Run the command line against the sample world, certificates and registration included."""
    return ["check", DOMAIN, "--resolver", f"127.0.0.1:{server.port}", "--only", "dns,mail", "--skip", "MAIL018,MAIL019",
            "--ca", "letsencrypt.org", *words]  # fmt: skip


def run(words, capsys):
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def test_fine_is_zero(folder, capsys):
    """A healthy domain: exit 0, one summary line on stdout, nothing on stderr, no file."""
    with served() as server:
        code, out, err = run(typed(server), capsys)
    assert (code, err) == (0, "")
    assert out.startswith("Fine as far as it goes")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("fail_on", "drop", "code"),
    [("48h", "www", 1), ("never", "www", 0), ("any", "@ AAAA", 1), ("48h", "@ AAAA", 0)],
)
def test_exit_code(fail_on, drop, code, folder, capsys):
    """1 for findings at or above --fail-on."""
    with served(without(drop)) as server:
        assert run(typed(server, "--fail-on", fail_on), capsys)[0] == code


def test_unknown_is_three(folder, capsys):
    """An undetermined check exits with 3, unless that is allowed."""
    faults = [{"name": f"_dmarc.{DOMAIN}", "type": "TXT", "action": "refused"}]
    with served(faults=faults) as server:
        assert run(typed(server), capsys)[0] == 3
        assert run(typed(server, "--allow-unknown"), capsys)[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check"], "no domain"),
        (["check", "coach"], "has no dot"),
        (["check", DOMAIN, "--only", "mial"], "did you mean"),
        (["check", DOMAIN, "--resolver", "127.0.0.1:dns"], "resolver"),
        (["check", DOMAIN, "--since", "gone.json", "--only", "registration", "--resolver", "127.0.0.1:9"], "gone.json"),
        (["explain", "MAIL03"], "MAIL003"),
        (["map", DOMAIN, "--format", "junit"], "text, json or md"),
    ],
)
def test_mistakes_are_two(words, said, folder, capsys):
    """Usage and configuration errors exit with 2 and one sentence on stderr."""
    code, out, err = run(words, capsys)
    assert (code, out) == (2, "")
    assert said in err


def test_the_domain_after_only(folder, capsys):
    """``check --only dns coach.example``: families have no dot, so the dotted word is the domain."""
    with served() as server:
        code, out, _ = run(["check", "--resolver", f"127.0.0.1:{server.port}", "--only", "dns", DOMAIN], capsys)
    assert code == 0
    assert DOMAIN in out


def test_ctrl_c_is_130(folder, monkeypatch):
    """Ctrl-C exits with 130, without a traceback."""

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(launchready.checks.run, "check_with", interrupted)
    assert cli.main(["check", DOMAIN]) == 130


@pytest.mark.parametrize(
    ("form", "starts"),
    [("json", "{"), ("md", "# Launch checks"), ("html", "<!doctype"), ("sarif", "{"), ("junit", "<?xml")],
)
def test_formats_and_file(form, starts, folder, capsys):
    """Every format can be written to a file; stdout stays empty."""
    with served(without("www")) as server:
        code, out, _ = run(typed(server, "--format", form, "-o", "report.out"), capsys)
    assert (code, out) == (1, "")
    assert (folder / "report.out").read_text(encoding="utf-8").startswith(starts)


def test_a_project_keeps_its_last_report(folder, capsys):
    """--since last lists new and fixed findings."""
    (folder / "launchready.toml").write_text(f'[check]\ndomain = "{DOMAIN}"\n')
    with served(without("www")) as server:
        assert run(typed(server), capsys)[0] == 1
    with served(without("@ AAAA")) as server:
        code, out, _ = run(typed(server, "--since", "last"), capsys)
    assert code == 0
    lines = out.splitlines()
    assert "1 new, 1 fixed, 0 as before" in lines[0]
    assert any(line.startswith("NEW   DNS011") for line in lines)
    assert any(line.startswith("FIXED DNS002") for line in lines)


def test_since_last_without_an_earlier_run(folder, capsys):
    """The first run is shown in full and stored."""
    with served() as server:
        code, out, _ = run(typed(server, "--since", "last", "--format", "json"), capsys)
        assert (code, json.loads(out)["domain"]) == (0, DOMAIN)
        code, out, _ = run(typed(server, "--since", "last", "--format", "json"), capsys)
    assert json.loads(out)["new"] == []


def test_map(folder, capsys):
    """Each host has its lines; --diff shows one changed record as one removed and one added line."""
    words = ["map", DOMAIN, "--hosts", "app", "--timeout", "0.6"]
    with served() as server:
        code, out, _ = run([*words, "--resolver", f"127.0.0.1:{server.port}", "--diff"], capsys)
        assert (code, "No earlier map" in out) == (0, True)
        code, out, _ = run([*words, "--resolver", f"127.0.0.1:{server.port}"], capsys)
    assert code == 0
    assert f"NAME  app.{DOMAIN}  → 192.0.2.11" in out
    assert f"NAME  www.{DOMAIN}  → {DOMAIN} → 192.0.2.10, 2001:db8:10::10" in out
    with served(without("app") + "\napp A 192.0.2.99") as server:
        code, out, _ = run([*words, "--resolver", f"127.0.0.1:{server.port}", "--diff"], capsys)
    assert code == 1
    assert out.splitlines() == [f"- NAME  app.{DOMAIN}  → 192.0.2.11", f"+ NAME  app.{DOMAIN}  → 192.0.2.99"]


def test_explain(capsys):
    """A code prints its page in any spelling; no code lists all."""
    code, out, _ = run(["explain", "mail003"], capsys)
    assert (code, out.splitlines()[0].startswith("# MAIL003:")) == (0, True)
    code, out, _ = run(["explain"], capsys)
    assert (code, len(out.splitlines()) > 50) == (0, True)
    assert "DNS001" in {one["code"] for one in json.loads(run(["explain", "--format", "json"], capsys)[1])}


def test_config(folder, capsys, monkeypatch):
    """Each value has its source; no format shows a password or key."""
    word = "w0rd" * 4
    monkeypatch.setenv("LAUNCHREADY_STORE", f"redis://user:{word}@localhost")
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", word)
    monkeypatch.setenv("HOOK", word)
    (folder / "launchready.toml").write_text(
        '[check]\ndomain = "coach.example"\n[webhooks.stripe]\npath = "/hook"\nsecret = { env = "HOOK" }\n'
    )
    code, out, _ = run(["config"], capsys)
    assert code == 0
    assert "check.domain = 'coach.example'  (launchready.toml)" in out
    assert "webhooks.stripe.secret = { env = 'HOOK' }, set" in out
    assert word not in out + run(["config", "show", "--format", "json"], capsys)[1]


def python(*words, **more):
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)}, **more,
    )  # fmt: skip


def test_help_is_fast():
    """``launchready --help`` needs at most 150 ms of CPU time: the median of seven runs."""

    def seconds():
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        python("-m", "launchready", "--help")
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

    assert statistics.median(seconds() for _ in range(7)) <= 0.150


def test_flask_launchready(tmp_path):
    """``flask launchready explain MAIL003`` is the same command, and receives its own flags, --help included."""
    (tmp_path / "app.py").write_text(
        "from flask import Flask\nfrom launchready.cli.flask import command\napp = Flask(__name__)\n"
        "app.cli.add_command(command)\n"
    )
    done = python("-m", "flask", "--app", "app", "launchready", "explain", "MAIL003", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0].startswith("# MAIL003:")) == (0, True)
    assert "check" in python("-m", "flask", "--app", "app", "launchready", "--help", cwd=tmp_path).stdout
    assert python("-m", "flask", "--app", "app", "launchready", "explain", "X", cwd=tmp_path).returncode == 2


def test_a_closed_pipe():
    """``launchready explain | head -1`` ends without a traceback."""
    done = subprocess.run(
        f"{sys.executable} -m launchready explain | head -1", shell=True, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_check_from_python(folder):
    """Python callers can inject certificates, registration and date."""
    with served() as server:
        report = launchready.checks.run.check(
            DOMAIN, resolver=("127.0.0.1", server.port), only=["tls", "registration"], rdap=registration(),
            tls={DOMAIN: certificate()}, now=NOW,
        )  # fmt: skip
    assert report.exit_code == 0
    assert {one.code for one in report.passed} >= {"TLS001", "REG001"}


def accept(name, capsys, days=7):
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
    return run(["accept", name, "--until", until.isoformat(), "--why", "known"], capsys)


def test_accepted_findings_fail_after_their_day(folder, capsys):
    """An accepted finding is listed and does not fail until its day has passed."""
    with served(without("www")) as server:
        code, out, _ = run(typed(server, "--format", "json"), capsys)
        found = json.loads(out)["findings"][0]
        assert code == 1
        assert accept(f"{found['code']}@other.example", capsys)[0] == 0
        assert run(typed(server), capsys)[0] == 1
        assert accept(f"{found['code']}@{found['subject']}", capsys)[0] == 0
        code, out, _ = run(typed(server), capsys)
        assert code == 0
        assert "1 accepted for now" in out
        assert f"Accepted for now: {found['code']} {found['subject']}" in out
        listed = folder / "launchready-accepted.toml"
        today = dt.datetime.now(dt.UTC).date()
        listed.write_text(
            listed.read_text().replace(str(today + dt.timedelta(days=7)), str(today - dt.timedelta(days=1)))
        )
        assert run(typed(server), capsys)[0] == 1


def test_undetermined_findings_cannot_be_accepted(folder, capsys):
    """An acceptance covers a finding, not an undetermined check."""
    faults = [{"name": f"_dmarc.{DOMAIN}", "type": "TXT", "action": "refused"}]
    with served(faults=faults) as server:
        code, out, _ = run(typed(server, "--format", "json"), capsys)
        open_ = json.loads(out)["findings"]
        assert code == 3
        for one in {one["code"] for one in open_}:
            accept(one, capsys)
        assert run(typed(server), capsys)[0] == 3


@pytest.mark.parametrize(("name", "word"), [("MAIL03", "did you mean 'MAIL0"), ("mail003@a.b", "'MAIL003@a.b'"),
                                            ("nothing", "a code (MAIL003)"), ("MAIL003@", "MAIL003")])  # fmt: skip
def test_an_unknown_code_is_refused(name, word, folder, capsys):
    """The error suggests the nearest code."""
    code, _, err = accept(name, capsys)
    assert code == 2
    assert word in err
    assert list(folder.iterdir()) == []
