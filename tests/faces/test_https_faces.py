"""One address, HSTS and the safe headers, by every face, as a browser behind a proxy meets them."""

import pytest

from launchready.settings.cors import CORS
from launchready.settings.health import Health
from launchready.settings.https import HTTPS
from launchready.settings.rate_limit import RateLimit

PROXY = {"client": "10.0.0.1"}
BEHIND = {"trusted_proxies": ["10.0.0.0/8"]}
HTTP = ("X-Forwarded-Proto", "http")


def by(scheme, host):
    return [("X-Forwarded-Proto", scheme), ("Host", host)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_one_hop(face, method):
    """Whichever of the four addresses was typed: at most one redirect, with method, path and query, to the page."""
    call = face(https=HTTPS(canonical_host="www.example.com"), **BEHIND)
    for scheme in ("http", "https"):
        for host in ("example.com", "www.example.com", "WWW.example.com:80"):
            answer = call(method, "/plain?a=1&b=%2F", by(scheme, host), b"", **PROXY)
            if scheme == "https" and host.lower().startswith("www."):
                assert answer.status not in (301, 308)
                continue
            assert answer.status == (301 if method in ("GET", "HEAD") else 308)
            assert answer.get("location") == "https://www.example.com/plain?a=1&b=%2F"
            assert answer.get("strict-transport-security") is None or scheme == "https"
            if method == "HEAD":
                assert answer.body == b""


def test_never_sent_on(face):
    """Webhooks, ACME challenges and health checks follow no redirect."""
    call = face(https=HTTPS(), health=Health(), **BEHIND)
    signed = ("Stripe-Signature", "t=1,v1=x")
    for method, path, headers in (
        ("POST", "/webhooks/stripe", []), ("POST", "/bookings", [signed]),
        ("GET", "/.well-known/acme-challenge/token", []), ("GET", "/livez", []), ("GET", "/readyz", []),
    ):  # fmt: skip
        assert call(method, path, [HTTP, *headers], b"", **PROXY).status not in (301, 308), path
    assert call("GET", "/plain", [HTTP], **PROXY).status == 301


def test_flexible_mode(face):
    """Cloudflare speaks http with the server and https with the visitor: no loop, whoever stands in between."""
    call = face(https=HTTPS(), **BEHIND)
    visitor = ("CF-Visitor", '{"scheme":"https"}')
    answer = call("GET", "/plain", [HTTP, visitor], **PROXY)
    assert answer.status == 200
    assert answer.get("strict-transport-security")
    assert call("GET", "/plain", [HTTP, ("CF-Visitor", '{"scheme":"http"}')], **PROXY).status == 301


def test_a_stranger_is_not_believed(face):
    """What a client says of its own connection counts for nothing: here all came by https."""
    call = face(https=HTTPS(), **BEHIND)
    for name, value in (HTTP, ("Forwarded", "proto=http"), ("CF-Visitor", '{"scheme":"http"}')):
        assert call("GET", "/plain", [(name, value)]).status == 200


def test_on_whatever_leaves(face):
    """The safe headers and HSTS stand once on answers, errors and refusals; what the app says of them stays."""
    call = face(https=HTTPS(hsts="ramp"), rate_limit=RateLimit(None, {"GET /limited": "1/hour"}), cors=CORS())
    call("GET", "/limited")
    for method, path, headers, status in (
        ("GET", "/plain", [], 200), ("GET", "/nowhere", [], 404), ("GET", "/boom", [], 500),
        ("GET", "/limited", [], 429), ("GET", "/stream", [], 200),
        ("POST", "/bookings", [("Sec-Fetch-Site", "cross-site")], 403),
    ):  # fmt: skip
        answer = call(method, path, headers, b"")
        assert answer.status == status
        assert answer.all("strict-transport-security") == ["max-age=300"], path
        for name in ("x-content-type-options", "referrer-policy", "permissions-policy", "x-frame-options"):
            assert len(answer.all(name)) == 1, (path, name)
    framed = call("GET", "/framed")
    assert framed.all("x-frame-options") == ["DENY"]
    assert framed.get("content-security-policy") is None


def test_nothing_is_said_over_http(face):
    """HSTS over plain http means nothing (RFC 6797 §7.2), and is not sent; the other headers are."""
    call = face(https=HTTPS(redirect=False), **BEHIND)
    answer = call("GET", "/plain", [HTTP], **PROXY)
    assert answer.status == 200
    assert answer.get("strict-transport-security") is None
    assert answer.get("x-content-type-options") == "nosniff"
