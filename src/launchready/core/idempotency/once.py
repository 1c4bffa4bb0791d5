"""One request, once: the states of the room's table, as the story of whoever comes with a key."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from launchready.core.idempotency import refusals
from launchready.core.idempotency.keys import HEADER, fingerprint, named, parse_key
from launchready.core.idempotency.record import NOT_KEPT, RUNNING, UNREADABLE, Record
from launchready.core.idempotency.rule import Find, Rule, rerun
from launchready.errors import SafeToRetry, StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Hold, ReadBody
from launchready.exchange.claim import Ask, Claim, Forget, Keep, Watch
from launchready.exchange.ops import Flow
from launchready.exchange.store import Delete, Entry, Get, PutIfAbsent, Seize, Settle
from launchready.http.message import Request, Response

if TYPE_CHECKING:
    from launchready.core.idempotency.vault import Vault

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two looks at a key whose claim another process holds: the waiting doubles."""

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
    - ``sent``: whose key came, and the key; ``held``: the claim, once it is made.
    - ``recover``: what to ask before a crashed attempt is repeated, where the caller knows it better than the rule.
    """

    name = "idempotent"

    def __init__(
        self, rule: Rule, vault: "Vault", key: Find | None = None,
        scope: str | None = None, recover: Recovering | None = None,
    ) -> None:  # fmt: skip
        self._rule = rule
        self._vault = vault
        self._key = key
        self.scope = scope
        self.print_: bytes | None = None
        self._recover = recover or rule.on_crash
        self._request: Request | None = None
        self.sent: tuple[str, bytes] = ("", b"")
        self.held: Claim | None = None
        self.waits = False

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        rule = self._rule
        if request.claimed is not None:
            return None
        lines = request.lines(HEADER)
        if self._key is not None or lines:
            return self._identify(request, lines)
        return refusals.missing() if rule.required else None

    def _identify(self, request: Request, lines: list[bytes]) -> Flow[Response | None]:
        rule = self._rule
        read = ReadBody(rule.max_body)
        try:
            yield read
        except BodyTooLarge:
            return refusals.too_large(rule.max_body)
        except BodyCutShort:
            return refusals.cut_short()
        if self._key is None:
            key = parse_key(lines)
        else:
            text = self._key(request, read.answer)
            if isinstance(text, Response):
                return text
            if text is None:
                return (yield from self._without())
            key = parse_key([text.encode("utf-8", "surrogatepass")])
        if key is None:
            return refusals.malformed()
        self._request = request
        scope = rule.scope(request) if self.scope is None else self.scope
        self.sent = (scope, key)
        vault = self._vault
        id_, name = named(scope, key, vault.secret)
        print_ = self.print_ or fingerprint(request, read.answer)
        record = Record(
            print_, token=vault.token().hex(), id=id_, name=name, route=rule.name or request.method, lease=rule.lease
        )
        return (yield from self.claim(record))

    def _without(self) -> Flow[Response | None]:
        """No key came."""
        yield from ()
        return refusals.missing() if self._rule.required else None

    def claim(self, record: Record) -> Flow[Response | None]:
        """Claim the record's key, hold it while the handler runs, and store the answer before its first byte leaves.

        Where the store does not take the answer, or nobody waits for it any more, it is said again until the store
        does: the effect took place, and a retry must neither run nor stay without its answer.

        The straight way stands here as one piece: what is delegated costs every request a frame for every step.
        """
        rule, vault = self._rule, self._vault
        claim: Claim | None = None
        try:
            while claim is None:  # again only where the key was freed while this request waited for it
                first = PutIfAbsent(vault.space, record.id, record, rule.keep)
                yield first
                if first.answer.entry is None:
                    vault.counts.first += 1
                    claim = self._made(record, first.answer.version)
                    yield Keep(claim)
                else:
                    told = yield from self._taken(record, first.answer.entry)
                    if isinstance(told, Response):
                        return told
                    if told is not None:
                        record, version = told
                        claim = self._made(record, version)
                        yield Keep(claim)
                        found = yield from self._crashed(record, claim)
                        if found is not None:
                            return found
        except StoreError:
            vault.counts.refused_by_store += 1
            yield Forget(vault.space, record.id, record.owns)
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
        waited, pause = 0.0, FIRST_PAUSE
        entry: Entry[Record] | None = found
        while entry is not None:
            there = entry.value
            if there.status != RUNNING or there.fingerprint != record.fingerprint:
                return self._told(record, there)
            if entry.age >= self._rule.lease:
                mine = record.later(there.elapsed + entry.age)
                if not self._may_repeat(mine):
                    self._vault.counts.lost(mine.elapsed)
                    return refusals.outcome_unknown()
                seize = Seize(self._vault.space, record.id, mine, self._rule.keep, entry.version, self._rule.lease)
                yield seize
                if seize.answer:
                    return mine, seize.answer
            elif waited < self._rule.wait:
                watch = Watch(record.id, pause, self._rule.wait - waited)
                yield watch
                waited, pause = waited + watch.answer, min(LONGEST_PAUSE, pause * 2)
                self._vault.counts.waited += watch.answer
            else:
                return self._told(record, there)
            look = Get(self._vault.space, record.id)
            yield look
            entry = look.answer
        return None

    def _may_repeat(self, record: Record) -> bool:
        return self._recover is not None and (self._recover is not rerun or record.elapsed < self._rule.rerun_for)

    def _told(self, record: Record, there: Record) -> Response:
        """What somebody is told who comes with a key that is taken."""
        counts = self._vault.counts
        if there.status == UNREADABLE or there.id != record.id:  # not ours, or put here in another's place
            counts.lost()
            return refusals.outcome_unknown()
        if there.fingerprint != record.fingerprint:
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
        return self._told(record, entry.value)
