"""The states of a key, one transition a test, answered from a dict on a clock that the test sets."""

import itertools
import json
from hashlib import sha256

import pytest

from launchready.core.idempotency import (
    Idempotency,
    IdempotencyFlow,
    KeyContext,
    RoutePolicy,
    dump,
    fingerprint,
    load,
    lookup_key,
    parse_key,
    rerun,
)
from launchready.core.idempotency.flow import RENEWAL_GRACE
from launchready.core.idempotency.record import UNREADABLE, ClaimRecord
from launchready.errors import SafeToRetry
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import renewal_interval
from launchready.exchange.store import Renew
from launchready.http.message import Response
from launchready.http.routes import RouteTable
from support.flows import World, go, request, whole
from support.keys import key as uuid

TOKENS = (b"%d" % number for number in itertools.count())
KEY = (b"idempotency-key", uuid("order-1").encode())


def rule(**changes):
    options = {"keep": 3600.0, "lease": 60.0, "required": False, "wait": 0.0, "max_body": 100,
               "release_from": 1000, "scope": lambda _: "user"}  # fmt: skip
    return RoutePolicy(**{**options, **changes})


def feature(**changes):
    return Idempotency(RouteTable({"POST /pay": rule(**changes)}), vault())


def vault():
    return KeyContext(lambda: next(TOKENS))


def pay(*headers, body=b"{}", query=b""):
    return request("POST", "/pay", headers or (KEY,), query, body)


class App:
    def __init__(self, status=201, *headers, body=b"paid"):
        self.given = status, list(headers), body
        self.calls = 0

    def __call__(self, asked):
        self.calls += 1
        return self.given


def start(world, **changes):
    """A first request that is running: its flow, waiting at the app."""
    made, world.body = pay()
    flow = feature(**changes).handle(made)
    step = go(flow, world)
    assert isinstance(step, ForwardBuffered)
    return flow, step


def told(response):
    return response.status, json.loads(response.body)["type"].rpartition("/")[2]


def test_replay():
    """Done: the same status, headers and body again, marked, and without what belonged to one connection."""
    world, app = (
        World(),
        App(201, (b"location", b"/7"), (b"set-cookie", b"a=1"), (b"date", b"x"), (b"x", b"1"), (b"x", b"2")),
    )
    whole(feature(), world, pay(), app)
    again = whole(feature(), world, pay(), app)
    assert (again.status, again.body, app.calls) == (201, b"paid", 1)
    assert again.headers == [(b"location", b"/7"), (b"x", b"1"), (b"x", b"2"), (b"idempotent-replayed", b"true")]


def test_an_error_is_an_answer():
    """A 500 may have charged: it is replayed, not repeated."""
    world, app = World(), App(500)
    assert [whole(feature(), world, pay(), app).status for _ in range(3)] == [500] * 3
    assert app.calls == 1


def test_release_of_errors():
    """Where the settings say so a 5xx frees the key; a 4xx never does."""
    for status, calls in ((503, 2), (400, 1)):
        world, app = World(), App(status)
        for _ in range(2):
            whole(feature(release_from=500), world, pay(), app)
        assert app.calls == calls


def test_in_flight():
    """Running, and younger than its lease: 409, ask again; nothing runs."""
    world, app = World(), App()
    start(world)
    world.now = 59
    answer = whole(feature(), world, pay(), app)
    assert told(answer) == (409, "idempotency-key-in-flight")
    assert answer.get(b"retry-after") == b"1"
    assert app.calls == 0


def test_outcome_unknown():
    """Running for longer than its lease: 409 for as long as the key is kept; nothing runs."""
    world, app = World(), App()
    start(world)
    made = feature()
    for now in (60, 3500):
        world.now = now
        answer = whole(made, world, pay(), app)
        assert told(answer) == (409, "idempotency-key-outcome-unknown")
        assert answer.get(b"retry-after") is None
    assert app.calls == 0
    assert made.context.counts.unknown == 2
    assert made.context.counts.oldest_unknown == pytest.approx(3500 + renewal_interval(60) + RENEWAL_GRACE)


@pytest.mark.parametrize("changes", [{}, {"on_crash": rerun}], ids=["refuse", "rerun"])
def test_the_store_was_away_for_longer_than_a_lease(changes):
    """Who lives is heard of a moment after the store is back: its answer is the answer, and nothing runs again."""
    world, app = World(), App()
    flow, step = start(world, **changes)
    world.now = 100

    def heard():
        if world.now > 100 + RENEWAL_GRACE / 2:
            world.meanwhile = None
            step.answer = Response(201, [], b"late")
            assert go(flow, world) is None

    world.meanwhile = heard
    made = feature(**changes)
    assert whole(made, world, pay(), app).body == b"late"
    assert (app.calls, made.context.counts.unknown) == (0, 0)


def test_a_sign_of_life_after_the_lease():
    """It still runs: in flight, and not unknown."""
    world, app = World(), App()
    asked, world.body = pay()
    flow = feature(on_crash=rerun).handle(asked)
    go(flow, world)
    claim = asked.claimed
    world.now = 100

    def beat():
        world.meanwhile = None
        world.answer(Renew(claim.space, claim.key, claim.record(100.0), claim.ttl, claim.version))

    world.meanwhile = beat
    assert told(whole(feature(on_crash=rerun), world, pay(), app)) == (409, "idempotency-key-in-flight")
    assert app.calls == 0
    flow.close()


def test_a_late_answer_is_stored():
    """A handler slower than its lease still has the claim: its answer is what a retry gets."""
    world, app = World(), App()
    flow, step = start(world)
    world.now = 100
    step.answer = Response(201, [], b"late")
    assert go(flow, world) is None
    assert whole(feature(), world, pay(), app).body == b"late"
    assert app.calls == 0


def test_an_answer_to_a_lost_claim():
    """The key expired and another holds it: the first one's answer overwrites nothing."""
    world = World()
    first, step = start(world)
    world.now = 3600
    second, other = start(world)
    step.answer = Response(201, [], b"first")
    assert told(go(first, world)) == (409, "idempotency-key-in-flight")  # nor is it believed
    assert told(whole(feature(), world, pay(), App())) == (409, "idempotency-key-in-flight")
    other.answer = Response(201, [], b"second")
    assert go(second, world) is None
    assert whole(feature(), world, pay(), App()).body == b"second"


def test_keep():
    """Kept for so long after the answer, and free after that."""
    world, app = World(), App()
    whole(feature(), world, pay(), app)
    world.now = 3599
    whole(feature(), world, pay(), app)
    assert app.calls == 1
    world.now = 3600
    whole(feature(), world, pay(), app)
    assert app.calls == 2


@pytest.mark.parametrize(
    "other",
    [
        ("POST", "/pay", [KEY], b"", b"{ }"),
        ("POST", "/pay", [KEY], b"", b""),
        ("POST", "/pay", [KEY], b"a", b"{}"),
        ("POST", "/pay", [KEY, (b"content-type", b"text/plain")], b"", b"{}"),
    ],
)
@pytest.mark.parametrize("done", [True, False])
def test_mismatch(other, done):
    """The same key with another body, query or type: 422, whether the first is done or running."""
    world, app = World(), App()
    if done:
        whole(feature(), world, pay(), app)
    else:
        start(world)
    assert told(whole(feature(), world, request(*other), app)) == (422, "idempotency-key-mismatch")
    assert app.calls == done


def test_a_new_boundary_is_no_other_request():
    """The parameters of a content type may change from one attempt to the next."""
    one = pay(KEY, (b"content-type", b"multipart/form-data; boundary=a"))[0]
    two = pay(KEY, (b"content-type", b"multipart/form-data; boundary=b"))[0]
    assert fingerprint(one, b"") == fingerprint(two, b"")


def test_safe_to_retry():
    """The handler's own word frees the key."""
    world, app = World(), App()
    flow, _ = start(world)
    refusal = go(flow, world, error=SafeToRetry("no connection"))
    assert told(refusal) == (503, "safe-to-retry")
    assert whole(feature(), world, pay(), app).status == 201
    assert app.calls == 1


def test_safe_to_retry_while_the_store_is_down():
    """The client is told all the same; the key, which nobody could free, is never run twice."""
    world, app = World(), App()
    flow, _ = start(world)
    world.down = {"Delete"}
    assert told(go(flow, world, error=SafeToRetry(""))) == (503, "safe-to-retry")
    world.down.clear()
    assert told(whole(feature(), world, pay(), app)) == (409, "idempotency-key-in-flight")
    assert app.calls == 0


def test_what_the_app_raises_keeps_the_claim():
    """Whoever died may have charged: the error goes on, the key stays taken."""
    world = World()
    flow, _ = start(world)
    with pytest.raises(ZeroDivisionError):
        go(flow, world, error=ZeroDivisionError())
    assert told(whole(feature(), world, pay(), App())) == (409, "idempotency-key-in-flight")


def test_store_down_at_the_claim():
    """503, and nothing runs."""
    world, app = World(), App()
    world.down = {"PutIfAbsent"}
    answer = whole(feature(), world, pay(), app)
    assert told(answer) == (503, "idempotency-key-store-unavailable")
    assert answer.get(b"retry-after")
    assert app.calls == 0


def test_store_down_at_the_answer():
    """The customer gets the answer; a retry does not run again."""
    world, app = World(), App()
    world.down = {"Complete"}
    assert whole(feature(), world, pay(), app).body == b"paid"
    world.down.clear()
    assert told(whole(feature(), world, pay(), app)) == (409, "idempotency-key-in-flight")
    world.now = 60
    assert told(whole(feature(), world, pay(), app)) == (409, "idempotency-key-outcome-unknown")
    assert app.calls == 1


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([], (400, "idempotency-key-missing")),
        ([(b"idempotency-key", b"")], (400, "idempotency-key-malformed")),
        ([(b"idempotency-key", b"a b")], (400, "idempotency-key-malformed")),
        ([KEY, KEY], (400, "idempotency-key-malformed")),
        ([(b"idempotency-key", b"a" * 256)], (400, "idempotency-key-malformed")),
    ],
)
def test_refused_before_anything_runs(lines, answer):
    """A required key that is missing, or one that is none."""
    world, app = World(), App()
    assert told(whole(feature(required=True), world, request("POST", "/pay", lines), app)) == answer
    assert "PutIfAbsent" not in world.asked
    assert app.calls == 0


def test_other_routes_pass():
    """No key, or another route: not looked at."""
    world, app = World(), App()
    for given in (request("POST", "/pay"), request("POST", "/other", [KEY]), request("PUT", "/pay", [KEY])):
        for _ in range(2):
            whole(feature(), world, given, app)
    assert app.calls == 6
    assert world.asked == []


def test_too_large():
    """A body above the bound is refused and never run unprotected; an answer above it is told as done."""
    world, app = World(), App()
    assert told(whole(feature(), world, pay(body=b"x" * 101), app)) == (413, "idempotency-key-too-large")
    assert app.calls == 0
    flow, step = start(world)
    step.answer = Response(200, [], None)  # over Hold's bound
    assert go(flow, world) is None
    assert told(whole(feature(), world, pay(), app)) == (409, "idempotency-key-answer-not-stored")
    assert app.calls == 0


def test_waiting():
    """With ``wait`` the second request gets the first one's answer, if that comes in time; else 409."""
    world = World()
    flow, step = start(world)

    def finish():
        if world.now >= 1 and not hasattr(step, "answer"):
            world.meanwhile = None
            step.answer = Response(201, [], b"paid")
            go(flow, world)

    assert told(whole(feature(wait=0.5), world, pay(), App())) == (409, "idempotency-key-in-flight")
    world.meanwhile = finish
    assert whole(feature(wait=5.0), world, pay(), App()).body == b"paid"
    assert 1 <= world.now < 2


def test_waiting_for_a_key_that_is_freed():
    """The first was safe to retry: of those who waited one runs."""
    world, app = World(), App()
    flow, _ = start(world)

    def free():
        world.meanwhile = None
        go(flow, world, error=SafeToRetry(""))

    world.meanwhile = free
    assert whole(feature(wait=5.0), world, pay(), app).body == b"paid"
    assert app.calls == 1


def test_scopes():
    """Two users with one key are two keys; lengths keep ("ab", "c") and ("a", "bc") apart."""
    world, app = World(), App()
    for name in ("ann", "bob"):
        table = RouteTable({"/pay": rule(scope=lambda _, name=name: name)})
        whole(Idempotency(table, vault()), world, pay(), app)
    assert app.calls == 2
    assert lookup_key("ab", b"c") != lookup_key("a", b"bc")
    assert "ann" not in repr(world.data)
    assert b"order-1" not in b"".join(value[0] for value in world.data.values())


def test_a_view_inside_a_transaction_adds_nothing():
    """The key of a transaction commits with its work, so a view inside keeps it."""
    made, _ = pay()
    made.claimed = object()
    assert whole(IdempotencyFlow(rule(), vault()), World(), (made, b""), App()).body == b"paid"
    assert made.claimed is not None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"abc", b"abc"), (b'"abc"', b"abc"), (b'  "abc" ', b"abc"), (b'"a\\"b"', b'a"b'), (b"a" * 255, b"a" * 255),
        (b'"a,b"', b"a,b"), (b"a,b", None), (b'""', None), (b'"a b"', None), (b'"abc', None),
        (b'"abc"; x=1', b"abc"), (b'"abc"; X', None), (b'"a" "b"', None), (b'"a", "b"', None), (b'"a\\x"', None),
        (b"\xc3\xa9", None), (b"a\tb", None), (b'a"b', None), (b" ", None),
    ],
)  # fmt: skip
def test_keys(value, key):
    """A Structured Fields String, or the bare form that clients in the field send; they are one key."""
    assert parse_key([value]) == key


def test_over_a_wire():
    """What is dumped is loaded."""
    world = World()
    whole(feature(), world, pay(), App(201, (b"x", b"\xff"), body=b"\n\x00"))
    value = next(iter(world.data.values()))[0]
    assert dump(load(value)) == value
    assert (load(value).headers, load(value).body) == ([(b"x", b"\xff")], b"\n\x00")


def test_every_field_over_a_wire():
    """Each field of a record, the owner included, is the same after a dump and a load."""
    record = ClaimRecord(
        b"print", 201, [(b"x", b"1")], b"body", token="token", id="id", name="name", route="POST /pay", elapsed=1.5,
        lease=60.0, owner=b"owner", sealed_root="root",
    )  # fmt: skip
    read = load(dump(record))
    assert {name: getattr(read, name) for name in ClaimRecord.__slots__} == {
        name: getattr(record, name) for name in ClaimRecord.__slots__
    }


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 60, 100])
def test_what_cannot_be_read(cut):
    """Half a record, another form, or text: taken, and its outcome not known. Nothing raises."""
    world = World()
    whole(feature(), world, pay(), App(201, (b"x", b"1")))
    value = next(iter(world.data.values()))[0]
    head = len(value) - len(b"paid")
    for data in (value[:cut], value[: min(cut, head - 1)], b"\x7f" + value[1:], value[:60] + b"\xff" * cut, "text"):
        read = load(data)
        assert read.status == UNREADABLE or read.id != load(value).id


def test_a_line_break_in_a_header():
    """Only a broken app sends one; it is a space, and no header line of its own."""
    world = World()
    whole(feature(), world, pay(), App(201, (b"x", b"a\nb"), (b"y", b"c")))
    assert load(next(iter(world.data.values()))[0]).headers == [(b"x", b"a b"), (b"y", b"c")]
    assert whole(feature(), world, pay(), App()).headers[:2] == [(b"x", b"a b"), (b"y", b"c")]


def test_large_bodies():
    """A body above the bound of one digest is as much a part of the request as a small one."""
    asked = pay()[0]
    bodies = [b"x" * 65_536, b"x" * 65_537, b"x" * 65_536 + b"y"]
    assert len({fingerprint(asked, body) for body in bodies}) == 3
    assert fingerprint(asked, sha256(bodies[1]).digest()) != fingerprint(asked, bodies[1])
