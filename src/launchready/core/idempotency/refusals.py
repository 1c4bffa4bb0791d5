"""The refusals of the idempotency feature. They address the developer of the client."""

import zlib

from launchready.core.idempotency.record import REPLAYED, ClaimRecord
from launchready.exchange.operations import allocate
from launchready.http.message import Request, Response
from launchready.http.problem import problem


def replay(record: ClaimRecord, request: Request | None = None) -> Response:
    """The stored answer, as this client can read it.

    - A content coding that the client does not accept is removed (RFC 9110 section 12.5.3); where this library cannot
      remove it, the answer counts as not stored.
    - CORS lines that the app wrote for the page of another origin are left out.
    """
    response = allocate(Response)
    response.status = record.status
    response.headers = [*record.headers, REPLAYED]
    response.body = record.body
    if request is None:
        return response
    origin = response.get(b"access-control-allow-origin")
    if origin is not None and origin not in (b"*", request.get(b"origin")):
        response.headers = [pair for pair in response.headers if not pair[0].startswith(b"access-control-")]
    coding = response.get(b"content-encoding")
    if coding is None or _accepts(request, coding):
        return response
    plain = _decoded(coding, record.body)
    if plain is None:
        return answer_not_stored()
    response.body = plain
    response.headers = [pair for pair in response.headers if pair[0] not in (b"content-encoding", b"content-length")]
    response.headers.append((b"content-length", b"%d" % len(plain)))
    return response


def _accepts(request: Request, coding: bytes) -> bool:
    """Whether the request names the coding, or "*", with a weight above zero. No field at all accepts every coding."""
    lines = request.lines(b"accept-encoding")
    if not lines:
        return True
    weights = {}
    for member in b",".join(lines).lower().split(b","):
        name, _, weight = member.partition(b";")
        weights[name.strip()] = weight.replace(b" ", b"").rstrip(b".0") != b"q="
    return weights.get(coding.strip().lower(), weights.get(b"*", False))


_DECODED_BOUND = 32 * 1024 * 1024
"""Bytes of a decoded answer; a larger one is not replayed to a client that does not accept its coding."""


def _decoded(coding: bytes, body: bytes) -> bytes | None:
    window = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}.get(coding.strip().lower())
    if window is None:
        return None
    decoder = zlib.decompressobj(window)
    try:
        plain = decoder.decompress(body, _DECODED_BOUND)
    except zlib.error:
        return None
    return plain if decoder.eof else None


def mismatch() -> Response:
    return problem(
        422, "idempotency-key-mismatch", "Idempotency key used for another request",
        "This key was sent before with another request. Use a new key for a new request.",
        code="key_reused", retryable=False,
    )  # fmt: skip


def other_owner() -> Response:
    return problem(
        409, "idempotency-key-owner", "Idempotency key made with other credentials",
        "This request was made before with other credentials, so it is not carried out again and its answer is not "
        "shown. Look the result up under your account. Use a new key only for a new operation.",
        code="key_owner", retryable=False,
    )  # fmt: skip


def guessable() -> Response:
    return problem(
        400, "idempotency-key-guessable", "Idempotency-Key can be guessed",
        "Send a random key, for example a UUID (crypto.randomUUID()). Short or readable keys need a scope=: see the "
        "server's Idempotency settings.",
        code="guessable_key", retryable=False,
    )  # fmt: skip


def in_flight() -> Response:
    return problem(
        409, "idempotency-key-in-flight", "The first request is still running",
        "A request with this key is still running. Send the same request again later, with the same key.",
        retry_after=1, code="in_progress", retryable=True,
    )  # fmt: skip


def outcome_unknown() -> Response:
    return problem(
        409, "idempotency-key-outcome-unknown", "The outcome of the first request is not known",
        "A request with this key was started and never answered. It may have taken effect, so it is not repeated.",
        code="outcome_unknown", retryable=False,
    )  # fmt: skip


def answer_not_stored() -> Response:
    return problem(
        409, "idempotency-key-answer-not-stored", "Done, but the answer was not kept",
        "The request with this key was carried out. Its answer cannot be repeated.",
        code="answer_not_stored", retryable=False,
    )  # fmt: skip


def missing() -> Response:
    return problem(
        400, "idempotency-key-missing", "Idempotency-Key is required",
        "Send an Idempotency-Key header: one new key per attempt to buy, the same one for every retry of it.",
        code="missing_key", retryable=False,
    )  # fmt: skip


def malformed() -> Response:
    return problem(
        400, "idempotency-key-malformed", "Idempotency-Key is malformed",
        "Send one Idempotency-Key header with 1 to 255 visible ASCII characters, for example a UUID.",
        code="bad_key", retryable=False,
    )  # fmt: skip


def too_large(limit: int) -> Response:
    return problem(
        413, "idempotency-key-too-large", "Request body too large",
        f"A request with an Idempotency-Key may have a body of {limit} bytes.",
        code="too_large", retryable=False,
    )  # fmt: skip


def cut_short() -> Response:
    return problem(400, "request-cut-short", "Incomplete request", "The body ended before it was complete.")


def store_unavailable() -> Response:
    return problem(
        503, "idempotency-key-store-unavailable", "Temporarily unavailable",
        "The key could not be checked, so nothing was carried out. Send the same request again.",
        retry_after=2, code="store_unavailable", retryable=True,
    )  # fmt: skip


def safe_to_retry(reason: str) -> Response:
    return problem(
        503, "safe-to-retry", "Not carried out",
        reason or "Nothing was carried out. Send the same request again.",
        retry_after=2, code="safe_to_retry", retryable=True,
    )  # fmt: skip
