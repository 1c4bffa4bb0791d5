"""The cache as a flow: answered from a dict, on a clock set by the test."""

import pytest

from launchready.core.cache import PROFILES, CacheFeature, CacheState, Storability, StoredResponse, dump, load, size
from launchready.exchange.app import Copy, Forward, Join
from launchready.exchange.store import Space
from launchready.http.message import Response
from launchready.http.routes import RouteTable
from support.flows import World, go, request, whole

SPACE = Space("cache", dump, load, size, evictable=True)


class App:
    """Counts its calls; each response body is the number of the call."""

    def __init__(self, *headers, status=200):
        self.headers = [(name, value) for name, value in headers]
        self.status = status
        self.calls = 0

    def __call__(self, asked):
        self.calls += 1
        return self.status, self.headers, b"%d" % self.calls


def cache(world, profile="safe", *, shared_store=False, **routes):
    def wall():
        return 1_700_000_000 + world.now

    policy = PROFILES[profile]
    storing = Storability(policy, RouteTable(routes), wall=wall)
    return CacheFeature(
        CacheState(policy, storing, SPACE, max_body=1000, clock=lambda: world.now, wall=wall, shared_store=shared_store)
    )


def status(response):
    return [value.decode() for name, value in response.headers if name == b"cache-status"]


FRESH = (b"cache-control", b"max-age=60")


def test_fresh_then_stale():
    """A response is served with its Age while fresh, and requested again afterwards."""
    world, app = World(), App(FRESH)
    feature = cache(world)
    assert status(whole(feature, world, request(), app)) == ["launchready; fwd=uri-miss; stored"]
    world.now = 59
    again = whole(feature, world, request(), app)
    assert (again.body, again.get(b"age"), status(again)) == (b"1", b"59", ["launchready; hit; ttl=1"])
    world.now = 60
    assert whole(feature, world, request(), app).body == b"2"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(b"cache-control", b"no-store, max-age=60")],
        [(b"cache-control", b"private, max-age=60")],
        [(b"cache-control", b"max-age=60"), (b"cache-control", b"private")],
        [FRESH, (b"set-cookie", b"a=1")],
        [FRESH, (b"vary", b"*")],
        [FRESH, (b"vary", b"accept"), (b"vary", b"*")],
        [FRESH, (b"age", b"60")],
        [FRESH, (b"content-length", b"7")],
        [FRESH, (b"content-type", b"text/event-stream")],
        [(b"expires", b"0")],
        [(b"expires", b"Sun, 06 Nov 1994 08:49:37 GMT")],
        [(b"etag", b'"v1"'), (b"last-modified", b"Sun, 06 Nov 1994 08:49:37 GMT")],
    ],
)
def test_not_stored(lines):
    """Without explicit freshness, with a forbidding header, or truncated: every request reaches the app."""
    world, app = World(), App(*lines)
    feature = cache(world)
    assert [whole(feature, world, request(), app).body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("code", [201, 206, 299, 304, 400, 401, 403, 429, 431, 500, 503])
def test_statuses_that_are_not_kept(code):
    """Only known, final, shareable statuses are stored."""
    world, app = World(), App(FRESH, status=code)
    feature = cache(world)
    assert [whole(feature, world, request(), app).body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize(
    "line",
    [
        (b"authorization", b"Bearer x"), (b"cookie", b"a=1"), (b"x-forwarded-host", b"evil"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked"), (b"cache-control", b"no-store"),
    ],
)  # fmt: skip
def test_requests_that_pass_by(line):
    """A request with credentials, a body or a steering header is neither served from the store nor stored."""
    world, app = World(), App(FRESH)
    feature = cache(world)
    first = whole(feature, world, request(headers=[line]), app)
    assert status(first)[0].startswith("launchready; fwd=bypass; detail=")
    assert whole(feature, world, request(), app).body == b"2"
    assert whole(feature, world, request(headers=[line]), app).body == b"3"


@pytest.mark.parametrize(
    "line", [(b"cache-control", b"no-cache"), (b"cache-control", b"max-age=0"), (b"pragma", b"no-cache")]
)
def test_reload(line):
    """A reload reaches the app, and the next request gets its response."""
    world, app = World(), App(FRESH)
    feature = cache(world)
    whole(feature, world, request(), app)
    assert whole(feature, world, request(headers=[line]), app).body == b"2"
    assert whole(feature, world, request(), app).body == b"2"


def test_vary():
    """One entry per variant; an absent header differs from an empty one; names ignore case."""
    world, app = World(), App(FRESH, (b"vary", b"Accept-Language, accept"))
    feature = cache(world)
    asks = [[], [(b"accept-language", b"")], [(b"accept-language", b"de")], [(b"accept-language", b"en")],
            [(b"accept", b"de")], [(b"accept-language", b"de"), (b"accept", b"x")]]  # fmt: skip
    for _ in range(2):
        assert [whole(feature, world, request(headers=ask), app).body for ask in asks] == [
            b"%d" % n for n in range(1, 7)
        ]


def test_invalidation_reaches_every_variant():
    """A successful change invalidates all variants of the URL; a failed one none."""
    world, app = World(), App(FRESH, (b"vary", b"accept"))
    feature = cache(world)
    asks = [[(b"accept", b"a")], [(b"accept", b"b")]]
    for ask in asks:
        whole(feature, world, request(headers=ask), app)
    whole(feature, world, request("POST"), App(status=500))
    assert [whole(feature, world, request(headers=ask), app).body for ask in asks] == [b"1", b"2"]
    whole(feature, world, request("POST"), App(status=303))
    assert [whole(feature, world, request(headers=ask), app).body for ask in asks] == [b"3", b"4"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ((b"if-none-match", b'"v1"'), 304),
        ((b"if-none-match", b'W/"v1"'), 304),
        ((b"if-none-match", b'"v0" , "v1"'), 304),
        ((b"if-none-match", b"*"), 304),
        ((b"if-none-match", b'"v2"'), 200),
        ((b"if-none-match", b"v1"), 200),
        ((b"if-modified-since", b"Sun, 06 Nov 1994 08:49:37 GMT"), 304),
        ((b"if-modified-since", b"tomorrow"), 200),
    ],
)
def test_not_modified(line, code):
    """RFC 9110 section 13.1: weak comparison; a 304 has no body and repeats the metadata of the 200."""
    world = World()
    app = App(FRESH, (b"etag", b'"v1"'), (b"last-modified", b"Sun, 06 Nov 1994 08:49:37 GMT"), (b"x-own", b"1"))
    feature = cache(world)
    whole(feature, world, request(), app)
    answer = whole(feature, world, request(headers=[line]), app)
    assert answer.status == code
    assert answer.body == (b"" if code == 304 else b"1")
    assert answer.get(b"etag") == b'"v1"'
    assert (answer.get(b"x-own") is None) == (code == 304)


def test_if_none_match_speaks_before_if_modified_since():
    """If both are sent, only If-None-Match counts."""
    world, app = World(), App(FRESH, (b"etag", b'"v1"'), (b"last-modified", b"x"))
    feature = cache(world)
    whole(feature, world, request(), app)
    both = [(b"if-none-match", b'"v2"'), (b"if-modified-since", b"x")]
    assert whole(feature, world, request(headers=both), app).status == 200


def test_head_is_answered_from_a_get_and_stores_nothing():
    """HEAD uses a stored GET response; its own response is not stored."""
    world, app = World(), App(FRESH)
    feature = cache(world)
    whole(feature, world, request("HEAD"), app)
    assert whole(feature, world, request(), app).body == b"2"
    assert status(whole(feature, world, request("HEAD"), app))[0].startswith("launchready; hit")


def test_routes_give_freshness_to_answers_that_state_none():
    """Responses that state freshness keep their own."""
    world, silent, strict = World(), App(), App((b"cache-control", b"no-store"))
    feature = cache(world, **{"GET /x": 60})
    assert [whole(feature, world, request(path="/x"), silent).body for _ in range(2)] == [b"1", b"1"]
    world.data.clear()
    assert [whole(feature, world, request(path="/x"), strict).body for _ in range(2)] == [b"1", b"2"]


def test_keys_do_not_collide():
    """Host, path and query are each part of the key."""
    world, app = World(), App(FRESH)
    feature = cache(world)
    asks = [request(path="/a"), request(path="/a", query=b"b"), request(path="/ab")]
    assert [whole(feature, world, ask, app).body for ask in asks] == [b"1", b"2", b"3"]
    other = request(path="/a")
    other[0].fields[b"host"] = b"other.example"
    assert whole(feature, world, other, app).body == b"4"


@pytest.mark.parametrize("verb", ["Get", "Put", "Delete"])
def test_store_down(verb):
    """The app answers; a failing store operation affects no response."""
    world, app = World(), App(FRESH)
    world.down = {verb}
    feature = cache(world)
    assert whole(feature, world, request(), app).body == b"1"
    assert whole(feature, world, request("POST"), app).body == b"2"
    if verb == "Get":
        assert status(whole(feature, world, request(), app)) == ["launchready; fwd=bypass; detail=store"]


def flight(feature, world):
    flow = feature.handle(request()[0])
    return flow, go(flow, world)


def test_request_coalescing():
    """Two flows on one key: the second waits for the first and uses its response."""
    world = World()
    feature = cache(world)
    leader, forward = flight(feature, world)
    follower, join = flight(feature, world)
    assert isinstance(forward, Forward)
    assert isinstance(join, Join)
    woken = []
    assert join.flight.wait(lambda: woken.append(1))
    forward.answer = Response(200, [FRESH])
    copy = go(leader, world)
    assert isinstance(copy, Copy)
    assert not woken
    copy.answer = b"all"
    go(leader, world)
    assert woken == [1]
    join.answer = None
    assert go(follower, world).body == b"all"


def test_what_cannot_be_shared_is_waited_for_once():
    """After a private response, all waiting requests reach the app at once."""
    world = World()
    feature = cache(world)
    leader, forward = flight(feature, world)
    waiting = [flight(feature, world) for _ in range(3)]
    forward.answer = Response(200, [(b"cache-control", b"private")])
    go(leader, world)
    for _, join in waiting:
        join.answer = None
    assert all(isinstance(go(flow, world), Forward) for flow, _ in waiting)


def test_a_leader_that_hangs_is_not_waited_for_twice():
    """A request whose wait timed out goes to the app."""
    world = World()
    feature = cache(world)
    leader, _ = flight(feature, world)
    follower, join = flight(feature, world)
    join.answer = None
    assert isinstance(go(follower, world), Forward)
    leader.close()


def test_a_leader_whose_client_went_away():
    """One waiting request becomes the leader; the others wait for it."""
    world = World()
    feature = cache(world)
    leader, _ = flight(feature, world)
    waiting = [flight(feature, world) for _ in range(3)]
    leader.close()
    for _, join in waiting:
        join.answer = None
    assert [type(go(flow, world)) for flow, _ in waiting] == [Forward, Join, Join]


def test_over_a_wire():
    """``load`` inverts ``dump``: header order, bytes beyond ASCII, and pointers are kept."""
    stored = StoredResponse(200, [(b"x", b"\xff"), (b"x", b"2")], 60, (b"accept",))
    stored.body, stored.groups, stored.age, stored.ttl = b"\n\x00", ("coaches", "caf\u00e9"), 3, 90
    again = load(dump(stored))
    for name in ("status", "headers", "lifetime", "age", "vary", "body", "groups", "ttl", "flags"):
        assert getattr(again, name) == getattr(stored, name), name
