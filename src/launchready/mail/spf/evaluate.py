"""``check_host`` of RFC 7208 section 4 as a generator that yields ``Lookup`` operations and returns the result.

none        no record, or no name that can have one
pass / fail / softfail / neutral    the qualifier of the first term that matches
permerror   the record is broken, or needs more than 10 lookups
temperror   a needed answer is missing
"""

import ipaddress
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from launchready.exchange.operations import Op
from launchready.mail.spf.macros import (
    ANYWHERE,
    IN_EXPLANATIONS,
    LONGEST_NAME,
    Address,
    expand,
    macro_address,
    macro_letters,
    macro_problem,
    truncate_name,
)
from launchready.mail.spf.record import MAX_LOOKUPS, SPFRecord, Term, parse, records
from launchready.mail.tags import MAX_CHARACTERS

Result = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]
SAYS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
# Section 4.6.4: the third lookup without a result is an error. One mx may have 10 hosts, and 10 names of an address
# are used.
MAX_VOIDS = 2
MAX_HOSTS = 10
TOP_LABEL = re.compile(r"(?=.*[A-Za-z-])[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")

T = TypeVar("T")


class LookupAnswer(Protocol):
    """The answer of a resolver: see ``launchready.net.answers.DnsAnswer``."""

    @property
    def known(self) -> bool: ...
    @property
    def records(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> str: ...


Flow = Generator[Op[Any], None, T]


class Lookup(Op[LookupAnswer]):
    """The records of one type at one name."""

    __slots__ = ("name", "rdtype")

    def __init__(self, name: str, rdtype: str) -> None:
        self.name, self.rdtype = name, rdtype


@dataclass(frozen=True, slots=True)
class SPFResult:
    """The result of ``check_host``.

    - ``result``: one of pass, fail, softfail, neutral, none, permerror, temperror.
    - ``explanation``: with "fail", the text of the domain (``exp=``), else empty.
    - ``reason``: the error, or the term and the record that decided.
    - ``lookups``, ``void_lookups``: the counters of section 4.6.4. 10 and 2 are allowed.
    """

    result: Result
    explanation: str = ""
    reason: str = ""
    lookups: int = 0
    void_lookups: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """The result of one record, and the term that matched."""

    result: Result
    domain: str
    record: SPFRecord | None = None
    term: Term | None = None


class PermError(Exception):
    """The record cannot be evaluated by any receiver."""


class TempError(Exception):
    """The record could not be evaluated this time."""


def evaluate(
    ip: str | Address, domain: str, sender: str, *, helo: str = "", receiver: str = "unknown", now: float = 0.0
) -> Flow[SPFResult]:
    """Whether ``domain`` allows ``ip`` to send mail from ``sender``."""
    sender = sender if "@" in sender else f"postmaster@{sender or domain or helo}"
    local, _, author = sender.rpartition("@")
    run = Evaluation(plain_address(ip), f"{local or 'postmaster'}@{author}", helo, receiver, now)
    match = Match("none", domain)
    try:
        match = yield from run.check(ascii_name(domain or author or helo))
        reason = f"{match.term.text} of {match.domain}" if match.term else ""
        result, explanation = match.result, ""
        if result == "fail" and match.record is not None:
            explanation = yield from run.explain(match.record, match.domain)
    except PermError as error:
        result, explanation, reason = "permerror", "", str(error)
    except TempError as error:
        result, explanation, reason = "temperror", "", str(error)
    return SPFResult(result, explanation, reason, run.lookups, run.voids)


class Evaluation:
    """One evaluation: the facts of the mail, and the counters over all records."""

    def __init__(self, ip: Address, sender: str, helo: str, receiver: str, now: float) -> None:
        self.ip, self.helo, self.receiver, self.now = ip, helo, receiver, now
        self.sender = sender
        self.local, _, self.author = sender.rpartition("@")
        self.lookups = 0
        self.voids = 0

    def check(self, domain: str) -> Flow[Match]:
        """The result of the record of one domain (sections 4.3 to 4.7)."""
        if not is_domain(domain):
            return Match("none", domain)
        found = records((yield from self.ask(domain, "TXT")))
        if not found:
            return Match("none", domain)
        if len(found) > 1:
            raise PermError(f"{domain} has {len(found)} SPF records")
        record = parse(found[0])
        if record.errors:
            raise PermError(f"{domain}: {record.errors[0]}")
        for term in record.terms:
            if (yield from self.matches(term, domain)):
                return Match(SAYS[term.qualifier], domain, record, term)
        if not record.redirect:
            return Match("neutral", domain, record)
        self.count("redirect=")
        there = yield from self.check((yield from self.name(record.redirect, domain)))
        if there.result == "none":
            raise PermError(f"redirect={record.redirect} of {domain} leads to no SPF record")
        return there

    def matches(self, term: Term, domain: str) -> Flow[bool]:
        """Whether a mechanism matches the sender (section 5)."""
        if term.name == "all":
            return True
        if term.network:
            return self.ip in ipaddress.ip_network(term.network, strict=False)
        self.count(term.text)
        target = (yield from self.name(term.domain, domain)) if term.domain else domain
        if term.name == "include":
            there = yield from self.check(target)
            if there.result == "none":
                raise PermError(f"{term.text} of {domain} leads to no SPF record")
            return there.result == "pass"
        if term.name == "ptr":
            names = yield from self.validated_names(counted=True)
            return any(name == target.lower() or name.endswith(f".{target.lower()}") for name in names)
        if term.name == "exists":
            return bool((yield from self.ask(target, "A", void=True)))
        hosts: Sequence[str] = [target]
        if term.name == "mx":
            found = yield from self.ask(target, "MX", void=True)
            hosts = [record.split()[-1] for record in found if record.split()[-1:] != ["."]]
            if len(found) > MAX_HOSTS:
                raise PermError(f"{term.text} of {domain}: {len(found)} mail servers, {MAX_HOSTS} are allowed")
        prefix = (term.cidr4 if self.ip.version == 4 else term.cidr6) if term.name in ("a", "mx") else None
        return (yield from self.any_host_matches(hosts, prefix, void=term.name == "a"))

    def any_host_matches(self, hosts: Sequence[str], prefix: int | None, *, void: bool) -> Flow[bool]:
        """Whether one of the hosts has an address in the sender's network."""
        length = self.ip.max_prefixlen if prefix is None else prefix
        network = ipaddress.ip_network(f"{self.ip}/{length}", strict=False)
        for host in hosts:
            found = yield from self.ask(host, self.rdtype, void=void)
            if any(ipaddress.ip_address(address) in network for address in found):
                return True
        return False

    @property
    def rdtype(self) -> str:
        """Section 5: only the family of the sender's address is queried."""
        return "A" if self.ip.version == 4 else "AAAA"

    def validated_names(self, *, counted: bool = False) -> Flow[list[str]]:
        """The names of the sender's address that lead back to it (section 5.5). A name with an error is skipped."""
        try:
            found = yield from self.ask(self.ip.reverse_pointer, "PTR", void=counted)
        except TempError:
            return []
        names = []
        for name in found[:MAX_HOSTS]:
            try:
                back = yield from self.ask(name, self.rdtype)
            except TempError:
                continue
            if str(self.ip) in back:
                names.append(name.lower().rstrip("."))
        return names

    def ask(self, name: str, rdtype: str, *, void: bool = False) -> Flow[tuple[str, ...]]:
        """The records, or none for a name that cannot exist. ``void``: whether an empty answer is counted."""
        found: tuple[str, ...] = ()
        if is_queryable(name):
            lookup = Lookup(name.rstrip("."), rdtype)
            yield lookup
            if not lookup.answer.known:
                raise TempError(f"{rdtype} {name}: {lookup.answer.reason or 'no answer'}")
            found = lookup.answer.records
        if void and not found:
            self.voids += 1
            if self.voids > MAX_VOIDS:
                raise PermError(f"{self.voids} lookups that bring nothing, {MAX_VOIDS} are allowed")
        return found

    def count(self, what: str) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise PermError(f"{what} is lookup number {self.lookups}, {MAX_LOOKUPS} are allowed")

    def name(self, spec: str, domain: str) -> Flow[str]:
        """A domain-spec with its macros expanded."""
        return truncate_name((yield from self.expand_macros(spec, domain)))

    def expand_macros(self, text: str, domain: str) -> Flow[str]:
        letters = macro_letters(text)
        if not letters:
            return expand(text, {})
        values = {
            "s": self.sender, "l": self.local, "o": self.author, "d": domain, "h": self.helo,
            "i": macro_address(self.ip), "c": str(self.ip), "v": "in-addr" if self.ip.version == 4 else "ip6",
            "r": self.receiver, "t": str(int(self.now)),
        }  # fmt: skip
        if "p" in letters:
            values["p"] = yield from self.ptr_macro(domain)
        return expand(text, values)

    def ptr_macro(self, domain: str) -> Flow[str]:
        """``%{p}``: a name of the address: the domain itself if possible, else one below it (section 7.3)."""
        names = yield from self.validated_names()
        below = [name for name in names if name == domain.lower() or name.endswith(f".{domain.lower()}")]
        best = sorted(below, key=lambda name: name != domain.lower()) + names
        return best[0] if best else "unknown"

    def explain(self, record: SPFRecord, domain: str) -> Flow[str]:
        """Section 6.2: an explanation with any error is omitted."""
        if not record.explanation or macro_problem(record.explanation, ANYWHERE):
            return ""
        try:
            found = yield from self.ask((yield from self.name(record.explanation, domain)), "TXT")
            if (
                len(found) != 1
                or len(found[0]) > MAX_CHARACTERS
                or not found[0].isascii()
                or macro_problem(found[0], IN_EXPLANATIONS)
            ):
                return ""
            return (yield from self.expand_macros(found[0], domain))
        except (TempError, PermError):
            return ""


def plain_address(ip: str | Address) -> Address:
    """The address; an IPv4 address inside an IPv6 one is the IPv4 address (section 5). ValueError for anything else."""
    found = ipaddress.ip_address(ip)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def ascii_name(domain: str) -> str:
    """A name in its DNS form. A label that is not valid there is left as it is."""
    name = domain.rstrip(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def is_queryable(name: str) -> bool:
    """Whether the name can be queried: labels of 1 to 63 octets, at most 253 together."""
    name = name.rstrip(".")
    return name.isascii() and len(name) <= LONGEST_NAME and all(0 < len(label) <= 63 for label in name.split("."))


def is_domain(name: str) -> bool:
    """Section 4.3: a name of several labels that can be queried, and not an address in brackets."""
    return is_queryable(name) and "." in name and TOP_LABEL.fullmatch(name.rpartition(".")[2]) is not None
