"""Progress: only where somebody watches, with rich where it is installed, plain without."""

import argparse
import io
import sys

import pytest

from launchready.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def asked(**more):
    return argparse.Namespace(**({"quiet": False, "no_color": True} | more))


@pytest.mark.parametrize(("stream", "more"), [(io.StringIO, {}), (Terminal, {"quiet": True})])
def test_nobody_watches(stream, more, monkeypatch):
    """A file or --quiet: nothing is written."""
    monkeypatch.setattr(sys, "stderr", stream())
    with progress(asked(**more), "asking") as told:
        assert told is None
    assert sys.stderr.getvalue() == ""


def test_with_rich(monkeypatch):
    """A bar that follows, and is gone when it is done; what a zone says is no markup of it."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(asked(), "asking [bold]x") as told:
        told(1, 2, "the address of the site")
        told(2, 2, "[/red] the name servers")


def test_without_rich(monkeypatch):
    """One plain line."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(asked(), "asking about coach.example") as told:
        assert told is None
    assert sys.stderr.getvalue() == "... asking about coach.example\n"
