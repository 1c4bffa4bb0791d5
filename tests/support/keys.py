"""Idempotency keys as clients should draw them, and yet readable in a test: the UUID of a name."""

from uuid import NAMESPACE_URL, uuid5


def key(name: str) -> str:
    """The same UUID for the same name."""
    return str(uuid5(NAMESPACE_URL, name))
