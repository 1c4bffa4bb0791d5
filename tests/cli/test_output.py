"""``-o FILE``: a file is replaced as a whole, anything else is written to."""

import argparse
import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from launchready.cli.options import write
from launchready.errors import ConfigError


def test_what_is_no_file_stays_what_it_is(tmp_path):
    """``-o /dev/null``, as root, must not make a file of it; a pipe gets its text."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(argparse.Namespace(output=Path(pipe)), "found\n")
    reader.join(10)
    assert (got, stat.S_ISFIFO(pipe.stat().st_mode)) == (["found\n"], True)


def test_a_file_is_replaced(tmp_path):
    """And nothing is left beside it."""
    file = tmp_path / "report.txt"
    file.write_text("old")
    write(argparse.Namespace(output=file), "new")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("new", [file])


@pytest.mark.parametrize("where", ["nowhere/report.txt", "."])
def test_a_place_that_cannot_be_written_is_said(tmp_path, where):
    """A sentence that names it, not a traceback."""
    with pytest.raises(ConfigError, match=r"-o .*: .* can be written"):
        write(argparse.Namespace(output=tmp_path / where), "new")


def test_a_terminal_that_cannot_write_a_letter(monkeypatch):
    """It gets the letter's number, and the rest."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    write(argparse.Namespace(output=None), "caf\u00e9")
    out.flush()
    assert out.buffer.getvalue() == b"caf\\xe9\n"
