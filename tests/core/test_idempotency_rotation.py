"""A key under several secrets, one transition a test: what is claimed, in which order things end, what is given back."""

import itertools
import json

import pytest

from launchready.core.idempotency import Idempotency, KeyContext, RoutePolicy, load, lookup_key, rerun
from launchready.errors import SafeToRetry
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import KeepAlive, ReleaseIfMine
from launchready.http.message import Response
from launchready.http.routes import RouteTable
from support.flows import World, go, request

NUMBERS = itertools.count()
KEY = b"order-1"


class Told(World):
    """Remembers what is forgotten, and what is said later."""

    def __init__(self):
        super().__init__()
        self.forgotten = []
        self.claims = {}
        self.later = []

    def answer(self, op):
        if isinstance(op, KeepAlive):
            op.claim.keeper = self
        if isinstance(op, ReleaseIfMine):
            self.forgotten.append(op.key)
        super().answer(op)

    def retry(self, settle, patience):
        self.later.append(settle)

    def still_held(self, claim):
        return self.data[claim.space.name, claim.key][3] == claim.version

    def stands(self, secret):
        """Whether a key stands under this secret, and with which status."""
        found = self.data.get(("idempotency", lookup_key("user", KEY, secret)))
        return None if found is None else load(found[0]).status


def token():
    return b"%d" % next(NUMBERS)


OLD, NEW = KeyContext(token, b"old"), KeyContext(token, b"new")


def both():
    return KeyContext(token, b"new", older=(OLD,))


def start(world, vault, **changes):
    options = {"keep": 3600.0, "lease": 60.0, "required": False, "wait": 0.0, "max_body": 100,
               "release_from": 1000, "scope": lambda _: "user"}  # fmt: skip
    made, world.body = request("POST", "/pay", [(b"idempotency-key", KEY)], b"", b"{}")
    flow = Idempotency(RouteTable({"POST /pay": RoutePolicy(**{**options, **changes})}), vault).handle(made)
    return made, flow, go(flow, world)


def finish(world, flow, step, status=201):
    step.answer = Response(status, [], b"paid")
    return go(flow, world)


def told(response):
    return response.status, json.loads(response.body)["code"]


@pytest.fixture
def world():
    return Told()


def test_claimed_and_answered_under_both(world):
    """Who knows one secret only is kept off while it runs, and gets the answer afterwards."""
    _, flow, step = start(world, both())
    assert (world.stands(b"old"), world.stands(b"new")) == (0, 0)
    assert [told(start(world, vault)[2]) for vault in (OLD, NEW, both())] == [(409, "in_progress")] * 3
    assert finish(world, flow, step) is None
    assert (world.stands(b"old"), world.stands(b"new")) == (201, 201)
    assert [start(world, vault)[2].body for vault in (OLD, NEW, both())] == [b"paid"] * 3


@pytest.mark.parametrize("one", [OLD, NEW])
def test_an_answer_of_who_knew_one_secret(world, one):
    """It is replayed, in one round trip, and nothing is left under the other secret."""
    _, flow, step = start(world, one)
    finish(world, flow, step)
    world.asked.clear()
    vault = both()
    assert start(world, vault)[2].body == b"paid"
    assert world.asked == ["ReadBody", "GetAll", "PutIfAbsent"]
    assert (vault.counts.replay, vault.counts.first) == (1, 0)
    assert {world.stands(b"old"), world.stands(b"new")} == {201, None}


def test_another_request_with_the_key(world):
    """422, whichever secret it was used under, and what was claimed for it is given back."""
    start(world, NEW)
    made, world.body = request("POST", "/pay", [(b"idempotency-key", KEY)], b"", b"other")
    rule = RoutePolicy(keep=3600.0, lease=60.0, required=False, wait=0.0, max_body=100, release_from=1000,
                scope=lambda _: "user")  # fmt: skip
    answer = go(Idempotency(RouteTable({"POST /pay": rule}), both()).handle(made), world)
    assert told(answer) == (422, "key_reused")
    assert world.stands(b"old") is None


@pytest.mark.parametrize("first", [OLD, NEW])
def test_nothing_stays_of_a_claim_that_lost(world, first):
    """Somebody else claims one of the names after the look: the other name is free again."""
    once = both()
    made, world.body = request("POST", "/pay", [(b"idempotency-key", KEY)], b"", b"{}")
    rule = RoutePolicy(keep=3600.0, lease=60.0, required=False, wait=0.0, max_body=100, release_from=1000,
                scope=lambda _: "user")  # fmt: skip
    flow = Idempotency(RouteTable({"POST /pay": rule}), once).handle(made)
    op = next(flow)
    while type(op).__name__ != "GetAll":
        world.answer(op)
        op = next(flow)
    world.answer(op)
    start(world, first)
    assert told(go(flow, world)) == (409, "in_progress")
    other = {b"old", b"new"} - {first.secret}
    assert world.stands(*other) is None
    assert once.counts.conflict == 1


def test_safe_to_retry(world):
    """The handler's word frees the key under both."""
    vault = both()
    _, flow, _ = start(world, vault)
    assert told(go(flow, world, error=SafeToRetry("nothing"))) == (503, "safe_to_retry")
    assert (world.stands(b"old"), world.stands(b"new")) == (None, None)
    assert (vault.counts.first, vault.counts.released) == (1, 1)


def test_release_of_errors(world):
    """So does a 5xx, where the settings say so."""
    _, flow, step = start(world, both(), release_from=500)
    assert finish(world, flow, step, 500) is None
    assert (world.stands(b"old"), world.stands(b"new")) == (None, None)


def test_the_handler_raises(world):
    """What it did is not known: both claims stay, and nobody renews them."""
    made, flow, _ = start(world, both())
    with pytest.raises(RuntimeError):
        go(flow, world, error=RuntimeError())
    assert (world.stands(b"old"), world.stands(b"new")) == (0, 0)
    assert all(claim.landed for claim in made.claimed.all)


def test_the_store_goes_between_two_claims(world):
    """503, and the claim that was made is forgotten sibling the request, as is the one that may have been."""
    vault = both()
    made, world.body = request("POST", "/pay", [(b"idempotency-key", KEY)], b"", b"{}")
    rule = RoutePolicy(keep=3600.0, lease=60.0, required=False, wait=0.0, max_body=100, release_from=1000,
                scope=lambda _: "user")  # fmt: skip
    flow = Idempotency(RouteTable({"POST /pay": rule}), vault).handle(made)
    op = next(flow)
    while not isinstance(op, KeepAlive):
        world.answer(op)
        op = next(flow)
    world.answer(op)
    world.down = {"PutIfAbsent"}
    assert told(go(flow, world)) == (503, "store_unavailable")
    assert set(world.forgotten) == {lookup_key("user", KEY, secret) for secret in (b"old", b"new")}
    assert vault.counts.refused_by_store == 1


def test_the_store_is_away(world):
    """503 before anything is claimed."""
    world.down = {"GetAll"}
    vault = both()
    assert told(start(world, vault)[2]) == (503, "store_unavailable")
    assert (vault.counts.refused_by_store, world.data) == (1, {})


def test_the_store_does_not_take_the_answer(world):
    """Each of them is said again sibling the requests."""
    _, flow, step = start(world, both())
    world.down = {"Complete"}
    assert finish(world, flow, step) is None
    assert len(world.later) == 2


def test_nobody_waits_for_the_last_word(world):
    """The flow is closed while the first answer is being written: both are said later."""
    _, flow, step = start(world, both())
    step.answer = Response(201, [], b"paid")
    next(flow)
    flow.close()
    assert len({settle.key for settle in world.later}) == 2


def test_a_dead_attempt_is_asked_about_once(world):
    """By whoever comes with both secrets; then both claims are his, and it began when it began."""
    asked = []
    start(world, both())
    world.now = 100.0
    vault = both()
    made, flow, step = start(world, vault, on_crash=lambda once, request: asked.append((once, request)))
    assert isinstance(step, ForwardBuffered)
    assert len(asked) == 1
    assert asked[0][1] is made
    assert (vault.counts.recovered, vault.counts.first) == (1, 0)
    assert all(claim.record(0.0).elapsed >= 100 for claim in made.claimed.all)
    assert finish(world, flow, step) is None
    assert (world.stands(b"old"), world.stands(b"new")) == (201, 201)


def test_a_dead_attempt_under_one_secret(world):
    """The other name is claimed as well, with the age of the attempt: no rerun after the time for it."""
    start(world, OLD)
    world.now = 100.0
    made, _, step = start(world, both(), on_crash=rerun, rerun_for=110.0)
    assert isinstance(step, ForwardBuffered)
    assert all(claim.record(0.0).elapsed >= 100 for claim in made.claimed.all)
    world.now = 200.0
    assert told(start(world, NEW, on_crash=rerun, rerun_for=110.0)[2]) == (409, "outcome_unknown")


def test_it_happened(world):
    """What the app finds out is the answer, also to who asks again, with both secrets or with one."""
    start(world, both())
    world.now = 100.0
    for vault in (both(), both(), OLD, NEW):
        assert told(start(world, vault, on_crash=lambda *_: True)[2])[1] == "answer_not_stored"


def test_overtaken(world):
    """A late attempt is believed under neither name, and knows that it lost."""
    made, flow, step = start(world, both())
    world.now = 100.0
    _, other, its = start(world, OLD, on_crash=rerun)
    assert finish(world, other, its) is None
    assert any(not world.still_held(claim) for claim in made.claimed.all)
    late = finish(world, flow, step)
    assert late is None or late.body == b"paid"


def test_two_older_secrets(world):
    """Three names, three answers."""
    oldest = KeyContext(token, b"oldest")
    _, flow, step = start(world, KeyContext(token, b"new", older=(oldest, OLD)))
    finish(world, flow, step)
    assert [world.stands(secret) for secret in (b"oldest", b"old", b"new")] == [201] * 3


def test_what_a_provider_is_given(world):
    """The same root under whatever secret: a rotation between two attempts changes no provider's key."""
    roots = set()
    for vault in (OLD, both(), NEW):
        fresh = Told()
        roots |= {claim.root for claim in start(fresh, vault)[0].claimed.all}
    assert roots == {lookup_key("user", KEY)}
