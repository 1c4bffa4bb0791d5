"""Cache-Control as RFC 9111 reads it."""

import pytest

from launchready.core.cache import freshness, parse_directives


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
        (b"max-age=60, no-store", 0),
        (b"private, max-age=60", 0),
        (b"max-age=60, no-cache", 0),
        (b'max-age=60, private="set-cookie"', 0),
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
    """Seconds for a shared cache; 0 where it must not keep; None where nothing is said."""
    assert freshness(parse_directives(value)) == seconds
