"""Where a result goes: a file is replaced as a whole, and what is no file stays what it is."""

import argparse
import os
import stat
import threading

from launchready.cli.options import write


def to(path, text="result\n"):
    write(argparse.Namespace(output=path), text)


def test_a_file_is_replaced(tmp_path):
    """The old content is gone, and nothing is left beside it."""
    place = tmp_path / "report.json"
    place.write_text("a much longer content that was there before", encoding="utf-8")
    to(place)
    assert place.read_text(encoding="utf-8") == "result\n"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_a_link_stays_a_link(tmp_path):
    """What it leads to is replaced."""
    place, link = tmp_path / "report.json", tmp_path / "latest.json"
    place.touch()
    link.symlink_to(place)
    to(link)
    assert link.is_symlink()
    assert place.read_text(encoding="utf-8") == "result\n"


def test_a_pipe_is_written_to(tmp_path):
    """A pipe, and so a device such as /dev/null, is never replaced: not even by root, who could."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    to(pipe)
    reader.join(10)
    assert read == ["result\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
