"""SPF (RFC 7208): the servers that may send mail for a domain.

- ``records`` finds the SPF records among TXT records, and ``parse`` reads one. Both are pure.
- ``check_host`` and ``acheck_host`` are the function of the RFC: may this address send mail for this sender? The
  decision is a generator in ``evaluate``; only ``host`` queries a resolver.
"""

from launchready.mail.spf.evaluate import MAX_VOIDS, Lookup, SPFResult, evaluate
from launchready.mail.spf.host import acheck_host, check_host
from launchready.mail.spf.record import LOOKUPS, MAX_LOOKUPS, SPFRecord, Term, parse, records

__all__ = [
    "LOOKUPS",
    "MAX_LOOKUPS",
    "MAX_VOIDS",
    "Lookup",
    "SPFRecord",
    "SPFResult",
    "Term",
    "acheck_host",
    "check_host",
    "evaluate",
    "parse",
    "records",
]
