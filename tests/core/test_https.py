"""HTTPS: where a request is sent on to, when it is not, and what its answer carries."""

import pytest

from launchready.core.https import RAMP, STAGES
from launchready.errors import ConfigError
from launchready.exchange.store import PutIfAbsent
from launchready.http.message import Request, Response, append
from launchready.settings.build import build
from launchready.settings.https import HTTPS
from support.flows import World, go

PROXY = "10.0.0.1"
HSTS = b"strict-transport-security"


class Hands:
    """A clock that a test sets."""

    at = 0.0

    def monotonic(self):
        return self.at

    wall = monotonic


def feature(clock=None, trusted=("10.0.0.0/8",), **options):
    stack = build({"https": HTTPS(**options), "store": "memory://", "trusted_proxies": trusted}, clock=clock or Hands())
    return next(each for each in stack.plans["GET"] if each.name == "https")


def request(scheme="http", method="GET", raw=b"/", query=b"", peer="203.0.113.9", host="example.com", **headers):
    lines = [(b"host", host.encode("latin-1"))] if host is not None else []
    lines += [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(method, raw.decode("latin-1"), raw, query, scheme, peer, lines)


def location(answer):
    return None if answer is None else answer.get(b"location").decode()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host", ["example.com", "www.example.com", "www.example.com:80", "WWW.EXAMPLE.COM", "other.example"]
)
def test_one_hop_from_every_entry(scheme, host):
    """Scheme and host are put right at once, and the canonical address itself is not sent on."""
    https = feature(canonical_host="www.example.com")
    answer = https.handle(request(scheme, host=host, raw=b"/a%20b", query=b"x=1&y=%2F"))
    if scheme == "https" and host.lower().startswith("www."):
        assert answer is None
    else:
        assert location(answer) == "https://www.example.com/a%20b?x=1&y=%2F"
        assert https.handle(request("https", host="www.example.com")) is None


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("PUT", 308), ("DELETE", 308)]
)
def test_method_and_body_are_kept(method, status):
    """301 lets a client turn POST into GET; 308 does not (RFC 9110 §15.4.9)."""
    assert feature().handle(request(method=method)).status == status


@pytest.mark.parametrize(
    ("peer", "scheme", "headers", "stays"),
    [
        (PROXY, "http", {"x_forwarded_proto": "https"}, True),
        (PROXY, "http", {"x_forwarded_proto": "http"}, False),
        (PROXY, "http", {"x_forwarded_proto": "https, http"}, True),
        (PROXY, "http", {"x_forwarded_proto": "http, https"}, False),
        (PROXY, "http", {"x_forwarded_proto": "HTTPS"}, True),
        (PROXY, "https", {"x_forwarded_proto": "http"}, False),
        (PROXY, "http", {"forwarded": 'for=1.2.3.4;proto=https;by=x, for="[::1]";proto=http'}, True),
        (PROXY, "http", {"forwarded": "for=1.2.3.4"}, False),
        (PROXY, "http", {"x_forwarded_ssl": "on"}, True),
        (PROXY, "http", {"front_end_https": "on"}, True),
        # Cloudflare's flexible mode, through a proxy that says what it sees itself
        (PROXY, "http", {"cf_visitor": '{"scheme":"https"}', "x_forwarded_proto": "http"}, True),
        (PROXY, "http", {"cf_visitor": '{"scheme":"http"}', "x_forwarded_proto": "http"}, False),
        ("172.70.1.1", "http", {"cf_visitor": '{"scheme":"https"}'}, True),
        ("172.70.1.1", "http", {"x_forwarded_proto": "https"}, True),
        ("203.0.113.9", "http", {"x_forwarded_proto": "https"}, False),
        ("203.0.113.9", "https", {"x_forwarded_proto": "http"}, True),
        ("203.0.113.9", "http", {"cf_visitor": '{"scheme":"https"}'}, False),
        (PROXY, "http", {"x_forwarded_proto": "\xff" * 9000}, False),
    ],
)
def test_what_the_client_used(peer, scheme, headers, stays):
    """A proxy's word counts, a stranger's does not; no loop in Cloudflare's flexible mode."""
    assert (feature().handle(request(scheme, peer=peer, **headers)) is None) is stays


@pytest.mark.parametrize(
    ("peer", "stays"), [("127.0.0.1", True), ("10.1.2.3", True), ("", True), ("203.0.113.9", False)]
)
def test_no_loop_where_nobody_named_the_proxy(peer, stays):
    """A proxy on this machine or its network is listened to even where trusted_proxies was forgotten."""
    https = feature(trusted=())
    assert (https.handle(request(peer=peer, x_forwarded_proto="https")) is None) is stays


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", b"/webhooks/stripe", {}),
        ("POST", b"/api/webhook", {"stripe_signature": "t=1"}),
        ("POST", b"/payments/stripe-webhook", {}),
        ("POST", b"/hooks/7", {}),
        ("POST", b"/payments/events", {"stripe_signature": "t=1"}),
        ("GET", b"/.well-known/acme-challenge/token", {}),
        ("GET", b"/printer/jobs", {}),
    ],
)
def test_never_redirected(method, path, headers):
    """Those who follow no redirect, or come before the certificate does, and what the settings name."""
    https = feature(canonical_host="www.example.com", exempt=["/printer/*"])
    assert https.handle(request(method=method, raw=path, **headers)) is None


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "shop.localhost:80"])
def test_not_on_a_developers_machine(host):
    """There is no https there."""
    assert feature(canonical_host="www.example.com").handle(request(host=host)) is None
    assert feature().handle(request(host=host.rpartition(":")[0])).status == 301


def test_a_proxy_that_asks_by_another_name():
    """X-Forwarded-Host of a trusted proxy is the name that the client used; of a stranger it is nothing."""
    https = feature(canonical_host="www.example.com")
    inside = {"host": "app.internal:8080", "x_forwarded_host": "www.example.com", "x_forwarded_proto": "https"}
    assert https.handle(request(peer=PROXY, **inside)) is None
    assert location(https.handle(request("https", **inside))) == "https://www.example.com/"
    outside = feature().handle(request(peer=PROXY, host="app.internal", x_forwarded_host="shop.example, evil.example"))
    assert location(outside) == "https://shop.example/"


@pytest.mark.parametrize(
    "host", [None, "", "a b", "evil.example/x", "a\r\nx: y", "é.example", "x" * 300, "@", "[::1", "a:b"]
)
def test_a_host_that_is_none(host):
    """It is not written into a Location: 400, and nothing of it in the answer."""
    answer = feature().handle(request(host=host))
    assert answer.status == 400
    assert b"location" not in dict(answer.headers)
    if host is None:
        assert location(feature(canonical_host="a.example").handle(request(host=None))) == "https://a.example/"


@pytest.mark.parametrize(
    ("raw", "query", "target"),
    [
        (b"//evil.example/x", b"", "https://example.com//evil.example/x"),
        (b"http://evil.example/x", b"y", "https://example.com/x?y"),
        (b"/a\r\nset-cookie: x", b"", "https://example.com/a%0D%0Aset-cookie:%20x"),
        ("/caf\xe9".encode(), b"", "https://example.com/caf%C3%A9"),
        (b"/a%2Fb", b"next=https://x/", "https://example.com/a%2Fb?next=https://x/"),
    ],
)
def test_the_target_is_what_was_sent(raw, query, target):
    """Bytes that cannot stand in a header line are escaped; a path never becomes another host."""
    https = feature()
    asked = Request("GET", "/x", raw, query, "http", "203.0.113.9", [(b"host", b"example.com")])
    assert location(https.handle(asked)) == target


def test_hsts_only_by_tls():
    """RFC 6797 §7.2; a request by http that is not redirected gets the other headers only."""
    https = feature(redirect=False, include_subdomains=True, hsts="365d", preload=True)
    plain, tls = request(), request("https")
    assert https.handle(plain) is None
    assert https.handle(tls) is None
    assert HSTS not in dict(plain.adds)
    assert dict(tls.adds)[HSTS] == b"max-age=31536000; includeSubDomains; preload"
    assert {name for name, _ in plain.adds} == {name for name, _ in tls.adds} - {HSTS}
    assert dict(_handled(feature(), "https").adds)[HSTS] == b"max-age=15552000"
    assert HSTS not in dict(_handled(feature(hsts=None), "https").adds)
    assert dict(_handled(feature(hsts="0s"), "https").adds)[HSTS] == b"max-age=0"


def _handled(https, scheme):
    asked = request(scheme)
    assert https.handle(asked) is None
    return asked


def test_the_ramp():
    """Five minutes, a week, 180 days: by the age that the store remembers, and asked for once a process."""
    clock, world = Hands(), World()
    https = feature(clock, hsts="ramp")

    def max_age():
        asked = request("https")
        flow = https.handle(asked)
        if flow is not None:
            assert go(flow, world) is None
        return dict(asked.adds)[HSTS]

    seen = []
    for day in (0, 0.9, 1, 7.9, 8, 400):
        clock.at = day * 86_400
        seen.append(max_age())
    assert seen == [b"max-age=%d" % age for age in (300, 300, 604_800, 604_800, 15_552_000, 15_552_000)]
    assert world.asked == ["PutIfAbsent"]
    world.now = clock.at = 30 * 86_400.0
    https = feature(clock, hsts="ramp")  # another process, a month later
    assert max_age() == b"max-age=%d" % STAGES[2][1]


def test_the_ramp_without_a_store():
    """Where the store does not say, the first stage; it is asked again a minute later, and not for every request."""
    clock, world = Hands(), World()
    https = feature(clock, hsts="ramp")
    world.down = {"PutIfAbsent"}
    for at in (0.0, 1.0, 59.0, 60.0):
        clock.at = at
        asked = request("https")
        flow = https.handle(asked)
        assert flow is None or go(flow, world) is None
        assert dict(asked.adds)[HSTS] == b"max-age=300"
    assert world.asked == ["PutIfAbsent"] * 2
    assert PutIfAbsent(RAMP, "x", RAMP.load(RAMP.dump(b"y")), 1).space.size(b"abc") == 3


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ({}, {b"content-security-policy", b"x-frame-options", b"referrer-policy"}),
        ({b"x-frame-options": b"DENY"}, {b"referrer-policy"}),
        ({b"content-security-policy": b"default-src 'self'"}, {b"x-frame-options", b"referrer-policy"}),
        ({b"content-security-policy": b"Frame-Ancestors https://partner.example"}, {b"referrer-policy"}),
        ({b"referrer-policy": b"no-referrer"}, {b"content-security-policy", b"x-frame-options"}),
    ],
)
def test_the_apps_own_headers_stay(own, left):
    """What the app says of framing in one header is not contradicted in the other."""
    response = Response(200, list(own.items()))
    append(response.headers, _handled(feature(), "https").adds, 200)
    lines = response.headers[len(own) :]
    assert response.headers[: len(own)] == list(own.items())
    wanted = {b"x-content-type-options", b"permissions-policy", HSTS, *left}
    assert {name for name, _ in lines} == wanted
    assert len(lines) == len(wanted)


def test_headers_off():
    """The app's own business."""
    assert [name for name, _ in _handled(feature(headers=False), "https").adds] == [HSTS]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"canonical_host": "https://www.example.com/"}, '"www.example.com"'),
        ({"canonical_host": "www.example.com:443"}, '"www.example.com"'),
        ({"canonical_host": "WWW.example.com"}, '"www.example.com"'),
        ({"canonical_host": 5}, '"www.example.com"'),
        ({"preload": True, "hsts": "365d"}, "include_subdomains=True"),
        ({"preload": True, "include_subdomains": True}, 'hsts="365d"'),
        ({"preload": True, "include_subdomains": True, "hsts": "ramp"}, 'hsts="365d"'),
        ({"hsts": "soon"}, "not a duration"),
        ({"redirect": "false"}, "True or False"),
        ({"headers": "no"}, "True or False"),
        ({"include_subdomains": "no"}, "True or False"),
        ({"preload": "no"}, "True or False"),
        ({"exempt": ["printer"]}, "starts with"),
    ],
)
def test_mistakes(options, words):
    """Each says what to write instead."""
    with pytest.raises(ConfigError) as caught:
        build({"https": HTTPS(**options)})
    assert any(words in line for line in caught.value.problems), caught.value.problems


def test_a_redirect_over_https_is_remembered_too():
    """RFC 6797 §7.1: every answer over TLS carries the field, so a redirect between hosts as well; over http none does."""
    https = feature(canonical_host="www.example.com")
    for scheme, carries in (("https", True), ("http", False)):
        made = request(scheme=scheme, host="example.com")
        assert https.handle(made).status == 301
        assert (b"strict-transport-security" in dict(made.adds)) is carries
