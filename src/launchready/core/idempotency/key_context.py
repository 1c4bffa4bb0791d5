"""What one app's protection shares."""

from collections.abc import Callable

from launchready.core.idempotency.flow import Once
from launchready.core.idempotency.record import CLAIMS, Record
from launchready.core.idempotency.rotation import Rotated
from launchready.core.idempotency.route_policy import Counts
from launchready.exchange.store import Space


class Vault:
    """Where claims stand, the secret of their digests, tokens, and the counters.

    - ``older``: those of the secrets that were in use before, the oldest first.
    - ``kind``: what makes the flow of a request; where there are older ones it claims the key under them as well.
    """

    __slots__ = ("counts", "kind", "older", "secret", "space", "token")

    def __init__(
        self, token: Callable[[], bytes], secret: bytes | None = None, space: Space[Record] = CLAIMS,
        older: "tuple[Vault, ...]" = (),
    ) -> None:  # fmt: skip
        self.token = token
        self.secret = secret
        self.space = space
        self.older = older
        self.kind: type[Once] = Rotated if older else Once
        self.counts = Counts()

    def alone(self) -> "Vault":
        """The same, as if there were no older one, with counters of its own."""
        return Vault(self.token, self.secret, self.space)
