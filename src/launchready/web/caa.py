"""CAA (RFC 8659): the certificate authorities that may issue for a name.

``may_issue`` answers yes or no, and ``judge`` adds the reason. Both are pure: ``query`` provides the records.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Query = Callable[[str], Any] | Mapping[str, Any]
CRITICAL = 128
# A longer record is unreadable.
MAX_CHARACTERS = 10_000
KNOWN = ("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone")
RECORD = re.compile(
    r'\s*(?P<flags>[0-9]{1,3})\s+(?P<tag>[A-Za-z0-9]+)\s+(?:"(?P<quoted>.*)"|(?P<bare>\S*))\s*', re.DOTALL
)
DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Property:
    """One record. ``issuer``: the authority that ``issue`` and ``issuewild`` allow; empty for none."""

    flags: int
    tag: str
    value: str

    @property
    def issuer(self) -> str:
        name = self.value.partition(";")[0].strip().lower().rstrip(".")
        # Section 4.2: an unreadable value allows no authority.
        return name if DOMAIN.fullmatch(name) else ""

    @property
    def blocks(self) -> bool:
        """An unknown critical property: an authority must not issue (section 4.1)."""
        return bool(self.flags & CRITICAL) and self.tag not in KNOWN


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether an authority may issue, and the records that decide.

    - ``allowed``: also False if the records could not be queried: then an authority must refuse (section 3).
    - ``source``: the name whose records decide, or "". ``records``: those records.
    - ``unknown``: the name that could not be queried.
    """

    allowed: bool
    source: str = ""
    records: tuple[str, ...] = ()
    reason: str = ""
    unknown: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def may_issue(host: str, ca: str, query: Query) -> bool:
    """Whether the authority ``ca`` ("letsencrypt.org") may issue a certificate for ``host`` (or ``*.host``).

    ``query`` maps a name to its CAA records, aliases followed: texts like ``0 issue "ca.example"``, or (flags, tag,
    value), or an object with ``known`` and ``records``. None, an answer that is not known, or an exception mean that
    there was no answer: then an authority must refuse.
    """
    return judge(host, ca, query).allowed


def judge(host: str, ca: str, query: Query) -> Permission:
    """``may_issue`` with its reason: by the records of the name itself, else of its closest parent that has any."""
    wildcard = host.startswith("*.")
    for name in ancestors(host):
        found = query_properties(query, name)
        if found is None:
            return Permission(False, name, (), f"CAA {name} was not answered", name)
        if found:
            return decide(name, found, ca, wildcard=wildcard)
    return Permission(True, reason="no CAA record: every authority may issue")


def ancestors(host: str) -> Sequence[str]:
    """The names to query, nearest first: up to the top-level domain, without the root."""
    labels = host.removeprefix("*.").lower().rstrip(".").split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def query_properties(query: Query, name: str) -> Sequence[Property] | None:
    """The properties at one name, or None without an answer."""
    try:
        answer = query.get(name) or () if isinstance(query, Mapping) else query(name)
    except Exception:
        return None
    if answer is None or not getattr(answer, "known", True):
        return None
    return [parse(record) for record in getattr(answer, "records", answer)]


def parse(record: Any) -> Property:
    """One record: a text as in a zone file, (flags, tag, value), or an object with these attributes (dnspython's).

    An unreadable text becomes an unknown critical property, which allows no authority.
    """
    if not isinstance(record, str):
        parts = (record.flags, record.tag, record.value) if hasattr(record, "flags") else record
        flags, tag, value = parts
        return Property(int(flags), as_text(tag).lower(), as_text(value))
    match = RECORD.fullmatch(record) if len(record) <= MAX_CHARACTERS else None
    if match is None:
        return Property(CRITICAL, "unreadable", record)
    value = match["quoted"] if match["quoted"] is not None else match["bare"]
    return Property(int(match["flags"]), match["tag"].lower(), value)


def as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def decide(name: str, found: Sequence[Property], ca: str, *, wildcard: bool) -> Permission:
    """The permission by one set of records (section 4)."""
    shown = tuple(f'{one.flags} {one.tag} "{one.value}"' for one in found)
    strange = next((one for one in found if one.blocks), None)
    if strange is not None:
        return Permission(False, name, shown, f"an unknown critical property, {strange.tag}, forbids every authority")
    issue = [one for one in found if one.tag == "issue"]
    wild = [one for one in found if one.tag == "issuewild"]
    listed = wild if wildcard and wild else issue
    if not listed:
        return Permission(True, name, shown, "nothing restricts who may issue")
    if any(one.issuer == ca.lower().rstrip(".") for one in listed):
        return Permission(True, name, shown, f"{ca} is listed")
    allowed = ", ".join(dict.fromkeys(one.issuer or "nobody" for one in listed))
    return Permission(False, name, shown, f"only {allowed} may issue")
