"""Progress appears only on a terminal: a bar with rich, plain lines without."""

import argparse
import io
import sys

import pytest

from launchready.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def arguments(**more):
    return argparse.Namespace(**({"quiet": False, "no_color": True} | more))


@pytest.mark.parametrize(("stream", "more"), [(io.StringIO, {}), (Terminal, {"quiet": True})])
def test_no_terminal(stream, more, monkeypatch):
    """With a file or --quiet, nothing is written."""
    monkeypatch.setattr(sys, "stderr", stream())
    with progress(arguments(**more), "asking") as update:
        assert update is None
    assert sys.stderr.getvalue() == ""


def test_with_rich(monkeypatch):
    """The bar updates and disappears at the end; text from a zone is not markup."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(arguments(), "asking [bold]x") as update:
        update(1, 2, "the address of the site")
        update(2, 2, "[/red] the name servers")


def test_without_rich(monkeypatch):
    """One plain line is written."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(arguments(), "asking about coach.example") as update:
        assert update is None
    assert sys.stderr.getvalue() == "... asking about coach.example\n"
