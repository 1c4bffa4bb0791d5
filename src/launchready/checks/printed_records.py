"""The DNS records that a fix prints. Each keeps what the owner has published and passes our own checks."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from launchready.checks.spf_tree import SPFTree, read_tree
from launchready.exchange.operations import Flow
from launchready.mail import dmarc, spf

# RFC 1035 section 3.3: one string of a TXT record has at most 255 octets.
MAX_STRING = 255
GLUED = re.compile(r"(?<=[^+~?-])(?=[+~?-]?(?:include:|ip4:|ip6:|exists:|redirect=))")

# The version of a DMARC record, however it is written.
VERSION = re.compile(r"""^[\s"']*v\s*=\s*["']?dmarc\s*1?["']?\s*;?""", re.IGNORECASE)


def txt(name: str, text: str) -> str:
    """A TXT record in the form of a zone file, in strings of at most 255 octets."""
    parts, part = [], ""
    for character in text:
        if len((part + character).encode()) > MAX_STRING:
            parts.append(part)
            part = ""
        part += character
    escaped = [one.replace("\\", "\\\\").replace('"', '\\"') for one in (*parts, part)]
    return f"{name}.  300  IN  TXT  " + " ".join(f'"{one}"' for one in escaped)


def dmarc_text(tags: Mapping[str, str], **changes: str | None) -> str:
    """A DMARC record with the owner's tags, changed: None removes a tag. The version and the policy come first."""
    kept = {name: value for name, value in {**tags, **changes}.items() if value is not None}
    order = ["v", "p", *(name for name in kept if name not in ("v", "p"))]
    return "; ".join(f"{name}={kept[name]}" for name in order if name in kept)


def salvaged_dmarc(texts: Sequence[str], domain: str) -> str:
    """One valid record from texts that receivers do not accept. It keeps policies, report addresses and other tags."""
    read = [dmarc.read_tags(VERSION.sub("v=DMARC1;", text))[0] for text in texts]
    for one in read:
        for name in ("p", "sp", "np"):
            if name in one:
                near = difflib.get_close_matches(one[name].lower(), dmarc.POLICIES, 1, 0.6)
                one[name] = near[0] if near else "none"
    # The strictest policy of several records wins: the fix must not weaken what was published.
    read.sort(key=lambda one: list(dmarc.POLICIES).index(one.get("p", "none")))
    tags = {name: value for one in read for name, value in one.items()}
    kept = {name: value for name, value in tags.items() if name in dmarc.KNOWN}
    reports = ",".join(dmarc.addresses(tags.get("rua", ""))) or f"mailto:dmarc@{domain}"
    failures = ",".join(dmarc.addresses(tags.get("ruf", ""))) or None
    return dmarc_text(kept, v="DMARC1", p=tags.get("p", "none"), rua=reports, ruf=failures)


def spf_text(terms: Iterable[str], ending: str) -> str:
    return " ".join(["v=spf1", *dict.fromkeys(terms), ending])


def merged_spf(records: Sequence[str]) -> str:
    """One SPF record that allows every sender of the others. The softer ending is used, so that no mail is lost."""
    read = [spf.parse(record) for record in records]
    redirects = [f"include:{record.redirect}" for record in read if record.redirect and record.all is None]
    terms = [term.text for record in read for term in usable_terms(record)]
    endings = {record.all for record in read if record.all in ("-", "~")}
    return spf_text([*terms, *redirects], "-all" if endings == {"-"} else "~all")


def usable_terms(record: spf.SPFRecord, *, unwanted: Iterable[str] = ()) -> list[spf.Term]:
    """The reachable terms without ``all``, without errors, and without the unwanted ones. Glued terms are separated."""
    leave_out = set(unwanted)
    found: list[spf.Term] = []
    for term in record.terms:
        if term.name == "all":
            break
        for word in GLUED.split(term.text):
            read = spf.parse(f"v=spf1 {word}")
            found += [one for one in read.terms if not read.errors and one.text not in leave_out]
    return found


def repaired_spf(domain: str, tree: SPFTree) -> Flow[str]:
    """The SPF record without its errors, or "" when leaving terms out does not make it valid.

    Left out are unreadable terms, includes without an SPF record, loops, and hosts that do not exist. A record with
    too many lookups is not repaired: only its owner knows which service is no longer used.
    """
    record = tree.nodes[0].record
    broken = {reason.split(": ")[0].removeprefix("include:") for reason in tree.broken}
    below = {node.path[1] for node in tree.nodes[1:] for bad in broken if bad == node.domain}
    unwanted = [term.text for term in record.terms if term.domain.rstrip(".") in broken or term.domain in below]
    unwanted += [void.partition(" of ")[0] for void in tree.voids if void.endswith(f" of {domain}")]
    terms = [term.text for term in usable_terms(record, unwanted=unwanted)]
    text = spf_text(terms, f"{record.all}all" if record.all in ("-", "~") else "~all")
    again = yield from read_tree(domain, text)
    return text if terms and not again.reasons and again.unknown is None else ""


def lookups_by_term(tree: SPFTree) -> list[str]:
    """The terms of the record and the number of lookups that each needs."""
    root = tree.nodes[0]
    found = []
    for term in root.record.terms:
        if term.name in spf.LOOKUPS:
            target = term.domain.rstrip(".").lower()
            below = {node.path: node.record for node in tree.nodes[1:] if node.path[1] == target}
            needed = 1 + sum(record.lookups for record in below.values())
            found.append(f"{term.text}: {needed} lookup{'s' if needed > 1 else ''}")
    return found
