"""Who is asking: what a client writes into a header is never believed."""

import pytest

from launchready.core.identity import Identity
from launchready.http.message import Request


def request(peer, *lines):
    headers = [(name.encode(), value.encode()) for name, value in lines]
    return Request("GET", "/", b"/", b"", "https", peer, headers)


XFF = "x-forwarded-for"


@pytest.mark.parametrize(
    ("peer", "lines", "key"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [(XFF, "1.2.3.4")], "203.0.113.9"),
        ("203.0.113.9", [("x-real-ip", "1.2.3.4")], "203.0.113.9"),
        ("203.0.113.9", [("cf-connecting-ip", "1.2.3.4")], "203.0.113.9"),
        ("10.0.0.1", [(XFF, "198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "1.2.3.4, 198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "1.2.3.4, 198.51.100.7, 10.0.0.2")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "1.2.3.4"), (XFF, "198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "198.51.100.7:51234")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "[2001:db8:1:2::9]:443")], "2001:db8:1:2::/64"),
        ("10.0.0.1", [(XFF, "::ffff:198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "'; drop")], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "unknown, 198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "1.2.3.4, unknown")], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "198.51.100.7, ")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, "10.0.0.5")], "10.0.0.5"),
        ("10.0.0.1", [(XFF, "1.2.3.4, 0177.0.0.1")], "10.0.0.1"),
    ],
)
def test_behind_trusted_proxies(peer, lines, key):
    """The right-most address that no trusted proxy has is the client."""
    assert Identity(["10.0.0.0/8"])(request(peer, *lines)) == key


def test_hops():
    """A number of proxies trusts so many entries from the right, whoever the peer is."""
    one = Identity(1)
    assert one(request("192.0.2.1", (XFF, "1.2.3.4, 198.51.100.7"))) == "198.51.100.7"
    assert Identity(2)(request("192.0.2.1", (XFF, "1.2.3.4, 198.51.100.7, 10.0.0.1"))) == "198.51.100.7"


def test_a_long_header_costs_no_more():
    """Thousands of entries are looked at from the right, and only so many of them."""
    assert Identity(["10.0.0.0/8"])(request("10.0.0.1", (XFF, "10.0.0.2, " * 5000 + "10.0.0.3"))) == "10.0.0.2"


def test_unix_socket():
    """Without an address the client is whoever the proxy says, or nobody in particular."""
    assert Identity()(request("")) == "local"
    assert Identity(["10.0.0.0/8"])(request("", (XFF, "198.51.100.7"))) == "198.51.100.7"
