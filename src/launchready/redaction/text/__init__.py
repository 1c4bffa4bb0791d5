"""Text redaction: secrets and personal data are replaced by markers, and the rest of the text stays as it is.

``redact(x)`` applies the default rules, ``Redactor(...)`` an app's own. ``rules`` holds the rules as data. Each reader
is one file that finds one family of values:

- ``key_names``, ``key_values``, ``http_fields``: keys and their values, in every encoding;
- ``flags_and_markup``, ``tables``, ``sql_values``, ``traceback_values``: other formats that name a value;
- ``sentences``, ``compared_values``, ``names_and_streets``: words that announce a value;
- ``urls``, ``private_keys``, ``base64_text``, ``emails``, ``numbers``: values with a format of their own.

``engine`` runs the readers over a text, ``nested_records`` over a nested record.
"""

from typing import TypeVar

from launchready.redaction.text.redactor import Redactor

T = TypeVar("T")

DEFAULT = Redactor()
"""The default rules, compiled once."""


def redact(value: T) -> T:
    """Redact a text or a nested record by the default rules; see ``Redactor``."""
    return DEFAULT(value)


__all__ = ["DEFAULT", "Redactor", "redact"]
