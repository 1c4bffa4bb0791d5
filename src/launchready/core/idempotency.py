"""Idempotency keys: one execution per key, one answer, and never a second execution by guessing.

The states of a key, and the only transitions::

    (free) --claim--> running --answer--> done
       ^                 |
       +---- release ----+   only where the handler said SafeToRetry, or on_error="release" and the answer is a 5xx

    running, younger than its lease    409 in-flight: ask again
    running, older than its lease      409 outcome-unknown: the process died, or is slower than its lease. What it did
                                       is not known, so the handler is *not* run again
    done                               the stored answer, with Idempotent-Replayed: true

A claim is one PutIfAbsent, the answer one Replace of exactly that claim: whoever comes late with an answer to a claim
that is no longer his can neither store it nor overwrite another's. Errors are answers: a 500 may have charged a card,
so it is stored and replayed like any other (as Stripe does), until the key expires.

Header and refusals: draft-ietf-httpapi-idempotency-key-header-07. The key is a Structured Fields String; clients in
the field send it bare, and ``"abc"`` and ``abc`` are one key. What is stored is named by a digest of scope and key:
raw keys, users and bodies are never stored.
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256

from launchready.errors import SafeToRetry, StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Hold, Pause, ReadBody
from launchready.exchange.ops import Flow
from launchready.exchange.store import Delete, Get, PutIfAbsent, Replace, Space
from launchready.http.message import Headers, Request, Response
from launchready.http.problem import problem
from launchready.http.routes import RouteTable
from launchready.http.structured import parse_string

HEADER = b"idempotency-key"
REPLAYED = (b"idempotent-replayed", b"true")
POLL = 0.05

_BARE = re.compile(rb"[\x21\x23-\x2b\x2d-\x7e]{1,255}")  # visible ASCII; no comma: two lines joined on the way
_QUOTED = re.compile(rb"[\x21-\x7e]{1,255}")

# A replay is this answer again, not this connection's: RFC 9110 §7.6.1, and what belongs to one client or one moment.
_NOT_STORED = frozenset(
    {
        b"set-cookie", b"date", b"server", b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip


class Record:
    """What is stored under a key. ``status`` 0: running; -1: done, and the answer was too large to keep."""

    __slots__ = ("body", "fingerprint", "headers", "status")

    def __init__(self, fingerprint: bytes, status: int = 0, headers: Headers | None = None, body: bytes = b"") -> None:
        self.fingerprint = fingerprint
        self.status = status
        self.headers = headers or []
        self.body = body


def dump(record: Record) -> bytes:
    head = {
        "f": record.fingerprint.hex(),
        "s": record.status,
        "h": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in record.headers],
    }
    return json.dumps(head).encode() + b"\n" + record.body


def load(data: bytes) -> Record:
    head, _, body = data.partition(b"\n")
    fields = json.loads(head)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields["h"]]
    return Record(bytes.fromhex(fields["f"]), fields["s"], headers, body)


CLAIMS: Space[Record] = Space(
    "idempotency", dump, load, lambda record: len(record.body) + 256, evictable=False, max_entries=200_000
)


class Rule:
    """How one route is protected. Times in seconds, sizes in bytes; ``scope`` says whose key it is."""

    __slots__ = ("keep", "lease", "max_body", "release_errors", "required", "scope", "wait")

    def __init__(
        self, *, keep: float, lease: float, required: bool, wait: float, max_body: int, release_errors: bool,
        scope: Callable[[Request], str],
    ) -> None:  # fmt: skip
        self.keep = keep
        self.lease = lease
        self.required = required
        self.wait = wait
        self.max_body = max_body
        self.release_errors = release_errors
        self.scope = scope


class Idempotency:
    """Protects the routes of its table. A request there without a key passes, unless its rule requires one."""

    name = "idempotency"

    def __init__(self, routes: RouteTable[Rule | None]) -> None:
        self._routes = routes

    def handle(self, request: Request) -> Flow[Response | None] | None:
        rule = self._routes.find(request.method, request.path, None)
        return None if rule is None else Once(rule).handle(request)


class Once:
    """Protects one request, once: a view inside a protected route has nothing to add.

    ``key`` finds the key where it is not the header's: it gets the request and its body. ``scope``: whose key it is,
    where the caller knows it better than the rule's function of the request.
    """

    name = "idempotent"

    def __init__(
        self, rule: Rule, key: Callable[[Request, bytes], str | None] | None = None, scope: str | None = None
    ) -> None:
        self._rule = rule
        self._key = key
        self._scope = scope

    def handle(self, request: Request) -> Flow[Response | None]:
        rule = self._rule
        if request.claimed:
            return None
        lines = request.lines(HEADER)
        if self._key is None and not lines:
            return _missing() if rule.required else None
        read = ReadBody(rule.max_body)
        try:
            yield read
        except BodyTooLarge:
            return _too_large(rule)
        except BodyCutShort:
            return problem(400, "request-cut-short", "Incomplete request", "The body ended before it was complete.")
        if self._key is None:
            key = parse_key(lines)
        else:
            text = self._key(request, read.answer)
            if text is None:
                return _missing() if rule.required else None
            key = parse_key([text.encode("utf-8", "surrogatepass")])
        if key is None:
            return _malformed()
        request.claimed = True
        scope = rule.scope(request) if self._scope is None else self._scope
        return (yield from self.claim(lookup_key(scope, key), fingerprint(request, read.answer)))

    def claim(self, key: str, print_: bytes) -> Flow[Response | None]:
        """The states of the module's table, for a digest of scope and key and one of what is to be done."""
        rule = self._rule
        claim = PutIfAbsent(CLAIMS, key, Record(print_), rule.keep)
        try:
            yield claim
            entry = claim.answer.entry
            waited = 0.0
            while entry is not None and entry.value.status == 0 and waited < rule.wait and entry.age < rule.lease:
                yield Pause(POLL)
                waited += POLL
                look = Get(CLAIMS, key)
                yield look
                if look.answer is None:  # released meanwhile: the key is free, and this request is the first
                    claim = PutIfAbsent(CLAIMS, key, Record(print_), rule.keep)
                    yield claim
                    entry = claim.answer.entry
                else:
                    entry = look.answer
        except StoreError:
            return _store_unavailable()
        if entry is not None:
            return answer(entry.value, print_, entry.age, rule.lease)
        return (yield from self._run(key, print_, claim.answer.version))

    def _run(self, key: str, print_: bytes, version: int) -> Flow[Response | None]:
        rule = self._rule
        app = Hold(rule.max_body)
        try:
            yield app
        except SafeToRetry as reason:
            yield Delete(CLAIMS, key, version)
            return _safe_to_retry(str(reason))
        response = app.answer
        try:
            if rule.release_errors and response.status >= 500:
                yield Delete(CLAIMS, key, version)
            else:
                yield Replace(CLAIMS, key, _record(print_, response), rule.keep, version)
        except StoreError:
            # The effect took place and the answer is due. The claim stays, so that a retry is told "outcome unknown"
            # and does not run again.
            return None
        return None


def parse_key(lines: list[bytes]) -> bytes | None:
    """The key, or None where it is malformed: two lines, empty, over 255 characters, or not visible ASCII."""
    if len(lines) != 1:
        return None
    value = lines[0].strip(b" \t")
    if value.startswith(b'"'):
        content = parse_string(value)
        return content if content is not None and _QUOTED.fullmatch(content) else None
    return value if _BARE.fullmatch(value) else None


def lookup_key(scope: str, key: bytes) -> str:
    """A digest of scope and key, each preceded by its length: ("ab", "c") and ("a", "bc") are two keys."""
    user = scope.encode("utf-8", "surrogatepass")
    return sha256(b"%d:%b%d:%b" % (len(user), user, len(key), key)).hexdigest()


def fingerprint(request: Request, body: bytes) -> bytes:
    """What must be the same for a request to be the same: method, path, query, content type and body."""
    parts = (
        request.method.encode(),
        request.raw_path,
        request.query,
        (request.get(b"content-type") or b"").partition(b";")[0],  # a multipart boundary is new on every attempt
        sha256(body).digest(),
    )
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def answer(record: Record, print_: bytes, age: float, lease: float) -> Response:
    """What somebody is told who comes with a key that is taken."""
    if record.fingerprint != print_:
        return problem(
            422, "idempotency-key-mismatch", "Idempotency key used for another request",
            "This key was sent before with another request. Use a new key for a new request.",
            code="key_reused", retryable=False,
        )  # fmt: skip
    if record.status == 0:
        if age < lease:
            return problem(
                409, "idempotency-key-in-flight", "The first request is still running",
                "A request with this key is being carried out. Ask again with the same key.",
                retry_after=1, code="in_progress", retryable=True,
            )  # fmt: skip
        return problem(
            409, "idempotency-key-outcome-unknown", "The outcome of the first request is not known",
            "A request with this key was started and never answered. It may have taken effect, so it is not repeated.",
            code="outcome_unknown", retryable=False,
        )  # fmt: skip
    if record.status < 0:
        return problem(
            409, "idempotency-key-answer-not-stored", "Done, and the answer was not kept",
            "The request with this key was carried out. Its answer was too large to keep for a second time.",
            code="answer_not_stored", retryable=False,
        )  # fmt: skip
    return Response(record.status, [*record.headers, REPLAYED], record.body)


def _record(print_: bytes, response: Response) -> Record:
    if response.body is None:
        return Record(print_, -1)
    headers = [pair for pair in response.headers if pair[0] not in _NOT_STORED]
    return Record(print_, response.status, headers, response.body)


def _missing() -> Response:
    return problem(
        400, "idempotency-key-missing", "Idempotency-Key is required",
        "Send an Idempotency-Key header: one new key per attempt to buy, the same one for every retry of it.",
        code="missing_key", retryable=False,
    )  # fmt: skip


def _malformed() -> Response:
    return problem(
        400, "idempotency-key-malformed", "Idempotency-Key is malformed",
        "Send one Idempotency-Key header with 1 to 255 visible ASCII characters, for example a UUID.",
        code="bad_key", retryable=False,
    )  # fmt: skip


def _too_large(rule: Rule) -> Response:
    return problem(
        413, "idempotency-key-too-large", "Request body too large",
        f"A request with an Idempotency-Key may have a body of {rule.max_body} bytes.",
        code="too_large", retryable=False,
    )  # fmt: skip


def _store_unavailable() -> Response:
    return problem(
        503, "idempotency-key-store-unavailable", "Temporarily unavailable",
        "The key could not be checked, so nothing was carried out. Send the same request again.",
        retry_after=2, code="store_unavailable", retryable=True,
    )  # fmt: skip


def _safe_to_retry(reason: str) -> Response:
    return problem(
        503, "safe-to-retry", "Not carried out",
        reason or "Nothing was carried out. Send the same request again.",
        retry_after=2, code="safe_to_retry", retryable=True,
    )  # fmt: skip
