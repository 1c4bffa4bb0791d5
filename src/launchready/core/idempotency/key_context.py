"""What the idempotency flows of one app share: secret, space, tokens and counters."""

from collections.abc import Callable

from launchready.core.idempotency.flow import IdempotencyFlow
from launchready.core.idempotency.record import CLAIMS, ClaimRecord
from launchready.core.idempotency.rotation import RotatedKeyFlow
from launchready.core.idempotency.route_policy import Counters
from launchready.exchange.store import Space


class KeyContext:
    """The space of the claims, the secret of their digests, a source of tokens, and the counters.

    - ``older``: the contexts of the fallback secrets, the oldest first.
    - ``flow_class``: makes the flow of a request; with fallback secrets it claims the key under each of them.
    """

    __slots__ = ("counts", "flow_class", "older", "secret", "space", "token")

    def __init__(
        self, token: Callable[[], bytes], secret: bytes | None = None, space: Space[ClaimRecord] = CLAIMS,
        older: "tuple[KeyContext, ...]" = (),
    ) -> None:  # fmt: skip
        self.token = token
        self.secret = secret
        self.space = space
        self.older = older
        self.flow_class: type[IdempotencyFlow] = RotatedKeyFlow if older else IdempotencyFlow
        self.counts = Counters()

    def without_fallbacks(self) -> "KeyContext":
        """The same context without fallback secrets, with counters of its own."""
        return KeyContext(self.token, self.secret, self.space)
