"""RFC 9111 by section, in the rfc9111 profile.

A row: the app's response, seconds until the second request, and its outcome: ``hit``, ``miss``, or ``304`` for a
validation that the app confirms.
"""

import pytest

from core.cache.test_cache_flow import App, cache
from launchready.core.cache.cache_key import parse_vary
from launchready.core.cache.freshness import heuristic
from launchready.core.cache.language_negotiation import favourite
from launchready.http.dates import format_date
from support.flows import World, request, whole

NOW = 1_700_000_000


def at(seconds):
    return format_date(NOW + seconds)


def control(value):
    return (b"cache-control", value)


FRESH, DATE, ETAG = control(b"max-age=60"), (b"date", at(0)), (b"etag", b'"v1"')

ROWS = [
    # §3 storing
    ("3", "max-age", [FRESH], 1, "hit"),
    ("3", "s-maxage", [control(b"s-maxage=60")], 1, "hit"),
    ("3", "Expires", [DATE, (b"expires", at(60))], 1, "hit"),
    ("3", "no freshness, no validator, no way to guess", [], 1, "miss"),
    ("3", "private", [control(b"private, max-age=60")], 1, "miss"),
    ("3", "an extension makes no difference", [control(b"foobar, max-age=60")], 1, "hit"),
    ("3.1", "Set-Cookie is a field like any other", [FRESH, (b"set-cookie", b"a=1")], 1, "hit"),
    # §4.1 Vary
    ("4.1", "*", [FRESH, (b"vary", b"*")], 1, "miss"),
    ("4.1", "* after an empty member", [FRESH, (b"vary", b", *")], 1, "miss"),
    ("4.1", "a name that neither request has", [FRESH, (b"vary", b"foo")], 1, "hit"),
    # §4.2.1 freshness lifetime
    ("4.2.1", "the last fresh second", [FRESH], 59, "hit"),
    ("4.2.1", "the first stale one", [FRESH], 60, "miss"),
    ("4.2.1", "s-maxage speaks before max-age", [control(b"max-age=0, s-maxage=60")], 1, "hit"),
    ("4.2.1", "and forbids before it", [control(b"max-age=60, s-maxage=0")], 1, "miss"),
    ("4.2.1", "max-age speaks before Expires", [FRESH, DATE, (b"expires", at(-60))], 1, "hit"),
    ("4.2.1", "and forbids before it", [control(b"max-age=0"), DATE, (b"expires", at(60))], 1, "miss"),
    ("4.2.1", "the first of two counts", [control(b"max-age=60, max-age=0")], 1, "hit"),
    ("4.2.1", "Expires counts from Date", [(b"date", at(50)), (b"expires", at(60))], 11, "miss"),
    ("4.2.1", "Expires without Date counts from receipt", [(b"expires", at(60))], 59, "hit"),
    ("4.2.1", "Expires at the moment of Date", [DATE, (b"expires", at(0))], 0, "miss"),
    ("4.2.1", "max-age in quotes is read", [control(b'max-age="60"')], 1, "hit"),
    ("4.2.1", "in single quotes it is not", [control(b"max-age='60'")], 1, "miss"),
    ("4.2.1", "negative", [control(b"max-age=-60")], 1, "miss"),
    ("4.2.1", "with zeros in front", [control(b"max-age=0060")], 1, "hit"),
    ("4.2.1", "larger than any clock", [control(b"max-age=99999999999")], 86_400, "hit"),
    # §4.2.2 heuristic freshness
    ("4.2.2", "a tenth of its age", [DATE, (b"last-modified", at(-1000))], 99, "hit"),
    ("4.2.2", "and not more", [DATE, (b"last-modified", at(-1000)), (b"x", b"y")], 100, "304"),
    # §4.2.3 age
    ("4.2.3", "Age counts", [FRESH, (b"age", b"59")], 1, "miss"),
    ("4.2.3", "as much as it says", [FRESH, (b"age", b"58")], 1, "hit"),
    ("4.2.3", "a Date of long ago counts", [FRESH, (b"date", at(-60))], 0, "miss"),
    ("4.2.3", "a Date that is none does not", [FRESH, (b"date", b"foo")], 1, "hit"),
    ("5.1", "the first member", [FRESH, (b"age", b"0, 7200")], 1, "hit"),
    ("5.1", "of any line", [FRESH, (b"age", b"7200"), (b"age", b"0")], 1, "miss"),
    ("5.1", "no number is not there", [FRESH, (b"age", b"abc")], 1, "hit"),
    ("5.1", "nor is a fraction", [FRESH, (b"age", b"7200.0")], 1, "hit"),
    ("5.1", "larger than any clock", [FRESH, (b"age", b"2147483649")], 0, "miss"),
    # §4.3 validation
    ("4.3", "by ETag", [control(b"max-age=1"), ETAG], 2, "304"),
    ("4.3", "by Last-Modified", [control(b"max-age=1"), (b"last-modified", at(-1000))], 2, "304"),
    ("4.3", "no-cache, each time", [control(b"no-cache"), ETAG], 0, "304"),
    ("4.3", "no-cache beside freshness", [control(b"no-cache, max-age=60"), ETAG], 1, "304"),
    ("4.3", "kept for a day", [control(b"max-age=1"), ETAG], 86_000, "304"),
    # §5.2.2 response directives
    ("5.2.2.3", "must-understand lifts no-store", [control(b"max-age=60, no-store, must-understand")], 1, "hit"),
    ("5.2.2.5", "no-store", [control(b"max-age=60, no-store")], 1, "miss"),
    ("5.2.2.9", "public makes a guess possible", [control(b"public"), DATE, (b"last-modified", at(-1000))], 1, "hit"),
    # §5.3
    ("5.3", "no date has been over for long", [(b"expires", b"0")], 1, "miss"),
    ("5.3", "two lines are no date", [(b"expires", at(60)), (b"expires", at(61))], 1, "miss"),
    ("5.3", "RFC 850", [(b"expires", b"Thursday, 18-Aug-50 02:01:18 GMT")], 1, "hit"),
    ("5.3", "asctime", [(b"expires", b"Thu Aug 18 02:01:18 2050")], 1, "hit"),
    ("5.3", "letter case", [(b"expires", b"THU, 18 AUG 2050 02:01:18 gMT")], 1, "hit"),
    ("5.3", "another zone", [(b"expires", b"Thu, 18 Aug 2050 02:01:18 AEST")], 1, "miss"),
    ("5.3", "two spaces", [(b"expires", b"Thu, 18  Aug 2050 02:01:18 GMT")], 1, "miss"),
    ("5.3", "one digit", [(b"expires", b"Thu, 18 Aug 2050 2:01:18 GMT")], 1, "miss"),
    # RFC 9213
    ("9213", "a targeted field speaks first", [control(b"no-store"), (b"cdn-cache-control", b"max-age=60")], 1, "hit"),
    ("9213", "and forbids first", [FRESH, (b"cdn-cache-control", b"no-store")], 1, "miss"),
    ("9213", "and ends first", [FRESH, (b"cdn-cache-control", b"max-age=1")], 2, "miss"),
    ("9213", "Expires does not count beside it",
     [(b"expires", at(60)), (b"cdn-cache-control", b"must-revalidate")], 1, "miss"),
    ("9213", "one that is none does not speak", [FRESH, (b"cdn-cache-control", b"no-store, &&")], 1, "hit"),
    ("9213", "an empty one does not speak", [FRESH, (b"cdn-cache-control", b"")], 1, "hit"),
    ("9213", "a directive of another type is not there", [FRESH, (b"cdn-cache-control", b'max-age="60", x')], 1, "miss"),
    ("9213", "nor is one that says no", [FRESH, (b"cdn-cache-control", b"no-store=?0, max-age=60")], 1, "hit"),
]  # fmt: skip


class Validating(App):
    """An app that confirms every validation."""

    def __init__(self, *headers, status=200):
        super().__init__(*headers, status=status)
        self.confirmed = 0

    def __call__(self, asked):
        mine = dict(self.headers)
        sent = dict(asked.headers)
        etag, since = sent.get(b"if-none-match"), sent.get(b"if-modified-since")
        if (etag and etag == mine.get(b"etag")) or (since and since == mine.get(b"last-modified")):
            self.confirmed += 1
            return 304, self.headers, b""
        return super().__call__(asked)


@pytest.mark.parametrize(("section", "desc", "headers", "later", "comes"), ROWS)
def test_sections(section, desc, headers, later, comes):
    """The outcome of the second of two requests."""
    world, app = World(), Validating(*headers)
    feature = cache(world, "rfc9111")
    whole(feature, world, request(), app)
    world.now += later
    whole(feature, world, request(), app)
    got = "304" if app.confirmed else "miss" if app.calls == 2 else "hit"
    assert got == comes, (section, desc)


@pytest.mark.parametrize("status", [200, 203, 204, 299, 301, 302, 307, 308, 400, 404, 410, 499, 500, 502, 503, 599])
def test_every_final_status(status):
    """Section 3: every final status with explicit freshness is stored."""
    world, app = World(), App(FRESH, status=status)
    feature = cache(world, "rfc9111")
    assert [whole(feature, world, request(), app).body for _ in range(2)] == [b"1", b"1"]


@pytest.mark.parametrize("status", [206, 304])
def test_parts_of_an_exchange(status):
    """206 and 304 responses are not stored."""
    world, app = World(), App(FRESH, status=status)
    feature = cache(world, "rfc9111")
    assert [whole(feature, world, request(), app).body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("status", "headers", "stored"),
    [(200, [], True), (201, [], False), (403, [], False), (404, [], True), (599, [], False),
     (599, [control(b"public")], True)],
)  # fmt: skip
def test_what_may_be_guessed(status, headers, stored):
    """Section 4.2.2: heuristically cacheable statuses, and others only with public."""
    world, app = World(), App(*headers, DATE, (b"last-modified", at(-10_000)), status=status)
    feature = cache(world, "rfc9111")
    whole(feature, world, request(), app)
    assert (whole(feature, world, request(), app).body == b"1") is stored


def test_a_guess_has_a_bound():
    """Heuristic freshness is at most a day."""
    assert heuristic({b"last-modified": at(-(10**8))}, NOW) == 86_400
    assert heuristic({b"last-modified": at(60)}, NOW) == 0
    assert heuristic({b"last-modified": b"yesterday"}, NOW) == 0


@pytest.mark.parametrize(
    ("line", "headers", "comes"),
    [
        (b"max-age=30", [FRESH], "miss"), (b"max-age=31", [FRESH], "hit"), (b"min-fresh=30", [FRESH], "miss"),
        (b"min-fresh=29", [FRESH], "hit"), (b"no-cache", [FRESH], "miss"), (b"no-store", [FRESH], "miss"),
        (b"max-stale", [control(b"max-age=10"), ETAG], "hit"), (b"max-stale=21", [control(b"max-age=10"), ETAG], "hit"),
        (b"max-stale=20", [control(b"max-age=10"), ETAG], "304"), (b"no-transform", [FRESH], "hit"),
        (b"max-stale", [control(b"max-age=10, must-revalidate"), ETAG], "304"),
    ],
)  # fmt: skip
def test_what_the_request_says(line, headers, comes):
    """Section 5.2.1: request directives, 30 and 31 seconds later."""
    world, app = World(), Validating(*headers)
    feature = cache(world, "rfc9111")
    whole(feature, world, request(), app)
    world.now += 31
    whole(feature, world, request(headers=[control(line)]), app)
    assert ("304" if app.confirmed else "miss" if app.calls == 2 else "hit") == comes


def test_fields_of_a_connection_are_not_stored():
    """Section 3.1: fields named by Connection, proxy fields, Age and an inner Cache-Status are removed."""
    world = World()
    named = [(b"connection", b"A, b"), (b"a", b"1"), (b"b", b"2"), (b"c", b"3"), (b"keep-alive", b"x"), (b"te", b"x"),
             (b"proxy-authenticate", b"x"), (b"upgrade", b"x"), (b"cache-status", b"other; hit")]  # fmt: skip
    app = App(FRESH, *named)
    feature = cache(world, "rfc9111")
    whole(feature, world, request(), app)
    hit = whole(feature, world, request(), app)
    assert [name for name, _ in hit.headers] == [b"cache-control", b"c", b"age", b"cache-status"]


def test_what_a_304_changes():
    """Section 3.2: every field except those of the body."""
    world = World()
    app = Validating(control(b"max-age=1"), ETAG, (b"x", b"1"), (b"content-type", b"text/plain"))
    feature = cache(world, "rfc9111")
    whole(feature, world, request(), app)
    world.now += 2
    app.headers = [FRESH, ETAG, (b"x", b"2"), (b"y", b"3"), (b"content-type", b"text/html"), (b"content-length", b"0")]
    validated = whole(feature, world, request(), app)
    for answer in (validated, whole(feature, world, request(), app)):
        got = dict(answer.headers)
        assert (answer.body, got[b"x"], got[b"y"], got[b"content-type"]) == (b"1", b"2", b"3", b"text/plain")
        assert b"content-length" not in got
    assert app.calls == 1


@pytest.mark.parametrize(
    ("value", "names"),
    [(b"Accept, accept", (b"accept",)), (b"b , a", (b"a", b"b")), (b"", ()), (b"*", None), (b"a,*", None)],
)
def test_vary_is_a_list_of_names(value, names):
    """Section 4.1: any case and order, each name once."""
    assert parse_vary(value) == names


def test_post_that_is_what_get_would_be():
    """RFC 9110 section 9.3.3: only with Content-Location of the same URL and freshness."""
    world = World()
    feature = cache(world, "rfc9111")
    for location, stored in ((b"/", True), (b"/other", False), (b"http://[", False)):
        world.data.clear()
        app = App(FRESH, (b"content-location", location))
        whole(feature, world, request("POST"), app)
        assert (whole(feature, world, request(), app).body == b"1") is stored


LANGUAGES = [
    (b"de", b"de"), (b"en, de;q=0.9", b"en"), (b"fr;q=0.5, de;q=1.0", b"de"), (b"DE ; q=0.7, en;q=0.1", b"de"),
    (b"en, de", None), (b"de;q=x", None), (b"*", None), (b"", None), (b"de;q=0", None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "tag"), LANGUAGES)
def test_the_language_that_is_preferred(value, tag):
    """RFC 9110 section 12.5.4: the language with the highest weight, if there is exactly one."""
    assert favourite(value) == tag


@pytest.mark.parametrize(
    ("said", "profile", "hits"),
    [
        (b"de", "rfc9111", 1),
        (b"DE", "rfc9111", 1),
        (b"de, en", "rfc9111", 0),
        (b"en", "rfc9111", 0),
        (b"de", "safe", 0),
    ],
)
@pytest.mark.parametrize("shared_store", [False, True])
def test_an_answer_selected_by_its_language(said, profile, hits, shared_store):
    """Section 4.1: a fresh response for another client in the preferred language is used, in the rfc9111 profile."""
    world = World()
    app = App(FRESH, (b"vary", b"accept-language"), (b"content-language", said))
    feature = cache(world, profile, shared_store=shared_store)
    whole(feature, world, request(headers=[(b"accept-language", b"en, de")]), app)
    german = request(headers=[(b"accept-language", b"fr;q=0.5, de")])
    assert (whole(feature, world, german, app).body == b"1") == hits
    if hits:
        world.now += 60
        assert [whole(feature, world, german, app).body for _ in range(2)] == [b"2", b"2"]
