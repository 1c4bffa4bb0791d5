"""The same row of requests gives the same answers behind every face."""

import pytest

from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.health import Health
from launchready.settings.https import HTTPS
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import RateLimit
from support.keys import key as uuid

APP = "https://app.example.com"
CORS_APP = CORS(allow_origins=[APP], allow_credentials=True, allow_methods=["PUT"], allow_headers=["Content-Type"])
KEY = ("Idempotency-Key", uuid("order-1"))
JSON = ("Content-Type", "application/json")
WSGI = {"wsgi", "flask", "flask-async", "django"}


def problem(answer, name):
    """A problem document of this type, that no cache keeps."""
    assert answer.get("content-type") == "application/problem+json"
    assert answer.get("cache-control") == "no-store"
    assert answer.json["type"].endswith(name), answer.json
    assert answer.json["status"] == answer.status
    return True


# Health and timing.


def test_health(face):
    """The three paths answer GET and HEAD, and a stranger learns a word and the release."""
    call = face(release="r7", health=Health(checks={"database": lambda: True}))
    assert call("GET", "/livez").json == {"status": "pass"}
    assert call("GET", "/readyz").json == {"status": "pass"}
    whole = call("GET", "/healthz")
    assert whole.json == {"status": "pass", "live": "pass", "ready": "pass", "release": "r7", "releaseId": "r7"}
    assert whole.get("cache-control") == "no-store"
    head = call("HEAD", "/healthz")
    assert head.status == 200
    assert head.body == b""
    assert call("POST", "/livez").status == 405


def test_health_of_a_broken_dependency(face):
    """A check that fails, raises or hangs makes /readyz 503 and leaves /livez alone; its words stay inside."""

    def broken():
        raise ValueError("password=hunter2")

    call = face(health=Health(checks={"database": broken}))
    ready = call("GET", "/readyz")
    assert ready.status == 503
    assert ready.get("retry-after")
    assert b"hunter2" not in ready.body
    assert call("GET", "/livez").status == 200


# CORS.


def test_cors_grants_exactly_what_is_listed(face):
    """A listed origin may read, with credentials; any other gets no field of CORS; Vary is on every answer."""
    call = face(cors=CORS_APP)
    granted = call("GET", "/plain", [("Origin", APP)])
    assert granted.all("access-control-allow-origin") == [APP]
    assert granted.get("access-control-allow-credentials") == "true"
    for origin in ("https://evil.example", APP + ".evil.example", "https://app.example.co", "null", APP.upper()):
        refused = call("GET", "/plain", [("Origin", origin)])
        assert not [name for name, _ in refused.headers if name.startswith("access-control-")], origin
        assert refused.get("vary") == "Origin"
    assert call("GET", "/plain").get("vary") == "Origin"
    assert face.calls["/plain"] == 7


def test_cors_preflight_never_reaches_the_app(face):
    """A preflight is answered for any path, with what was asked and no more; a refusal reflects nothing."""
    call = face(cors=CORS_APP)
    ask = [
        ("Origin", APP),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type"),
    ]
    granted = call("OPTIONS", "/anything", ask)
    assert granted.status == 204
    assert granted.get("access-control-allow-origin") == APP
    assert granted.get("access-control-allow-methods") == "PUT"
    assert granted.get("access-control-allow-headers") == "content-type"
    for name, value in (("Origin", "https://evil.example"), ("Access-Control-Request-Method", "DELETE"),
                        ("Access-Control-Request-Headers", "x-secret")):  # fmt: skip
        refused = call("OPTIONS", "/plain", [*[pair for pair in ask if pair[0] != name], (name, value)])
        assert refused.status == 403
        assert not [each for each, _ in refused.headers if each.startswith("access-control-")]
    assert face.calls == {}


def test_cors_on_errors(face):
    """A 404, a 429, a 409 and a 500 carry the fields too: the page can read what went wrong."""
    call = face(cors=CORS_APP, rate_limit=RateLimit(None, {"GET /plain": "1/hour"}))
    origin = [("Origin", APP)]
    call("GET", "/plain", origin)
    for answer, status in (
        (call("GET", "/nowhere", origin), 404),
        (call("GET", "/plain", origin), 429),
        (call("GET", "/boom", origin), 500),
    ):
        assert answer.status == status
        assert answer.all("access-control-allow-origin") == [APP]
        assert answer.get("vary") == "Origin"


def test_cors_of_the_app_itself_is_removed(face):
    """What the app sets of these fields does not count."""
    call = face(cors=CORS_APP)
    assert call("GET", "/claims", [("Origin", "https://evil.example")]).get("access-control-allow-origin") is None
    assert call("GET", "/claims", [("Origin", APP)]).all("access-control-allow-origin") == [APP]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")], 403),
        ([("Origin", "https://evil.example")], 403),
        ([("Origin", "null")], 403),
        ([("Sec-Fetch-Site", "cross-site")], 403),
        ([("Origin", APP), ("Sec-Fetch-Site", "same-site")], 201),
        ([("Origin", "https://api.example.com")], 201),
        ([("Sec-Fetch-Site", "same-origin")], 201),
        ([], 201),
    ],
)
def test_cross_origin_posts(face, headers, status):
    """A page of another site cannot post; the app's own pages, native apps and webhooks can."""
    call = face(cors=CORS_APP)
    assert call("POST", "/bookings", headers, b"{}").status == status
    assert face.calls.get("/bookings", 0) == (status == 201)


# HTTPS.


def test_https(face):
    """A plain request behind a trusted proxy is sent on with its method; one by TLS has HSTS and the safe headers."""
    call = face(https=HTTPS(canonical_host="www.example.com"), trusted_proxies=["10.0.0.0/8"])
    plain = [("X-Forwarded-Proto", "http")]
    moved = call("POST", "/plain?x=1", plain, b"{}", client="10.0.0.1")
    assert (moved.status, moved.get("location")) == (308, "https://www.example.com/plain?x=1")
    assert call("GET", "/plain", [*plain, ("X-Forwarded-For", "198.51.100.7")], client="10.0.0.1").status == 301
    assert face.calls == {}
    assert call("POST", "/webhooks/stripe", plain, b"{}", client="10.0.0.1").status == 404
    assert call("GET", "/livez", plain, client="10.0.0.1").status == 200
    answer = call("GET", "/framed", [("X-Forwarded-Host", "www.example.com")], client="10.0.0.1")
    assert answer.get("strict-transport-security") == "max-age=15552000"
    assert answer.get("x-content-type-options") == "nosniff"
    assert answer.all("x-frame-options") == ["DENY"]
    assert answer.get("content-security-policy") is None


# Rate limit.


def test_rate_limit(face):
    """N pass and the next is told when to come back, for each client on its own; another route is not concerned."""
    call = face(rate_limit=RateLimit(None, {"POST /bookings": "2/hour"}))
    for left in (1, 0):
        answer = call("POST", "/bookings", [], b"{}")
        assert answer.status == 201
        assert answer.get("ratelimit").startswith(f'"POST /bookings";r={left};t=')
        assert answer.get("ratelimit-policy") == '"POST /bookings";q=2;w=3600'
    refused = call("POST", "/bookings", [], b"{}")
    assert refused.status == 429
    assert problem(refused, "#quota-exceeded")
    assert 3590 <= int(refused.get("retry-after")) <= 3600
    assert call("POST", "/bookings", [], b"{}", client="203.0.113.10").status == 201
    assert call("GET", "/plain").status == 200
    assert face.calls["/bookings"] == 3


def test_rate_limit_believes_only_trusted_proxies(face):
    """A client cannot invent addresses; behind a trusted proxy each client is its own."""
    call = face(rate_limit="1/hour", trusted_proxies=["10.0.0.0/8"])
    assert call("GET", "/plain").status == 200
    assert call("GET", "/plain", [("X-Forwarded-For", "198.51.100.1")]).status == 429
    for last, status in (("198.51.100.7", 200), ("198.51.100.8", 200), ("198.51.100.7", 429)):
        forwarded = [("X-Forwarded-For", f"1.2.3.4, {last}")]
        assert call("GET", "/plain", forwarded, client="10.0.0.1").status == status


# Cache.


def test_cache_hit(face):
    """What the app calls fresh is answered without the app, says so, and is answered with 304 where it is known."""
    call = face(cache=Cache())
    first, second = call("GET", "/coaches"), call("GET", "/coaches")
    assert face.calls == {"/coaches": 1}
    assert first.get("cache-status") == "launchready; fwd=uri-miss; stored"
    assert second.get("cache-status").startswith("launchready; hit; ttl=")
    assert second.body == first.body
    assert second.get("age") == "0"
    known = call("GET", "/coaches", [("If-None-Match", 'W/"v1"')])
    assert (known.status, known.body, known.get("etag")) == (304, b"", '"v1"')
    assert call("HEAD", "/coaches").body == b""
    assert call("GET", "/coaches?page=2").json["calls"] == 2


@pytest.mark.parametrize("path", ["/plain", "/cookie", "/private", "/boom", "/nowhere"])
def test_never_stored(face, path):
    """Without freshness, with Set-Cookie, private, an error: the app answers each time."""
    call = face(cache=Cache())
    call("GET", path)
    assert "hit" not in call("GET", path).get("cache-status")


@pytest.mark.parametrize(
    "header", [("Authorization", "Bearer x"), ("Cookie", "session=1"), ("X-Forwarded-Host", "evil")]
)
def test_never_shared(face, header):
    """A request that speaks for somebody is answered by the app, and its answer goes to nobody else."""
    call = face(cache=Cache())
    call("GET", "/coaches", [header])
    call("GET", "/coaches", [header])
    call("GET", "/coaches")
    assert face.calls == {"/coaches": 3}


def test_two_cookies_stay_two(face):
    """Header lines are never merged: both cookies arrive."""
    assert len(face(cache=Cache())("GET", "/cookie").all("set-cookie")) == 2


def test_cache_varies(face):
    """Each value of a header that Vary names has its own answer; absent is a value."""
    call = face(cache=Cache())
    languages = ([], [("Accept-Language", "de")], [("Accept-Language", "en")])
    seen = [[call("GET", "/varied", each).json["calls"] for each in languages] for _ in range(2)]
    assert seen == [[1, 2, 3], [1, 2, 3]]


def test_cache_routes_give_freshness(face):
    """A route whose answers say nothing is fresh for as long as the settings say."""
    call = face(cache=Cache(routes={"GET /plain": "60s"}))
    assert call("GET", "/plain").json == call("GET", "/plain").json


def test_a_change_invalidates(face):
    """A successful POST to a URL drops what is stored for it (RFC 9111 §4.4)."""
    call = face(cache=Cache())
    call("GET", "/coaches")
    call("POST", "/coaches", [], b"{}")
    assert call("GET", "/coaches").json["calls"] == 3


def test_a_stream_is_stored_whole(face):
    """A body in chunks arrives whole, first from the app and then from the store."""
    call = face(cache=Cache())
    assert [call("GET", "/stream").body for _ in range(2)] == [b"one two three"] * 2
    assert face.calls == {"/stream": 1}


# Idempotency.

ONCE = Idempotency(routes=("POST /bookings", "POST /unsure", "POST /boom", "POST /breaks", "POST /large"))


@pytest.mark.parametrize("path", ["/bookings", "/decorated"])
def test_a_retry_is_answered_and_not_run(face, path):
    """The same answer again, marked, with its own headers and without the first client's cookie."""
    call = face(idempotency=ONCE)
    first = call("POST", path, [KEY, JSON], b'{"slot": 1}')
    again = call("POST", path, [("Idempotency-Key", f'"{uuid("order-1")}"'), JSON], b'{"slot": 1}')
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.get("location") == "/bookings/7"
    assert again.get("idempotent-replayed") == "true"
    assert first.get("set-cookie")
    assert not again.get("set-cookie")
    assert face.calls == {path: 1}


@pytest.mark.parametrize("path", ["/bookings", "/decorated"])
def test_a_key_is_for_one_request(face, path):
    """Another body under the same key is refused, and so is another query."""
    call = face(idempotency=ONCE)
    call("POST", path, [KEY], b"one")
    for target, body in ((path, b"two"), (f"{path}?x=1", b"one")):
        refused = call("POST", target, [KEY], body)
        assert refused.status == 422
        assert problem(refused, "/problems/idempotency-key-mismatch")
    assert face.calls == {path: 1}


def test_a_key_belongs_to_its_user(face):
    """Without a scope the same key with other credentials is refused; the response is never shown to another user."""
    call = face(idempotency=ONCE)
    found = [call("POST", "/bookings", [KEY, ("Authorization", f"Bearer {user}")], b"{}") for user in "aba"]
    assert [answer.status for answer in found] == [201, 409, 201]
    problem(found[1], "idempotency-key-owner")
    assert found[0].json["calls"] == found[2].json["calls"] == 1


@pytest.mark.parametrize(
    "scope",
    [
        lambda request: request.headers.get("X-User"),
        lambda request: (
            request.headers["X-USER"] if "x-user" in list(request.headers) and len(request.headers) else None
        ),
        lambda request: dict(request.headers).get("x-user"),
        lambda request: request.cookies.get("who"),
        lambda request: request.get(b"x-user"),
    ],
    ids=["get", "item", "mapping", "cookie", "bytes"],
)
def test_whose_key_a_function_says(face, scope):
    """A scope reads the request as a framework's view does; without a user the owner rule of keys applies."""
    call = face(idempotency=Idempotency(routes=["POST /bookings"], scope=scope))
    for number, user in enumerate(("ann", "bob", "ann|b"), 1):
        lines = [KEY, ("X-User", user), ("Cookie", f"theme=dark; who={user}; ")]
        assert call("POST", "/bookings", lines, b"{}").json["calls"] == number
        assert call("POST", "/bookings", lines, b"{}").get("idempotent-replayed") == "true"
    found = [call("POST", "/bookings", [KEY, ("Authorization", user)], b"{}") for user in ("Bearer 1", "Bearer 2")]
    assert [answer.status for answer in found] == [201, 409]
    assert found[0].json["calls"] == 4


@pytest.mark.parametrize(
    "lines",
    [
        [""], ['""'], ["a b"], ["k" * 256], ["k" * 10_240], ["clé"], ["a\tb"], ["a", "b"], ['"a", "b"'], ['"a'],
    ],
)  # fmt: skip
def test_malformed_keys(face, lines):
    """Empty, too long, not ASCII, two of them: 400, and nothing ran."""
    call = face(idempotency=ONCE)
    refused = call("POST", "/bookings", [("Idempotency-Key", line) for line in lines], b"{}")
    assert refused.status == 400
    assert problem(refused, "/problems/idempotency-key-malformed")
    assert face.calls == {}


def test_a_required_key(face):
    """Where a key is required, a request without one is told so; elsewhere it passes."""
    call = face(idempotency=Idempotency(routes=["POST /bookings"], required=True))
    refused = call("POST", "/bookings", [], b"{}")
    assert refused.status == 400
    assert problem(refused, "/problems/idempotency-key-missing")
    assert call("POST", "/plain", [], b"{}").status == 200


def test_an_error_is_an_answer(face):
    """A handler that raised may have charged: its 500 is the answer to every retry."""
    call = face(idempotency=ONCE)
    answers = [call("POST", "/boom", [KEY], b"{}") for _ in range(2)]
    assert [answer.status for answer in answers] == [500, 500]
    assert face.calls == {"/boom": 1}


def test_an_answer_that_breaks_off_is_an_error(face):
    """What is kept for replay has not left yet: an app that raises in the middle of it is answered 500, with all that
    a 500 must carry, and the retry gets the same and runs nothing."""
    call = face(idempotency=ONCE, cors=CORS_APP)
    answers = [call("POST", "/breaks", [KEY, ("Origin", APP)], b"{}") for _ in range(2)]
    for answer in answers:
        assert answer.status == 500
        assert b"one" not in answer.body
        assert answer.all("access-control-allow-origin") == [APP]
    assert answers[1].get("idempotent-replayed") == "true"
    assert face.calls == {"/breaks": 1}


def test_a_handler_that_knows_better(face):
    """SafeToRetry frees the key: the retry runs."""
    call = face(idempotency=ONCE)
    first = call("POST", "/unsure", [KEY], b"{}")
    assert first.status == 503
    assert problem(first, "/problems/safe-to-retry")
    assert call("POST", "/unsure", [KEY], b"{}").json["calls"] == 2


def test_bodies(face):
    """A body that is too large is refused and not run unprotected; one that was cut short is never taken for whole;
    one in chunks is the same request as the same bytes in one piece."""
    call = face(idempotency=Idempotency(routes=["POST /bookings"], max_body=1000))
    refused = call("POST", "/bookings", [KEY], b"x" * 1001)
    assert refused.status == 413
    assert problem(refused, "/problems/idempotency-key-too-large")
    assert call("POST", "/bookings", [KEY], b"x" * 800, chunks=[b"x" * 400, b"x" * 400], gone=True).status == 400
    assert face.calls == {}
    assert call("POST", "/bookings", [KEY], chunks=[b"one", b"two"]).json == {"calls": 1, "size": 6}
    assert call("POST", "/bookings", [KEY], b"onetwo").get("idempotent-replayed") == "true"


def test_chunks_without_an_end(face):
    """A server that passes chunks on and does not say that they end by themselves (PEP 3333 knows none): nobody could
    read that body, so nothing runs on it, and the key stays free."""
    if face.name not in WSGI:
        return  # under ASGI the server reads them
    call = face(idempotency=ONCE)
    refused = call("POST", "/bookings", [KEY, ("Transfer-Encoding", "chunked")])
    assert refused.status == 400
    assert problem(refused, "/problems/request-cut-short")
    assert call("POST", "/bookings", [KEY], b"one").json["calls"] == 1


def test_ten_megabytes(face):
    """A body of 10 MB passes whole where nothing needs to read it."""
    assert face(idempotency=ONCE)("POST", "/plain", [], b"x" * 10_000_000).json["size"] == 10_000_000


def test_a_larger_bound(face):
    """A bound above ten megabytes is kept as it was set: the body is read, and its retry is a replay."""
    call = face(idempotency=Idempotency(routes=["POST /bookings"], max_body=12_000_000))
    body = b"x" * 11_000_000
    assert call("POST", "/bookings", [KEY], body).json == {"calls": 1, "size": 11_000_000}
    assert call("POST", "/bookings", [KEY], body).get("idempotent-replayed") == "true"


def test_an_answer_too_large_to_keep(face):
    """It arrives whole; a retry is told that it was done, and nothing is run again."""
    call = face(idempotency=Idempotency(routes=["POST /large"], max_body=1000))
    assert len(call("POST", "/large", [KEY], b"{}").body) == 300_000
    again = call("POST", "/large", [KEY], b"{}")
    assert again.status == 409
    assert problem(again, "/problems/idempotency-key-answer-not-stored")
    assert face.calls == {"/large": 1}


# Everything at once.


def test_all_together(face):
    """All features in one pass: a replay is counted, granted and not run; a hit is counted and granted."""
    call = face(cors=CORS_APP, rate_limit="5/hour", cache=Cache(), idempotency=ONCE)
    origin = ("Origin", APP)
    for _ in range(2):
        hit = call("GET", "/coaches", [origin])
        booked = call("POST", "/bookings", [origin, KEY], b"{}")
    assert (hit.get("access-control-allow-origin"), booked.get("access-control-allow-origin")) == (APP, APP)
    assert booked.get("idempotent-replayed") == "true"
    assert booked.get("ratelimit").startswith('"default";r=1;')
    assert face.calls == {"/coaches": 1, "/bookings": 1}


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "\xff\xfe")], [("Origin", "x" * 10_240)], [("Cookie", "=;=;;")], [("Cache-Control", '"')],
        [("X-Forwarded-For", "'; drop")], [("If-None-Match", ",,,")], [("Accept", ""), ("Accept", "")],
        [("Authorization", "\x80\x81")] ],
)  # fmt: skip
def test_strange_headers(face, headers):
    """Whatever stands in a header, the answer is a clear one."""
    call = face(cors=CORS_APP, rate_limit="50/hour", cache=Cache(), idempotency=ONCE, trusted_proxies=1)
    assert call("GET", "/plain", headers).status in (200, 400)
