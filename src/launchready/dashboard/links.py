"""Signed dashboard links: the holder may view the page until the link expires or all links are revoked.

itsdangerous signs the expiry and the epoch of creation. A new epoch revokes all earlier links; a new key does so too,
unless the old key is still listed.
"""

from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

SALT = "launchready.dashboard"
HOURS = 24.0


def sign(keys: Sequence[str], now: float, hours: float = HOURS, epoch: int = 0) -> str:
    """A token of about sixty characters. ``keys``: newest last; the newest signs."""
    made: str = _serializer(keys).dumps([epoch, int(now + hours * 3600)])
    return made


def is_valid(keys: Sequence[str], token: str, now: float, epoch: int = 0) -> bool:
    """Whether the token has our signature, belongs to this epoch or a later one, and has not expired."""
    try:
        made_in, ends = _serializer(keys).loads(token)
    except (BadData, ValueError, TypeError):
        return False
    return bool(isinstance(ends, int) and isinstance(made_in, int) and now < ends and made_in >= epoch)


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=SALT)
