"""The rate limit of a request: the policy of its route, and what is given back after the response.

Most policies take one unit and are done; ``handle`` does this without a further frame. The others take from several
counters, from all or from none: units already taken are given back if a later counter refuses. Units are taken first
and given back later, so that a hundred simultaneous guesses cannot pass a limit of five.

Whatever a shared store lets through is counted in this process, too. If the store fails, is late or loses its counts,
this process still admits no more than the limit: it knows what it has let through.

The default does not count preflights and static files. A webhook is counted like any request; its unit is given back
once its signature has been verified, by ``@webhook`` or by ``launchready.ratelimit.verified()``. A signature header
alone exempts nothing. Health paths never reach the rate limit.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import ceil

from launchready.core.ratelimit.bans import Bans
from launchready.core.ratelimit.login_guard import Attempt, Guard, failed
from launchready.core.ratelimit.policy import IdentifyClient, LimitPolicy
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
    """``routes`` holds the policy of a route (None: not limited); all other requests have the policy ``default``.

    - ``counts``: requests refused, refused in shadow mode, banned, and counted in this process because of the store.
    - ``tell`` writes a line to the log.
    - ``count`` executes a Consume at once, if the store is in this process. That halves the cost of most requests.
    """

    name = "rate_limit"
    count: Callable[[Consume], None] | None = None

    def __init__(
        self,
        default: LimitPolicy | None,
        routes: RouteTable[LimitPolicy | None],
        messages: RouteTable[LimitPolicy | None] | None = None,
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
            elif request.method == "POST" and is_signed(request) and is_webhook(request):
                return self.apply(policy, request, webhook=True)
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

    def _ask(self, policy: LimitPolicy, request: Request, take: Consume) -> Flow[Response | None]:
        try:
            yield take
        except StoreError:
            self.counts["here"] += 1
            if policy.deny:
                return _not_counted()
            take = yield from _take_locally(policy, take)
        else:
            if take.answer.allowed:
                twin = allocate(ConsumeLocal)
                twin.key, twin.windows, twin.cost = take.key, take.windows, 1
                yield twin
                # The local count is binding after an outage, and always if it is exact: the store may have lost counts.
                if not twin.answer.allowed and (self.counts["here"] or policy.exact):
                    yield from _give(_undo(take))
                    take = twin
        return self._told(policy, request, take)

    def _told(self, policy: LimitPolicy, request: Request, take: Consume) -> Response | None:
        """Refuse, or add the headers with the remaining quota, for a simple policy."""
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

    def apply(
        self, policy: LimitPolicy, request: Request, key: str | None = None, *, webhook: bool = False
    ) -> Flow[Response | None]:
        """Check the ban, the counters and the slot, and give units back afterwards.

        ``key``: the client, if the caller knows it. ``webhook``: give the unit back if the signature is verified.
        """
        visit = _Visit(policy, request, key, self.counts, shared=self.count is None, webhook=webhook)
        refusal = yield from visit.enter()
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
    """One request under one policy, and the units it has taken so far.

    ``shared``: whatever a shared store admits is counted in this process, too. That count is binding as soon as the
    store has failed once: ``counts["here"]`` is read at that moment, since the store may fail during this request.
    """

    def __init__(
        self,
        policy: LimitPolicy,
        request: Request,
        key: str | None,
        counts: dict[str, int],
        *,
        shared: bool,
        webhook: bool,
    ) -> None:
        self.policy = policy
        self.key = key
        self.request = request
        self.first: Consume | None = None  # the counter that the response headers describe
        self.shared = shared
        self.webhook = webhook
        self.attempt: Attempt | None = None
        self.taken: list[Consume] = []
        self.twins: list[Consume] = []
        self.slot: Consume | None = None
        self.pairs: list[PutIfAbsent[bytes]] = []
        self.banned = False
        self._counts = counts
        self._client = ""

    @property
    def leaves_at_once(self) -> bool:
        policy = self.policy
        return not (policy.slots or policy.failures or policy.refund or self.webhook)

    def client(self) -> Flow[str]:
        if not self._client:
            ask = IdentifyClient(self.request)
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
            guard = policy.guard
            attempt = yield from guard.read(policy.prefix, self.request)
            if isinstance(attempt, Response):
                return attempt
            self.attempt = attempt
            client = yield from self.client()
            counters = guard.counters(policy.prefix, attempt, client)
            for account in attempt.accounts:
                pair = yield from guard.claim_pair(policy.prefix, account, client)
                if pair is not None:
                    self.pairs.append(pair)
                    counters.append((f"{policy.prefix}s:{client}", guard.accounts))
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
        """The executed Consume, or None if the store failed and the policy refuses uncounted requests."""
        take = Consume(key, windows, cost)
        try:
            yield take
        except StoreError:
            self._counts["here"] += 1
            if self.policy.deny:
                return None
            return (yield from _take_locally(self.policy, take))
        if take.answer.allowed and self.shared and windows is not self.policy.slot_windows:
            twin = ConsumeLocal(key, windows, cost)
            yield twin
            if twin.answer.allowed:
                self.twins.append(twin)
            elif self._counts["here"] or all(window.exact for window in windows):
                yield from _give(_undo(take))
                return twin
        return take

    def answered(self, response: Response) -> Flow[None]:
        """Refund back the units that this response does not cost."""
        policy = self.policy
        if policy.failures:
            if failed(self.request, response):
                return
            if response.status < 400 and policy.guard is not None and self.attempt is not None:
                yield from self._logged_in(policy.guard, self.attempt, response)
            yield from self._give_back()
        elif (policy.refund and response.status >= 500) or (self.webhook and getattr(self.request, "verified", False)):
            yield from self._give_back()

    def _logged_in(self, guard: Guard, attempt: Attempt, response: Response) -> Flow[None]:
        """The password was right: clear the account's counter, and trust this device."""
        first = self.first
        if first is not None and guard.clears(attempt):
            for each in (first, *[twin for twin in self.twins if twin.key == first.key]):
                yield from _give(_undo(each, everything=True))
        cookie = guard.device_cookie(self.policy.prefix, self.request, attempt)
        if cookie is not None:
            response.headers.append(cookie)

    def broke(self) -> Flow[None]:
        """The app raised, or the client disconnected before there was a response."""
        if self.policy.failures or self.policy.refund:
            yield from self._give_back()
        yield from self.release()

    def release(self) -> Flow[None]:
        """Free the slot: the last byte has been sent, or the client has disconnected."""
        slot, self.slot = self.slot, None
        if slot is not None:
            yield from _give(_undo(slot))

    def _give_back(self) -> Flow[None]:
        taken, self.taken, self.twins = [*self.taken, *self.twins], [], []
        for take in taken:
            yield from _give(_undo(take))
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            if self.policy.guard is not None:
                with suppress(StoreError):
                    yield self.policy.guard.forget(pair)


def _take_locally(policy: LimitPolicy, take: Consume) -> Flow[Consume]:
    """Count in this process while the store is unavailable: within the limit, and within this worker's part of it."""
    local = ConsumeLocal(take.key, take.windows, take.cost)
    yield local
    if local.answer.allowed and policy.workers > 1:
        part = ConsumeLocal(
            take.key, policy.local if take.windows is policy.windows else policy.here(take.windows), take.cost
        )
        part.key = f"{take.key} part"
        yield part
        if not part.answer.allowed:
            yield _undo(local)
            return part
    return local


def _undo(take: Consume, *, everything: bool = False) -> Refund:
    kind = RefundLocal if isinstance(take, ConsumeLocal) else Refund
    return kind(take.key, take.windows, take.cost, None if everything else take.at)


def _give(give: Refund) -> Flow[None]:
    """Refund units back. If the store fails, they come back by themselves at the end of the window."""
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
