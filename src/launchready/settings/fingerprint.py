"""A hash of the settings: two processes that show the same one run with the same settings.

Where staging and production should not differ, theirs are compared. Nothing can be read from it: secrets, tokens and
the store's address do not go in, and of a function only its name does.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256

LEFT_OUT = frozenset({"previous_keys", "release", "secret_key", "secret_key_fallbacks", "store", "token"})


def fingerprint(settings: Mapping[str, object]) -> str:
    """Twelve hex digits."""
    return sha256(repr(_plain(settings)).encode()).hexdigest()[:12]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        kept = {str(key).lower(): _plain(each) for key, each in value.items() if str(key).lower() not in LEFT_OUT}
        return sorted(kept.items())
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, _plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | bytes | int | float):
        return repr(value)
    return getattr(value, "__qualname__", type(value).__name__)
