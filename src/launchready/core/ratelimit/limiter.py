"""What a request meets: the policy of its route, and what is given back when it has been answered.

Most policies take a unit and are done: ``handle`` itself, with no frame between it and the store. The others take from
several counters, and from all or from none: what was taken is given back where a later one refuses. Taking first and
giving back later, and not looking first and taking later, is what keeps a hundred guesses at once from passing a limit
of five.

What a shared store lets through this process counts in its own memory, too. So when the store goes, nobody begins anew:
the process knows whom it has served; and when the store is back, and has lost its counts or never knew those of the
outage, the process still holds each client to the limit.

Not counted under the default: preflights, static files and signed webhooks. Health paths never come here.
"""

from collections.abc import Callable, Sequence
from math import ceil

from launchready.core.ratelimit.bans import Bans
from launchready.core.ratelimit.login_guard import failed
from launchready.core.ratelimit.policy import Client, Policy
from launchready.errors import StoreError
from launchready.exchange.app import Forward, ForwardExclusive, ResponseSent
from launchready.exchange.operations import Flow, allocate
from launchready.exchange.store import Consume, ConsumeLocal, PutIfAbsent, Refund, RefundLocal
from launchready.exchange.window import Window
from launchready.http.message import Request, Response
from launchready.http.problem import problem
from launchready.http.routes import RouteTable
from launchready.http.webhooks import is_signed, is_webhook

STATIC = ("/static/", "/assets/", "/favicon.ico", "/robots.txt", "/.well-known/")


class RateLimit:
    """``routes`` names the policy of a route (None: not limited); any other request falls under ``default``.

    ``counts``: what was refused, would have been, was banned, or counted in this process for want of a store.
    ``tell`` takes a line for the log. ``count``: answers a Take at once, where the store is in this process: then most
    requests are counted by a plain call, at half of what it costs to be asked as a flow.
    """

    name = "rate_limit"
    count: Callable[[Consume], None] | None = None

    def __init__(
        self,
        default: Policy | None,
        routes: RouteTable[Policy | None],
        messages: RouteTable[Policy | None] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._default = default
        self._routes = routes or None
        self.messages = messages or None
        self._tell = tell
        self.policies = [policy for policy in (default, *routes.values()) if policy is not None]
        self.bans: Sequence[Bans] = [policy.bans for policy in self.policies if policy.bans]
        self.counts = {"refused": 0, "would_refuse": 0, "banned": 0, "here": 0}

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        policy = self._default
        if self._routes is not None:
            policy = self._routes.find(request.method, request.path, policy)
        if policy is None:
            return None
        if policy is self._default:
            if request.method in ("GET", "HEAD"):
                if request.path.startswith(STATIC):
                    return None
            # Looked at in this order so that other requests pay for one search of a short string.
            elif (
                ("hook" in (path := request.path) or "callback" in path) and is_webhook(request) and is_signed(request)
            ):
                return None
        if request.method == "OPTIONS" and _is_preflight(request):
            return None
        if not policy.simple or policy.key is None:
            return self.apply(policy, request)
        take = allocate(Consume)
        take.key = policy.prefix + policy.key(request)
        take.windows = policy.windows
        take.cost = 1
        if self.count is None:
            return self._ask(policy, request, take)
        self.count(take)
        return self._told(policy, request, take)

    def _ask(self, policy: Policy, request: Request, take: Consume) -> Flow[Response | None]:
        try:
            yield take
        except StoreError:
            self.counts["here"] += 1
            if policy.deny:
                return _not_counted()
            take = ConsumeLocal(take.key, policy.local)
            yield take
        else:
            if take.answer.allowed:
                twin = allocate(ConsumeLocal)
                twin.key, twin.windows, twin.cost = take.key, take.windows, 1
                yield twin
                if self.counts["here"] and not twin.answer.allowed:  # what passed in an outage counts
                    yield from _give(_undo(take))
                    take = twin
        return self._told(policy, request, take)

    def _told(self, policy: Policy, request: Request, take: Consume) -> Response | None:
        """What the client is told of a simple policy: no, or how much is left."""
        taken = take.answer
        if not taken.allowed:
            self.counts["refused"] += 1
            return policy.refusal(taken, take.key, take.windows)
        if policy.field is not None:
            line = b"%b;r=%d;t=%d" % (policy.quoted[taken.which], taken.remaining, ceil(taken.reset))
            request.adds += (policy.field, (b"ratelimit", line))
        elif policy.legacy:
            request.adds += policy.headers(taken)
        return None

    def apply(self, policy: Policy, request: Request, key: str | None = None) -> Flow[Response | None]:
        """The whole way: ban, counters, slot, and afterwards what is given back. ``key``: who is counted, if known."""
        visit = _Visit(policy, request, key, shared=self.count is None, lost=self.counts["here"] > 0)
        refusal = yield from visit.enter()
        self.counts["here"] += visit.here
        if refusal is not None:
            if policy.shadow:
                self.counts["would_refuse"] += 1
                self._tell(f"rate limit {policy.name!r} is in shadow mode: it would have answered {refusal.status}")
                return None
            self.counts["banned" if visit.banned else "refused"] += 1
            return refusal
        if not policy.shadow:
            request.adds += policy.headers(visit.first.answer if visit.first is not None else None)
        if visit.leaves_at_once:
            return None
        app = ForwardExclusive() if policy.slots is not None else Forward()
        try:
            yield app
        except Exception:
            yield from visit.broke()
            raise
        yield from visit.answered(app.answer)
        if visit.slot is not None:
            yield ResponseSent()
            yield from visit.release()
        return None


class _Visit:
    """One request under one policy: what it has taken so far.

    ``shared``: what passes is counted in this process, too. ``lost``: and that count holds, for the store was away.
    """

    def __init__(self, policy: Policy, request: Request, key: str | None, *, shared: bool, lost: bool) -> None:
        self.policy = policy
        self.key = key
        self.request = request
        self.first: Consume | None = None  # the one that the client is told of
        self.shared = shared
        self.lost = lost
        self.taken: list[Consume] = []
        self.twins: list[Consume] = []
        self.slot: Consume | None = None
        self.pair: PutIfAbsent[bytes] | None = None
        self.here = 0
        self.banned = False
        self._client = ""

    @property
    def leaves_at_once(self) -> bool:
        policy = self.policy
        return not (policy.slots or policy.failures or policy.refund)

    def client(self) -> Flow[str]:
        if not self._client:
            ask = Client(self.request)
            yield ask
            self._client = ask.answer
        return self._client

    def enter(self) -> Flow[Response | None]:
        policy, bans = self.policy, self.policy.bans
        if bans is not None:
            client = yield from self.client()
            if not bans.spared(client) and (refusal := (yield from bans.check(client))) is not None:
                self.banned = True
                return refusal
        refusal = yield from self._enter()
        if refusal is None or bans is None or policy.shadow or bans.spared(self._client):
            return refusal
        self.banned = yield from bans.strike(self._client)
        return refusal

    def _enter(self) -> Flow[Response | None]:
        policy = self.policy
        cost = policy.cost if isinstance(policy.cost, int) else policy.cost(self.request)
        if policy.guard is not None:
            account = yield from policy.guard.read(self.request)
            client = yield from self.client()
            counters = policy.guard.counters(policy.prefix, account, client)
            if account is not None:
                self.pair = yield from policy.guard.another(policy.prefix, account, client)
            if self.pair is not None:
                counters.append((f"{policy.prefix}s:{client}", policy.guard.accounts))
        else:
            key = self.key
            if key is None:
                key = (yield from self.client()) if policy.key is None else policy.key(self.request)
            counters = [(policy.prefix + key, policy.windows)] if policy.windows else []
            if policy.slots is not None:
                counters.append((f"{policy.prefix}slots:{key}", policy.slot_windows))
        for key, windows in counters:
            take = yield from self._take(key, windows, 1 if windows is policy.slot_windows else cost)
            if take is None or not take.answer.allowed:
                yield from self._give_back()
                return _not_counted() if take is None else policy.refusal(take.answer, key, windows)
            if windows is policy.slot_windows:
                self.slot = take
            else:
                self.taken.append(take)
                self.first = self.first or take
        return None

    def _take(self, key: str, windows: tuple[Window, ...], cost: int) -> Flow[Consume | None]:
        """The Take, answered; None where it could not be counted and the policy refuses then."""
        take = Consume(key, windows, cost)
        try:
            yield take
        except StoreError:
            self.here += 1
            if self.policy.deny:
                return None
            take = ConsumeLocal(
                key, self.policy.here(windows) if windows is not self.policy.windows else self.policy.local
            )
            take.cost = cost
            yield take
            return take
        if take.answer.allowed and self.shared and windows is not self.policy.slot_windows:
            twin = ConsumeLocal(key, windows, cost)
            yield twin
            if twin.answer.allowed:
                self.twins.append(twin)
            elif self.lost:
                yield from _give(_undo(take))
                return twin
        return take

    def answered(self, response: Response) -> Flow[None]:
        """Refund back what this answer does not cost."""
        policy = self.policy
        if policy.failures:
            if failed(self.request, response):
                return
            if response.status < 400 and policy.guard is not None and self.first is not None:
                for each in (self.first, *[twin for twin in self.twins if twin.key == self.first.key]):
                    yield from _give(_undo(each, everything=True))  # the right password: a clean sheet
            yield from self._give_back()
        elif policy.refund and response.status >= 500:
            yield from self._give_back()

    def broke(self) -> Flow[None]:
        """The app raised, or the client went away before there was an answer."""
        if self.policy.failures or self.policy.refund:
            yield from self._give_back()
        yield from self.release()

    def release(self) -> Flow[None]:
        """The slot is free, now that the last byte has left or nobody waits for it."""
        slot, self.slot = self.slot, None
        if slot is not None:
            yield from _give(_undo(slot))

    def _give_back(self) -> Flow[None]:
        taken, self.taken, self.twins = [*self.taken, *self.twins], [], []
        for take in taken:
            yield from _give(_undo(take))
        pair, self.pair = self.pair, None
        if pair is not None and self.policy.guard is not None:
            try:
                yield self.policy.guard.forget(pair)
            except StoreError:
                return


def _undo(take: Consume, *, everything: bool = False) -> Refund:
    kind = RefundLocal if isinstance(take, ConsumeLocal) else Refund
    return kind(take.key, take.windows, take.cost, None if everything else take.at)


def _give(give: Refund) -> Flow[None]:
    """Where the store is down by now, the units come back by themselves when the window has passed."""
    try:
        yield give
    except StoreError:
        return


def _not_counted() -> Response:
    return problem(
        503, "rate-limit-store-unavailable", "Temporarily unavailable",
        "The request could not be counted and was not carried out. Try again.", retry_after=2,
    )  # fmt: skip


def _is_preflight(request: Request) -> bool:
    return request.get(b"origin") is not None and request.get(b"access-control-request-method") is not None
