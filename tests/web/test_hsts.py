"""Strict-Transport-Security by RFC 6797, and what the preload list asks for on top."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.web import hsts


@pytest.mark.parametrize(
    ("value", "valid", "age", "subdomains"),
    [
        ("max-age=31536000", True, 31536000, False),
        ('max-age="31536000"; includeSubDomains', True, 31536000, True),
        ("MAX-AGE=1 ; INCLUDESUBDOMAINS ; other=1", True, 1, True),
        ("max-age=0", True, 0, False),
        ("; ;max-age=5;", True, 5, False),
        ("includeSubDomains", False, 0, False),
        ("max-age=1; max-age=2", False, 0, False),
        ("max-age=-1", False, 0, False),
        ("max-age=1d", False, 0, False),
        ("", False, 0, False),
    ],
)
def test_value(value, valid, age, subdomains):
    """Section 6.1: max-age is needed, once; unknown directives are ignored."""
    found = hsts.parse([("strict-transport-security", value)])
    assert (found.valid, found.max_age, found.include_subdomains) == (valid, age, subdomains)


def test_only_the_first_header_counts():
    """Section 8.1, in every form that headers come in."""
    pairs = [("Strict-Transport-Security", "max-age=1"), ("strict-transport-security", "max-age=2")]
    assert hsts.parse(pairs).max_age == 1
    assert hsts.parse({"Strict-Transport-Security": "max-age=1"}).max_age == 1
    assert hsts.parse([(b"strict-transport-security", b"max-age=1")]).max_age == 1
    assert not hsts.parse({}).present


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("max-age=31536000; includeSubDomains; preload", 0),
        ("max-age=31535999; includeSubDomains; preload", 1),
        ("max-age=1; preload", 2),
        ("max-age=1", 0),
    ],
)
def test_preload(value, problems):
    """Who asks to be on the list has to promise a year, for every subdomain."""
    assert len(hsts.parse(value).preload_problems) == problems


@given(st.text())
def test_never_raises(value):
    """Whatever a server sends."""
    hsts.parse(value)
