"""Keys for tests: idempotency keys, which are the UUID of a readable name, and secrets that are accepted as strong."""

from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5


def key(name: str) -> str:
    """The same UUID for the same name."""
    return str(uuid5(NAMESPACE_URL, name))


SECRET = sha256(b"a secret for tests").hexdigest()
OLD_SECRET = sha256(b"an older secret for tests").hexdigest()
