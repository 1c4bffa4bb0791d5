"""``current()``: what runs now, and the key that is held for it."""

from launchready.errors import ConfigError
from launchready.exchange.claim import Claim
from launchready.runtime.claims.context import IdempotencyContext
from launchready.runtime.current import CURRENT, HELD

_UNPROTECTED = (
    "launchready.idempotency.current(): nothing protects what runs now; put @idempotent on the view or function, or "
    "its route into Idempotency(routes=[...])"
)


def current() -> IdempotencyContext:
    """The key that is held for this request or call.

    Where a view may be called without a key, and was, ``key`` is None, and nothing is remembered. Raises ConfigError
    where nothing protects what runs.
    """
    held = HELD.get()
    if held is not None:
        return held
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError([_UNPROTECTED])
    claim = exchange.request.claimed
    if isinstance(claim, IdempotencyContext):
        return claim
    return IdempotencyContext(claim, exchange.adapter) if isinstance(claim, Claim) else IdempotencyContext(None, None)
