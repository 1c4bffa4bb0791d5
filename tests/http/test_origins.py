"""Origins: which requests a listed origin allows, and which origins cannot be listed."""

import pytest

from launchready.http.origin import Origin, Origins

EXACT = "https://app.example.com"
SUB = "https://*.example.com"
PORTS = "http://localhost:*"
LOOP6 = "http://[::1]:*"


@pytest.mark.parametrize(
    ("listed", "origin", "allowed"),
    [
        (EXACT, "https://app.example.com", True),
        (EXACT, "https://app.example.com.evil.net", False),
        (EXACT, "https://evil-app.example.com", False),
        (EXACT, "https://app.example.co", False),
        (EXACT, "https://app.example.com:443", False),
        (EXACT, "https://app.example.com:8443", False),
        (EXACT, "https://app.example.com/", False),
        (EXACT, "http://app.example.com", False),
        (EXACT, "https://APP.example.com", False),
        (EXACT, "https://user@app.example.com", False),
        (EXACT, "https://appxexample.com", False),
        (EXACT, "null", False),
        (EXACT, "", False),
        (EXACT, " https://app.example.com", False),
        (EXACT, "https://app.example.com, https://evil.net", False),
        ("https://app.example.com:8443", "https://app.example.com:8443", True),
        ("https://app.example.com:8443", "https://app.example.com", False),
        (SUB, "https://a.example.com", True),
        (SUB, "https://a.b.example.com", True),
        (SUB, "https://example.com", False),
        (SUB, "https://.example.com", False),
        (SUB, "https://a..example.com", False),
        (SUB, "https://evilexample.com", False),
        (SUB, "https://evil.net/.example.com", False),
        (SUB, "https://evil.net#.example.com", False),
        (SUB, "https://evil.net:80.example.com", False),
        (SUB, "https://a@b.example.com", False),
        (SUB, "https://a`b.example.com", False),
        (SUB, "https://-a.example.com", False),
        (SUB, "https://a_b.example.com", True),
        (SUB, "https://a.example.com:8443", False),
        (SUB, "https://a.example.com.evil.net", False),
        (SUB, "http://a.example.com", False),
        (SUB, "https://A.example.com", False),
        (SUB, "https://\xe9.example.com", False),
        (SUB, "https://a.example.com\n", False),
        (SUB, "https://" + "a" * 64 + ".example.com", False),
        (SUB, "https://" + "a." * 125 + "example.com", False),
        (SUB, "null", False),
        (PORTS, "http://localhost", True),
        (PORTS, "http://localhost:1", True),
        (PORTS, "http://localhost:65535", True),
        (PORTS, "http://localhost:65536", False),
        (PORTS, "http://localhost:0", False),
        (PORTS, "http://localhost:080", False),
        (PORTS, "http://localhost:", False),
        (PORTS, "http://localhost:80x", False),
        (PORTS, "http://localhost:80:80", False),
        (PORTS, "http://localhost:80@evil.net", False),
        (PORTS, "http://localhost.evil.net", False),
        (PORTS, "http://localhostx:80", False),
        (PORTS, "https://localhost:80", False),
        (LOOP6, "http://[::1]:5173", True),
        (LOOP6, "http://[::1]", True),
        (LOOP6, "http://[::1]5173", False),
        ("capacitor://localhost", "capacitor://localhost", True),
        ("*", "https://anything.example", True),
        ("*", "null", True),
    ],
)
def test_allow(listed, origin, allowed):
    """Origins are compared as bytes in the form of browsers; a pattern matches the whole origin."""
    assert Origins([Origin(listed)]).allow(origin.encode("latin-1")) is allowed


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("null", "remove it"),
        ("app.example.com", '"https://app.example.com"'),
        ("https://app.example.com/", '"https://app.example.com"'),
        ("https://app.example.com/path", '"https://app.example.com"'),
        ("https://app.example.com:443", '"https://app.example.com"'),
        ("http://app.example.com:80", '"http://app.example.com"'),
        ("https://App.example.com", '"https://app.example.com"'),
        ("https://b\xfccher.example", '"https://xn--bcher-kva.example"'),
        ("https://\xe9..example", "xn--"),
        ("https://*.example.com:8443", '"https://*.example.com"'),
        ("https://*.example.com:*", '"https://*.example.com"'),
        ("http://[0:0:0:0:0:0:0:1]", '"http://[::1]"'),
        ("http://[zz]", "not an IPv6 address"),
        ("http://[::1", "not an IPv6 address"),
        ("https://*", "not a host name"),
        ("https://a.*.example.com", "not a host name"),
        ("https://app*.example.com", "not a host name"),
        ("https://user@app.example.com", "not a host name"),
        ("https://app.example.com.", "not a host name"),
        ("https://app..example.com", "not a host name"),
        ("https://" + "a." * 130 + "com", "not a host name"),
        ("https://", "not a host name"),
        ("https://app.example.com:0", "port from 1 to 65535"),
        ("https://app.example.com:65536", "port from 1 to 65535"),
        ("https://app.example.com:", "port from 1 to 65535"),
        ("https://app.example.com:08", "port from 1 to 65535"),
        ("", "not an origin"),
        ("https:app.example.com", "not an origin"),
    ],
)
def test_mistakes(text, instead):
    """An origin that cannot match, or would match foreign sites, is refused with the correction."""
    with pytest.raises(ValueError, match=r".") as caught:
        Origin(text)
    assert not isinstance(caught.value, UnicodeError)
    assert instead in str(caught.value)


@pytest.mark.parametrize(
    ("text", "secure"),
    [("https://a.example", True), ("http://a.example", False), ("http://localhost:*", True), ("http://app.localhost", True),
     ("http://127.0.0.1:5173", True), ("http://[::1]:5173", True), ("capacitor://localhost", True),
     ("http://localhost.evil.net", False)],
)  # fmt: skip
def test_secure(text, secure):
    """Plain http is not secure, except on loopback."""
    assert Origin(text).secure is secure
