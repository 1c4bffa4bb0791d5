"""The idempotency flow: one request from its key to its stored answer, through the states drawn in ``__init__``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from launchready.core.idempotency import refusals
from launchready.core.idempotency.keys import (
    HEADER,
    DerivedKey,
    IssuedKey,
    fingerprint,
    lookup_key,
    name_of,
    parse_key,
    seal_root,
)
from launchready.core.idempotency.owner import credentials, is_unguessable, owner_of, same_owner
from launchready.core.idempotency.record import NOT_KEPT, RUNNING, ClaimRecord
from launchready.core.idempotency.route_policy import REFUSED, KeyFinder, RoutePolicy, rerun
from launchready.errors import SafeToRetry, StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, ForwardBuffered, ReadBody, Spooled
from launchready.exchange.claim import (
    Claim,
    KeepAlive,
    RecoverOutcome,
    ReleaseIfMine,
    WaitForChange,
    renewal_interval,
    root,
)
from launchready.exchange.operations import Flow, allocate
from launchready.exchange.store import Complete, Delete, Entry, Get, PutIfAbsent, Seize
from launchready.http.message import Request, Response

if TYPE_CHECKING:
    from launchready.core.idempotency.key_context import KeyContext

LEAST_PAUSE, FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01, 0.25
"""Seconds between two reads of a key that another process holds, where the store sends no notice; the pause doubles."""

RENEWAL_GRACE = 0.6
"""Seconds to wait for a renewal after a lease has run out, or one lease if that is shorter, in addition to the interval
between two renewals.

- While the store is down no lease can be renewed. Live processes retry four times a second
  (runtime/claims/lease_renewer.py), so a renewal arrives soon after the store is back.
- If the store's clock is set forward, every lease seems to have run out. A live process renews its own within the
  interval.
"""

STORE_RETRIES = 600.0
"""Seconds for which an answer that the store did not take is offered again."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1: a request with one of these asks for no effect, so its key means nothing."""

Recovering = Callable[..., object]
"""Called with the IdempotencyContext and the request (None for a plain function)."""


class IdempotencyFlow:
    """Protects one request. The innermost rule wins: a view's own rule takes over from the rule of its route.

    - ``finder`` reads the key where it is not in the header: it is called with the request and its body.
    - ``scope``: the owner of the key, where the caller knows it better than the policy's function of the request.
    - ``user``: the framework's signed-in user, or None.
    - ``request_digest``: what must be equal under one key; by default the fingerprint of the request.
    - ``waits``: the handler runs, or is about to run, and the flow waits for its end.
    - ``catches``: the exceptions of the handler that the flow must see.
    - ``settles_at_once``: the answer is stored as soon as the view returns, not when the face has the response.
    - ``scope_and_key``, ``id_``: the scope and the key, and the digest that names them in the store.
    - ``credentials``: what the request shows of its sender, where no scope names the owner.
    - ``claim``: the claim, once it is made.
    - ``recover``: the function to ask before a crashed attempt is repeated.
    """

    name = "idempotent"
    id_ = ""
    request_digest = b""
    claim: Claim | None = None
    waits = False
    catches: type[Exception] = SafeToRetry
    settles_at_once = False
    user: str | None = None
    scope_and_key: tuple[str, bytes] = ("", b"")
    credentials: bytes | None = None
    sender: Request | None = None
    _releases: frozenset[int]
    _owner = b""
    _route = ""
    _request: Request | None = None

    def __init__(
        self, policy: RoutePolicy, context: "KeyContext", finder: KeyFinder | None = None,
        scope: str | None = None, recover: Recovering | None = None,
    ) -> None:  # fmt: skip
        self._policy = policy
        self._context = context
        self._finder = finder
        self.scope = scope
        self._recover = recover or policy.on_crash
        self._releases = policy.releases

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        if request.claimed is not None:
            return self._take_over(request)
        if self._finder is not None:
            return self.run(request)
        if request.method in SAFE_METHODS:
            return None
        if request.get(HEADER) is not None:
            return self.run(request)
        return refusals.missing() if self._policy.required else None

    def _take_over(self, request: Request) -> Flow[Response | None]:
        """A rule further out has claimed a key for this request. Free that key, then apply this rule.

        A transaction keeps its key, which commits with the work; there the finder still verifies the request.
        """
        claim = request.claimed
        if isinstance(claim, Claim):
            for each in claim.all:
                each.superseded = True
                each.end(released=True)
                free = Delete(each.space, each.key, each.version)
                try:
                    yield free
                except StoreError:
                    return refusals.store_unavailable()
            request.claimed = None
            flow = self.handle(request)
            return flow if flow is None or isinstance(flow, Response) else (yield from flow)
        if self._finder is not None:
            found = yield from self.read(request)
            return found if isinstance(found, Response) else None
        return None

    def extract_key(self, request: Request, body: bytes | Spooled) -> Response | bool:
        """Whether the request has a key; a Response refuses the request."""
        policy, text = self._policy, None
        if self._finder is None:
            fields = request.fields
            unique = len(fields) == len(request.headers)  # no name occurs twice, as in most requests
            key = parse_key([fields[HEADER]] if unique else request.lines(HEADER))
        else:
            text = self._finder(request, body)
            if isinstance(text, Response):
                return text
            if text is None:
                return False
            key = parse_key([text.encode("utf-8", "surrogatepass")])
        if key is None:
            return refusals.malformed()
        self._request = self.sender = request
        scope = self.scope
        if scope is None and policy.scope is not None:
            scope = policy.scope(request)
        if scope is None:
            if isinstance(text, IssuedKey | DerivedKey) or is_unguessable(key):
                scope = ""
                self.credentials = credentials(request)
                if isinstance(text, DerivedKey):
                    self._releases = REFUSED
            elif self.user is not None:
                scope = f"u:{self.user}"
            else:
                self._context.counts.guessable += 1
                return refusals.guessable()
        self.request_digest = self.request_digest or fingerprint(request, body)
        self.set_key(scope, key, self.request_digest, policy.name or request.method)
        return True

    def set_key(self, scope: str, key: bytes, request_digest: bytes, route: str) -> None:
        """Set the key directly, for a call without a request."""
        secret = self._context.secret
        self.id_ = lookup_key(scope, key, secret)
        self.request_digest = request_digest
        self.scope_and_key = (scope, key)
        self._route = route
        if self.credentials is not None:
            self._owner = self._owner_by_secret(self.credentials, None)

    def read(self, request: Request | None) -> Flow[Response | bool]:
        """Read the body and extract the key."""
        if request is None:
            return True
        read = ReadBody(self._policy.max_body)
        try:
            yield read
        except BodyTooLarge:
            return refusals.too_large(self._policy.max_body)
        except BodyCutShort:
            return refusals.cut_short()
        return self.extract_key(request, read.answer)

    def record(self) -> ClaimRecord:
        """The record of a running claim of this attempt."""
        context = self._context
        record = allocate(ClaimRecord)
        record.fingerprint = self.request_digest
        record.status = RUNNING
        record.headers = []
        record.body = b""
        record.token = context.token().hex()
        record.id = self.id_
        record.name = name_of(self.scope_and_key[1], context.secret)
        record.route = self._route
        record.elapsed = 0.0
        record.lease = self._policy.lease
        record.owner = self._owner
        record.sealed_root = seal_root(root(*self.scope_and_key), self.id_, context.secret)
        return record

    def run(self, request: Request | None = None) -> Flow[Response | None]:
        """Claim the key, hold it while the handler runs, and store the answer before its first byte leaves.

        Without a ``request`` the key is set already.

        If the store does not take the answer, or the client has left, the answer is offered to the store until it
        takes it: the effect took place, so a retry must neither run nor stay without its answer.

        The common path is one piece, because every delegation costs each request a frame per step.
        """
        policy, context = self._policy, self._context
        if request is not None:
            read = ReadBody(policy.max_body)
            try:
                yield read
            except BodyTooLarge:
                return refusals.too_large(policy.max_body)
            except BodyCutShort:
                return refusals.cut_short()
            found = self.extract_key(request, read.answer)
            if isinstance(found, Response):
                return found
            if not found:
                return refusals.missing() if policy.required else None
        claim: Claim | None = None
        try:
            while claim is None:  # repeated only if the key was freed while this request waited for it
                first = PutIfAbsent(context.space, self.id_, None, policy.keep, self.record)
                yield first
                entry = first.answer.entry
                if entry is None:
                    context.counts.first += 1
                    record = first.value
                    claim = self._make_claim(record, first.answer.version)
                    keep_alive = allocate(KeepAlive)
                    keep_alive.claim = claim
                    yield keep_alive
                elif entry.value.status != RUNNING:
                    return self._answer_for(entry.value)
                else:
                    result = yield from self._wait_for_holder(first.value, entry)
                    if isinstance(result, Response):
                        return result
                    if result is not None:
                        record, version = result
                        claim = self._make_claim(record, version)
                        yield KeepAlive(claim)
                        recovered = yield from self._recover_crashed(record, claim)
                        if recovered is not None:
                            return recovered
        except StoreError:
            context.counts.refused_by_store += 1
            yield ReleaseIfMine(context.space, self.id_, first.value.owns)
            return refusals.store_unavailable()
        app = ForwardBuffered(policy.max_body)
        self.waits = True
        try:
            yield app
        except SafeToRetry as reason:
            if claim.superseded:
                raise
            yield from self._release(claim)
            return refusals.safe_to_retry(str(reason))
        finally:
            if not hasattr(app, "answer"):  # the handler may have had its effect: the claim stays, without renewals
                claim.end()
        response = app.answer
        if claim.superseded:
            return None
        if response.status in self._releases or response.status >= policy.release_from:
            yield from self._release(claim)
            return None
        owner = self._owner_after(response) if self._owner else b""
        complete = Complete(claim.space, claim.key, record.answered(response, owner), policy.keep, claim.version)
        try:
            yield complete
        except StoreError:
            return None
        finally:
            if not hasattr(complete, "answer"):
                claim.retry(complete, min(policy.keep, STORE_RETRIES))
            claim.end()
        return None if complete.answer else (yield from self._check_fence(record))

    def _owner_after(self, response: Response) -> bytes:
        """The owner, with the credentials that the response leaves with the client."""
        if self.sender is None or self.credentials is None or response.get(b"set-cookie") is None:
            return self._owner
        return self._owner_by_secret(self.credentials, credentials(self.sender, response))

    def _owner_by_secret(self, sent: bytes, left: bytes | None) -> bytes:
        return owner_of(sent, self.user, self._context.secret, left)

    def _make_claim(self, record: ClaimRecord, version: int) -> Claim:
        policy = self._policy
        self.claim = claim = Claim(
            self._context.space, record.id, version, lambda passed: record.later(record.elapsed + passed), policy.keep,
            policy.lease,
        )  # fmt: skip
        claim.scope_and_key = self.scope_and_key
        if self._request is not None:
            self._request.claimed = claim
        return claim

    def _wait_for_holder(
        self, record: ClaimRecord, found: Entry[ClaimRecord]
    ) -> Flow[Response | tuple[ClaimRecord, int] | None]:
        """Wait for the current holder of the key.

        Returns a Response to send, (record, version) if the claim was taken over, or None if the key was freed.
        """
        waited, patience, lease = 0.0, self._policy.wait, self._policy.lease
        change = WaitForChange(self._context.space, record.id, FIRST_PAUSE)
        grace_ends = -1.0  # in seconds waited; until then the holder counts as alive
        entry: Entry[ClaimRecord] | None = found
        while entry is not None:
            there = entry.value
            if there.status != RUNNING or there.fingerprint != record.fingerprint or not self._may_see(there):
                return self._answer_for(there)
            if entry.age >= lease:
                if grace_ends < 0:
                    grace_ends = waited + renewal_interval(lease) + min(RENEWAL_GRACE, lease)
                left = grace_ends - waited
            else:
                grace_ends, left = -1.0, min(patience - waited, lease - entry.age)
            if left > LEAST_PAUSE:
                change.version, change.most = entry.version, left
                yield change
                self._context.counts.waited += change.answer - waited
                waited, change.pause = change.answer, min(LONGEST_PAUSE, change.pause * 2)
            elif grace_ends < 0:
                return self._answer_for(there)
            else:
                mine = record.later(there.elapsed + entry.age)
                if not self._may_repeat(mine):
                    self._context.counts.count_unknown(mine.elapsed)
                    return refusals.outcome_unknown()
                seize = Seize(self._context.space, record.id, mine, self._policy.keep, entry.version, lease)
                yield seize
                if seize.answer:
                    return mine, seize.answer
            look = Get(self._context.space, record.id)
            try:
                yield look
            except StoreError:
                if waited >= patience or entry.age >= lease:
                    raise
                continue  # the store may be back before the wait ends
            entry = look.answer
        return None

    def _may_repeat(self, record: ClaimRecord) -> bool:
        return self._recover is not None and (self._recover is not rerun or record.elapsed < self._policy.rerun_for)

    def _answer_for(self, there: ClaimRecord) -> Response:
        """The answer to a request whose key is taken."""
        counts = self._context.counts
        if there.id != self.id_:  # an unreadable record has no id; another id means that the record was moved here
            counts.count_unknown()
            return refusals.outcome_unknown()
        if there.fingerprint != self.request_digest:
            counts.mismatch += 1
            return refusals.mismatch()
        if not self._may_see(there):
            counts.other_owner += 1
            return refusals.other_owner()
        if there.status == RUNNING:
            counts.conflict += 1
            return refusals.in_flight()
        counts.replay += 1
        return refusals.answer_not_stored() if there.status == NOT_KEPT else refusals.replay(there, self.sender)

    def _may_see(self, there: ClaimRecord) -> bool:
        """Whether this request comes from the owner of a record."""
        return same_owner(there.owner, self._owner)

    # An attempt whose process died, or stands still.

    def _recover_crashed(self, record: ClaimRecord, claim: Claim) -> Flow[Response | None]:
        """Ask the app for the outcome of a crashed attempt, whose claim is ours now. None: the handler runs again."""
        self._context.counts.recovered += 1
        policy, recover, request = self._policy, self._recover, self._request
        if recover is None or recover is rerun:
            return None
        outcome = RecoverOutcome(lambda once: recover(once, request), claim)
        try:
            yield outcome
        except Exception:
            self._context.counts.count_unknown()  # the outcome stays unknown; after a lease the next retry asks again
            return refusals.outcome_unknown()
        finally:
            if not hasattr(outcome, "answer"):
                claim.end()
        if outcome.answer is None or outcome.answer is False:
            return None
        found = self._to_response(outcome.answer)
        complete = Complete(claim.space, claim.key, record.answered(found), policy.keep, claim.version)
        try:
            yield complete
        except StoreError:
            pass
        finally:
            if not hasattr(complete, "answer"):
                claim.retry(complete, min(policy.keep, STORE_RETRIES))
            claim.end()
        return refusals.answer_not_stored() if found.body is None else refusals.replay(record.answered(found))

    def _to_response(self, answer: object) -> Response:
        """True says only that the effect happened: there is no body to replay."""
        if answer is True or self._policy.respond is None:
            return Response(200, [], None)
        return self._policy.respond(answer)

    # The end.

    def _release(self, claim: Claim) -> Flow[None]:
        """Free the key. If the store does not answer, the key stays until it expires and never runs twice."""
        self._context.counts.released += 1
        claim.end(released=True)
        free = Delete(claim.space, claim.key, claim.version)
        try:
            yield free
        except StoreError:
            return

    def _check_fence(self, record: ClaimRecord) -> Flow[Response | None]:
        """The key was taken over meanwhile: the answer of the new holder counts, not ours."""
        look = Get(self._context.space, record.id)
        try:
            yield look
        except StoreError:
            return refusals.outcome_unknown()
        entry = look.answer
        if entry is None or (entry.value.token == record.token and entry.value.status != RUNNING):
            return None  # the key is free, or the stored answer is this one
        return self._answer_for(entry.value)
