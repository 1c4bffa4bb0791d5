"""Parsing of Cache-Control (RFC 9111)."""

import pytest

from launchready.core.cache.cache_control import parse_cache_control


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"max-age=60", 60),
        (b"MAX-AGE=60", 60),
        (b"public, max-age=60", 60),
        (b"max-age=60, s-maxage=10", 10),
        (b"s-maxage=0, max-age=60", 0),
        (b'max-age="60"', 60),
        (b"max-age='60'", 0),
        (b"max-age=-1", 0),
        (b"max-age=1.5", 0),
        (b"max-age=99999999999999", 2**31),
        (b"max-age", 0),
        (b'ext="max-age=3600"', None),
        (b'ext="a, max-age=3600, b"', None),
        (b"public", None),
        (b"", None),
        (b",,,", None),
        (b'"', None),
        (b"max-age=60, max-age=10", 60),
        (b"=5, max-age=7", 7),
    ],
)
def test_freshness(value, seconds):
    """Seconds for a shared cache; None if nothing is stated."""
    assert parse_cache_control(value).lifetime == seconds


@pytest.mark.parametrize(
    ("value", "forbidden"),
    [
        (b"no-store", {"no_store"}),
        (b"No-StOrE", {"no_store"}),
        (b"max-age=60, private", {"private"}),
        (b'private="set-cookie, x", max-age=60', {"private"}),
        (b"private; max-age=60", {"private"}),
        (b"no-store max-age=60", {"no_store"}),
        (b"max-age=60; no-cache", {"no_cache"}),
        (b'ext="no-store, private"', set()),
        (b"public, max-age=60", set()),
        (b"x-no-store-x, max-age=60", set()),
    ],
)
def test_what_forbids(value, forbidden):
    """Case and neighbouring mistakes do not matter; text in a quoted string is no directive."""
    says = parse_cache_control(value)
    assert {name for name in ("no_store", "private", "no_cache") if getattr(says, name)} == forbidden
