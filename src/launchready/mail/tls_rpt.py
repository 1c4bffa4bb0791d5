"""TLS-RPT (RFC 8460): where senders report that mail could not be delivered over TLS."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from launchready.mail.tags import fields, versioned

REPORT = re.compile(r"(?:mailto:[^@\s,;!]+@[^@\s,;!]+|https://[^\s,;/]+\S*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TLSRPT:
    """The TXT records at ``_smtp._tls``, read.

    - ``present``: somebody meant to publish one. ``valid``: exactly one, with somewhere to report to (section 3).
    - ``rua``: the addresses that can be used: mailto: or https:.
    """

    present: bool = False
    valid: bool = False
    rua: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse(txts: Iterable[str]) -> TLSRPT:
    """Reads all TXT records at ``_smtp._tls.<domain>``. Never raises."""
    records, unread = versioned(txts, "TLSRPTv1")
    if not records:
        problems = [f'receivers ignore "{text}": the record must be "v=TLSRPTv1; rua=mailto:..."' for text in unread]
        return TLSRPT(bool(unread), problems=tuple(problems))
    if len(records) > 1:
        return TLSRPT(True, False, (), records, (f"{len(records)} records where one may stand",))
    found, problems = fields(records[0])
    given = [one.strip(" \t") for one in found.get("rua", "").split(",") if one.strip(" \t")]
    usable = tuple(one for one in given if REPORT.fullmatch(one))
    problems += [f"rua: {one[:80]!r} is neither mailto: nor https:" for one in given if one not in usable]
    if not given:
        problems.append("rua is missing: there is nowhere to report to")
    return TLSRPT(True, bool(usable), usable, records, tuple(problems))
