"""Whatever a stranger writes into a request: an answer, no exception, and nothing of his in a key, a line or a log."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launchready.core.ratelimit import IdentifyClient
from launchready.exchange.store import Consume
from launchready.http.message import Request, Response
from launchready.settings.build import build
from launchready.settings.cors import CORS
from launchready.settings.https import HTTPS
from launchready.settings.rate_limit import Limit, RateLimit
from support.flows import World, go

NAMES = st.sampled_from(
    [b"host", b"origin", b"sec-fetch-site", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"cf-visitor",
     b"cf-connecting-ip", b"access-control-request-method", b"access-control-request-headers", b"upgrade", b"content-type",
     b"stripe-signature"]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=60), st.sampled_from([b"https", b"null", b"https://app.example.com", b"cross-site", b"websocket", b"*",
                                             b"a" * 9000, b"1.2.3.4, " * 500, b'{"scheme":"https"}', b"for=1.2.3.4", b"PUT"])
)  # fmt: skip
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "BREW", "g\xe9t"])

STACK = build({
    "store": "memory://", "trusted_proxies": ["10.0.0.0/8"], "https": HTTPS(), "release": "r1",
    "cors": CORS(allow_origins=["https://app.example.com"], allow_headers=["*"], allow_credentials=True),
    "rate_limit": RateLimit("5/minute", {"POST /login": Limit("5/minute", count="failures", key="account")}, ban="1h"),
    "redaction": None, "timing": None,
})  # fmt: skip


class Everything(World):
    """Answers who is asking as the face does, and notes the keys."""

    def __init__(self):
        super().__init__()
        self.keys = set()

    def answer(self, op):
        if isinstance(op, IdentifyClient):
            STACK.adapter.inline[IdentifyClient](op)
        else:
            if isinstance(op, Consume):
                self.keys.add(op.key)
                op.at = 0
            super().answer(op)


@pytest.fixture(scope="module")
def said():
    """What the log says, of all examples."""
    lines, logger = [], logging.getLogger("launchready.cors")
    keep = logging.Handler()
    keep.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(keep)
    logger.setLevel(logging.DEBUG)
    yield lines
    logger.removeHandler(keep)
    logger.setLevel(logging.NOTSET)


@settings(deadline=None)
@given(method=METHODS, path=st.sampled_from(["/", "/login", "/webhooks/x", "/static/x", "/\r\nx: y", "//evil.example"]),
       headers=st.lists(st.tuples(NAMES, VALUES), max_size=8), peer=st.sampled_from(["10.0.0.1", "203.0.113.9", "", "x"]),
       body=st.binary(max_size=80))  # fmt: skip
def test_whatever_comes(method, path, headers, peer, body, said):
    """Lines that leave are lines; keys are of our own making; the log is printable."""
    world = Everything()
    world.body = body
    asked = Request(method, path, path.encode("latin-1"), b"", "http", peer, headers)
    lines = []
    for feature in STACK.plans["POST"]:
        flow = feature.handle(asked)
        answer = flow if flow is None or isinstance(flow, Response) else go(flow, world)
        if isinstance(answer, Response):
            lines += answer.headers
            assert answer.status in {204, 301, 308, 400, 403, 429}
            break
    for name, value in [*lines, *asked.adds]:
        assert name.islower()
        assert not set(value) & {0, 10, 13}, (name, value)
    for key in world.keys:
        assert key.isascii()
        assert key.isprintable()
        assert len(key) < 120
    assert all(line.isprintable() for line in said)
