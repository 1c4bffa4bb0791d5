"""Keys for tests: idempotency keys, which are the UUID of a readable name, and secrets that are accepted as strong."""

from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5


def key(name: str) -> str:
    """The same UUID for the same name."""
    return str(uuid5(NAMESPACE_URL, name))


def secret(name: str) -> str:
    """A strong secret, the same for the same name."""
    return sha256(name.encode()).hexdigest()


SECRET = secret("tests")
