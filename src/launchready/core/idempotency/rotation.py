"""A key in an app whose secret changed: claimed under every secret that the app knows.

A claim is named by a digest under the secret. Workers that were started with another one look for it under another
name; what keeps two of them from running one request is a name that both of them claim. So the rule of a roll-out:
*two workers that have one secret in common never both run a key.*

===================  ================  =====================================================
workers              names they claim  why
===================  ================  =====================================================
before               old
while it changes     old and new       keeps off, and finds the answers of, who knows one of them only
afterwards           new               whoever claimed both left its answer here as well
===================  ================  =====================================================

Each name is an ordinary claim, with a life, an end and an answer of its own, sealed with its own secret, so each kind
of worker reads what it finds. The handler runs when all of them are held. They are taken in the order of their digests,
which is one for all workers, so that of several at once one gets them all; a look beforehand puts what is there
already first, finished before running, because that decides. Claims that were made for nothing are given back; those
that were taken over from a dead attempt are left to whoever comes after a lease.
"""

from collections.abc import Sequence
from contextlib import suppress

from launchready.core.idempotency import refusals
from launchready.core.idempotency.flow import IdempotencyFlow, Recovering
from launchready.core.idempotency.record import REPLAYED, RUNNING, UNREADABLE, ClaimRecord
from launchready.core.idempotency.route_policy import Counters, rerun
from launchready.errors import SafeToRetry, StoreError
from launchready.exchange.app import ForwardBuffered
from launchready.exchange.claim import Claim, ReleaseIfMine
from launchready.exchange.operations import Flow
from launchready.exchange.store import Get, GetAll
from launchready.http.message import Request, Response

Claiming = Flow[Response | None]


class RotatedKeyFlow(IdempotencyFlow):
    """Once, for a context that has older ones."""

    def run(self, request: Request | None = None) -> Claiming:
        known = yield from self.read(request)
        if isinstance(known, Response):
            return known
        if not known:
            return refusals.missing() if self._policy.required else None
        context, recover = self._context, self._asking(self._recover)
        parts = [ClaimUnderSecret(self._policy, each.without_fallbacks()) for each in (*context.older, context)]
        token = context.token().hex()
        for part in parts:
            part.token = token
            part.user, part.credentials, part.sender = self.user, self.credentials, self.sender
            part._releases = self._releases
            part.set_key(*self.scope_and_key, self.request_digest, self._route)
        try:
            yield GetAll(*(part.look() for part in parts))
        except StoreError:
            context.counts.refused_by_store += 1
            return refusals.store_unavailable()
        held: list[ClaimUnderSecret] = []
        began = 0.0
        try:
            for part in sorted(parts, key=ClaimUnderSecret.rank):
                part.sibling = held[-1].claim if held else None
                told = yield from part.begin(recover, began)
                context.counts.waited += part.counts.waited
                if told is not None:
                    context.counts.add(part.counts)
                    yield from _given_back(held, told)
                    return told
                held.append(part)
                if part.taken:  # nobody is asked twice about one attempt, and it began when it began
                    recover = rerun if recover is rerun else _asked
                    began = part.elapsed
            return (yield from self._run(held))
        finally:
            for part in held:
                part.flow.close()

    def _asking(self, recover: Recovering | None) -> Recovering | None:
        """The app's function gets the request, whichever claim it is asked about."""
        if recover is None or recover is rerun:
            return recover
        return lambda once, _: recover(once, self._request)

    def _run(self, parts: Sequence["ClaimUnderSecret"]) -> Claiming:
        """The handler runs once; then each claim has its end."""
        taken, counts = any(part.taken for part in parts), self._context.counts
        counts.recovered += taken
        counts.first += not taken
        self.claim, self.waits = parts[-1].claim, True
        if self._request is not None and self.claim is not None:
            self._request.claimed = self.claim
        app, error, told = parts[-1].app, None, None
        try:
            yield app
        except SafeToRetry as reason:
            error = reason
        if self.claim is not None and self.claim.superseded:
            if error is not None:
                raise error
            return None
        left = [*parts]
        try:
            while left:
                end = yield from left.pop(0).end(app, error)
                told = told or end
                if end is not None and error is None:
                    left.clear()  # too late: another has the key, and only what that one stores is believed
        finally:
            counts.released += parts[0].counts.released
            for part in left:  # nobody waits any more: the last word of each is said sibling the requests
                with suppress(StopIteration):
                    next(part.end(app, error))
        return told


class ClaimUnderSecret(IdempotencyFlow):
    """The claim under one secret. ``app``: where it waits for the handler; ``sibling``: the one that was made before.

    ``token``: of the attempt, whatever the secret. ``began``: seconds since its first one.
    """

    began = 0.0
    sibling: Claim | None = None
    token = ""
    flow: Claiming
    app: ForwardBuffered

    @property
    def counts(self) -> Counters:
        return self._context.counts

    @property
    def taken(self) -> bool:
        """Over from an attempt that died."""
        return self.counts.recovered > 0

    @property
    def elapsed(self) -> float:
        assert self.claim is not None  # it waits for the handler
        seconds: float = self.claim.record(0.0).elapsed
        return seconds

    def look(self) -> Get[ClaimRecord]:
        self.there = Get(self._context.space, self.id_)
        return self.there

    def rank(self) -> tuple[int, str]:
        entry = self.there.answer
        state = UNREADABLE if entry is None else entry.value.status
        return (2 if state == UNREADABLE else 1 if state == RUNNING else 0), self.id_

    def record(self) -> ClaimRecord:
        record = super().record()
        record.token, record.elapsed = self.token, self.began
        return record

    def begin(self, recover: Recovering | None, began: float) -> Claiming:
        """None: it is held, and waits for the handler. A response: that is what is to be told."""
        self._recover, self.began = recover, began
        self.flow = self.run()
        app = yield from _as_far(self.flow)
        if not isinstance(app, ForwardBuffered):
            return app
        self.app = app
        return None

    def end(self, app: ForwardBuffered, error: SafeToRetry | None) -> Claiming:
        if error is None:
            self.app.answer = app.answer
        told = yield from _as_far(self.flow, error)
        assert not isinstance(told, ForwardBuffered)  # it waited for one answer
        return told

    def _make_claim(self, record: ClaimRecord, version: int) -> Claim:
        claim = super()._make_claim(record, version)
        claim.sibling = self.sibling
        return claim


def _asked(*_: object) -> None:
    """The app said already that it did not happen."""


def _as_far(flow: Claiming, error: Exception | None = None) -> Flow[ForwardBuffered | Response | None]:
    """Carry a flow to where its handler is to run, or to its end."""
    try:
        op = next(flow) if error is None else flow.throw(error)
        while not isinstance(op, ForwardBuffered):
            try:
                yield op
            except Exception as raised:
                op = flow.throw(raised)
            else:
                op = next(flow)
    except StopIteration as end:
        told: Response | None = end.value
        return told
    except GeneratorExit:
        flow.close()
        raise
    return op


def _given_back(parts: Sequence[ClaimUnderSecret], told: Response) -> Flow[None]:
    """Nothing ran. A store that did not answer is asked to forget, sibling the request, as often as it takes."""
    away = told.status == 503 and REPLAYED not in told.headers
    for part in reversed(parts):
        claim = part.claim
        if part.taken or claim is None:
            continue  # whoever comes after a lease may take it over again
        if away:
            claim.end(released=True)
            yield ReleaseIfMine(claim.space, claim.key, part.record().owns)
        else:
            yield from _as_far(part.flow, SafeToRetry())
