"""``launchready logs scan`` reports class and line of a leak, never the value, with the documented exit codes."""

import gzip
import io
import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from launchready.cli import main
from launchready.redaction import LogLeak, Redactor, scan

MAIL = "jo.doe" + "@coach.example"
KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
BODY = "MIIEow" * 10
LOG = [
    "2026-11-24 INFO started\n",
    f"2026-11-24 INFO mail to {MAIL} and {MAIL}\n",
    "2026-11-24 INFO mail to [email]\n",
    "-----BEGIN RSA PRIVATE " + "KEY-----\n", f"{BODY}\n", f"{BODY}\n", "-----END RSA PRIVATE " + "KEY-----\n",
    f"2026-11-24 ERROR charge failed key={KEY}\n",
]  # fmt: skip


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("".join(LOG))
    return path


def test_classes_and_lines():
    """One entry per class and line. Markers already in a line do not count, and a key on many lines is one value."""
    assert list(scan(LOG, Redactor())) == [
        LogLeak(2, "email", 2), LogLeak(4, "private_key", 1), LogLeak(8, "stripe", 1),
    ]  # fmt: skip


def test_bytes():
    """A file opened in binary mode is read, whatever its bytes."""
    assert list(scan([b"\xff\xfe\n", f"\xe9 {MAIL}".encode("latin-1")], Redactor())) == [LogLeak(2, "email", 1)]


def test_no_value_is_printed(log, capsys):
    """The report names log, class and line, and contains no leaked value, in every format."""
    for form in ("text", "json", "md", "html", "sarif", "junit"):
        assert main(["logs", "scan", str(log), "--format", form]) == 1
        out, err = capsys.readouterr()
        assert err == ""
        assert "stripe" in out
        assert MAIL not in out
        assert KEY not in out
        if form in {"json", "sarif"}:
            json.loads(out)
        if form == "junit":
            assert ET.fromstring(out).get("failures") == "3"


def test_the_report(log, capsys):
    """Credentials come first, each with its fix."""
    main(["logs", "scan", str(log), "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert report["headline"] == "4 values leaked in 8 lines read."
    assert [(one["class"], one["lines"]) for one in report["leaks"]] == [
        ("private_key", [4]), ("stripe", [8]), ("email", [2]),
    ]  # fmt: skip
    assert "rotate" in report["leaks"][0]["fix"]


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("all is well\n", [], 0),
        (f"to {MAIL}\n", [], 1),
        (f"to {MAIL}\n", ["--fail-on", "never"], 0),
        (f"to {MAIL}\n", ["--skip", "email"], 0),
        (f"to {MAIL}\n", ["--only", "card"], 0),
        (f"to {MAIL}\n", ["--allow", "@coach.example"], 0),
        ("first_name=Leila\n", [], 0),
        ("first_name=Leila\n", ["--fail-on", "any"], 1),
        ("DE89 3704 " * 100_000, [], 3),
    ],
)
def test_exit_codes(text, options, code, tmp_path):
    """Exit code 0 for no leak, 1 for values at or above --fail-on, 3 if a line could not be read to its end."""
    path = tmp_path / "x.log"
    path.write_text(text)
    assert main(["logs", "scan", str(path), *options]) == code


def test_missing_file(tmp_path, capsys):
    """A missing file is a usage error with exit code 2 and a hint."""
    assert main(["logs", "scan", str(tmp_path / "none.log")]) == 2
    assert "Name a log file" in capsys.readouterr().err


def test_compressed_logs(tmp_path, log, capsys):
    """A rotated log is read through gzip. A damaged one is reported as not read to its end."""
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(gzip.compress(log.read_bytes()))
    assert main(["logs", "scan", str(path)]) == 1
    whole = io.BytesIO()
    with gzip.GzipFile(fileobj=whole, mode="wb") as out:
        out.write(b"all is well\n" * 100_000)
    path.write_bytes(whole.getvalue()[:-20])
    assert main(["logs", "scan", str(path)]) == 3
    assert "damaged after line" in capsys.readouterr().out


def test_standard_input_and_output_file(tmp_path):
    """``-`` reads a pipe; ``-o`` writes the report to a file and leaves stdout empty."""
    out = tmp_path / "report.md"
    done = subprocess.run(
        [sys.executable, "-m", "launchready", "logs", "scan", "-", "-o", str(out), "--format", "md"],
        input="".join(LOG), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "| stdin | stripe | 1 | line 8 |" in out.read_text()


def test_timeout(tmp_path, capsys):
    """Lines left unread by --timeout are reported, and the exit code is not 0."""
    path = tmp_path / "long.log"
    path.write_text("all is well\n" * 2_000)
    assert main(["logs", "scan", str(path), "--timeout", "0"]) == 3
    assert "stopped by --timeout" in capsys.readouterr().out
