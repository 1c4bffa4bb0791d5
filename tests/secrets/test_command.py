"""``launchready secrets`` and ``accept``: exit codes, formats, the commit hook. No output shows a secret."""

import datetime as dt
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import planted
import pytest
import yaml

from launchready.checks.run import check
from launchready.cli import main
from launchready.secrets import scan

ROOT = Path(__file__).parents[2]
MAKE = planted.Maker(21)
STRIPE, TEST, GITHUB = MAKE.make("stripe"), MAKE.make("stripetest"), MAKE.make("github")
PASSWORD = "Walnut" + "#7731x"


@pytest.fixture
def leaky(repo, monkeypatch):
    """A repository with four secrets: in a file, in the history, a test key, a password."""
    repo.commit(old__py=f"token = '{GITHUB}'\n")
    repo.commit(
        old__py="token = None\n",
        app__py=f"key = '{STRIPE}'\n",
        t__md=f"{TEST}\n",
        __env=f"DB_PASSWORD={PASSWORD}\n",
    )
    monkeypatch.chdir(repo.path)
    return repo


@pytest.mark.parametrize("form", ["text", "json", "md", "html", "sarif", "junit"])
def test_no_format_shows_a_secret(leaky, capsys, form):
    """Every format lists all four secrets masked, and the exit code is 1."""
    assert main(["secrets", "--format", form]) == 1
    out = capsys.readouterr().out
    for value in (STRIPE, TEST, GITHUB, PASSWORD):
        assert value not in out
        assert value[9:] not in out
    for rule in ("stripe-live-key", "stripe-test-key", "github-token", "database-password"):
        assert rule in out


def test_secrets_that_move_money_come_first(leaky, capsys):
    """Then by severity, then secrets in the files before old ones."""
    main(["secrets", "--format", "json"])
    rules = [leak["rule"] for leak in json.loads(capsys.readouterr().out)["leaks"]]
    assert rules == ["stripe-live-key", "database-password", "github-token", "stripe-test-key"]


def test_exit_codes(leaky, capsys):
    """0 none, 1 some, 2 usage, 3 none found but something was not read."""
    assert main(["secrets", "--fail-on", "never"]) == 0
    assert main(["secrets", "--only", "stripe-test-key", "--fail-on", "48h"]) == 0
    assert main(["secrets", "--only", "stripe-test-key"]) == 1
    assert main(["secrets", "--path", "t.md", "--ignore", "stripe-test-key"]) == 0
    assert main(["secrets", "nowhere"]) == 2
    assert main(["secrets", "--range", "x..y"]) == 2
    assert main(["secrets", "app.py", "--path", "t.md"]) == 2
    assert main(["secrets", "--staged", "--engine", "gitleaks"]) == 2
    assert main(["secrets", "-o", "nowhere/report.txt"]) == 2
    for both in (["--staged", "--range", "HEAD"], ["--path", "t.md", "--staged"]):
        with pytest.raises(SystemExit, match="2"):
            main(["secrets", *both])
    assert main(["secrets", "--staged"]) == 0
    leaky.put("cut.zip", b"PK\x03\x04 cut")
    assert main(["secrets", "--path", "cut.zip"]) == 3
    assert "Not read:" in capsys.readouterr().out


def test_sarif_is_valid_and_stable(leaky, capsys):
    """The output matches the published schema, and fingerprints stay when lines move."""
    import jsonschema

    def results():
        main(["secrets", "--format", "sarif"])
        log = json.loads(capsys.readouterr().out)
        schema = ROOT / "tests/conformance/sarif/sarif-schema-2.1.0.json"
        jsonschema.Draft4Validator(json.loads(schema.read_text())).validate(log)
        return log["runs"][0]["results"]

    before = results()
    assert {one["ruleId"] for one in before} == {"SEC001", "SEC002", "SEC003", "SEC004"}
    place = before[0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("app.py", 1)
    leaky.commit(app__py=f"\n\n\nkey = '{STRIPE}'\n")
    after = results()
    assert [one["partialFingerprints"] for one in after] == [one["partialFingerprints"] for one in before]


def test_accepted_for_a_while(leaky, capsys):
    """An accepted secret is omitted until its day and reported afterwards; a shallow clone has the same fingerprint."""
    mark = next(leak.fingerprint for leak in scan(".") if leak.rule == "stripe-test-key")
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    assert main(["accept", mark, "--until", day.isoformat(), "--why", 'in the README, "on purpose"']) == 0
    assert main(["secrets", "--only", "stripe-test-key"]) == 0
    assert "1 accepted for now" in capsys.readouterr().out
    scanned = scan(".")
    scanned.options = scanned.options._replace(today=day + dt.timedelta(days=1))
    assert mark in {leak.fingerprint for leak in scanned}
    assert "has expired" in scanned.notes[0]
    leaky.commit()
    clone = leaky.path.parent / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", leaky.path.as_uri(), clone], check=True)
    assert mark not in {leak.fingerprint for leak in scan(clone)}


@pytest.mark.parametrize(
    "args",
    [["x:1", "--until", "soon", "--why", "y"], ["x:1", "--until", "2020-01-01", "--why", "y"], ["x:1", "--until", "2999-01-01", "--why", "y"], ["nothing", "--until", "2020-01-01", "--why", " "]],
)  # fmt: skip
def test_an_acceptance_needs_a_day_and_a_reason(leaky, args, capsys):
    """The day must be within a year, the reason not empty, the id a fingerprint or code."""
    assert main(["accept", *args]) == 2
    assert "--until" in capsys.readouterr().err
    assert not Path("launchready-accepted.toml").exists()


def test_a_list_of_acceptances_that_cannot_be_read(leaky, capsys):
    """The exit code is 2, and the error shows a valid entry."""
    Path("launchready-accepted.toml").write_text("[[accepted]]\nid = 1\n")
    assert main(["secrets"]) == 2
    assert "entry 1 needs" in capsys.readouterr().err


def hooked(repo):
    """Install git's hook, as the entry of .pre-commit-hooks.yaml runs it."""
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "launchready-secrets"
    assert hook["pass_filenames"] is False
    command = hook["entry"].replace(
        "launchready", f"PYTHONPATH={os.pathsep.join(sys.path)} {sys.executable} -m launchready", 1
    )
    file = repo.path / ".git/hooks/pre-commit"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\nexec env {command}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_a_commit_is_stopped(repo):
    """The hook stops a commit with a secret, and lets clean and allowed lines through."""
    hooked(repo)
    repo.put("app.py", f"key = '{STRIPE}'\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "oops", check=False)
    assert repo.git("rev-list", "--all") == ""
    repo.put("app.py", "import os\nkey = os.environ['KEY']\n")
    repo.commit("clean")
    repo.commit("allowed", test__py=f"key = '{STRIPE}'  # launchready:allow\n")
    assert len(repo.git("rev-list", "--all").split()) == 2


def test_in_check(leaky):
    """``check`` ranks the SEC family with other findings, without querying a domain."""
    report = check("coach.example", only=["secrets"], repository=str(leaky.path))
    assert [one.code for one in report] == ["SEC001", "SEC002", "SEC003", "SEC004"]
    assert report.exit_code == 1
    assert STRIPE not in report.to_json() + report.to_html()
    assert [one.code for one in report.passed] == ["SEC005"]


def test_unread_files_are_undetermined_in_check(repo):
    """Unread files are undetermined, not passed."""
    repo.put("cut.zip", b"PK\x03\x04 cut")
    report = check("coach.example", only=["secrets"], repository=str(repo.path))
    assert [one.code for one in report.undetermined] == ["SEC005"]
    assert report.exit_code == 3


ENGINE = """#!{python}
import json, sys
args = sys.argv[1:]
path = args[args.index("{flag}") + 1]
json.dump({report}, open(path, "w"))
"""


def gitleaks(path, line, value, rule):
    return [{"File": path, "StartLine": line, "Secret": value, "RuleID": rule, "Commit": ""}]


def betterleaks(path, line, value, rule):
    finding = {
        "rule_id": rule,
        "match": {"value": value},
        "location": {"path": path, "start_line": line},
        "attributes": {"git.sha": "abc"},
    }
    return {"schema_version": "1", "findings": [finding]}


def kingfisher(path, line, value, rule):
    commit = {"commit": {"id": "abc"}}
    return {
        "findings": [
            {"rule": {"id": rule}, "finding": {"snippet": value, "line": line, "path": path, "git_metadata": commit}}
        ]
    }


@pytest.mark.parametrize(
    ("made", "flag"),
    [(gitleaks, "--report-path"), (betterleaks, "-o"), (betterleaks, "--report-path"), (kingfisher, "--output")],
)
def test_second_opinions(leaky, tmp_path, monkeypatch, made, flag):
    """A secret that both scanners find is one finding; others carry the other scanner's rule."""
    folder = tmp_path / "bin"
    folder.mkdir()
    name = made.__name__
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def leaks(value):
        program = folder / name
        program.write_text(
            ENGINE.format(python=sys.executable, flag=flag, report=made("x.py", 3, value, "generic-api-key"))
        )
        program.chmod(0o755)
        return [leak for leak in scan(".", engines=[name]) if leak.value == value]

    assert [(leak.rule, leak.path) for leak in leaks(STRIPE)] == [("stripe-live-key", "app.py")]
    assert [(leak.rule, leak.path, leak.line) for leak in leaks(MAKE.make("token"))] == [
        (f"{name}:generic-api-key", "x.py", 3)
    ]


def test_an_engine_that_is_not_installed(leaky, capsys, monkeypatch):
    """The exit code is 2, and the error says what to do."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "kingfisher" else which(name))
    assert main(["secrets", "--engine", "kingfisher"]) == 2
    assert main(["secrets", "--engine", "grep"]) == 2
    assert "not installed" in capsys.readouterr().err


def test_a_failing_engine_is_reported(leaky, tmp_path, monkeypatch):
    """An engine without a report counts as unread."""
    program = tmp_path / "gitleaks"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    scanned = scan(".", engines=["gitleaks"])
    list(scanned)
    assert scanned.unread[0].path == "(gitleaks)"
