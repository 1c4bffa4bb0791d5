"""A large request body is spooled to disk, hashed on arrival, and readable as a whole."""

import random
from hashlib import sha256

import pytest

from launchready.http.message import Request
from launchready.runtime.bodies.spool import IN_MEMORY, BodyRecorder, Spool


def request(kind=b"application/json"):
    return Request("POST", "/", b"/", b"", "https", "", [(b"content-type", kind)])


def pieces(data, draw):
    """The digest does not depend on the chunks."""
    while data:
        size = draw.randint(1, 7)
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("seed", range(20))
def test_the_digest_leaves_out_what_is_drawn(seed):
    """However the body is cut into chunks, the digest is that of the body without the boundary."""
    draw = random.Random(seed)
    body = bytes(draw.choices(b"ab-", k=400))
    spool = Spool(b"ab-a")
    for piece in pieces(body, draw):
        spool.write(piece)
        assert spool.digest()  # asking in between changes nothing
    assert spool.digest() == sha256(body.replace(b"ab-a", b"")).digest()
    assert bytes(spool) == body
    assert spool.size == 400


@pytest.mark.parametrize("size", [10, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY])
def test_what_is_kept(size):
    """A body is in memory up to a mebibyte and on disk above, and readable from any offset."""
    body = b"first\n" + random.Random(7).randbytes(size - 6)
    kept = BodyRecorder(request(), 10 * IN_MEMORY)
    for start in range(0, size, 100_000):
        kept.add(body[start : start + 100_000])
    whole = kept.content()
    assert isinstance(whole, bytes) is (size <= IN_MEMORY)
    assert bytes(whole) == body
    assert kept.reader(5).read() == body[5:]
    assert kept.reader(2).readline() == b"rst\n"
    assert bytes(whole) == body


def test_over_its_bound_nothing_is_kept():
    """A body above its bound is not recorded."""
    kept = BodyRecorder(request(), 2 * IN_MEMORY)
    for _ in range(4):
        kept.add(b"x" * IN_MEMORY)
    assert kept.size == 4 * IN_MEMORY
    assert kept.content().size == 2 * IN_MEMORY
