"""DMARC (RFC 9989, which replaces RFC 7489): how receivers treat mail that forges its sender.

- ``parse`` reads the TXT records of one ``_dmarc`` name.
- ``names`` and ``decide`` are the pure tree walk of section 4.10. ``discover`` and ``adiscover`` query the records.
"""

from launchready.mail.dmarc.host import adiscover, discover
from launchready.mail.dmarc.record import DMARC, KNOWN, POLICIES, Policy, addresses, is_record, parse, read_tags
from launchready.mail.dmarc.walk import Discovery, decide, names

__all__ = [
    "DMARC", "KNOWN", "POLICIES", "Discovery", "Policy", "addresses", "adiscover", "decide", "discover", "is_record",
    "names", "parse", "read_tags",
]  # fmt: skip
