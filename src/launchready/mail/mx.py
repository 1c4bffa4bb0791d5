"""Where mail for a domain is delivered (RFC 5321 section 5.1), and the way to say "nowhere" (null MX, RFC 7505)."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["none", "null", "null-and-hosts", "hosts"]


@dataclass(frozen=True, slots=True)
class MX:
    """The answer as a whole.

    - ``kind``: ``none`` no record at all; ``null`` the domain takes no mail; ``null-and-hosts`` a contradiction,
      RFC 7505 section 3 forbids it; ``hosts`` mail is taken.
    - ``hosts``: (preference, host), best first, lower case and without the final dot.
    - ``addresses``: targets that are IP addresses; they must be names, and nothing is delivered to them.
    - ``problems``: what cannot be read.
    """

    kind: Kind
    hosts: tuple[tuple[int, str], ...] = ()
    addresses: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def classify(records: Iterable[Any]) -> MX:
    """Reads MX records given as ``"10 mx.example."``, as ``(10, "mx.example.")``, or as objects of dnspython."""
    hosts: list[tuple[int, str]] = []
    problems: list[str] = []
    null = False
    for record in records:
        preference, target = split_record(record)
        if re.fullmatch(r"[0-9]{1,5}", preference.strip()) is None or not target.strip():
            problems.append(f"not an MX record: {record!r}")
            continue
        host = target.strip().lower().rstrip(".")
        if host:
            hosts.append((int(preference), host))
        else:
            null = True
    hosts.sort()
    addresses = tuple(host for _, host in hosts if is_address(host))
    kind: Kind = ("null-and-hosts" if null else "hosts") if hosts else ("null" if null else "none")
    return MX(kind, tuple(hosts), addresses, tuple(problems))


def split_record(record: Any) -> tuple[str, str]:
    """Preference and target as they were written; an object of dnspython has them by name."""
    if isinstance(record, str):
        preference, _, target = record.partition(" ")
        return preference, target
    if hasattr(record, "exchange"):
        return str(record.preference), str(record.exchange)
    return str(record[0]), str(record[1])


def is_address(host: str) -> bool:
    """Whether the target is an IP address where a name has to be (RFC 5321 section 5.1)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
