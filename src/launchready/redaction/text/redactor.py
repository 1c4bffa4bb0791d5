"""The compiled rule set. ``Redaction(...)`` builds one from its options; logging and tracing call it."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar, cast

from launchready.errors import ConfigError
from launchready.redaction.text.engine import TextEngine
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.markers import UNREADABLE, Markers
from launchready.redaction.text.nested_records import RecordWalker

T = TypeVar("T")


class Redactor:
    """Redacts text and nested records: secrets and personal data become markers.

    - Pure: the argument is never changed, and a value that needs no change is returned as it is.
    - Never raises: a value that cannot be read becomes the marker ``[redacted]``.
    - ``redactor(redactor(x)) == redactor(x)``.
    - Linear in the length of the text, whatever the text is.

    ``fields``: more key names whose values are hidden; the name is the class. ``patterns``: more classes, by regular
    expression. ``allow``: values (``support@acme.com``), all addresses of a domain (``@acme.com``), keys
    (``key:session_id``) and classes (``class:phone``) to leave alone. ``pseudonyms``: addresses, numbers and names
    become comparable tags (``[email:3f9a1c]``), computed by BLAKE2 with ``key``. ``ip_addresses``: hide them, too.

    ``counts`` holds the number of markers by class, and never a value.
    """

    def __init__(
        self,
        fields: Iterable[str] = (),
        patterns: Mapping[str, str] | None = None,
        allow: Iterable[str] = (),
        pseudonyms: bool = False,
        key: str | bytes | None = None,
        *,
        ip_addresses: bool = False,
    ) -> None:
        own_fields = {name: _class_name(name) for name in fields}
        compiled, problems = _compile_patterns(patterns or {})
        if pseudonyms and not key:
            problems.append("redaction: pseudonyms need a key. Give the app a secret_key, or set pseudonyms=False.")
        if problems:
            raise ConfigError(problems)
        allowed = tuple(allow)
        secret = key.encode() if isinstance(key, str) else key
        self._markers = Markers(
            [*own_fields.values(), *compiled], key=_hash_key(secret) if pseudonyms and secret else None, allow=allowed
        )
        ignore = frozenset(entry.strip()[4:] for entry in allowed if entry.strip().startswith("key:"))
        self._keys = KeyClassifier(own_fields, ignore)
        self._engine = TextEngine(self._keys, self._markers, compiled, ip_addresses=ip_addresses)

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of markers made since the start, by class."""
        return MappingProxyType(self._markers.counts)

    def __call__(self, value: T) -> T:
        """Redact the value: text returns text, a record returns a record of the same shape."""
        try:
            if type(value) is str:
                return cast("T", self._engine.text(str(value)))
            return cast("T", RecordWalker(self._engine, self._keys, self._markers).redact(value))
        except Exception:  # fail closed: raw text is never returned, and no error of ours reaches the app
            return cast("T", UNREADABLE)

    def text(self, value: str) -> str:
        """Redact a text."""
        return self(value)


def _class_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_ -]+", "_", name.lower()).strip() or "field"


def _compile_patterns(patterns: Mapping[str, str]) -> tuple[dict[str, re.Pattern[str]], list[str]]:
    compiled: dict[str, re.Pattern[str]] = {}
    problems: list[str] = []
    for name, pattern in patterns.items():
        try:
            compiled[_class_name(name)] = re.compile(pattern)
        except (re.error, TypeError) as error:
            problems.append(
                f"redaction: the pattern {name!r} is not a regular expression ({error}). Write it as r'BK-\\d{{6}}'."
            )
    return compiled, problems


def _hash_key(key: bytes) -> bytes:
    return key[:64]
