"""Safety of the cache in front of payments: one row each, in both faces and with every store.

A row is two requests to one URL, usually an anonymous one after a user's; ``asks`` is the expected number of app calls.
The rows come from the advisories of 2023 to 2026 (Django, Flask, Symfony), from published web cache poisoning and
deception attacks, and from running other caches.
"""

import asyncio
import contextlib
import gzip
import sqlite3
from typing import NamedTuple

import pytest

from faces.cache_stands import PAGE, STORES, stands
from launchready.core.cache import store_response
from launchready.exchange.store import Get, Put, PutIfAbsent, Replace, Space
from launchready.settings.cache import Cache
from support import servers
from support.keys import SECRET as STRONG

PUBLIC, FRESH = ("Cache-Control", "public, max-age=60"), ("Cache-Control", "max-age=60")
HTML = ("Content-Type", "text/html; charset=utf-8")
SECRET = "s3ss10n-" + "0123456789" * 2


class Row(NamedTuple):
    """``first`` and ``then``: header lines of the two requests; ``to``: the second URL, if it differs."""

    desc: str
    asks: int
    answer: tuple
    first: tuple = ()
    then: tuple = ()
    path: str = "/coaches"
    to: str | None = None
    status: int = 200
    body: object = PAGE
    method: str = "GET"
    sent: bytes = b""


def steering(name):
    return Row(f"{name} makes the app answer for another URL than the key says", 2, (PUBLIC,), ((name, "evil"),))


def denied(path):
    return Row(f"{path} is one person's by its name", 2, (("Cache-Control", "public, s-maxage=600"),), path=path)


ROWS = [
    # Nothing said, nothing stored (6 of 8 caches of the field store it).
    Row("an answer that says nothing", 2, ()),
    Row("Last-Modified alone is no freshness", 2, (("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),)),
    Row("an ETag alone is no freshness", 2, (("ETag", '"v1"'),)),
    Row("freshness that cannot be read", 2, (("Cache-Control", "max-age='60'"),)),
    Row("Expires in a form that is no HTTP-date", 2, (("Expires", "Thu 18 Aug 2050 02:01:18 UTC"),)),
    Row("freshness in a quoted extension", 2, (("Cache-Control", 'ext="max-age=3600"'),)),
    # What the app forbids.
    Row("no-store", 2, (("Cache-Control", "no-store, max-age=60"),)),
    Row("GHSA-8cjm: directives in capitals", 2, (("Cache-Control", "No-Store, Max-Age=60"),)),
    Row("private", 2, (("Cache-Control", "private, max-age=60"),)),
    Row("private with a field name", 2, (("Cache-Control", 'private="x-user", max-age=60'),)),
    Row("private on a second line", 2, (FRESH, ("Cache-Control", "private"))),
    Row("private beside a semicolon", 2, (("Cache-Control", "private; max-age=60"),)),
    Row("no-cache without a validator", 2, (("Cache-Control", "no-cache, max-age=60"),)),
    Row("a targeted field forbids what Cache-Control allows", 2, (FRESH, ("CDN-Cache-Control", "no-store"))),
    Row("a targeted field that is none does not speak", 2,
        (("CDN-Cache-Control", "max-age=60, &&"), ("Cache-Control", "no-store"))),
    Row("must-understand does not lift no-store here", 2, (("Cache-Control", "max-age=60, no-store, must-understand"),)),
    # Set-Cookie (Symfony GHSA-h7vf, caddyserver/cache-handler 124, CVE-2026-48588).
    Row("Set-Cookie, even with public", 2, (PUBLIC, ("Set-Cookie", "a=1"))),
    Row("Set-Cookie with s-maxage", 2, (("Cache-Control", "s-maxage=60"), ("Set-Cookie", "a=1"))),
    Row("Set-Cookie where the request has another cookie", 2, (PUBLIC, ("Set-Cookie", "a=1")), (("Cookie", "b=2"),)),
    Row("a one-time token in a header", 2, (PUBLIC, ("X-CSRF-Token", "t0k3n"))),
    Row("a session in a header", 2, (PUBLIC, ("X-Auth-Token", "t0k3n"))),
    # Credentials (CVE-2026-35192, CVE-2026-35193, CVE-2026-27205).
    Row("a signed-in page with max-age only", 2, (FRESH,), (("Cookie", "session=1"),)),
    Row("a signed-in page with Expires only", 2, (("Expires", "Thu, 18 Aug 2050 02:01:18 GMT"),), (("Cookie", "s=1"),)),
    Row("Authorization with max-age only", 2, (FRESH,), (("Authorization", "Bearer x"),)),
    Row("a key in a header of the app's own, with max-age only", 2, (FRESH,), (("X-API-Key", "a"),), (("X-API-Key", "b"),)),
    Row("a user that a gateway names", 2, (FRESH,), (("X-Forwarded-User", "a"),), (("X-Forwarded-User", "b"),)),
    *(Row(f"{name} names a user", 2, (FRESH,), ((name, "a"),), ((name, "b"),)) for name in (
        "X-Acme-Token", "X-Session", "Tailscale-User-Login", "X-Pomerium-Jwt-Assertion", "X-Authentik-Username",
        "Remote-User", "Remote-Email", "X-Auth-Request-Email", "Cf-Access-Jwt-Assertion", "X-Amzn-Oidc-Data",
        "X-Goog-Authenticated-User-Email", "X_Api_Key", "X-Functions-Key")),
    *(Row(f"{name} names a tenant, and public is not for all tenants", 2, (PUBLIC,), ((name, "a"),), ((name, "b"),))
      for name in ("X-Tenant-Id", "X-Organization", "X-Workspace-Id", "X_Tenant_Id", "X_Forwarded_Host")),
    Row("a token in a response header of the app's own", 2, (PUBLIC, ("X-Acme-Token", "x"))),
    Row("a stranger's page is not for who has a key", 2, (FRESH,), (), (("X-API-Key", "b"),)),
    Row("public is for everybody who has a key", 1, (PUBLIC,), (("X-API-Key", "a"),), (("X-API-Key", "b"),)),
    Row("a stranger's page is not shown to somebody signed in", 2, (FRESH,), (), (("Cookie", "session=1"),)),
    Row("nor to somebody with a token", 2, (FRESH,), (), (("Authorization", "Bearer x"),)),
    Row("must-revalidate says nothing of cookies", 2, (("Cache-Control", "max-age=60, must-revalidate"),),
        (("Cookie", "session=1"),)),
    Row("public is for everybody, the app says", 1, (PUBLIC,), (("Cookie", "session=1"),)),
    Row("s-maxage is for everybody, the app says", 1, (("Cache-Control", "s-maxage=60"),), (("Cookie", "session=1"),)),
    Row("public with Authorization (RFC 9111 section 3.5)", 1, (PUBLIC,), (("Authorization", "Bearer x"),)),
    Row("an empty Cookie is none", 1, (FRESH,), (("Cookie", ""),), (("Cookie", " "),)),
    Row("a second Cookie counts", 2, (FRESH,), (("Cookie", ""), ("Cookie", "session=1"))),
    # Vary (CVE-2026-6907, CVE-2026-113593, the joined keys of Django 5.2).
    Row("Vary: *", 2, (PUBLIC, ("Vary", "*"))),
    Row("Vary: * among others", 2, (PUBLIC, ("Vary", "Accept, *"))),
    Row("Vary: * on a second line", 2, (PUBLIC, ("Vary", "Accept"), ("Vary", "*"))),
    Row("an absent header is not an empty one", 2, (PUBLIC, ("Vary", "X-Tenant")), (("X-Tenant", ""),)),
    Row("values do not run into each other", 2, (PUBLIC, ("Vary", "X-A, X-B")), (("X-A", "p"), ("X-B", "qr")),
        (("X-A", "pq"), ("X-B", "r"))),
    Row("a value does not look like two", 2, (PUBLIC, ("Vary", "X-A, X-B")), (("X-A", "1\n2:b"),), (("X-A", "1"), ("X-B", "b"))),
    Row("names in Vary in any case", 2, (PUBLIC, ("Vary", "x-TENANT")), (("X-Tenant", "a"),), (("X-Tenant", "b"),)),
    Row("the value of a header keeps its case", 2, (PUBLIC, ("Vary", "X-A")), (("X-A", "a"),), (("X-A", "A"),)),
    Row("one variant is found again", 1, (PUBLIC, ("Vary", "Accept-Language")), (("Accept-Language", "de, en"),),
        (("Accept-Language", "DE,  en"),)),
    Row("the order of languages may matter to the app", 2, (PUBLIC, ("Vary", "Accept-Language")),
        (("Accept-Language", "de, en"),), (("Accept-Language", "en, de"),)),
    Row("a compression dictionary is no variant of ours (RFC 9842)", 2, (PUBLIC, ("Vary", "Available-Dictionary"))),
    Row("a coded body is not for who did not ask for it", 2, (PUBLIC, ("Content-Encoding", "br")),
        (("Accept-Encoding", "br"),), (("Accept-Encoding", "identity"),)),
    Row("a coded body is for who asked for the same", 1, (PUBLIC, ("Content-Encoding", "br"), ("Content-Type", "text/css")),
        (("Accept-Encoding", "br"),), (("Accept-Encoding", "br"),)),
    Row("Vary: Cookie keeps two visitors apart, though it says public", 2, (PUBLIC, ("Vary", "Cookie")),
        (("Cookie", "session=1"),), (("Cookie", "session=2"),)),
    Row("Vary: Authorization does the same", 2, (PUBLIC, ("Vary", "Authorization")),
        (("Authorization", "Bearer a"),), (("Authorization", "Bearer b"),)),
    # Poisoning by what is not in the key.
    *map(steering, ("X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Port", "X-Host",
                    "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Prefix",
                    "X-Original-Host", "X-HTTP-Host-Override", "X-Forwarded-Protocol", "X-URL-Scheme", "Script-Name",
                    "X-Original-Path", "X-Envoy-Original-Path", "Front-End-Https")),
    Row("a steered request gets nothing from the store", 2, (PUBLIC,), (), (("X-Forwarded-Host", "evil"),)),
    Row("a body on GET", 2, (PUBLIC,), sent=b"q=evil"),
    Row("a body on GET, announced and empty, is none", 1, (PUBLIC,), (("Content-Length", "0"),)),
    Row("a header that provokes an error for everybody (CPDoS)", 2, (PUBLIC,), status=400),
    Row("a server error with freshness", 2, (PUBLIC,), status=503),
    Row("a refusal with freshness", 2, (PUBLIC,), status=401),
    Row("another one", 2, (PUBLIC,), status=403),
    Row("a part of a file", 2, (PUBLIC, ("Content-Range", "bytes 0-1/9")), (("Range", "bytes=0-1"),), status=206),
    # The key is the URL, byte for byte.
    Row("another query", 2, (PUBLIC,), path="/coaches?a=1", to="/coaches?a=2"),
    Row("the same parameters in another order", 2, (PUBLIC,), path="/coaches?a=1&b=2", to="/coaches?b=2&a=1"),
    Row("a query and none", 2, (PUBLIC,), path="/coaches?", to="/coaches/"),
    Row("capitals in a path", 2, (PUBLIC,), path="/coaches", to="/Coaches"),
    Row("a slash at the end", 2, (PUBLIC,), path="/coaches", to="/coaches/"),
    Row("a question mark in a path is no query", 2, (PUBLIC,), path="/a%3Fb", to="/a?b"),
    Row("another parameter by a semicolon", 2, (PUBLIC,), path="/coaches?a=1;b=2", to="/coaches?a=1"),
    # Cache deception: no rule here looks at extensions.
    Row("an account under the name of a style sheet", 2, (HTML,), (("Cookie", "session=1"),), path="/profile/x.css"),
    Row("an account behind an encoded slash", 2, (HTML,), (("Cookie", "session=1"),), path="/profile%2Fx.css"),
    # One person's by its name, whatever it says.
    *map(denied, ("/login", "/logout", "/signup", "/password/reset", "/oauth/callback", "/checkout", "/api/v1/pay",
                  "/payments/7", "/webhooks/stripe", "/bookings", "/bookings/7/confirm", "/bookings/new", "/availability",
                  "/api/slots", "/account", "/me", "/api/me/sessions", "/admin/users", "/api-keys", "/my-bookings",
                  "/forgot-password", "/orders/7", "/Account", "/health", "/konto", "/buchung", "/patients/3",
                  "/mon-compte", "/citas", "/ordini/7", "/minha-conta", "/winkelwagen", "/zamowienia", "/bokning", "/kurv")),
    Row("what is free, where the app says so itself, for half a minute", 1, (("Cache-Control", "s-maxage=30"),),
        path="/availability"),
    Row("what is free, for longer", 2, (("Cache-Control", "s-maxage=31"),), path="/availability"),
    Row("a name that only begins like one", 1, (PUBLIC,), path="/payroll-guide"),
    Row("what is for one origin is not for another", 2, (PUBLIC, ("Access-Control-Allow-Origin", "https://a.example")),
        (("Origin", "https://a.example"),), (("Origin", "https://b.example"),)),
    Row("what is for every origin is for all", 1, (PUBLIC, ("Access-Control-Allow-Origin", "*")),
        (("Origin", "https://a.example"),), (("Origin", "https://b.example"),)),
    # Bodies.
    Row("a body shorter than announced", 2, (PUBLIC, ("Content-Length", "999"))),
    Row("a body longer than announced", 2, (PUBLIC, ("Content-Length", "3"))),
    Row("an event stream", 2, (PUBLIC, ("Content-Type", "text/event-stream"))),
    Row("a body over the bound", 2, (PUBLIC,), body=b"x" * 5000),
    Row("a body in chunks over the bound", 2, (PUBLIC,), body=[b"x" * 900] * 5),
    Row("a form's one-time token in a page", 2, (PUBLIC, HTML),
        body=b'<input type="hidden" name="csrfmiddlewaretoken" value="x">'),
    *(Row(f"a one-time token named {name}", 2, (PUBLIC, HTML), body=f'<input name="{name}" value="x">'.encode())
      for name in ("_token", "_xsrf", "authenticity_token", "__RequestVerificationToken", "csrf")),
    Row("a token in a page that the app compresses", 2, (PUBLIC, HTML, ("Content-Encoding", "gzip")),
        (("Accept-Encoding", "gzip"),), (("Accept-Encoding", "gzip"),),
        body=gzip.compress(b'<input name="csrf" value="x">')),
    Row("a compressed page without a token", 1, (PUBLIC, HTML, ("Content-Encoding", "gzip")),
        (("Accept-Encoding", "gzip"),), (("Accept-Encoding", "gzip"),), body=gzip.compress(b"<p>Coaches</p>")),
    Row("a page in an encoding that cannot be searched", 2, (PUBLIC, HTML, ("Content-Encoding", "br")),
        (("Accept-Encoding", "br"),), (("Accept-Encoding", "br"),)),
    Row("a token in XHTML", 2, (PUBLIC, ("Content-Type", "application/xhtml+xml")), body=b'<input name="csrf" value="x"/>'),
    Row("a token in JSON", 2, (PUBLIC, ("Content-Type", "application/json")), body=b'{"csrfToken": "x"}'),
    Row("a token in a meta tag", 2, (PUBLIC, HTML), body=b'<meta name="csrf-token" content="x">'),
    Row("the value of a cookie in a page", 2, (PUBLIC, HTML), (("Cookie", f"csrftoken={SECRET}"),),
        body=f"<b>{SECRET}</b>".encode()),
    Row("a nonce that would be used twice", 2, (PUBLIC, HTML, ("Content-Security-Policy", "script-src 'nonce-r4nd0m'"))),
    # Methods.
    Row("what answers POST is not what answers GET", 2, (PUBLIC,), method="POST"),
    Row("what answers HEAD has no body to store", 2, (PUBLIC,), method="HEAD"),
    Row("Pragma of HTTP/1.0, where there is no Cache-Control", 2, (PUBLIC,), (), (("Pragma", "no-cache"),)),
    Row("Pragma does not count beside Cache-Control", 1, (PUBLIC,), (),
        (("Pragma", "no-cache"), ("Cache-Control", "max-age=60"))),
    Row("no-cache with a field name", 2, (("Cache-Control", 'public, max-age=60, no-cache="set-cookie"'),)),
    Row("what the request does not want stored", 2, (PUBLIC,), (("Cache-Control", "no-store"),)),
    # And what is to be shared is shared.
    Row("a public page", 1, (PUBLIC,)),
    Row("a page with max-age for strangers", 1, (FRESH,)),
    Row("a page that is not there", 1, (PUBLIC,), status=404),
    Row("a page that moved", 1, (PUBLIC, ("Location", "/team")), status=301),
]  # fmt: skip


@pytest.fixture(params=STORES)
def url(request, tmp_path):
    return servers.store_url(request.param, tmp_path)


@pytest.fixture(params=["asgi", "wsgi"])
def stand(request, url):
    with stands(request.param, url) as make:
        yield make


def test_rows(stand):
    """All rows in turn: a server's store holds them at the same time."""
    wrong = []
    for row in ROWS:
        at = stand((row.status, list(row.answer), row.body), cache=Cache(max_body=2000))
        at(row.path, row.first, method=row.method, body=row.sent)
        answer = at(row.to or row.path, row.then)
        if at.asked != row.asks:
            wrong.append(f"{row.desc}: the app was asked {at.asked} times ({answer.get('cache-status')})")
        assert answer.status == row.status, row.desc
    assert wrong == []


def test_there_are_sixty():
    """The table has the agreed length and no duplicates."""
    assert len(ROWS) >= 60
    assert len({row.desc for row in ROWS}) == len(ROWS)


# What a row of two requests cannot say.


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_an_event_stream_is_never_held(face):
    """The first event leaves before the second is made."""
    made, left = [], []

    if face == "asgi":
        from launchready.asgi import LaunchReadyMiddleware

        async def app(scope, receive, send):
            head = [(b"content-type", b"text/event-stream"), (b"cache-control", b"max-age=60")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            for number in range(3):
                made.append(number)
                await send({"type": "http.response.body", "body": b"%d" % number, "more_body": number < 2})

        async def main():
            async def receive():
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message):
                if "body" in message:
                    left.append(made[:])

            scope = {
                "type": "http", "method": "GET", "path": "/events", "raw_path": b"/events", "query_string": b"",
                "headers": [(b"host", b"x")], "client": ("192.0.2.1", 1), "scheme": "https", "root_path": "",
            }  # fmt: skip
            await LaunchReadyMiddleware(app, cache=Cache())(scope, receive, send)

        asyncio.run(main())
    else:
        from launchready.wsgi import LaunchReadyMiddleware

        def events():
            for number in range(3):
                made.append(number)
                yield b"%d" % number

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "max-age=60")])
            return events()

        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/events", "HTTP_HOST": "x", "wsgi.url_scheme": "https"}
        body = LaunchReadyMiddleware(app, cache=Cache())(environ, lambda status, headers: None)
        left += [made[:] for _ in body]
    assert left == [[0], [0, 1], [0, 1, 2]]


def test_fields_that_connection_names_are_not_replayed(stand):
    """RFC 9110 section 7.6.1: fields named by Connection belong to one connection."""
    at = stand(
        (200, [PUBLIC, ("Connection", "X-User, close"), ("X-User", "alice"), ("X-Kept", "1")], PAGE), cache=Cache()
    )
    at()
    hit = at()
    assert [hit.get(name) for name in ("x-user", "connection", "x-kept")] == [None, None, "1"]
    assert at.asked == 1


@pytest.mark.parametrize("secret", [None, STRONG])
@pytest.mark.parametrize("vary", [(), (("Vary", "Accept-Language"),)])
def test_an_answer_under_another_key(stand, url, secret, vary):
    """A response copied to another key in the store is ignored, and the app is asked."""
    at = stand(lambda _, path, __: (200, [PUBLIC, *vary], path.encode()), cache=Cache(), secret_key=secret)
    raw = Space("cache", bytes, bytes, len, evictable=True)
    with stored_keys() as keys:
        at("/a")
        mine, keys[:] = keys[:], []
        at("/b")
    if url.startswith("memory:"):
        return  # nobody else writes the memory of a process
    for theirs, own in zip(keys, mine, strict=True):
        taken = Get(raw, own)
        at.middleware.stack.adapter._store.execute(taken)
        if b"\n/a" in taken.answer.value:
            at.middleware.stack.adapter._store.execute(Put(raw, theirs, taken.answer.value, 60))
    assert [at("/b").body for _ in range(2)] == [b"/b"] * 2
    assert [path for _, path, _ in at.calls] == ["/a", "/b", "/b"]


@contextlib.contextmanager
def stored_keys():
    """The keys of responses written meanwhile, in order."""
    keys = []

    def seen(make):
        def init(self, space, key, *rest, **more):
            if space.name == "cache" and key not in keys:
                keys.append(key)
            make(self, space, key, *rest, **more)

        return init

    with pytest.MonkeyPatch.context() as patch:
        for verb in (Put, Replace, PutIfAbsent):
            patch.setattr(verb, "__init__", seen(verb.__init__))
        yield keys


def test_half_an_answer_leaves_nothing(stand):
    """After a truncated response or a disconnect the next request reaches the app."""

    def broken():
        yield b"half of "
        raise RuntimeError("the handler failed")

    at = stand((200, [PUBLIC], broken()), cache=Cache())
    with contextlib.suppress(RuntimeError, AssertionError):
        at()
    at.answer = (200, [PUBLIC], PAGE)
    assert at().body == PAGE
    assert at.asked == 2


def test_an_app_that_raises(stand):
    """A failure is not shared."""

    def raises(*_):
        raise RuntimeError("the handler failed")

    at = stand(raises, cache=Cache(routes={"GET /coaches": "60s"}))
    assert at().status == 500
    at.answer = (200, [], PAGE)
    assert [at().status for _ in range(2)] == [200, 200]
    assert at.asked == 2


def test_a_store_in_memory_is_bounded():
    """Bytes, entries and all remembered state stay within their bounds."""
    with stands("wsgi", "memory://") as stand:
        at = stand((200, [PUBLIC], b"x" * 10_000), cache=Cache(max_bytes=1_000_000, max_body=20_000, max_entries=500))
        for number in range(3000):
            at(f"/coaches/{number}?q={number}")
            at(f"/coaches/{number}", method="POST")
        store = at.middleware.stack.adapter._store
        [room] = [room for room in store._tables.values() if room.name == "cache"]
        assert len(room.rows) <= 500
        assert room.size <= 1_000_000
        state = at.middleware.stack.cache.feature._state
        assert len(state.changes.times) <= 1025
        assert len(state.counts.unfolded) <= 1024
        assert len(state.in_flight) == 0


def test_long_urls_count():
    """A long query counts towards the bound like a body."""
    with stands("wsgi", "memory://") as stand:
        at = stand((200, [PUBLIC], b"x"), cache=Cache(max_bytes=1_000_000, max_body=20_000))
        for number in range(300):
            at(f"/coaches?q={number}{'x' * 8000}")
        [room] = [room for room in at.middleware.stack.adapter._store._tables.values() if room.name == "cache"]
        assert sum(len(key) for key in room.rows) < 1_000_000


def test_variants_of_one_url_are_bounded(monkeypatch):
    """Invented languages cannot fill the store with one URL; 1,500 variants are found as fast as ten."""
    with stands("wsgi", "memory://") as stand:
        at = stand((200, [PUBLIC, ("Vary", "Accept-Language")], b"x"), cache=Cache())

        def ask(many):
            for number in range(many):
                at("/coaches", [("Accept-Language", f"x-{number}")])

        ask(1500)
        ask(1500)
        assert at.asked == 1500
        monkeypatch.setattr(store_response, "MAX_VARIANTS", 1600)
        ask(1700)
        before = at.asked
        at("/coaches", [("Accept-Language", "x-0")])
        assert at.asked == before + 1


def test_fields_of_one_request_are_not_replayed(stand):
    """Request ids, timings and rate limit headers are not stored."""
    own = (
        "X-Request-ID",
        "X-Correlation-ID",
        "Server-Timing",
        "RateLimit",
        "RateLimit-Policy",
        "X-RateLimit-Remaining",
    )
    at = stand((200, [PUBLIC, *((name, "1") for name in own), ("X-Kept", "1")], PAGE), cache=Cache())
    assert at().get("x-request-id") == "1"
    hit = at()
    assert hit.get("x-kept") == "1"
    assert [name for name in own if hit.get(name.lower())] == []
    assert at.asked == 1


@pytest.mark.parametrize("secret", [None, STRONG])
@pytest.mark.parametrize("written", [b"garbage", b"{}\nx", b'{"n": 1}', b"", None])
def test_what_somebody_else_wrote_into_the_store(tmp_path, secret, written):
    """An unreadable entry, or one with a wrong signature, is ignored."""
    with stands("wsgi", f"sqlite:///{tmp_path}/store.db") as stand:
        at = stand((200, [PUBLIC], PAGE), cache=Cache(), secret_key=secret)
        at()
        assert at().body == PAGE
        with sqlite3.connect(f"{tmp_path}/store.db") as db:
            if written is None:
                db.execute("UPDATE launchready_cache SET value = replace(value, ?, ?)", (PAGE, PAGE.upper()))
            else:
                db.execute("UPDATE launchready_cache SET value = ?", (written,))
        db.close()
        if written is not None or secret:
            assert [at().body for _ in range(3)] == [PAGE] * 3
            assert at.asked == 2
