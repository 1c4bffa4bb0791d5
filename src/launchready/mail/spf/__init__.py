"""SPF (RFC 7208): who may send mail for a domain.

- ``parse`` reads one record, ``records`` finds it among the TXT records of a name: pure, in ``record``.
- ``check_host`` and ``acheck_host`` are the RFC's own function: may this address send mail for this sender. The
  decision is a generator in ``evaluate``; only ``host`` asks a resolver.
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
