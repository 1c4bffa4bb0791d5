"""Finds keys whose format names their vendor, in any text: code, a minified bundle, prose."""

import json
import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from functools import cache

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_kinds import identify
from launchready.vendors.formats import BEFORE, RARE, VENDORS, Vendor

#: Kinds that are not leaks: hashes are one-way; push tokens and signed URLs belong to one device or moment.
_SKIPPED = frozenset({"pw_hash", "push_token", "signed_url", "oauth"})
#: "pat" occurs in every "path"; ``RARE`` has the same key with better gates.
_EVERYWHERE = ("pat",)
_ROWS = tuple(row for row in (*VENDORS, *RARE) if row.gates and row.gates != _EVERYWHERE and row.kind not in _SKIPPED)
GATES: tuple[str, ...] = tuple(dict.fromkeys(gate for row in _ROWS for gate in row.gates))
#: Gates inside a key. All others are at its beginning, or a few characters after it.
_INNER_GATES = frozenset(
    {"$production$", "_secret_", "-us", ":A", "%3AA", ".atlasv1.", "Q~", "APA91", "NRAL", "office.com", "office365.com"}
)
_START_OFFSETS = (0, 1, 3)
_BEHIND, _NEAR = 40, 400
_AHEAD = 8192
_SAMPLES = LazyPattern(
    r"AKIAIOSFODNN7EXAMPLE|AKIAI44QH8DHBEXAMPLE|sk_test_4eC39HqLyjWDarjtT1zdp7dc|"
    r"sk_test_BQokikJOvBiI2HlWgH4olfQ2|.*EXAMPLE(?:KEY)?"
)
#: Claims of jwt.io, of Supabase's self-hosting guide, and of most tutorials.
_SAMPLE_CLAIMS = ("John Doe", "Jane Doe", "supabase-demo")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def vendor_keys(text: str, gates: frozenset[str] | None = None) -> Iterator[SecretMatch]:
    """Yield every key of a known format. ``gates``: those known to occur in the text."""
    for row in _ROWS:
        for gate in row.gates:
            if gate in text if gates is None else gate in gates:
                yield from _row(row, gate, text)


def _row(row: Vendor, gate: str, text: str) -> Iterator[SecretMatch]:
    pattern = _compiled(row.pattern)
    at = text.find(gate)
    while at >= 0:
        found = _match(pattern, gate, text, at)
        after = at + len(gate)
        if found is not None:
            one = _accept(row, found)
            if one is not None:
                yield one
            after = max(after, found.end())
        at = text.find(gate, after)


def _match(pattern: re.Pattern[str], gate: str, text: str, at: int) -> re.Match[str] | None:
    """Match the key around a gate. An unanchored search would scan kilobytes when the gate is only part of a word."""
    if gate in _INNER_GATES:
        found = pattern.search(text, max(0, at - _BEHIND), at + _NEAR)
        return found if found is not None and found.start() <= at else None
    at += gate.startswith(BEFORE) * (2 if gate[0] == "\\" else 1)
    for before in _START_OFFSETS:
        if before <= at and (found := pattern.match(text, at - before, at + _AHEAD)) is not None:
            return found
    return None


def _accept(row: Vendor, found: re.Match[str]) -> SecretMatch | None:
    group = 1 if found.lastindex else 0
    value = found.group(group)
    if row.kind == "jwt":
        value = value.rstrip(".")
        return SecretMatch("jwt", value, found.start(), found.start() + len(value)) if is_issued_jwt(value) else None
    value = value.rstrip(".")
    rule = identify(value)
    start = found.start(group)
    if not rule or is_made_up(value):
        return None
    return SecretMatch(rule, value, start, start + len(value))


def is_made_up(value: str) -> bool:
    """Of the documentation, of a test that made it up, or a pattern for such keys."""
    body = re.sub(r"^(?:[A-Za-z]{1,12}[_\-.])+(?:live_|test_|proj-|api\d\d-)?|^A{20,24}", "", value) or value
    body = body.rpartition("$")[2]  # access_token$production$...$da1a...: the "$da1a" is no variable
    return (
        _SAMPLES.fullmatch(value) is not None
        or value_checks.is_placeholder(body)
        or value_checks.is_sequence(body)
        or value_checks.is_weak(body)
        or (len(body) >= 12 and value_checks.class_changes(body) < 0.08 and not body.isupper())
    )


def is_issued_jwt(value: str) -> bool:
    """Whether a JWT was issued: two JSON objects and a signature, not a manual's sample, not public by design."""
    parts = value.split(".")
    if len(parts) not in (3, 5):
        return False
    head = claims(parts[0])
    if head is None or not ("alg" in head or "enc" in head):
        return False
    if len(parts) == 5:
        return True
    body = claims(parts[1])
    if body is None or len(parts[2]) < 16 or head.get("alg") in ("none", "None"):
        return False
    return body.get("role") != "anon" and not any(sample in str(body) for sample in _SAMPLE_CLAIMS)


def claims(part: str) -> dict[str, object] | None:
    """Decode one part of a JSON Web Token; None if it is not a JSON object."""
    try:
        read = json.loads(a2b_base64(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)))
    except (Error, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
