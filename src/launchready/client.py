"""An httpx client for payments: timed, with retries only where a repetition is harmless.

::

    with launchready.client.Client(base_url="https://api.provider.example", deadline="20s") as client:
        client.post("/charges", json=..., headers={"Idempotency-Key": once.downstream_key("charge")})

- Retried requests: GET, HEAD, OPTIONS, PUT and DELETE, which RFC 9110 section 9.2.2 calls idempotent, and any request
  with an ``Idempotency-Key``, which keeps its key. Others only if no connection was made: then nothing was sent.
- Retried on: no response, 429, 502, 503, 504; and 409 with ``Retry-After``: the first request with that key still runs.
- Delay: ``Retry-After``, otherwise random up to 0.2 s, 0.4 s, 0.8 s ... (full jitter, so that clients that failed
  together do not return together). ``deadline`` bounds all attempts together.
- After ``failures`` consecutive failures a host is left alone for ``rest``: requests raise CircuitOpen at once.
- A body that is an iterator is sent once.
- The trace context of the current request is forwarded.
"""

import asyncio
import random
import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from launchready.errors import LaunchReadyError
from launchready.metrics.query_times import Instrumentation, call, forward

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
RETRY_STATUSES = frozenset({429, 502, 503, 504})
NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
FIRST_BACKOFF, MAX_BACKOFF = 0.2, 10.0
"""Upper bounds of the first delay, which doubles, and of the last, in seconds."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0}


class CircuitOpen(LaunchReadyError, httpx.TransportError):
    """The host failed too often in a row; nothing was sent. ``retry_after``: seconds until the next attempt."""

    status = 503

    def __init__(self, host: str, retry_after: float) -> None:
        httpx.TransportError.__init__(self, f"{host} failed too often in a row; next attempt in {retry_after:.0f} s")
        self.retry_after = retry_after


class HostBreaker:
    """Circuit breaker of one host: closed, open for ``rest`` seconds, then one request tries."""

    def __init__(self, failures: int, rest: float) -> None:
        self._failures = failures
        self._rest = rest
        self._failed_in_a_row = 0
        self._until = 0.0
        self._lock = threading.Lock()

    def enter(self, host: str) -> None:
        """Raises CircuitOpen."""
        with self._lock:
            left = self._until - time.monotonic()
            if left > 0:
                raise CircuitOpen(host, left)
            if self._failed_in_a_row >= self._failures:
                self._until = time.monotonic() + self._rest  # this request tries; others are refused until it ends

    def leave(self, *, well: bool) -> None:
        with self._lock:
            self._failed_in_a_row = 0 if well else self._failed_in_a_row + 1
            self._until = 0.0 if well or self._failed_in_a_row < self._failures else time.monotonic() + self._rest


class _Attempts:
    """Decides whether and when one request is repeated."""

    def __init__(self, policy: "_RetryPolicy", request: httpx.Request) -> None:
        self._policy = policy
        self._request = request
        forward(request.headers)
        self._deadline = time.monotonic() + policy.deadline
        self._count = 0
        self.host = request.url.host
        self.breaker = policy.breaker(request.url.netloc.decode("ascii"))  # ports of a host are separate services
        self._is_repeatable = request.method in IDEMPOTENT or "idempotency-key" in request.headers
        self._body_is_repeatable = isinstance(request.stream, httpx.ByteStream)  # the whole body is in memory

    def begin(self) -> float:
        """Start an attempt; returns its start time for ``took``. Raises CircuitOpen."""
        self.breaker.enter(self.host)
        self._count += 1
        left = max(0.001, self._deadline - time.monotonic())
        given = self._request.extensions.get("timeout") or {}
        self._request.extensions["timeout"] = {
            kind: left if given.get(kind) is None else min(left, given[kind])
            for kind in ("connect", "read", "write", "pool")
        }
        return time.perf_counter()

    def took(self, started: float) -> None:
        call(self.host, time.perf_counter() - started)

    def after(self, answer: httpx.Response) -> float | None:
        """Seconds until the next attempt; None if this response is final."""
        said = retry_after(answer)
        self.breaker.leave(well=answer.status_code < 500)
        if answer.status_code == 409 and said is not None and "idempotency-key" in self._request.headers:
            return self._wait(said)
        return self._wait(said) if self._is_repeatable and answer.status_code in RETRY_STATUSES else None

    def failed(self, error: httpx.TransportError) -> float | None:
        self.breaker.leave(well=False)
        return self._wait(None) if self._is_repeatable or isinstance(error, NOTHING_SENT) else None

    def _wait(self, said: float | None) -> float | None:
        if self._count > self._policy.retries or not self._body_is_repeatable:
            return None
        bound = min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** (self._count - 1))
        wait = said if said is not None else random.uniform(0, bound)  # noqa: S311 - not a secret
        return wait if time.monotonic() + wait < self._deadline else None


class _RetryPolicy:
    def __init__(self, retries: int, deadline: str | float, failures: int, rest: str | float) -> None:
        Instrumentation.enabled = True
        self.retries = retries
        self.deadline = seconds(deadline)
        self._failures = failures
        self._rest = seconds(rest)
        self._breakers: dict[str, HostBreaker] = {}

    def breaker(self, host: str) -> HostBreaker:
        return self._breakers.get(host) or self._breakers.setdefault(host, HostBreaker(self._failures, self._rest))


class Client(httpx.Client):
    """httpx.Client with all its options, and ``retries``, ``deadline``, ``failures``, ``rest``."""

    def __init__(
        self,
        *,
        retries: int = 3,
        deadline: str | float = "30s",
        failures: int = 5,
        rest: str | float = "30s",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._policy = _RetryPolicy(retries, deadline, failures, rest)

    def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        """Like httpx; also raises CircuitOpen."""
        attempts = _Attempts(self._policy, request)
        while True:
            started = attempts.begin()
            try:
                answer = super().send(request, **more)
                wait = attempts.after(answer)
                if wait is None:
                    return answer
                answer.close()
            except httpx.TransportError as error:
                wait = attempts.failed(error)
                if wait is None:
                    raise
            finally:
                attempts.took(started)
            time.sleep(wait)


class AsyncClient(httpx.AsyncClient):
    """httpx.AsyncClient with the same additions."""

    def __init__(
        self,
        *,
        retries: int = 3,
        deadline: str | float = "30s",
        failures: int = 5,
        rest: str | float = "30s",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._policy = _RetryPolicy(retries, deadline, failures, rest)

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        """Like httpx; also raises CircuitOpen."""
        attempts = _Attempts(self._policy, request)
        while True:
            started = attempts.begin()
            try:
                answer = await super().send(request, **more)
                wait = attempts.after(answer)
                if wait is None:
                    return answer
                await answer.aclose()
            except httpx.TransportError as error:
                wait = attempts.failed(error)
                if wait is None:
                    raise
            finally:
                attempts.took(started)
            await asyncio.sleep(wait)


def retry_after(answer: httpx.Response) -> float | None:
    """Seconds, from a number or a date (RFC 9110 section 10.2.3); None if absent or invalid."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def seconds(value: str | float) -> float:
    """Parse a duration. Raises ValueError with an example."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    if isinstance(value, str):
        number = value.strip().rstrip("mins")
        unit = value.strip()[len(number) :]
        if unit in _UNITS and number.strip().replace(".", "", 1).isdecimal():
            return float(number) * _UNITS[unit]
    raise ValueError(f'{value!r} is not a time; write for example "20s" or "500ms"')
