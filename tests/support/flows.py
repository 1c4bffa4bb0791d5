"""Runs flows by hand: operations are executed on a dict, with a clock set by the test."""

from launchready.errors import StoreError
from launchready.exchange.app import BodyTooLarge, Copy, Forward, Join, ReadBody, RunChecks
from launchready.exchange.claim import KeepAlive, RecoverOutcome, ReleaseIfMine, WaitForChange
from launchready.exchange.store import (
    Claimed,
    Complete,
    Consume,
    ConsumeLocal,
    Delete,
    Entry,
    Get,
    GetAll,
    Put,
    PutIfAbsent,
    Refund,
    Renew,
    Replace,
    Seize,
)
from launchready.exchange.window import Taken
from launchready.http.message import Request, Response


def request(method="GET", path="/", headers=(), query=b"", body=b""):
    lines = [(b"host", b"api.example.com"), *headers]
    made = Request(method, path, path.encode(), query, "https", "192.0.2.1", lines)
    return made, body


class World:
    """A store in a dict, and everything else that a flow may ask. ``down``: names of verbs that fail now."""

    def __init__(self):
        self.now = 0.0
        self.data = {}  # (space, key) -> value, put at, expires at, version
        self.version = 0
        self.down = set()
        self.body = b""
        self.asked = []
        self.checks = {}
        self.limit = self.here = 10**9  # units left in the store, and in this process
        self.meanwhile = None  # runs while a flow waits

    def _entry(self, op):
        found = self.data.get((op.space.name, op.key))
        if found is None or found[2] <= self.now:
            return None
        return Entry(op.space.load(found[0]), self.now - found[1], found[3])

    def _put(self, op):
        self.version += 1
        self.data[op.space.name, op.key] = op.space.dump(op.value), self.now, self.now + op.ttl, self.version
        return self.version

    def answer(self, op):
        self.asked.append(type(op).__name__)
        if type(op).__name__ in self.down:
            raise StoreError("down")
        op.answer = self._answer(op)

    def _answer(self, op):
        match op:
            case Get():
                return self._entry(op)
            case GetAll():
                for get in op.gets:
                    get.answer = self._entry(get)
                return None
            case PutIfAbsent():
                entry = self._entry(op)
                return Claimed(entry, entry.version if entry else self._put(op))
            case Put():
                return self._put(op)
            case Replace() | Delete():
                entry = self._entry(op)
                if entry is None or op.version not in (None, entry.version):
                    return False
                if isinstance(op, Delete):
                    del self.data[op.space.name, op.key]
                else:
                    self._put(op)
                return True
            case Renew() | Complete():
                entry = self._entry(op)
                if entry is not None and entry.version != op.version:
                    return False
                self._put(op)
                if isinstance(op, Renew):
                    self.data[op.space.name, op.key] = (*self.data[op.space.name, op.key][:3], op.version)
                return True
            case Seize():
                entry = self._entry(op)
                if entry is None or entry.version != op.version or entry.age < op.older:
                    return 0
                return self._put(op)
            case ConsumeLocal():
                op.at = 0
                self.here -= op.cost
                return Taken(self.here >= 0, 0, max(0, self.here), 2.5)
            case Refund():
                return None
            case Consume():
                op.at = 0
                self.limit -= op.cost
                return Taken(self.limit >= 0, 0, max(0, self.limit), 2.5)
            case ReadBody():
                if len(self.body) > op.limit:
                    raise BodyTooLarge
                return self.body
            case RunChecks():
                return self.checks
            case Join() | KeepAlive() | ReleaseIfMine():
                pass
            case WaitForChange():
                op.since = getattr(op, "since", self.now)
                self.now += min(op.pause, op.most)
                if self.meanwhile:
                    self.meanwhile()
                return self.now - op.since
            case RecoverOutcome():
                return op.call(op.claim)
            case _:
                raise AssertionError(op)
        if self.meanwhile:
            self.meanwhile()
        return None


WAITS = Forward | Copy | Join


def go(flow, world, *, error=None, joins=True):
    """Run until the flow waits for the app or for others (Forward, Copy, Join), or ends: the operation, or the end.

    A feature that asks nobody has answered already.
    """
    if flow is None or isinstance(flow, Response):
        return flow
    stops = WAITS if joins else Forward | Copy
    try:
        op = flow.throw(error) if error is not None else next(flow)
        while not isinstance(op, stops):
            try:
                world.answer(op)
            except (StoreError, BodyTooLarge) as raised:
                op = flow.throw(raised)
            else:
                op = next(flow)
    except StopIteration as end:
        return end.value
    return op


def whole(feature, world, given, app):
    """One request through one feature; ``app(request)`` gives (status, headers, body). The answer as it would leave."""
    made, world.body = given
    flow = feature.handle(made)
    step = go(flow, world)
    if isinstance(step, Response):
        return step
    status, headers, body = app(made)
    response = Response(status, list(headers), body)
    if step is None:
        return response
    assert isinstance(step, Forward), step
    step.answer = response
    step = go(flow, world)
    if isinstance(step, Copy):
        step.answer = body if len(body) <= step.limit else None
        step = go(flow, world)
    return response if step is None else step
