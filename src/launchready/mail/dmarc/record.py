"""One DMARC record (RFC 9989 section 4.7): ``parse`` reads the TXT records of one name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from launchready.mail.tags import MAX_CHARACTERS, TOO_LONG

Policy = Literal["none", "quarantine", "reject"]
POLICIES: Mapping[str, Policy] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}
LOWER: Mapping[Policy, Policy] = {"reject": "quarantine", "quarantine": "none", "none": "none"}
# Section 4.7: the version comes first. Tag names have no case, the value DMARC1 does. Spaces may surround "=" and ";".
VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
# Common misspellings of the version, which no receiver accepts.
NEARLY = re.compile(r"[\s\"']*v\s*=\s*[\"']?dmarc\s*1?", re.IGNORECASE)
DEFAULTS = {"adkim": "r", "aspf": "r", "fo": "0", "psd": "u", "t": "n"}
ALLOWED = {"adkim": "rs", "aspf": "rs", "psd": "uyn", "t": "yn"}
REMOVED = ("pct", "rf", "ri")
KNOWN = ("v", "p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo", "psd", "t")


@dataclass(frozen=True, slots=True)
class DMARC:
    """The TXT records of one name.

    - ``records``: the DMARC records. If there are several, receivers discard all and ``valid`` is False.
    - ``valid``: receivers follow it.
    - ``p``: the policy before ``t=y``, or None if no record is valid.
    - ``unread``: texts that were meant as a record, but that receivers ignore.
    - ``unknown``: tags of no standard, which receivers ignore.
    - ``problems``: a valid record can have problems, too.
    """

    records: tuple[str, ...] = ()
    valid: bool = False
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    rua: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()

    @property
    def adkim(self) -> str:
        """How strictly the domain of a signature is compared: "r" or "s". ``aspf`` is the same for SPF."""
        return self.tags.get("adkim", DEFAULTS["adkim"])

    @property
    def aspf(self) -> str:
        return self.tags.get("aspf", DEFAULTS["aspf"])

    @property
    def psd(self) -> str:
        """y" for a public suffix, "n" for an organisational domain, "u" for neither."""
        return self.tags.get("psd", DEFAULTS["psd"])

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(name for name in self.tags if name not in (*KNOWN, *REMOVED))

    @property
    def removed(self) -> tuple[str, ...]:
        """Tags that the standard has removed. They have no effect."""
        return tuple(name for name in REMOVED if name in self.tags)

    @property
    def testing(self) -> bool:
        """``t=y``: every policy acts one level lower."""
        return self.tags.get("t") == "y"

    @property
    def acts_as(self) -> Policy | None:
        """The policy that a receiver applies to the domain itself."""
        return self.lowered(self.p)

    def lowered(self, policy: Policy | None) -> Policy | None:
        """The effective policy: ``t=y`` lowers it by one level (section 4.7)."""
        return LOWER[policy] if self.testing and policy else policy


def parse(txts: Iterable[str]) -> DMARC:
    """Reads all TXT records of one ``_dmarc`` name. Never raises."""
    every = list(txts)
    found = tuple(txt for txt in every if VERSION.match(txt))
    if not found:
        nearly = [txt for txt in every if NEARLY.match(txt)]
        unread = (f'receivers ignore "{txt}": the record must start with v=DMARC1' for txt in nearly)
        return DMARC(problems=tuple(unread), unread=tuple(nearly))
    if len(found) > 1:
        return DMARC(found, problems=(f"{len(found)} DMARC records at one name: all are discarded",))
    tags, problems = read_tags(found[0])
    rua, ruf = addresses(tags.get("rua", "")), addresses(tags.get("ruf", ""))
    policies: dict[str, Policy | None] = {name: POLICIES.get(tags.get(name, "").lower()) for name in ("p", "sp", "np")}
    invalid = [name for name in policies if name in tags and policies[name] is None]
    problems += [f"{name}={tags[name]} is not none, quarantine or reject" for name in invalid]
    if "p" not in tags:
        problems.append("p is missing")
    if "p" not in tags or invalid:
        # Section 4.7: with a report address the record acts as p=none, without one there is no DMARC at all.
        return DMARC(found, bool(rua), "none" if rua else None, rua=rua, tags=tags, problems=tuple(problems), ruf=ruf)
    return DMARC(found, True, policies["p"], policies["sp"], policies["np"], rua, tags, tuple(problems), ruf=ruf)


def is_record(text: str) -> bool:
    """Whether one TXT record is DMARC, by its version."""
    return VERSION.match(text) is not None


def read_tags(record: str) -> tuple[dict[str, str], list[str]]:
    """The tags by name. Unreadable values of known tags are replaced by their default."""
    tags: dict[str, str] = {}
    problems = [TOO_LONG] if len(record) > MAX_CHARACTERS else []
    for part in record[:MAX_CHARACTERS].split(";"):
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        if not name and not equals:
            continue
        if not equals or not name:
            problems.append(f"{part.strip()!r} is not a tag with a value")
        elif name.lower() in tags:
            problems.append(f"{name} is given twice")
        else:
            tags[name.lower()] = value
    for name, allowed in ALLOWED.items():
        if name in tags:
            value = tags[name].lower()
            if len(value) != 1 or value not in allowed:
                problems.append(f"{name}={tags[name]} is not one of {', '.join(allowed)}")
                value = DEFAULTS[name]
            tags[name] = value
    if "fo" in tags and not set(tags["fo"].lower().replace(" ", "").split(":")) <= set("01ds"):
        problems.append(f"fo={tags['fo']} is not made of 0, 1, d and s")
        tags["fo"] = DEFAULTS["fo"]
    problems += [f"{name} was removed from the standard, and does nothing" for name in REMOVED if name in tags]
    return tags, problems


def addresses(value: str) -> tuple[str, ...]:
    """The usable report addresses. A size limit (``!10m``) is obsolete and ignored."""
    given = (re.sub(r"!\d+[kmgt]?$", "", one.strip(" \t"), flags=re.IGNORECASE) for one in value.split(","))
    return tuple(one for one in given if reportable(one))


def reportable(address: str) -> bool:
    """Whether a report address is usable: receivers send to mailto."""
    return re.match(r"mailto:[^@\s]+@[^@\s!]+", address, re.IGNORECASE) is not None
