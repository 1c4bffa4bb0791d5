"""A model of the core that hypothesis drives: claims, crashes, clocks and expiry, in any order it can think of.

Invariant: for a key there is never more than one execution whose outcome is unknown or finished, as long as the key is
kept; and whoever is answered gets that execution's answer, or is told why not.
"""

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from launchready.core.idempotency import Idempotency, KeyContext, RoutePolicy, lookup_key, rerun
from launchready.errors import SafeToRetry
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import Claim, KeepAlive
from launchready.exchange.store import Renew
from launchready.http.message import Response
from launchready.http.routes import RouteTable
from support.flows import World, go, request
from support.keys import key as uuid

KEEP, LEASE = 1000.0, 60.0


class Worker:
    """A process that keeps its claims alive, and repeats what the store did not take; while it stands still it does
    neither."""

    def __init__(self, world):
        self.world = world
        self.stands = False
        self.kept = []
        self.claims = {}  # what a renewer holds, as the claims know it
        self.words = []

    def retry(self, settle, patience):
        self.words.append((settle, self.world.now + patience))

    def say_again(self):
        words, self.words = self.words, []
        for settle, until in words:
            if self.world.now < until:
                self.world.answer(settle)


class Alive(World):
    """A world whose claims are kept alive by their workers, as the heart does."""

    def __init__(self):
        super().__init__()
        self.workers = [Worker(self), Worker(self)]
        self.current = self.workers[0]

    def answer(self, op):
        if isinstance(op, KeepAlive):
            self.current.kept.append((op.claim, self.now))
            op.claim.keeper = self.current
        super().answer(op)

    def pass_time(self, seconds):
        """In steps of a quarter lease: a sign of life in each, from who lives and does not stand still."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + LEASE / 4)
            for worker in self.workers:
                worker.kept = [(claim, since) for claim, since in worker.kept if not claim.landed and not claim.lost]
                if worker.stands:
                    continue
                for claim, since in worker.kept:
                    if "Renew" not in self.down:
                        self.beat(claim, since)
                if "Complete" not in self.down:
                    worker.say_again()

    def beat(self, claim: Claim, since):
        renew = Renew(claim.space, claim.key, claim.record(self.now - since), claim.ttl, claim.version)
        self.answer(renew)
        claim.lost = not renew.answer


class Keys(RuleBasedStateMachine):
    """Requests with one of three keys, on one of two workers."""

    on_crash = None
    running = Bundle("running")

    def __init__(self):
        super().__init__()
        self.world = Alive()
        self.numbers = itertools.count()
        rule_ = RoutePolicy(keep=KEEP, lease=LEASE, required=True, wait=0.0, max_body=100, release_from=1000,
                     scope=lambda _: "", on_crash=self.on_crash)  # fmt: skip
        self.token = lambda: b"%d" % next(self.numbers)
        self.rule = rule_
        self.features = [self.feature(KeyContext(self.token))] * 2  # of each worker
        self.began = {}  # key -> [(number of the execution, when)]
        self.freed = set()  # executions that gave their word that nothing happened
        self.answers = {}  # key -> what was told as an answer

    def feature(self, vault):
        return Idempotency(RouteTable({"POST /pay": self.rule}), vault)

    def live(self, key):
        """Executions of this key that count, as long as the key is kept."""
        return [
            number for number, at in self.began.get(key, []) if number not in self.freed and self.world.now - at < KEEP
        ]

    @rule(target=running, key=st.sampled_from("abc"), worker=st.sampled_from([0, 1]))
    def ask(self, key, worker):
        """A request comes."""
        world = self.world
        world.current = world.workers[worker]
        made, world.body = request("POST", "/pay", [(b"idempotency-key", uuid(key).encode())])
        flow = self.features[worker].handle(made)
        step = go(flow, world)
        if isinstance(step, ForwardBuffered):
            number = next(self.numbers)
            self.began.setdefault(key, []).append((number, world.now))
            return key, number, flow, step, world.workers[worker], made.claimed
        if (b"idempotent-replayed", b"true") in step.headers:
            self.answers.setdefault(key, set()).add((step.body, world.now))
            assert int(step.body) in [number for number, _ in self.began[key]]
        return None

    @rule(held=consumes(running), status=st.sampled_from([200, 402, 500]))
    def finish(self, held, status):
        """The handler answers; what it is told instead, if it came too late, is another's answer or a refusal."""
        if held is None:
            return
        key, number, flow, step, _, claim = held
        step.answer = Response(status, [], b"%d" % number)
        told = go(flow, self.world)
        assert claim.landed
        if told is not None:
            assert told.status in {409, 422} or int(told.body) != number
        elif "Complete" not in self.world.down:  # where nobody could write it down, a repetition may answer anew
            self.answers.setdefault(key, set()).add((b"%d" % number, self.world.now))

    @rule(held=consumes(running))
    def safe_to_retry(self, held):
        """The handler's word that nothing happened."""
        if held is None:
            return
        _, number, flow, _, _, claim = held
        go(flow, self.world, error=SafeToRetry(""))
        assert claim.landed
        if "Delete" not in self.world.down:
            self.freed.add(number)

    @rule(held=consumes(running))
    def die(self, held):
        """Its process is killed: nobody says anything any more."""
        if held is None:
            return
        held[2].close()
        assert held[5].landed

    @rule(worker=st.sampled_from([0, 1]), stands=st.booleans())
    def stand(self, worker, stands):
        """SIGSTOP, SIGCONT."""
        self.world.workers[worker].stands = stands

    @rule(down=st.sets(st.sampled_from(["PutIfAbsent", "Complete", "Delete", "Renew", "Get"])))
    def store(self, down):
        """Some of the store's verbs fail, or none."""
        self.world.down = down

    @rule(seconds=st.sampled_from([1.0, 20.0, 70.0, 400.0]))
    def time(self, seconds):
        self.world.pass_time(seconds)

    @invariant()
    def at_most_one(self):
        for key in self.began:
            assert len(self.live(key)) <= 1, key


class Repeats:
    """With on_crash="rerun" an execution may be repeated; of the answers that were stored one is believed."""

    on_crash = staticmethod(rerun)

    @invariant()
    def at_most_one(self):
        for key, answers in self.answers.items():
            recent = {body for body, at in answers if self.world.now - at < KEEP / 4}
            assert len(recent) <= 1, key


class Repeated(Repeats, Keys):
    pass


def before(token):
    return KeyContext(token, b"old")


def between(token):
    return KeyContext(token, b"new", older=(before(token),))


def after(token):
    return KeyContext(token, b"new")


GENERATIONS = (before, between, after)


class Rolling(Keys):
    """The secret changes: each worker is started anew with both, and later with the new one, in any order that keeps
    to the rule: nobody has the new one alone while somebody has the old one alone, or a key that only he claimed.
    """

    def __init__(self):
        super().__init__()
        self.generation = [0, 0]
        self.features = [self.feature(before(self.token)), self.feature(before(self.token))]

    @rule(worker=st.sampled_from([0, 1]), back=st.booleans())
    def deploy(self, worker, back):
        """What runs in the old process goes on there."""
        other = self.generation[1 - worker]
        to = self.generation[worker] + (-1 if back else 1)
        if not 0 <= to < len(GENERATIONS) or abs(to - other) > 1:
            return
        if (to == 2 and self.alone(b"old", b"new")) or (to == 0 and self.alone(b"new", b"old")):
            return  # whoever waits for ``keep`` after the last deployment sees none of these
        self.generation[worker] = to
        self.features[worker] = self.feature(GENERATIONS[to](self.token))

    def alone(self, secret, other):
        """Whether a key stands under the one secret and not under the other."""

        def there(key, secret):
            found = self.world.data.get(("idempotency", lookup_key("", uuid(key).encode(), secret)))
            return found is not None and found[2] > self.world.now

        return any(there(key, secret) and not there(key, other) for key in "abc")


class RollingRepeated(Repeats, Rolling):
    pass


TestKeys = Keys.TestCase
TestKeys.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestRolling = Rolling.TestCase
TestRolling.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
TestRepeated = Repeated.TestCase
TestRepeated.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestRollingRepeated = RollingRepeated.TestCase
TestRollingRepeated.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)
