"""The grammar of RFC 7208 section 12: ``parse`` reads one record.

A single syntax error invalidates the whole record (permerror, section 4.6). So all errors are collected, and the
terms are still returned.
"""

import functools
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from launchready.mail.spf.macros import macro_problem
from launchready.mail.tags import MAX_CHARACTERS, TOO_LONG

Qualifier = Literal["+", "-", "~", "?"]
# Section 4.6.4: the terms that cost a lookup. all, ip4, ip6 and exp do not.
LOOKUPS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
MAX_LOOKUPS = 10
MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
TERM = re.compile(r"(?P<qualifier>[-+~?]?)(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?P<rest>.*)", re.DOTALL)
MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>.*)", re.DOTALL)
VISIBLE = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism. ``domain`` is the domain-spec as written, empty for the record's own domain."""

    qualifier: Qualifier
    name: str
    domain: str = ""
    network: str = ""
    cidr4: int | None = None
    cidr6: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class SPFRecord:
    """One record.

    - ``errors``: why receivers reject it; empty if its syntax is valid.
    - ``redirect``, ``explanation``: the modifiers ``redirect=`` and ``exp=``.
    - ``lookups``: the number of its terms that cost a lookup, without those of included records.
    """

    record: str
    terms: tuple[Term, ...] = ()
    redirect: str = ""
    explanation: str = ""
    errors: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether its syntax is valid. The included records are not considered."""
        return not self.errors

    @property
    def all(self) -> Qualifier | None:
        """The qualifier of the first ``all``, which applies to all senders that are not listed."""
        return next((term.qualifier for term in self.terms if term.name == "all"), None)

    @property
    def includes(self) -> tuple[str, ...]:
        return tuple(term.domain for term in self.terms if term.name == "include")

    @property
    def lookups(self) -> int:
        """A ``redirect`` beside ``all`` is never followed (section 6.1)."""
        listed = sum(term.name in LOOKUPS for term in self.terms)
        return listed + bool(self.redirect and self.all is None)


def records(txts: Iterable[str]) -> tuple[str, ...]:
    """The SPF records among TXT records: ``v=spf1`` in any case, followed by a space or the end (section 4.5)."""
    return tuple(txt for txt in txts if re.match(r"v=spf1(?: |$)", txt, re.IGNORECASE))


@functools.lru_cache(maxsize=64)
def parse(record: str) -> SPFRecord:
    """Reads one record, with the strings of its TXT joined. Never raises: ``errors`` says what is wrong.

    At most ``MAX_CHARACTERS`` are read; a longer record is an error.
    """
    if not records([record]):
        return SPFRecord(record, errors=("does not start with v=spf1 followed by a space",))
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    errors = [TOO_LONG] if len(record) > MAX_CHARACTERS else []
    for word in record[6:MAX_CHARACTERS].split(" "):
        if not word:
            continue
        if VISIBLE.fullmatch(word) is None:
            errors.append(f"{word!r} holds a character that is not visible ASCII")
        elif (modifier := MODIFIER.fullmatch(word)) is not None:
            errors.extend(read_modifier(modifier["name"].lower(), modifier["value"], modifiers))
        else:
            term, problem = read_term(word)
            if term is not None:
                terms.append(term)
            if problem:
                errors.append(problem)
    return SPFRecord(record, tuple(terms), modifiers.get("redirect", ""), modifiers.get("exp", ""), tuple(errors))


def read_modifier(name: str, value: str, modifiers: dict[str, str]) -> Sequence[str]:
    """``redirect`` and ``exp`` may appear once each. Other modifiers are ignored if their syntax is valid."""
    if name in ("redirect", "exp"):
        if name in modifiers:
            return [f"{name}= is given twice"]
        modifiers[name] = value
        problem = domain_problem(value)
        return [f"{name}={value}: {problem}"] if problem else []
    problem = macro_problem(value)
    return [f"{name}={value}: {problem}"] if problem else []


def read_term(word: str) -> tuple[Term | None, str]:
    """One mechanism, and its problem or ""."""
    match = TERM.fullmatch(word)
    if match is None:
        return None, f"{word!r} cannot be read"
    name, rest = match["name"].lower(), match["rest"]
    qualifier: Qualifier = {"-": "-", "~": "~", "?": "?"}.get(match["qualifier"], "+")  # type: ignore[assignment] # the values are the four of Qualifier
    if name not in MECHANISMS:
        return None, f"{word!r} is not a mechanism of SPF"
    if name == "all":
        return Term(qualifier, name, text=word), f"{word!r}: all takes nothing behind it" if rest else ""
    if name in ("ip4", "ip6"):
        network, problem = read_network(name, rest)
        return Term(qualifier, name, network=network, text=word), f"{word!r}: {problem}" if problem else ""
    domain, cidr4, cidr6, problem = read_target(name, rest)
    return Term(qualifier, name, domain, "", cidr4, cidr6, word), f"{word!r}: {problem}" if problem else ""


def read_network(name: str, rest: str) -> tuple[str, str]:
    """``ip4:`` and ``ip6:``, an address of the right family with an optional prefix length."""
    address, slash, length = rest.removeprefix(":").partition("/")
    if not rest.startswith(":") or not address:
        return "", f"{name} needs an address, as in {name}:" + ("192.0.2.1" if name == "ip4" else "2001:db8::1")
    most = 32 if name == "ip4" else 128
    try:
        found: ipaddress.IPv4Address | ipaddress.IPv6Address
        found = ipaddress.IPv4Address(address) if name == "ip4" else ipaddress.IPv6Address(address)
    except ValueError:
        return address, f"{address} is not an IPv{name[2]} address"
    if slash and not prefix_length(length, most):
        return address, f"/{length} is not a prefix length of 0 to {most}"
    return f"{found}/{length or most}", ""


def prefix_length(text: str, most: int) -> bool:
    """Digits without a leading zero (section 12), not beyond ``most``."""
    return re.fullmatch(r"0|[1-9][0-9]{0,2}", text) is not None and int(text) <= most


def read_target(name: str, rest: str) -> tuple[str, int | None, int | None, str]:
    """``[:domain-spec]``, and for a and mx ``[/ip4-length][//ip6-length]``."""
    cidr4 = cidr6 = None
    if name in ("a", "mx"):
        match = re.fullmatch(r"(?P<head>.*?)(?:/(?P<four>\d+))?(?://(?P<six>\d+))?", rest, re.DOTALL)
        assert match is not None
        rest, four, six = match["head"], match["four"], match["six"]
        if (four and not prefix_length(four, 32)) or (six and not prefix_length(six, 128)):
            return rest.removeprefix(":"), None, None, "the prefix length is out of range"
        cidr4, cidr6 = int(four) if four else None, int(six) if six else None
    if not rest:
        return "", cidr4, cidr6, "needs a domain" if name in ("include", "exists") else ""
    if not rest.startswith(":"):
        return "", cidr4, cidr6, "cannot be read behind the name"
    return rest[1:], cidr4, cidr6, domain_problem(rest[1:])


def domain_problem(spec: str) -> str:
    """The problem of a domain-spec, or "". It must end in a macro, or in a label that is not a number (section
    7.1).
    """
    if not spec:
        return "the domain is empty"
    problem = macro_problem(spec)
    if problem or spec.endswith(("%%", "%_", "%-")):
        return problem or "the domain does not end in a label"
    if spec.endswith("}"):
        return ""
    *head, last = spec.rstrip(".").split(".")
    if not head:
        return f"{spec} is a single label"
    if re.fullmatch(r"(?=.*[A-Za-z-])[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", last) is None:
        return f"the domain does not end in a label that is a name: {last!r}"
    if "%" not in spec and any(not label or len(label) > 63 for label in head):
        return "a label of the domain is empty or longer than 63 characters"
    return ""
