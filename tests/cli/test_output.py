"""``-o FILE``: a regular file is replaced, anything else is written to."""

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


def test_devices_and_pipes_are_written_to(tmp_path):
    """``-o /dev/null`` as root does not replace the device, and a pipe receives the text."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(argparse.Namespace(output=Path(pipe)), "found\n")
    reader.join(10)
    assert (got, stat.S_ISFIFO(pipe.stat().st_mode)) == (["found\n"], True)


def test_a_file_is_replaced(tmp_path):
    """The file is replaced atomically, and no temporary file remains."""
    file = tmp_path / "report.txt"
    file.write_text("old")
    write(argparse.Namespace(output=file), "new")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("new", [file])


@pytest.mark.parametrize("where", ["nowhere/report.txt", "."])
def test_an_unwritable_path_is_an_error(tmp_path, where):
    """One sentence names the path, without a traceback."""
    with pytest.raises(ConfigError, match=r"-o .*: .* name a writable file"):
        write(argparse.Namespace(output=tmp_path / where), "new")


def test_a_terminal_with_a_small_character_set(monkeypatch):
    """Unsupported characters are escaped."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    write(argparse.Namespace(output=None), "caf\u00e9")
    out.flush()
    assert out.buffer.getvalue() == b"caf\\xe9\n"
