"""Signed links: who has one may look, until it ends or all of them are revoked.

The signature is itsdangerous's, over the end of the link and the epoch in which it was made. A new epoch revokes every
link that was made before; a new key does so too, unless the old one is still listed.
"""

from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

SALT = "launchready.dashboard"
HOURS = 24.0


def sign(keys: Sequence[str], now: float, hours: float = HOURS, epoch: int = 0) -> str:
    """A token of about sixty characters. ``keys``: the newest last, which signs."""
    made: str = _serializer(keys).dumps([epoch, int(now + hours * 3600)])
    return made


def is_valid(keys: Sequence[str], token: str, now: float, epoch: int = 0) -> bool:
    """Whether the token is ours, of this epoch or a later one, and has not ended."""
    try:
        made_in, ends = _serializer(keys).loads(token)
    except (BadData, ValueError, TypeError):
        return False
    return bool(isinstance(ends, int) and isinstance(made_in, int) and now < ends and made_in >= epoch)


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=SALT)
