"""``CheckOptions``: one definition of the options, shared by Python, the command line and launchready.toml."""

import inspect
from dataclasses import fields

import pytest

import launchready
from launchready.checks.options import CheckOptions, flags
from launchready.cli.check_arguments import LISTS, SINGLE


@pytest.mark.parametrize("function", [launchready.check, launchready.acheck])
def test_signature(function):
    """The signature names every option, so that editors complete it."""
    assert list(inspect.signature(function).parameters) == [one.name for one in fields(CheckOptions)]


@pytest.mark.parametrize("function", [launchready.check, launchready.acheck])
@pytest.mark.parametrize(
    ("typed", "meant"), [("host", "hosts"), ("dkim_selector", "dkim_selectors"), ("skips", "skip")]
)
def test_misspelt_option(function, typed, meant):
    """A TypeError names the nearest option."""
    with pytest.raises(TypeError, match=f"{function.__name__}.. has no option '{typed}'; did you mean '{meant}'"):
        function("coach.example", **{typed: ["app"]})


def test_unknown_option_lists_the_known_ones():
    """An option that resembles no other names all of them."""
    with pytest.raises(TypeError, match="known options are domain, hosts"):
        launchready.check("coach.example", zzzzzzzz=1)


def test_every_flag_is_a_key_of_the_file():
    """Each option with a help text is a flag and a key; each flag is described in the docstring."""
    assert {one.name for one in flags()} <= {*LISTS, *SINGLE}
    assert [one.name for one in fields(CheckOptions) if f"``{one.name}``" not in CheckOptions.__doc__] == []


def test_secrets_are_not_shown():
    """URLs that may hold a password are in no repr."""
    shown = repr(CheckOptions("coach.example", database="postgresql://u:hunter2@h/d", store="redis://:hunter2@h"))
    assert "hunter2" not in shown
