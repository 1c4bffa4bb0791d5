"""What is written into a store that others can write: signed, and believed only as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.settings.signing import derived, signing

KEY = derived("a secret of tests", "tests")
sign, unsign = signing(KEY)


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(1, 255))
def test_what_was_changed(data, place, change):
    """It reads what it wrote; with one other byte in it, it does not verify."""
    signed = bytearray(sign(data))
    assert unsign(bytes(signed)) == data
    signed[place % (len(data) + 1)] ^= change
    assert unsign(bytes(signed)) is None


@pytest.mark.parametrize(
    "data", [b"", b".", b"x", b"x.", sign(b"x")[:-2], sign(b"x").decode(), signing(b"other")[0](b"x")]
)
def test_what_was_never_signed(data):
    """Nothing, half of it, another key's, or text (which SQLite gives for what was put there as text)."""
    assert unsign(data) is None


def test_an_older_key():
    """Reads what was signed before the key changed, and signs with the newest."""
    newer, both = derived("the next one", "tests"), signing(KEY, derived("the next one", "tests"))
    assert both[1](sign(b"x")) == b"x"
    assert signing(newer)[1](both[0](b"x")) == b"x"
