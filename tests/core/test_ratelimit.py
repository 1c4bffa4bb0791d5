"""What a rate limit says and does; that it never lets too much through is the stores' contract."""

import json

import pytest

from launchready.core.ratelimit import LimitPolicy, RateLimit
from launchready.exchange.window import Window
from launchready.http.routes import RouteTable
from support.flows import World, go, request, whole

WINDOWS = (Window(2, 10.0), Window(100, 3600.0))


def policy(name="default", **changes):
    return LimitPolicy(name, WINDOWS, lambda asked: asked.peer, **{"headers": "draft", "deny": False, **changes})


def feature(default, **routes):
    return RateLimit(default, RouteTable(routes))


def app(asked):
    del asked
    return 200, [], b"fine"


def run(limit, world, given):
    answer = whole(limit, world, given, app)
    return answer, answer.headers + given[0].adds


def test_refusal():
    """429 with Retry-After rounded up, the draft's fields, a registered problem type, never stored."""
    world = World()
    world.limit = 0
    answer, _ = run(feature(policy()), world, request())
    assert answer.status == 429
    assert answer.get(b"retry-after") == b"3"
    assert answer.get(b"cache-control") == b"no-store"
    assert answer.get(b"ratelimit-policy") == b'"default";q=2;w=10, "default;2";q=100;w=3600'
    assert answer.get(b"ratelimit") == b'"default";r=0;t=3'
    document = json.loads(answer.body)
    assert document["type"].endswith("#quota-exceeded")
    assert document["violated-policies"] == ["default"]


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ("draft", {b"ratelimit-policy", b"ratelimit"}),
        ("legacy", {b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset"}),
        ("off", set()),
    ],
)
def test_fields(headers, names):
    """The chosen notation on an answer that passes, and on one that does not; Retry-After on every refusal."""
    world = World()
    world.limit = 1
    passed, lines = run(feature(policy(headers=headers)), world, request())
    assert passed.status == 200
    assert {name for name, _ in lines} == names
    refused, _ = run(feature(policy(headers=headers)), world, request())
    assert {name for name, _ in refused.headers if b"ratelimit" in name} == names
    assert refused.get(b"retry-after")


def test_a_preflight_is_nobodys_request():
    """OPTIONS with both of its fields is not counted; a plain OPTIONS is."""
    world = World()
    ask = [(b"origin", b"https://a.example"), (b"access-control-request-method", b"PUT")]
    run(feature(policy()), world, request("OPTIONS", headers=ask))
    assert world.asked == []
    run(feature(policy()), world, request("OPTIONS", headers=ask[:1]))
    assert world.asked == ["Consume", "ConsumeLocal"]


def test_routes():
    """A route's own policy takes the place of the default; None is unlimited."""
    login, free = policy("login"), None
    limit = feature(policy(), **{"POST /login": login, "/static/*": free})
    for method, path, key in (
        ("POST", "/login", "rate:login:"),
        ("GET", "/login", "rate:default:"),
        ("GET", "/static/a", None),
    ):
        flow = limit.handle(request(method, path)[0])
        if key is None:
            assert go(flow, World()) is None
        else:
            assert next(flow).key == key + "192.0.2.1"


def test_store_down():
    """Counted in this process, or refused with 503 where the policy says so."""
    world = World()
    world.down = {"Consume"}
    answer, lines = run(feature(policy()), world, request())
    assert answer.status == 200
    assert (b"ratelimit-policy", policy().field[1]) in lines
    assert world.asked == ["Consume", "ConsumeLocal"]
    denied, _ = run(feature(policy(deny=True)), world, request())
    assert denied.status == 503
    assert json.loads(denied.body)["type"].endswith("/rate-limit-store-unavailable")


def test_shadow_counts_what_it_would_refuse():
    """The number is there for who decides whether to enforce; nothing else changes."""
    world, said = World(), []
    world.limit = 1
    limit = RateLimit(policy(shadow=True), RouteTable({}), tell=said.append)
    for _ in range(3):
        answer, lines = run(limit, world, request())
        assert (answer.status, lines) == (200, [])
    assert limit.counts == {"refused": 0, "would_refuse": 2, "banned": 0, "here": 0}
    assert len(said) == 2


@pytest.mark.parametrize("changes", [{}, {"refund": True}])
def test_what_passed_in_an_outage_counts(changes):
    """A store that knows nothing of it lets one more through; the process does not, and gives the unit back."""
    world, limit = World(), feature(policy(**changes))
    run(limit, world, request())
    world.down = {"Consume"}
    run(limit, world, request())
    world.down = set()
    world.asked.clear()
    world.here = 0
    answer, _ = run(limit, world, request())
    assert answer.status == 429
    assert world.asked == ["Consume", "ConsumeLocal", "Refund"]
    fresh = feature(policy(**changes))
    assert run(fresh, world, request())[0].status == 429  # the store may have lost counts without an outage
