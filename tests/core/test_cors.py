"""CORS: what is granted and refused, what cannot be built, and what is said about it."""

import logging
import threading

import pytest

import launchready
from launchready.errors import ConfigError
from launchready.settings.build import build
from launchready.settings.cors import CORS
from support.flows import request

APP = "https://app.example.com"
EVIL = "https://evil.example"


def feature(settings, **more):
    return next(each for each in build({"cors": settings, **more}).plans["POST"] if each.name == "cors")


def asked(method="GET", path="/", **headers):
    return request(
        method, path, [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    )[0]


def preflight(settings, origin=APP, method="PUT", *names, path="/"):
    made = asked("OPTIONS", path, origin=origin, access_control_request_method=method)
    made.headers += [(b"access-control-request-headers", name.encode("latin-1")) for name in names]
    return feature(settings).handle(made)


def granted(answer):
    return {name.removeprefix(b"access-control-").decode(): value.decode() for name, value in answer.headers
            if name.startswith(b"access-control-")}  # fmt: skip


# Preflights.

STRICT = CORS(allow_origins=[APP], allow_methods=["PUT"], allow_headers=["X-One", "X-Two"], max_age=600,
              expose_headers=["X-Total"])  # fmt: skip


def test_what_a_preflight_is_told():
    """204; the origin, the one method and the names that were asked for, and how long to remember. No more."""
    answer = preflight(STRICT, APP, "PUT", "x-one,x-two")
    assert answer.status == 204
    assert granted(answer) == {
        "allow-origin": APP, "allow-methods": "PUT", "allow-headers": "x-one,x-two", "max-age": "600",
    }  # fmt: skip
    assert granted(preflight(STRICT, APP, "POST")) == {"allow-origin": APP, "max-age": "600"}


@pytest.mark.parametrize(
    ("method", "names", "passes"),
    [
        ("GET", [], True), ("HEAD", [], True), ("POST", [], True), ("PUT", [], True),
        ("put", [], False), ("DELETE", [], False), ("", [], False), ("PUT, DELETE", [], False),
        ("PUT", ["x-one"], True), ("PUT", ["X-ONE"], True), ("PUT", [" x-one ,\tx-two "], True),
        ("PUT", ["x-one", "x-two"], True), ("PUT", ["x-one,,x-two"], True), ("PUT", ["," * 16 + "x-one"], True),
        ("PUT", ["," * 17 + "x-one"], False), ("PUT", ["x-one,x-three"], False), ("PUT", ["x-one x-two"], False),
        ("PUT", ["authorization"], False), ("PUT", ["x" * 100_000], False), ("PUT", ["x-one," * 5_000], False),
        ("PUT", ["\xe9\xff"], False), ("PUT", [""], True),
    ],
)  # fmt: skip
def test_methods_and_headers(method, names, passes):
    """Methods by case, header names without it; proxies may split and pad; nothing of a refusal is reflected."""
    answer = preflight(STRICT, APP, method, *names)
    assert (answer.status, answer.body) == ((204, b"") if passes else (403, b""))
    if not passes:
        assert granted(answer) == {}


def test_any_header():
    """``*`` covers what is asked for, by name, but not Authorization, and not any number of them."""
    star = CORS(allow_origins=[APP], allow_headers=["*"], allow_credentials=True)
    assert granted(preflight(star, APP, "GET", "x-anything"))["allow-headers"] == "x-anything"
    for names in ("authorization", "x" * 300, ",".join(f"x-{number}" for number in range(65))):
        assert preflight(star, APP, "GET", names).status == 403
    both = CORS(allow_origins=[APP], allow_headers=["*", "Authorization"])
    assert preflight(both, APP, "GET", "authorization,x-a").status == 204


def test_any_method():
    """``*`` covers whatever a page can send, and is answered with the one that was asked for, credentials or not."""
    star = CORS(allow_origins=[APP], allow_methods=["*"], allow_credentials=True)
    for method in ("PUT", "PATCH", "delete", "BREW"):
        assert granted(preflight(star, APP, method))["allow-methods"] == method
    for method in ("", "PUT, DELETE", "TRACE", "connect", "X" * 65, "\xe9"):
        assert preflight(star, APP, method).status == 403, method


@pytest.mark.parametrize("headers", [{"origin": APP}, {"access_control_request_method": "PUT"}, {}])
def test_other_options_requests_reach_the_app(headers):
    """Without both of its fields it is no preflight."""
    assert feature(STRICT).handle(asked("OPTIONS", **headers)) is None


def test_everybody():
    """``*`` is constant, on answers to whomever, without Vary; a preflight is answered with it as well."""
    star = CORS(allow_origins=["*"], expose_headers=["X-Total"])
    for origin in (APP, "null", None):
        made = asked(**({"origin": origin} if origin else {}))
        assert feature(star).handle(made) is None
        assert made.adds == [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"X-Total")]
    assert granted(preflight(star, EVIL, "GET")) == {"allow-origin": "*"}
    assert b"vary" not in dict(preflight(star, EVIL, "GET").headers)


def test_max_age_of_nothing():
    """0 is sent; nothing is not."""
    assert granted(preflight(CORS(allow_origins=[APP], max_age=0), APP, "GET"))["max-age"] == "0"
    assert "max-age" not in granted(preflight(CORS(allow_origins=[APP]), APP, "GET"))


def test_paths():
    """The most specific prefix of whole segments, by case, on the decoded path."""
    settings = CORS(allow_origins=[APP], paths={
        "/api": CORS(allow_origins=["https://a.example"]), "/api/public/": CORS(allow_origins=["*"]),
    })  # fmt: skip
    cors = feature(settings)
    for path, origin in (
        ("/api", b"https://a.example"), ("/api/x", b"https://a.example"), ("/api/publicity", b"https://a.example"),
        ("/api/public", b"https://a.example"), ("/apis", APP.encode()), ("/API/x", APP.encode()), ("/", APP.encode()),
    ):  # fmt: skip
        assert set(cors.policy(path).origins.exact) == {origin}, path
    assert cors.policy("/api/public/x").open


# The refusal on the server.


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": APP}, True),
        ({"sec_fetch_site": "same-origin, none"}, False),
        ({"sec_fetch_site": "SAME-ORIGIN"}, False),
        ({"sec_fetch_site": "\xff" * 10_000}, False),
        ({"sec_fetch_site": ""}, False),
        ({"origin": APP}, True),
        ({"origin": "https://api.example.com"}, True),
        ({"origin": "http://api.example.com"}, False),
        ({"origin": "https://api.example.com:8443"}, False),
        ({"origin": EVIL}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "://"}, False),
        ({"origin": "https://api.example.com", "sec_fetch_site": "cross-site"}, False),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "BREW"])
def test_unsafe_requests(method, headers, passes):
    """Go's CrossOriginProtection: what a browser says of the page decides; who is no browser passes."""
    answer = feature(CORS(allow_origins=[APP])).handle(asked(method, **headers))
    assert (answer is None) is passes
    if not passes:
        assert answer.status == 403
        assert granted(answer) == {}
        assert dict(answer.headers)[b"vary"] == b"Origin"
        assert not any(value.encode("latin-1") in answer.body for value in headers.values() if len(value) > 5)


def test_safe_requests_pass():
    """A page of another site may make them; it cannot read the answer."""
    for method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        made = asked(method, origin=EVIL, sec_fetch_site="cross-site")
        assert feature(CORS(allow_origins=[APP])).handle(made) is None
        assert made.adds == [(b"vary", b"Origin")]


def test_a_websocket_is_not_safe():
    """Its handshake is a GET, and acts in the visitor's name."""
    cors = feature(CORS(allow_origins=[APP]))
    assert cors.handle(asked(upgrade="WebSocket", origin=EVIL)).status == 403
    assert cors.handle(asked(upgrade="websocket", origin=APP)) is None
    assert cors.handle(asked(upgrade="h2c", origin=EVIL)) is None


def test_exemptions():
    """A route, or the whole policy."""
    evil = {"origin": EVIL, "sec_fetch_site": "cross-site"}
    assert feature(CORS(enforce_exempt=["POST /in"])).handle(asked("POST", "/in", **evil)) is None
    assert feature(CORS(enforce_exempt=["POST /in"])).handle(asked("PUT", "/in", **evil)).status == 403
    assert feature(CORS(enforce=False)).handle(asked("POST", **evil)) is None
    assert feature(CORS(allow_origins=["*"])).handle(asked("POST", **evil)) is None


def test_the_apps_own_origin():
    """Where the canonical host is known the scheme counts too; a trusted proxy may say by which name we were asked."""
    https = launchready.HTTPS(canonical_host="shop.example")
    known = feature(CORS(), https=https)
    assert known.handle(asked("POST", origin="https://shop.example")) is None
    assert known.handle(asked("POST", origin="http://shop.example")).status == 403
    assert known.handle(asked("POST", origin="https://api.example.com")).status == 403
    behind = {"origin": "https://shop.lan", "x_forwarded_host": "shop.lan"}
    assert feature(CORS(), trusted_proxies=["192.0.2.0/24"]).handle(asked("POST", **behind)) is None
    assert feature(CORS(), trusted_proxies=["10.0.0.0/8"]).handle(asked("POST", **behind)).status == 403


@pytest.mark.parametrize(
    ("scheme", "proto", "origin", "passes"),
    [
        ("http", None, "http", True),  # a developer's machine
        ("http", None, "https", True),  # a proxy that ends TLS and does not say so
        ("https", None, "https", True),
        ("https", None, "http", False),
        ("http", "https", "http", False),
        ("http", "https", "https", True),
    ],
)
def test_an_http_page_of_the_same_host_is_not_the_app(scheme, proto, origin, passes):
    """Anybody on the network can write an http page, so it may not act on the app that is reached by https."""
    more = {"x_forwarded_proto": proto} if proto else {}
    made = asked("POST", host="shop.example", origin=f"{origin}://shop.example", **more)
    made.scheme = scheme
    answer = feature(CORS(), trusted_proxies=["192.0.2.0/24"]).handle(made)
    assert (answer is None) is passes


def test_any_header_with_credentials_works():
    """The preflight lists the requested names, since browsers take "*" literally with credentials (Fetch §3.2.3)."""
    settings = CORS(allow_origins=[APP], allow_headers=["*"], allow_credentials=True)
    answer = preflight(settings, APP, "POST", "x-trace, content-type")
    assert answer.status == 204
    assert granted(answer)["allow-headers"] == "x-trace,content-type"
    assert preflight(settings, APP, "POST", "authorization").status == 403
    both = CORS(allow_origins=[APP], allow_headers=["*", "Authorization"], allow_credentials=True)
    assert granted(preflight(both, APP, "POST", "authorization"))["allow-headers"] == "authorization"


# What cannot be built.


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        ({"allow_origins": ["*"], "allow_credentials": True}, "list your own origins"),
        ({"allow_origins": ["*", APP]}, "covers the others"),
        ({"allow_origins": APP}, f"[{APP!r}]"),
        ({"allow_origins": ["null"]}, "remove it"),
        ({"allow_origins": ["file://"]}, "remove it"),
        ({"allow_origins": ["http://app.example.com"], "allow_credentials": True}, '"https://app.example.com"'),
        ({"allow_origins": ["http://*.example.com"], "allow_credentials": True}, "https://"),
        ({"allow_origins": ["https://*.com"]}, "strangers"),
        ({"allow_origins": ["https://*.co.uk"]}, "strangers"),
        ({"allow_origins": ["https://*.github.io"]}, "strangers"),
        ({"allow_origins": ["https://*.vercel.app"]}, "strangers"),
        ({"allow_origins": ["https://*.s3.amazonaws.com"]}, "strangers"),
        ({"allow_origins": ["https://*.intranet"]}, "strangers"),
        ({"allow_origins": ["https://*.192.0.2.1"]}, "no subdomains"),
        ({"allow_origins": ["https://*"]}, "not a host name"),
        ({"allow_origins": ["*.example.com"]}, "https://"),
        ({"allow_origins": ["https://app.*.com"]}, "not a host name"),
        ({"allow_origins": ["https://*.example.com:*"]}, "no port"),
        ({"allow_origins": [APP + "/"]}, f'"{APP}"'),
        ({"allow_origins": [APP + "/login"]}, f'"{APP}"'),
        ({"allow_origins": [APP + "?x"]}, "host name"),
        ({"allow_origins": [APP + ":443"]}, f'"{APP}"'),
        ({"allow_origins": ["HTTPS://app.example.com"]}, "https://"),
        ({"allow_origins": ["https://App.example.com"]}, f'"{APP}"'),
        ({"allow_origins": ["https://b\xfccher.example"]}, "xn--"),
        ({"allow_origins": ["https://me@app.example.com"]}, "host name"),
        ({"allow_origins": ["http://[::0:1]"]}, '"http://[::1]"'),
        ({"allow_origins": ["http://127.1"]}, "IPv4"),
        ({"allow_origins": ["http://1.2.3.400"]}, "IPv4"),
        ({"allow_origins": [""]}, "not an origin"),
        ({"allow_origins": [" " + APP]}, "https://"),
        ({"allow_origins": [".*"]}, "https://"),
        ({"allow_methods": ["*", "PUT"]}, "covers the others"),
        ({"allow_methods": ["TRACE"]}, "remove it"),
        ({"allow_methods": ["connect"]}, "remove it"),
        ({"allow_methods": ["delete"]}, '"DELETE"'),
        ({"allow_methods": ["GET POST"]}, "remove it"),
        ({"allow_headers": ["Cookie"]}, "remove it"),
        ({"allow_headers": ["Sec-Fetch-Site"]}, "remove it"),
        ({"allow_headers": ["X-A\r\nX-B"]}, "remove it"),
        ({"allow_headers": ["Access-Control-Allow-Origin"]}, "remove it"),
        ({"expose_headers": ["*"], "allow_credentials": True, "allow_origins": [APP]}, "list the headers"),
        ({"expose_headers": ["Set-Cookie"]}, "remove it"),
        ({"expose_headers": ["X-A\r\nSet-Cookie: x"]}, "remove it"),
        ({"expose_headers": ["Access-Control-Allow-Origin"]}, "remove it"),
        ({"allow_credentials": "false", "allow_origins": [APP]}, "True or False"),
        ({"enforce": "no"}, "True or False"),
        ({"dangerously_allow_insecure_origins": "no"}, "True or False"),
        ({"dangerously_allow_public_suffixes": 0}, "True or False"),
        ({"allow_origins": (each for each in [APP])}, "a list of strings"),
        ({"allow_credentials": True}, "list the origins"),
        ({"allow_headers": ["X-One"]}, "list the origins"),
        ({"expose_headers": ["X-One"]}, "list the origins"),
        ({"max_age": 0}, "list the origins"),
        ({"paths": {"/a/../b/": CORS()}}, "no path"),
        ({"paths": {"/a%2Fb/": CORS()}}, "no path"),
        ({"paths": {"/a//b/": CORS()}}, "no path"),
        ({"paths": {"/a?b": CORS()}}, "no path"),
        ({"paths": {"/a/{id}": CORS()}}, "no path"),
        ({"max_age": 86_401}, "7200"),
        ({"max_age": -1}, "at least 0"),
        ({"paths": {"api/": CORS()}}, '"/api/"'),
        ({"paths": {"/api/": CORS(allow_origins=["*"], allow_credentials=True)}}, "list your own origins"),
    ],
)  # fmt: skip
def test_dangerous_or_dead_configuration(options, instead):
    """It cannot be built, and the error says what to write instead."""
    with pytest.raises(ConfigError) as caught:
        build({"cors": CORS(**options)})
    assert any(instead in line for line in caught.value.problems), caught.value.problems


def test_opt_outs_are_long_to_write():
    """What is dangerous can be had by its name."""
    build(
        {
            "cors": CORS(
                allow_origins=["http://a.example"], allow_credentials=True, dangerously_allow_insecure_origins=True
            )
        }
    )
    build({"cors": CORS(allow_origins=["https://*.github.io"], dangerously_allow_public_suffixes=True)})
    build({"cors": CORS(allow_origins=["http://localhost:*", "http://127.0.0.1:5173"], allow_credentials=True)})
    build(
        {"cors": CORS(allow_origins=["https://*.example.com", "https://*.shop.example.co.uk", "http://192.0.2.7:8080"])}
    )


# Words.


@pytest.mark.parametrize(
    ("origin", "method", "headers", "is_granted", "words"),
    [
        (APP, "GET", [], True, "is in allow_origins"),
        (APP, "PUT", ["X-One"], True, "preflight"),
        (APP, "GET", ["Accept"], True, "Cookies are not for it"),
        (None, "POST", [], True, "no Origin"),
        ("https://a.example.org", "GET", [], True, "matches a pattern"),
        ("https://example.org", "GET", [], False, "'https://*.example.org' covers what is below"),
        ("http://app.example.com", "GET", [], False, "by another scheme"),
        (APP + ":8443", "GET", [], False, "on another port"),
        (APP + "/", "GET", [], False, "written otherwise"),
        ("https://APP.example.com", "GET", [], False, "written otherwise"),
        ("null", "GET", [], False, "never granted"),
        (EVIL, "POST", [], False, "403 before the app runs"),
        (APP, "DELETE", [], False, "'DELETE' is not in allow_methods"),
        (APP, "put", [], False, "case-sensitive"),
        (APP, "GET", ["X-Three"], False, "'x-three' is not in allow_headers"),
    ],
)
def test_explain(origin, method, headers, is_granted, words):
    """One sentence for each thing that decides, with what was nearly right."""
    settings = CORS(allow_origins=[APP, "https://*.example.org"], allow_methods=["PUT"], allow_headers=["X-One"])
    said = launchready.cors.explain(settings, origin, method, headers)
    assert said.granted is is_granted
    assert said.startswith("Granted. " if is_granted else "Refused. ")
    assert words in said, said


def test_explain_other_policies():
    """Any origin, none at all, a part of the app, what ``*`` does not cover; a mapping will do; mistakes are raised."""
    assert "granted, as any is" in launchready.cors.explain({"allow_origins": ["*"]}, EVIL)
    pairs = [("X-Three", "1")]
    assert launchready.cors.explain(CORS(allow_origins=[APP]), APP, "GET", pairs) == launchready.cors.explain(
        CORS(allow_origins=[APP]), APP, "GET", dict(pairs)
    )
    assert "which is empty" in launchready.cors.explain(CORS(), EVIL)
    star = launchready.cors.explain(CORS(allow_origins=[APP], allow_headers=["*"]), APP, "GET", ["Authorization"])
    assert '"*" does not cover it' in star
    parts = CORS(paths={"/public/": CORS(allow_origins=["*"])})
    assert launchready.cors.explain(parts, EVIL, path="/public/x").granted
    with pytest.raises(ConfigError):
        launchready.cors.explain(CORS(allow_origins=["*"], allow_credentials=True), EVIL)


def test_the_log_says_it(caplog):
    """At DEBUG, for every refusal, escaped and shortened; at no other level, and not in the answer."""
    caplog.set_level(logging.DEBUG, "launchready.cors")
    preflight(STRICT, "https://evil\x1b[31m.example" + "x" * 10_000, "PUT")
    feature(STRICT).handle(asked("POST", origin=EVIL))
    feature(STRICT).handle(asked("POST", sec_fetch_site="cross-site"))
    lines = [record.message for record in caplog.records if record.name == "launchready.cors"]
    assert [line.partition(":")[0] for line in lines] == ["CORS refused a preflight", *["CORS refused a request"] * 2]
    assert all(line.isprintable() and line.isascii() and len(line) < 700 for line in lines)
    caplog.clear()
    caplog.set_level(logging.INFO, "launchready.cors")
    preflight(STRICT, EVIL, "PUT")
    assert not caplog.records


# Another policy while the app runs.


def test_another_policy():
    """It is in force from the next request on, for handshakes too; the object the app was given stays its handle."""
    policy = CORS(allow_origins=[APP])
    stack, other = build({"cors": policy}), build({"cors": CORS(allow_origins=[APP])})
    for config in (CORS(allow_origins=[EVIL]), {"allow_origins": [EVIL], "allow_methods": ["PUT"]}):
        launchready.cors.reconfigure(policy, config)
        for plan in (*stack.plans.values(), stack.other, stack.sockets):
            cors = next(each for each in plan if each.name == "cors")
            assert cors.handle(asked("POST", origin=EVIL)) is None
            assert cors.handle(asked("POST", origin=APP)).status == 403
    assert next(each for each in other.other if each.name == "cors").handle(asked("POST", origin=APP)) is None


def test_another_policy_that_cannot_be():
    """A mistake, or an object that no app was built with: an error, and everything as before."""
    policy = {"allow_origins": [APP]}
    stack = build({"cors": policy})
    plans = stack.plans
    with pytest.raises(ConfigError, match="list your own origins"):
        launchready.cors.reconfigure(policy, CORS(allow_origins=["*"], allow_credentials=True))
    with pytest.raises(ConfigError, match="no app of this process"):
        launchready.cors.reconfigure(CORS(allow_origins=[APP]), CORS())
    assert stack.plans is plans


def test_no_request_meets_half_a_policy():
    """While the policy goes back and forth, each answer is wholly of one."""
    policy = CORS(allow_origins=["*"], expose_headers=["X-Open"])
    closed = CORS(allow_origins=[APP], allow_credentials=True, expose_headers=["X-Closed"])
    stack, seen, stop = build({"cors": policy}), set(), threading.Event()

    def ask():
        while not stop.is_set():
            made = asked("GET", origin=APP)
            for each in stack.plans["GET"]:
                each.handle(made)
            seen.add(frozenset(made.adds))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        launchready.cors.reconfigure(policy, closed)
        launchready.cors.reconfigure(policy, policy)
    stop.set()
    for thread in threads:
        thread.join()
    assert {len(lines) for lines in seen} <= {2, 4}
    assert all({b"X-Open", b"true"} - {value for _, value in lines} for lines in seen)
