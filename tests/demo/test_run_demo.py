"""The demo as users start it: a process that ends with every promise held and leaves no process behind."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from launchready.demo.sample_app import python_path

pytest.importorskip("launchready.fastapi")
pytest.importorskip("launchready.checks.rules")

MAIN = """
import argparse, sys
from launchready.demo import command
parser = argparse.ArgumentParser()
command.add_arguments(parser)
sys.exit(command.run(parser.parse_args()))
"""


def start(folder: Path, mark: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start the demo in a process of its own. Every process that it starts inherits ``mark``."""
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=folder,
        env={**os.environ, **python_path(), **mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def count_marked(mark: Mapping[str, str]) -> int:
    """Return the number of processes whose environment has the mark."""
    ((name, value),) = mark.items()
    count = 0
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            count += f"{name}={value}".encode() in environ.read_bytes()
        except OSError:
            continue
    return count


@pytest.fixture
def mark() -> dict[str, str]:
    return {"LAUNCHREADY_DEMO_TEST": secrets.token_hex(8)}


def test_every_promise_holds_and_no_process_is_left(tmp_path: Path, mark: dict[str, str]) -> None:
    """The demo prints a table of 100 columns, writes the report, serves the app until Ctrl-C, exits 0 and leaves no
    process.
    """
    began = time.monotonic()
    lines = []
    with start(tmp_path, mark, "--keep") as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("log in as"):
                break
        seconds = time.monotonic() - began
        urls = [line.split()[-1] for line in lines if line.startswith("the app ")]
        answers = [httpx.get(url, trust_env=False).status_code for url in urls]
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=30)
    out = "\n".join(lines)
    assert demo.returncode == 0, out + err
    assert err == ""
    assert "Every promise held." in out
    assert "0 payments charged more than once" in " ".join(word for line in lines for word in line[26:62].split())
    assert re.search(r"^POST /pay\S* .*\d+ ms +\d+ ms +\d+ ms$", out, re.MULTILINE)  # inside, with and without
    assert max(map(len, lines)) <= 100
    assert "coach.example" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert answers == [200]
    assert count_marked(mark) == 0
    assert seconds < 80  # 40 on an idle machine


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_demo_leaves_no_process(tmp_path: Path, mark: dict[str, str], number: signal.Signals) -> None:
    """Two servers with two workers each and two providers have ended once the demo exits with 130."""
    with start(tmp_path, mark) as demo:
        deadline = time.monotonic() + 30
        while count_marked(mark) < 9 and time.monotonic() < deadline:
            time.sleep(0.05)
        demo.send_signal(number)
        demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert count_marked(mark) == 0


def test_without_the_extra_the_demo_names_it(tmp_path: Path) -> None:
    """The demo prints one sentence to stderr and exits with 2."""
    script = "import importlib.util as u; u.find_spec = lambda name: None\n" + MAIN
    env = {**os.environ, **python_path()}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert 'pip install "launchready[demo]"' in done.stderr
    assert done.stdout == ""
