"""Who is asking: what a client writes into a header is never believed."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.core.identity import Identity
from launchready.http.message import Request


def request(peer, *lines):
    headers = [(name.encode(), value.encode("latin-1")) for name, value in lines]
    return Request("GET", "/", b"/", b"", "https", peer, headers)


XFF = "x-forwarded-for"


CF = "172.70.1.2"  # one of Cloudflare's

ROWS = [
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
    # Forwarded (RFC 7239)
    ("10.0.0.1", [("forwarded", "for=198.51.100.7")], "198.51.100.7"),
    ("10.0.0.1", [("forwarded", 'for=1.2.3.4, For="198.51.100.7:4711";proto=https;by=10.0.0.1')], "198.51.100.7"),
    ("10.0.0.1", [("forwarded", 'proto=https;for="[2001:db8:cafe::17]:4711"')], "2001:db8:cafe::/64"),
    ("10.0.0.1", [("forwarded", "for=198.51.100.7, for=_hidden")], "10.0.0.1"),
    ("10.0.0.1", [("forwarded", "for=198.51.100.7, for=unknown")], "10.0.0.1"),
    ("10.0.0.1", [("forwarded", "proto=https")], "10.0.0.1"),
    ("10.0.0.1", [("forwarded", 'for="'), (XFF, "198.51.100.7")], "198.51.100.7"),
    ("10.0.0.1", [("forwarded", "for=1.2.3.4"), (XFF, "198.51.100.7")], "198.51.100.7"),
    ("203.0.113.9", [("forwarded", "for=1.2.3.4")], "203.0.113.9"),
    # Cloudflare: its word counts where the connection, or the walk, ends at one of its addresses
    (CF, [("cf-connecting-ip", "198.51.100.7")], "198.51.100.7"),
    (CF, [("cf-connecting-ip", "2001:db8:1:2::9"), (XFF, "1.2.3.4")], "2001:db8:1:2::/64"),
    (CF, [("cf-connecting-ip", "'; drop")], CF),
    (CF, [], CF),
    ("10.0.0.1", [(XFF, f"1.2.3.4, {CF}"), ("cf-connecting-ip", "198.51.100.7")], "198.51.100.7"),
    ("10.0.0.1", [(XFF, "198.51.100.7"), ("cf-connecting-ip", "1.2.3.4")], "198.51.100.7"),
    # A UNIX socket
    ("", [(XFF, "1.2.3.4, 198.51.100.7")], "198.51.100.7"),
    ("", [], "local"),
    ("", [(XFF, "unknown")], "local"),
    # Hundreds of hops
    ("10.0.0.1", [(XFF, "1.2.3.4, " * 500 + "198.51.100.7")], "198.51.100.7"),
    ("10.0.0.1", [(XFF, ", ".join(["198.51.100.7"] + ["10.0.0.2"] * 500))], "10.0.0.2"),
    ("10.0.0.1", [(XFF, "1" * 100_000)], "10.0.0.1"),
    ("10.0.0.1", [(XFF, "\xff\xfe, \x00")], "10.0.0.1"),
]


@pytest.mark.parametrize(("peer", "lines", "key"), ROWS)
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


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
@pytest.mark.parametrize(("peer", "lines", "key"), ROWS)
def test_both_faces_say_the_same(face, peer, lines, key):
    """The key is the same whether headers arrive as pairs or joined by a server (PEP 3333)."""
    from faces.apps import asgi_call, wsgi_call
    from launchready import asgi, wsgi
    from launchready.settings.rate_limit import RateLimit

    seen = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def old_app(environ, start_response):
        start_response("200 OK", [])
        return [b""]

    made = asgi.LaunchReadyMiddleware if face == "asgi" else wsgi.LaunchReadyMiddleware
    protected = made(app if face == "asgi" else old_app, trusted_proxies=["10.0.0.0/8"], rate_limit=RateLimit("9/hour"))
    policy = protected.stack.limiter._default
    identity = policy.key
    policy.key = lambda request: seen.append(identity(request)) or seen[-1]
    call = (asgi_call if face == "asgi" else wsgi_call)(protected)
    assert call("GET", "/", lines, client=peer).status == 200
    assert seen == [key]


@given(peer=st.sampled_from(["10.0.0.1", "203.0.113.9", "", CF]), name=st.sampled_from([XFF, "forwarded", "cf-connecting-ip"]),
       value=st.text(st.characters(max_codepoint=255), max_size=80))  # fmt: skip
def test_whatever_stands_there(peer, name, value):
    """No text of a header is ever a key: it is an address, a network of one, or "local"."""
    key = Identity(["10.0.0.0/8"])(request(peer, (name, value)))
    assert key == "local" or ip_network(key)


def test_who_vouches():
    """Trusted proxies, Cloudflare, and with none named this machine and its network."""
    named, nobody = Identity(["192.0.2.0/24"]), Identity()
    assert [named.vouches(peer) for peer in ("192.0.2.1", CF, "10.0.0.1", "203.0.113.9")] == [True, True, False, False]
    assert [nobody.vouches(peer) for peer in ("192.0.2.1", CF, "10.0.0.1", "::1", "", "x")] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert named.trusts("192.0.2.9")
    assert not named.trusts("local")
    counted = Identity(1)
    assert counted(request("192.0.2.1", (XFF, "198.51.100.7"))) == "198.51.100.7"
    assert counted.trusts("192.0.2.1")
    assert not counted.trusts("198.51.100.7")
