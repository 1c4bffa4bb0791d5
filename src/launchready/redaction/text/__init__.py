"""Redaction: nothing secret or personal is written, and nothing useful is lost.

``redact(x)`` with the default rules, ``Redactor(...)`` with one's own. The rules are data, in ``rules``; the readers
are one file each: ``keys`` and ``pairs`` (key and value, in every encoding), ``forms``, ``tables``, ``arrows``,
``prose``, ``roles``, ``people``, ``links``, ``sql``, ``blocks``, ``coded``, ``emails``, ``numbers``; ``engine`` runs
them over a text, ``walk`` over a nested record.
"""

from typing import TypeVar

from launchready.redaction.text.redactor import Redactor

T = TypeVar("T")

DEFAULT = Redactor()
"""The default rules, compiled once."""


def redact(value: T) -> T:
    """Text, or a nested record, redacted by the default rules: see ``Redactor``."""
    return DEFAULT(value)


__all__ = ["DEFAULT", "Redactor", "redact"]
