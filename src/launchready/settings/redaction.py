"""``Redaction(...)``: what is hidden in log records before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Redaction:
    """Log redaction for the whole process, whatever the logger, handler or formatter.

    - ``fields``: names beyond the built-in ones whose values are hidden wherever they stand.
    - ``patterns``: classes of your own, by name: ``{"booking code": r"BK-[0-9]{6}"}``.
    - ``allow``: values, field names or classes that stay readable.
    - ``pseudonyms``: write ``email:3f9a1c`` in place of a value, the same for the same value.
    """

    fields: Sequence[str] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] = ()
    pseudonyms: bool = False
