"""HTTP-date, strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.http import dates


@given(st.integers(0, 4_000_000_000))
def test_there_and_back(seconds):
    """A formatted date parses as the same second."""
    assert dates.parse(dates.format_date(seconds), now=0) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        (b"Sun Nov  6 08:49:37 1994", 784_111_777),
        (b"Sun, 06 Nov 1994 08:49:37 UTC", None),
        (b"Sun, 06 Nov 1994 8:49:37 GMT", None),
        (b"Sun 06 Nov 1994 08:49:37 GMT", None),
        (b"Sun, 31 Feb 1994 08:49:37 GMT", None),
        (b"Sun, 06 Nov 1994 25:49:37 GMT", None),
        (b"0", None),
        (b"", None),
    ],
)
def test_forms(text, seconds):
    """The three forms of RFC 9110 parse, and nothing similar."""
    assert dates.parse(text, now=1_700_000_000) == seconds
