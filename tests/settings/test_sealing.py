"""What is written into a store that others can write: signed as itsdangerous signs, and believed only as it was."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from launchready.settings.sealing import derived, signing

KEY = derived("a secret of tests", "tests")
sign, unsign = signing(KEY)
theirs = Signer(KEY, "any salt", key_derivation="none", digest_method=sha256)


@given(st.binary(max_size=300))
def test_as_itsdangerous(data):
    """The same bytes, and each reads what the other wrote."""
    assert sign(data) == theirs.sign(data)
    assert unsign(theirs.sign(data)) == data
    assert theirs.unsign(sign(data)) == data


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(1, 255))
def test_what_was_changed(data, place, change):
    """One other byte, anywhere, and it does not verify."""
    signed = bytearray(sign(data))
    signed[place % len(signed)] ^= change
    assert unsign(bytes(signed)) is None


@pytest.mark.parametrize(
    "data",
    [b"", b".", b"x", b"x.", sign(b"x")[:-1], sign(b"x") + b"=", sign(b"x").decode(), signing(b"other")[0](b"x")],
)
def test_what_was_never_signed(data):
    """Nothing, half of it, another key's, or text (which SQLite gives for what was put there as text)."""
    assert unsign(data) is None
