"""One limit: its windows, whose requests it counts together, what they cost, and what the client is told of it."""

from collections.abc import Callable
from math import ceil
from zlib import crc32

from launchready.core.ratelimit.bans import Bans
from launchready.core.ratelimit.login_guard import Guard
from launchready.exchange.operations import Op
from launchready.exchange.window import Taken, Window
from launchready.http.message import Headers, Request, Response
from launchready.http.problem import problem
from launchready.http.structured import string

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
REDUCED_CAPACITY = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
LONGEST_WAIT = 86_400
"""Seconds. Who is told to come back in a month does not; ``t`` says the truth all the same."""
BUSY_WAIT = 1  # seconds: when a slot will be free nobody knows

Key = Callable[[Request], str]
Cost = int | Callable[[Request], int]


class IdentifyClient(Op[str]):
    """Who is asking, by the face's own trusted proxies: the key of the client's address."""

    __slots__ = ("request",)

    def __init__(self, request: Request) -> None:
        self.request = request


class LimitPolicy:
    """``windows`` in ascending order of period.

    - ``headers``: "draft", "legacy" (X-RateLimit-*) or "off". ``deny``: refuse while the store is down.
    - ``cost``: units a request takes, or a function of it. ``refund``: they come back when the app answers 5xx.
    - ``failures``: they come back unless the app refuses (a log-in); ``guard`` counts by account as well.
    - ``slots``: how many at once, as a window as long as the lease: a slot of a worker that died is free after it.
    - ``shed``: it counts everybody together, so that a refusal is about the server and not about the client: 503.
    - ``shadow``: nothing is refused; what would have been is counted and logged.
    - ``workers``: while a shared store is down, each worker of so many lets its part through.
    """

    def __init__(
        self,
        name: str,
        windows: tuple[Window, ...],
        key: Key | None,
        *,
        headers: str = "draft",
        deny: bool = False,
        cost: Cost = 1,
        refund: bool = False,
        failures: bool = False,
        guard: Guard | None = None,
        slots: Window | None = None,
        shed: bool = False,
        shadow: bool = False,
        bans: Bans | None = None,
        workers: int = 1,
        salt: str = "",
    ) -> None:
        self.name = name
        self.windows = windows
        self.key = key
        self.deny = deny
        self.cost = cost
        self.refund = refund
        self.failures = failures
        self.guard = guard
        self.slots = slots
        self.slot_windows = (slots,) if slots else ()
        self.shed = shed
        self.shadow = shadow
        self.bans = bans
        self.workers = workers
        self.simple = bool(windows) and cost == 1 and not (
            refund or failures or guard or slots or shadow or bans or key is None
        )  # fmt: skip
        self.legacy = headers == "legacy"
        self.prefix = f"rate:{salt}{name}:"
        self.local = self.here(windows)
        self.exact = all(window.exact for window in windows)
        shown = name.encode("ascii", "backslashreplace").decode()
        self.names = [shown if index == 0 else f"{shown};{index + 1}" for index in range(len(windows))] or [shown]
        self.quoted = [string(each).encode() for each in self.names[: len(windows)]] if headers == "draft" else []
        self.field = self._field(headers)

    def _field(self, headers: str) -> tuple[bytes, bytes] | None:
        if headers != "draft":
            return None
        policies = [
            b"%b;q=%d;w=%d" % (quoted, window.limit, ceil(window.period))
            for quoted, window in zip(self.quoted, self.windows, strict=True)
        ]
        if self.slots is not None:
            quoted = string(f"{self.names[0]};slots" if policies else self.names[0]).encode()
            policies.append(b'%b;q=%d;qu="concurrent-requests"' % (quoted, self.slots.limit))
        return b"ratelimit-policy", b", ".join(policies)

    def here(self, windows: tuple[Window, ...]) -> tuple[Window, ...]:
        """The part of one worker: together they let no more through than the store would have."""
        if self.workers == 1:
            return windows
        return tuple(
            Window(max(1, window.limit // self.workers), window.period, exact=window.exact) for window in windows
        )

    def headers(self, taken: Taken | None) -> Headers:
        """What the client may know. Seconds are rounded up: told too early, it would come back too early."""
        if taken is None or not self.windows:
            return [self.field] if self.field is not None else []
        seconds = ceil(taken.reset)
        if self.field is not None:
            return [self.field, (b"ratelimit", b"%b;r=%d;t=%d" % (self.quoted[taken.which], taken.remaining, seconds))]
        if self.legacy:
            return [
                (b"x-ratelimit-limit", b"%d" % self.windows[taken.which].limit),
                (b"x-ratelimit-remaining", b"%d" % taken.remaining),
                (b"x-ratelimit-reset", b"%d" % seconds),
            ]
        return []

    def refusal(self, taken: Taken, key: str, windows: tuple[Window, ...]) -> Response:
        """``windows``: those of the counter that refused, which may be another than the policy's own."""
        if windows is self.slot_windows:
            return self._busy()
        window = windows[taken.which]
        wait = max(1, ceil(taken.reset))
        # Clients that were all refused at once shall not all come back at once; each has its own part of a tenth.
        spread = min(wait // 10, ceil(window.period) - wait)
        wait = min(wait + crc32(key.encode("utf-8", "surrogatepass")) % (max(0, spread) + 1), LONGEST_WAIT)
        own = taken if windows is self.windows or windows is self.local else None
        violated = self.names[0 if own is None else own.which]
        return problem(
            429, "quota-exceeded", "Too many requests",
            f"At most {window.limit} in {window.period:g} seconds. Try again in {wait} seconds.",
            type_=QUOTA_EXCEEDED, retry_after=wait, headers=tuple(self.headers(own)),
            **{"violated-policies": [violated]},
        )  # fmt: skip

    def _busy(self) -> Response:
        assert self.slots is not None  # its windows refused
        lines = tuple(self.headers(None))
        if self.shed:
            return problem(
                503, "temporary-reduced-capacity", "Busy", "The server has as many requests as it can carry out. "
                "Nothing was done. Try again.",
                type_=REDUCED_CAPACITY, retry_after=BUSY_WAIT, headers=lines,
            )  # fmt: skip
        return problem(
            429, "quota-exceeded", "Too many requests at once",
            f"At most {self.slots.limit} at once. Try again when one of them has been answered.",
            type_=QUOTA_EXCEEDED, retry_after=BUSY_WAIT, headers=lines, **{"violated-policies": [self.names[0]]},
        )  # fmt: skip
