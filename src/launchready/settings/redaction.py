"""``Redaction(...)``: what is hidden in log records before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from launchready.errors import ConfigError
from launchready.redaction.text import Redactor
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Redaction:
    """Log redaction for the whole process, whatever the logger, handler or formatter.

    - ``fields``: names beyond the built-in ones whose values are hidden wherever they stand.
    - ``patterns``: classes of your own, by name: ``{"booking code": r"BK-[0-9]{6}"}``.
    - ``allow``: values, field names or classes that stay readable.
    - ``ip_addresses``: hides these, too; they are kept unless asked, since an incident is read by them.
    - ``pseudonyms``: write ``email:3f9a1c`` in place of a value, the same for the same value; needs ``secret_key``.
    """

    fields: Sequence[str] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] = ()
    pseudonyms: bool = False
    ip_addresses: bool = False


def compile_redaction(problems: Problems, settings: Redaction, secret_key: str | None) -> Redactor | None:
    """The redactor. Every mistake goes to ``problems``."""
    patterns = {}
    for name, pattern in problems.mapping("redaction.patterns", settings.patterns).items():
        if isinstance(name, str) and isinstance(pattern, str):
            patterns[name] = pattern
        else:
            problems.add(f"redaction.patterns: {name!r}: {pattern!r}; write a name and a regular expression as text")
    try:
        return Redactor(
            problems.strings("redaction.fields", settings.fields),
            patterns,
            problems.strings("redaction.allow", settings.allow),
            settings.pseudonyms,
            secret_key,
            ip_addresses=settings.ip_addresses,
        )
    except ConfigError as error:
        for line in error.problems:
            problems.add(line)
        return None
