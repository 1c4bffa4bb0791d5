"""What a request is told that is not carried out. The words are for whoever wrote the client."""

from launchready.core.idempotency.record import REPLAYED, Record
from launchready.exchange.operations import new
from launchready.http.message import Response
from launchready.http.problem import problem


def replay(record: Record) -> Response:
    response = new(Response)
    response.status = record.status
    response.headers = [*record.headers, REPLAYED]
    response.body = record.body
    return response


def mismatch() -> Response:
    return problem(
        422, "idempotency-key-mismatch", "Idempotency key used for another request",
        "This key was sent before with another request. Use a new key for a new request.",
        code="key_reused", retryable=False,
    )  # fmt: skip


def in_flight() -> Response:
    return problem(
        409, "idempotency-key-in-flight", "The first request is still running",
        "A request with this key is being carried out. Ask again with the same key.",
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
        409, "idempotency-key-answer-not-stored", "Done, and the answer was not kept",
        "The request with this key was carried out. Its answer could not be kept for a second time.",
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
