"""DMARC records (RFC 9989, which replaces RFC 7489): what to do with mail that is not what it claims to be.

``parse`` reads the TXT records of one name. ``names`` and ``discover`` find the policy of a domain by the tree walk of
section 4.10: the domain itself, then its parents. They are pure: the caller asks for the records.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Policy = Literal["none", "quarantine", "reject"]
POLICIES: Mapping[str, Policy] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}
# Section 4.7: the version comes first, in exactly these letters; white space may surround "=" and ";".
VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
# What people write when they mean it, and what no receiver reads.
NEARLY = re.compile(r"[\s\"']*v\s*=\s*[\"']?dmarc\s*1?", re.IGNORECASE)
DEFAULTS = {"adkim": "r", "aspf": "r", "fo": "0", "psd": "u", "t": "n"}
ALLOWED = {"adkim": "rs", "aspf": "rs", "psd": "uyn", "t": "yn"}
REMOVED = ("pct", "rf", "ri")
WALK = 8


@dataclass(frozen=True, slots=True)
class DMARC:
    """The TXT records of one name, read.

    - ``records``: those that are DMARC. More than one: all are discarded, ``valid`` is False.
    - ``valid``: receivers will follow it.
    - ``p``: the policy as it acts, before ``t=y``; None when nothing valid is there.
    - ``problems``: what is wrong; a valid record can have some, too.
    """

    records: tuple[str, ...] = ()
    valid: bool = False
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    rua: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def testing(self) -> bool:
        """``t=y``: every policy acts one level lower."""
        return self.tags.get("t") == "y"

    @property
    def acts_as(self) -> Policy | None:
        """The policy a receiver follows for the domain itself."""
        lower: dict[Policy, Policy] = {"reject": "quarantine", "quarantine": "none", "none": "none"}
        return lower[self.p] if self.testing and self.p else self.p


def parse(txts: Iterable[str]) -> DMARC:
    """Reads all TXT records of one ``_dmarc`` name. Never raises."""
    every = list(txts)
    found = tuple(txt for txt in every if VERSION.match(txt))
    if not found:
        nearly = [txt for txt in every if NEARLY.match(txt)]
        unread = (f"not read by anybody, the record must start with v=DMARC1: {txt}" for txt in nearly)
        return DMARC(problems=tuple(unread))
    if len(found) > 1:
        return DMARC(found, problems=(f"{len(found)} DMARC records at one name: all are discarded",))
    tags, problems = read_tags(found[0])
    rua = tuple(address for address in re.split(r"[ \t]*,[ \t]*", tags.get("rua", "")) if reportable(address))
    policies: dict[str, Policy | None] = {name: POLICIES.get(tags.get(name, "").lower()) for name in ("p", "sp", "np")}
    invalid = [name for name in policies if name in tags and policies[name] is None]
    problems += [f"{name}={tags[name]} is not none, quarantine or reject" for name in invalid]
    if "p" not in tags:
        problems.append("p is missing")
    if "p" not in tags or invalid:
        # Section 4.7: with somewhere to report to it acts as p=none, without it there is no DMARC at all.
        return DMARC(found, bool(rua), "none" if rua else None, rua=rua, tags=tags, problems=tuple(problems))
    return DMARC(found, True, policies["p"], policies["sp"], policies["np"], rua, tags, tuple(problems))


def read_tags(record: str) -> tuple[dict[str, str], list[str]]:
    """Tags by name, values of the known ones corrected to their default where they cannot be read."""
    tags: dict[str, str] = {}
    problems: list[str] = []
    for part in record.split(";"):
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
    problems += [f"{name} was removed from the standard, and does nothing" for name in REMOVED if name in tags]
    return tags, problems


def reportable(address: str) -> bool:
    """Whether a report address can be used: a URI with a scheme; receivers send to mailto."""
    return re.match(r"mailto:[^@\s]+@[^@\s!]+", address, re.IGNORECASE) is not None


def names(domain: str) -> tuple[str, ...]:
    """The domains of the tree walk, nearest first: at most eight questions, however deep the name (section 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    above = [labels[at:] for at in range(1, len(labels))]
    if len(labels) >= WALK:
        above = [labels[-size:] for size in range(WALK - 1, 0, -1)]
    return tuple(".".join(part) for part in [labels, *above])


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where the policy of a domain comes from: ``source`` is the domain whose record acts, "" when none does.

    ``policy`` is what acts on mail of the domain; ``found`` is the record at ``source``.
    """

    domain: str
    source: str
    organisational: str
    policy: Policy | None
    found: DMARC


def discover(domain: str, answers: Mapping[str, Sequence[str]]) -> Discovery:
    """The policy of ``domain`` by the tree walk; ``answers`` maps each of ``names(domain)`` to its ``_dmarc`` TXTs.

    The domain's own record wins, else the one of the organisational domain, else of the public suffix; never one in
    between (section 4.10.1).
    """
    walked = names(domain)
    read = {name: parse(answers.get(name, ())) for name in walked}
    valid: list[str] = []
    for name in walked:
        if read[name].valid:
            valid.append(name)
            if read[name].tags.get("psd") in ("y", "n"):
                break
    organisation = organisational(walked, valid, read)
    if walked[0] in valid:
        own = read[walked[0]]
        return Discovery(walked[0], walked[0], organisation, own.p, own)
    if organisation in valid:
        above = read[organisation]
        return Discovery(walked[0], organisation, organisation, above.sp or above.p, above)
    suffix = next((name for name in valid if read[name].tags.get("psd") == "y"), "")
    if suffix:
        return Discovery(walked[0], suffix, organisation, read[suffix].sp or read[suffix].p, read[suffix])
    return Discovery(walked[0], "", organisation, None, read[walked[0]])


def organisational(walked: Sequence[str], valid: Sequence[str], read: Mapping[str, DMARC]) -> str:
    """Section 4.10.2: ``psd=n`` is it; below ``psd=y`` it is one label down; else the record with fewest labels."""
    for name in valid:
        psd = read[name].tags.get("psd")
        if psd == "n":
            return name
        if psd == "y" and name != walked[0]:
            labels = walked[0].split(".")
            return ".".join(labels[-(name.count(".") + 2) :])
    return valid[-1] if valid else walked[0]
