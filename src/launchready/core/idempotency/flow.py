"""One request, once: the states of the room's table, as the story of whoever comes with a key."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from launchready.core.idempotency import refusals
from launchready.core.idempotency.keys import HEADER, fingerprint, lookup_key, name_of, parse_key, seal_root
from launchready.core.idempotency.record import NOT_KEPT, RUNNING, Record
from launchready.core.idempotency.route_policy import Find, Rule, rerun
from launchready.errors import SafeToRetry, StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Hold, ReadBody, Spooled
from launchready.exchange.claim import Ask, Claim, Forget, Keep, Watch, root
from launchready.exchange.operations import Flow, new
from launchready.exchange.store import Delete, Entry, Get, PutIfAbsent, Seize, Settle
from launchready.http.message import Request, Response

if TYPE_CHECKING:
    from launchready.core.idempotency.key_context import Vault

LEAST_PAUSE, FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01, 0.25
"""Seconds between two looks at a key whose claim another process holds, where nothing tells of its end; doubling."""

DOUBT = 0.6
"""Seconds for which a sign of life is waited for where a lease is over; a lease, where that is shorter.

While the store is down no lease can be renewed. Live processes retry four times a second
(runtime/claims/lease_renewer.py), so a renewal arrives soon after the store is back.
"""

PATIENCE = 600.0
"""Seconds for which an answer that the store did not take is offered again."""

Recovering = Callable[..., object]
"""Gets what is held, and the request or None."""


class Once:
    """Protects one request: a view inside a protected route has nothing to add.

    - ``key`` finds the key where it is not the header's: it gets the request and its body.
    - ``scope``: whose key it is, where the caller knows it better than the rule's function of the request.
    - ``print_``: what must be the same, where that is not the request's fingerprint.
    - ``waits``: the handler runs, or is to run, and its end is waited for.
    - ``sent``: whose key came, and the key; ``id_``: the digest that stands for it, once it is known; ``held``: the
      claim, once it is made.
    - ``recover``: what to ask before a crashed attempt is repeated, where the caller knows it better than the rule.
    """

    name = "idempotent"
    id_ = ""
    print_ = b""
    held: Claim | None = None
    waits = False
    sent: tuple[str, bytes] = ("", b"")
    _route = ""
    _request: Request | None = None

    def __init__(
        self, rule: Rule, vault: "Vault", key: Find | None = None,
        scope: str | None = None, recover: Recovering | None = None,
    ) -> None:  # fmt: skip
        self._rule = rule
        self._vault = vault
        self._key = key
        self.scope = scope
        self._recover = recover or rule.on_crash

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        if request.claimed is not None:
            return None
        if self._key is not None or request.get(HEADER) is not None:
            return self.story(request)
        return refusals.missing() if self._rule.required else None

    def identify(self, request: Request, body: bytes | Spooled) -> Response | bool:
        """Whether a key came; a Response refuses it."""
        rule = self._rule
        if self._key is None:
            fields = request.fields
            once = len(fields) == len(request.headers)  # no name stands twice, as in most requests
            key = parse_key([fields[HEADER]] if once else request.lines(HEADER))
        else:
            text = self._key(request, body)
            if isinstance(text, Response):
                return text
            if text is None:
                return False
            key = parse_key([text.encode("utf-8", "surrogatepass")])
        if key is None:
            return refusals.malformed()
        self._request = request
        scope = rule.scope(request) if self.scope is None else self.scope
        self.id_ = lookup_key(scope, key, self._vault.secret)
        self.print_ = self.print_ or fingerprint(request, body)
        self.sent = (scope, key)
        self._route = rule.name or request.method
        return True

    def know(self, scope: str, key: bytes, print_: bytes, route: str) -> None:
        """The same of a key that came in no request."""
        self.id_ = lookup_key(scope, key, self._vault.secret)
        self.print_ = print_
        self.sent = (scope, key)
        self._route = route

    def read(self, request: Request | None) -> Flow[Response | bool]:
        """The body, and the key in it, for a story that is told elsewhere."""
        if request is None:
            return True
        read = ReadBody(self._rule.max_body)
        try:
            yield read
        except BodyTooLarge:
            return refusals.too_large(self._rule.max_body)
        except BodyCutShort:
            return refusals.cut_short()
        return self.identify(request, read.answer)

    def record(self) -> Record:
        """A claim, as this attempt writes it down."""
        vault = self._vault
        record = new(Record)
        record.fingerprint = self.print_
        record.status = RUNNING
        record.headers = []
        record.body = b""
        record.token = vault.token().hex()
        record.id = self.id_
        record.name = name_of(self.sent[1], vault.secret)
        record.sealed_root = seal_root(root(*self.sent), self.id_, vault.secret)
        record.route = self._route
        record.elapsed = 0.0
        record.lease = self._rule.lease
        return record

    def story(self, request: Request | None = None) -> Flow[Response | None]:
        """Claim the key, hold it while the handler runs, and store the answer before its first byte leaves.

        Without a ``request`` the key is known already.

        Where the store does not take the answer, or nobody waits for it any more, it is said again until the store
        does: the effect took place, and a retry must neither run nor stay without its answer.

        The straight way stands here as one piece: what is delegated costs every request a frame for every step.
        """
        rule, vault = self._rule, self._vault
        if request is not None:
            read = ReadBody(rule.max_body)
            try:
                yield read
            except BodyTooLarge:
                return refusals.too_large(rule.max_body)
            except BodyCutShort:
                return refusals.cut_short()
            found = self.identify(request, read.answer)
            if isinstance(found, Response):
                return found
            if not found:
                return refusals.missing() if rule.required else None
        claim: Claim | None = None
        try:
            while claim is None:  # again only where the key was freed while this request waited for it
                first = PutIfAbsent(vault.space, self.id_, None, rule.keep, self.record)
                yield first
                entry = first.answer.entry
                if entry is None:
                    vault.counts.first += 1
                    record = first.value
                    claim = self._made(record, first.answer.version)
                    keep = new(Keep)
                    keep.claim = claim
                    yield keep
                elif entry.value.status != RUNNING:
                    return self._told(entry.value)
                else:
                    told = yield from self._taken(first.value, entry)
                    if isinstance(told, Response):
                        return told
                    if told is not None:
                        record, version = told
                        claim = self._made(record, version)
                        yield Keep(claim)
                        happened = yield from self._crashed(record, claim)
                        if happened is not None:
                            return happened
        except StoreError:
            vault.counts.refused_by_store += 1
            yield Forget(vault.space, self.id_, first.value.owns)
            return refusals.store_unavailable()
        app = Hold(rule.max_body)
        self.waits = True
        try:
            yield app
        except SafeToRetry as reason:
            yield from self._release(claim)
            return refusals.safe_to_retry(str(reason))
        finally:
            if not hasattr(app, "answer"):  # whoever died may have charged: the claim stays, and nobody renews it
                claim.end()
        response = app.answer
        if response.status >= rule.release_from:
            yield from self._release(claim)
            return None
        settle = Settle(claim.space, claim.key, record.answered(response), rule.keep, claim.version)
        try:
            yield settle
        except StoreError:
            return None
        finally:
            if not hasattr(settle, "answer"):
                claim.insist(settle, min(rule.keep, PATIENCE))
            claim.end()
        return None if settle.answer else (yield from self._fenced(record))

    def _made(self, record: Record, version: int) -> Claim:
        rule = self._rule
        self.held = claim = Claim(
            self._vault.space, record.id, version, lambda passed: record.later(record.elapsed + passed), rule.keep,
            rule.lease,
        )  # fmt: skip
        claim.sent = self.sent
        if self._request is not None:
            self._request.claimed = claim
        return claim

    def _taken(self, record: Record, found: Entry[Record]) -> Flow[Response | tuple[Record, int] | None]:
        """Somebody has the key. What to tell; or that it is ours now, as which record and version; None: it is free."""
        waited, patience, lease = 0.0, self._rule.wait, self._rule.lease
        watch = Watch(self._vault.space, record.id, FIRST_PAUSE)
        doubted = -1.0  # until when, in seconds waited, it is not taken for dead
        entry: Entry[Record] | None = found
        while entry is not None:
            there = entry.value
            if there.status != RUNNING or there.fingerprint != record.fingerprint:
                return self._told(there)
            if entry.age >= lease:
                if doubted < 0:
                    doubted = waited + min(DOUBT, lease)
                left = doubted - waited
            else:
                doubted, left = -1.0, min(patience - waited, lease - entry.age)
            if left > LEAST_PAUSE:
                watch.version, watch.most = entry.version, left
                yield watch
                self._vault.counts.waited += watch.answer - waited
                waited, watch.pause = watch.answer, min(LONGEST_PAUSE, watch.pause * 2)
            elif doubted < 0:
                return self._told(there)
            else:
                mine = record.later(there.elapsed + entry.age)
                if not self._may_repeat(mine):
                    self._vault.counts.lost(mine.elapsed)
                    return refusals.outcome_unknown()
                seize = Seize(self._vault.space, record.id, mine, self._rule.keep, entry.version, lease)
                yield seize
                if seize.answer:
                    return mine, seize.answer
            look = Get(self._vault.space, record.id)
            try:
                yield look
            except StoreError:
                if waited >= patience or entry.age >= lease:
                    raise
                continue  # it may be back before the wait is over
            entry = look.answer
        return None

    def _may_repeat(self, record: Record) -> bool:
        return self._recover is not None and (self._recover is not rerun or record.elapsed < self._rule.rerun_for)

    def _told(self, there: Record) -> Response:
        """What somebody is told who comes with a key that is taken."""
        counts = self._vault.counts
        if there.id != self.id_:  # not ours (what cannot be read has none), or put here in another's place
            counts.lost()
            return refusals.outcome_unknown()
        if there.fingerprint != self.print_:
            counts.mismatch += 1
            return refusals.mismatch()
        if there.status == RUNNING:
            counts.conflict += 1
            return refusals.in_flight()
        counts.replay += 1
        return refusals.answer_not_stored() if there.status == NOT_KEPT else refusals.replay(there)

    # An attempt that died, or stands still.

    def _crashed(self, record: Record, claim: Claim) -> Flow[Response | None]:
        """The key is ours. Ask whether it happened; what is found is the answer. None: the handler runs again."""
        self._vault.counts.recovered += 1
        rule, recover, request = self._rule, self._recover, self._request
        if recover is None or recover is rerun:
            return None
        ask = Ask(lambda once: recover(once, request), claim)
        try:
            yield ask
        except Exception:
            self._vault.counts.lost()  # nobody could say: after a lease the next one may ask again
            return refusals.outcome_unknown()
        finally:
            if not hasattr(ask, "answer"):
                claim.end()
        if ask.answer is None or ask.answer is False:
            return None
        found = self._found(ask.answer)
        settle = Settle(claim.space, claim.key, record.answered(found), rule.keep, claim.version)
        try:
            yield settle
        except StoreError:
            pass
        finally:
            if not hasattr(settle, "answer"):
                claim.insist(settle, min(rule.keep, PATIENCE))
            claim.end()
        return refusals.answer_not_stored() if found.body is None else refusals.replay(record.answered(found))

    def _found(self, answer: object) -> Response:
        """True says that it happened, and no more."""
        if answer is True or self._rule.respond is None:
            return Response(200, [], None)
        return self._rule.respond(answer)

    # The end.

    def _release(self, claim: Claim) -> Flow[None]:
        """Free the key. What nobody could free stays until it expires, and is never run twice."""
        self._vault.counts.released += 1
        claim.end(released=True)
        free = Delete(claim.space, claim.key, claim.version)
        try:
            yield free
        except StoreError:
            return

    def _fenced(self, record: Record) -> Flow[Response | None]:
        """Too late: the key was taken over meanwhile. Only what its holder stores is believed."""
        look = Get(self._vault.space, record.id)
        try:
            yield look
        except StoreError:
            return refusals.outcome_unknown()
        entry = look.answer
        if entry is None or (entry.value.token == record.token and entry.value.status != RUNNING):
            return None  # nobody holds it; or it is this very answer
        return self._told(entry.value)
