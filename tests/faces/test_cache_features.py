"""Cache features beyond storing, in both faces and with every store."""

import pytest

import launchready
from faces.cache_stands import PAGE, STORES, counting, settled, stands
from launchready.errors import ConfigError
from launchready.settings.cache import Cache
from support import servers

FRESH = ("Cache-Control", "max-age=60")
STALE = ("Cache-Control", "max-age=0, stale-while-revalidate=60")


@pytest.fixture(params=STORES)
def url(request, tmp_path):
    return servers.store_url(request.param, tmp_path)


@pytest.fixture(params=["asgi", "wsgi"])
def stand(request, url):
    with stands(request.param, url) as make:
        yield make


# Validation.


def test_validation(stand):
    """A stale response is validated; a 304 makes it fresh and updates its fields."""
    fresh = []

    def app(method, path, fields):
        if fields.get("if-none-match") == '"v1"':
            return 304, [("ETag", '"v1"'), ("X-Now", "2"), *fresh], b""
        return 200, [("ETag", '"v1"'), ("X-Now", "1"), ("Cache-Control", "max-age=0")], PAGE

    at = stand(app, cache=Cache())
    at()
    validated = at()
    assert (validated.status, validated.body, validated.get("x-now")) == (200, PAGE, "2")
    assert validated.get("cache-status") == "launchready; fwd=stale; fwd-status=304; stored"
    assert at("/coaches", [("If-None-Match", '"v1"')]).status == 304
    assert at("/coaches", [("If-None-Match", '"v0"')]).body == PAGE
    assert at.asked == 4
    fresh.append(("Cache-Control", "max-age=60"))
    at()
    assert at().get("cache-status").startswith("launchready; hit")
    assert at.asked == 5


def test_what_is_changed_replaces(stand):
    """A full response to a validation replaces the stored one."""
    bodies = iter((b"old", b"new"))
    at = stand(lambda *_: (200, [("ETag", '"x"'), ("Cache-Control", "no-cache")], next(bodies)), cache=Cache())
    assert [at().body for _ in range(2)] == [b"old", b"new"]
    at.answer = (304, [("Cache-Control", "max-age=60")], b"")
    assert [at().body for _ in range(2)] == [b"new", b"new"]
    assert at.asked == 3


def test_head_freshens(stand):
    """A matching HEAD response updates the stored one."""
    at = stand((200, [("ETag", '"v1"'), ("Cache-Control", "max-age=0")], PAGE), cache=Cache())
    at()
    at.answer = (200, [("ETag", '"v1"'), FRESH, ("X-New", "1")], b"")
    at(method="HEAD")
    hit = at()
    assert (hit.body, hit.get("x-new"), at.asked) == (PAGE, "1", 2)
    at.answer = (200, [("ETag", '"v2"'), FRESH], b"")


# Stale answers (RFC 5861).


def test_stale_while_revalidate(stand):
    """A stale response is served at once, one refresh runs behind it, and the next request gets the new response."""
    at = stand(counting(STALE), cache=Cache())
    assert at().body == b"1"
    stale = at()
    settled(at)
    assert stale.body == b"1"
    assert stale.get("cache-status") == "launchready; hit; ttl=0; detail=stale"
    assert at().body == b"2"
    settled(at)


def test_the_request_behind(stand):
    """The background request is a GET without credentials and client conditions."""
    at = stand((200, [("Cache-Control", "public, max-age=0, stale-while-revalidate=60"), ("ETag", '"v"')], PAGE),
               cache=Cache())  # fmt: skip
    at()
    at("/coaches", [("Cookie", "session=1"), ("If-None-Match", '"other"'), ("Accept-Language", "de")], method="HEAD")
    settled(at)
    method, _, fields = at.calls[-1]
    assert (method, at.asked, fields.get("accept-language")) == ("GET", 2, "de")
    assert "cookie" not in fields
    assert fields["if-none-match"] == '"v"'


def test_strict_answers_are_never_stale(stand):
    """must-revalidate, proxy-revalidate, s-maxage and no-cache always validate, whatever else is set."""
    for strict in ("must-revalidate", "proxy-revalidate", "s-maxage=0", "no-cache"):
        control = ("Cache-Control", f"max-age=0, stale-while-revalidate=60, stale-if-error=60, {strict}")
        at = stand((200, [control, ("ETag", '"v"')], PAGE), cache=Cache(stale_while_revalidate="60s"))
        at()
        at.answer = (503, [], b"down")
        assert at().status == 503, strict


@pytest.mark.parametrize("failure", [500, 502, 503, 504])
def test_stale_if_error(stand, failure):
    """A stale response covers a failing app for as long as it allows; other statuses are no failure."""
    at = stand((200, [("Cache-Control", "max-age=0, stale-if-error=60")], PAGE), cache=Cache())
    at()
    at.answer = (failure, [], b"down")
    covered = at()
    assert (covered.status, covered.body) == (200, PAGE)
    assert covered.get("cache-status") == "launchready; hit; ttl=0; detail=stale-if-error"
    at.answer = (404, [], b"gone")
    assert at().status == 404


def test_stale_if_error_of_the_settings(stand):
    """The settings apply to responses that state nothing; an exception counts as an error."""
    at = stand((200, [FRESH], PAGE), cache=Cache(stale_if_error="60s", routes={"GET /x": "60s"}))
    at("/x")
    launchready.purge("/x", soft=True)

    def raises(*_):
        raise RuntimeError("the handler failed")

    at.answer = raises
    assert at("/x").body == PAGE


# Changes.


def test_a_change_reaches_its_location(stand):
    """Location and Content-Location are invalidated on the same host only."""
    at = stand(counting(FRESH), cache=Cache())
    for path in ("/a", "/b", "/c"):
        at(path)
    at.answer = (201, [("Location", "/b"), ("Content-Location", f"https://other.example{'/c'}")], b"")
    at("/a", method="M-SEARCH")
    at.answer = counting(FRESH)
    before = at.asked
    for path in ("/a", "/b", "/c"):
        at(path)
    assert [path for _, path, _ in at.calls[before:]] == ["/a", "/b"]


def test_a_failed_change_reaches_nothing(stand):
    """A refused change invalidates nothing."""
    at = stand(counting(FRESH), cache=Cache())
    at()
    at.answer = (422, [], b"")
    at(method="POST")
    assert at().body == b"1"


# One user's own.


def test_private(stand):
    """Each user gets their own responses, and a request without a user gets none of them."""
    at = stand(counting(), cache=Cache(private={"GET /me": "10s"}, private_key="cookie:session"))
    alice, bob = [("Cookie", "session=alice")], [("Cookie", "session=bob")]
    assert [at("/me", who).body for who in (alice, bob, alice, bob)] == [b"1", b"2", b"1", b"2"]
    assert [at("/me").body for _ in range(2)] == [b"3", b"4"]
    assert at("/me", [("Authorization", "Bearer x")]).body == b"5"
    assert at("/other", alice).body == b"6"
    theme = [("Cookie", "theme=dark"), ("X-API-Key", "a")], [("Cookie", "theme=dark"), ("X-API-Key", "b")]
    assert [at("/me", who).body for who in theme] == [b"7", b"8"]
    at.answer = counting()
    both = [("Cookie", "session=alice; theme=dark"), ("Authorization", "Bearer bob")]
    assert [at("/me", who).body for who in (both, both, [("Cookie", "session=alice; session=bob")])] == [
        b"1",
        b"1",
        b"2",
    ]
    at.answer = (200, [("Set-Cookie", "a=1")], PAGE)
    assert at("/me", [("Cookie", "session=carol")]).get("cache-status") == "launchready; fwd=uri-miss"
    at.answer = (204, [], b"")
    at("/me", alice, method="POST")
    at.answer = (200, [], b"changed")
    assert at("/me", alice).body == b"changed"


def test_private_key(stand):
    """The app may identify the user; None means no user."""
    at = stand(counting(), cache=Cache(private={"GET /me": "10s"},
               private_key=lambda request: (request.get(b"x-user") or b"").decode() or None))  # fmt: skip
    users = [[("X-User", name), ("Cookie", f"now={number}")] for number, name in enumerate(("a", "b", "a"))]
    assert [at("/me", who).body for who in users] == [b"1", b"2", b"1"]
    assert [at("/me", [("Cookie", "session=1")]).body for _ in range(2)] == [b"3", b"4"]


def test_private_by_a_header(stand):
    """A key in a header, together with all other credentials."""
    at = stand(counting(), cache=Cache(private={"GET /me": "10s"}, private_key="header:X-API-Key"))
    a, b = [("X-API-Key", "a")], [("X-API-Key", "b")]
    asks = (a, b, a, [*a, ("Cookie", "session=1")], [*a, ("Authorization", "Bearer 1")], [("X-API-Key", "")])
    assert [at("/me", who).body for who in asks] == [b"1", b"2", b"1", b"3", b"4", b"5"]


def test_private_says_whose():
    """There is no default key: the missing option is refused with an example."""
    for key in (None, "session", "cookie:", "cookie:a b", 7):
        with stands("wsgi", "memory://") as stand, pytest.raises(ConfigError, match="cookie:sessionid") as refused:
            stand(cache=Cache(private={"GET /me": "10s"}, private_key=key))
        assert len(refused.value.problems) == 1


# Parts, tags, signed-in answers, proxies.


@pytest.mark.parametrize(
    ("wanted", "status", "body", "span"),
    [
        ("bytes=0-1", 206, b"01", "bytes 0-1/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"), ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"), ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"), ("bytes=3-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None), ("lines=0-1", 200, b"0123456789", None),
        ("bytes=", 200, b"0123456789", None),
    ],
)  # fmt: skip
def test_a_range_from_the_store(wanted, status, body, span):
    """RFC 9110 section 14: one byte range is cut; several or invalid ranges get the whole."""
    with stands("asgi", "memory://") as stand:
        at = stand((200, [FRESH, ("ETag", '"v"'), ("Content-Length", "10")], b"0123456789"), cache=Cache())
        at()
        got = at("/coaches", [("Range", wanted)])
        assert (got.status, got.body, got.get("content-range")) == (status, body, span)
        assert got.all("content-length") == [str(len(body))]
        assert at.asked == 1


def test_if_range(stand):
    """A part of the same representation, or the whole of another; a weak tag never matches."""
    dated = "Sun, 06 Nov 1994 08:49:37 GMT"
    at = stand((200, [FRESH, ("ETag", '"v"'), ("Last-Modified", dated)], PAGE), cache=Cache())
    at()
    for condition, status in (('"v"', 206), ('"w"', 200), ('W/"v"', 200), (dated, 206), ("yesterday", 200)):
        assert at("/coaches", [("Range", "bytes=0-1"), ("If-Range", condition)]).status == status, condition


def test_a_tag_for_an_app_that_gives_none(stand):
    """Equal bodies get the same weak ETag, which a client can validate with."""
    at = stand((200, [FRESH], PAGE), cache=Cache())
    at()
    tag = at().get("etag")
    assert tag.startswith('W/"')
    assert at("/coaches", [("If-None-Match", tag)]).status == 304
    assert at("/other").get("etag") is None
    assert at("/other").get("etag") == tag


def test_signed_in_answers_that_say_nothing(stand):
    """Responses for users without caching headers are marked private; static files and anonymous responses are not."""
    at = stand((200, [], PAGE), cache=Cache())
    for who in (("Cookie", "a=1"), ("Authorization", "Bearer x"), ("X-API-Key", "k")):
        assert at("/x", [who]).get("cache-control") == "private, no-store"
    assert at("/x").get("cache-control") is None
    at.answer = (200, [("Cache-Control", "max-age=5")], PAGE)
    assert at("/x", [("Cookie", "a=1")]).get("cache-control") == "max-age=5"
    at.answer = (200, [("Content-Type", "text/css"), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")], b"")
    assert at("/x", [("Cookie", "a=1")]).get("cache-control") is None
    at.answer = (200, [], PAGE)
    off = stand((200, [], PAGE), cache=Cache(mark_private=False))
    assert off("/x", [("Cookie", "a=1")]).get("cache-control") is None


def test_a_trusted_proxy(stand):
    """Forwarding headers of a trusted proxy are part of the key; from other peers they bypass the cache."""
    at = stand(counting(FRESH), cache=Cache(), trusted_proxies=["10.0.0.0/8"])
    proto = [[("X-Forwarded-Proto", each)] for each in ("https", "http", "https")]
    assert [at("/a", each, client="10.0.0.1").body for each in proto] == [b"1", b"2", b"1"]
    assert [at("/a", proto[0]).body for _ in range(2)] == [b"3", b"4"]
    at.answer = (204, [], b"")
    at("/a", proto[0], method="DELETE", client="10.0.0.1")
    at.answer = counting(FRESH)
    assert at("/a", proto[0], client="10.0.0.1").body == b"1"


def test_only_if_cached(stand):
    """only-if-cached gets 504 if nothing is stored."""
    at = stand((200, [FRESH], PAGE), cache=Cache())
    want = [("Cache-Control", "only-if-cached")]
    assert at("/a", want).status == 504
    at("/a")
    assert at("/a", want).body == PAGE
    assert at.asked == 1


def test_what_it_did(stand):
    """Counters by route: numbers and identifiers are folded."""
    at = stand((200, [FRESH], PAGE), cache=Cache())
    for path in ("/coaches/1", "/coaches/1", "/coaches/2"):
        at(path)
    at("/coaches/3", [("X-Forwarded-Host", "evil")])
    row = {"route": "/coaches/{}", "hit": 1, "miss": 2, "bypass x-forwarded-host": 1}
    assert at.middleware.status()["cache"] == [row]


# No-Vary-Search, and what could be cached.


def test_no_vary_search(stand):
    """Only the parameters named by the app are ignored."""
    at = stand(counting(FRESH, ("No-Vary-Search", 'key-order, params=("utm_source")')), cache=Cache())
    asks = ["/a?x=1&utm_source=m", "/a?x=1", "/a?utm_source=n&x=1", "/a?x=2", "/a?x=1&y=2", "/a?y=2&x=1", "/b?x=1"]
    assert [at(path).body for path in asks] == [b"1", b"1", b"1", b"2", b"3", b"3", b"4"]
    at.answer = (204, [], b"")
    at("/a?x=1&utm_source=other", method="POST")
    at.answer = counting(FRESH)
    assert at("/a?x=1").body == b"1"
    assert at("/a?x=1&utm_source=z").body == b"2"


def test_what_could_be_cached(stand):
    """Repeated equal responses without caching headers lead to a suggestion with the setting to write."""
    at = stand((200, [], PAGE), cache=Cache(mark_private=False))
    alice = [("Cookie", "session=alice")]
    for number in range(16 * 5):
        at("/coaches")
        at("/me", alice)
        at("/login")
        at.answer = (200, [], b"%d" % number)
        at("/clock")
        at.answer = (200, [], PAGE)
    rows = at.middleware.status()["cacheable"]
    assert {row["path"]: row["write"] for row in rows} == {
        "/coaches": 'Cache(routes={"GET /coaches": "60s"})',
        "/me": 'Cache(private={"GET /me": "60s"}, private_key="cookie:sessionid")',
    }  # fmt: skip
    assert {row["bytes"] for row in rows} == {len(PAGE)}
