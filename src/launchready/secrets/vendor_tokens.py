"""Keys whose format names their vendor, wherever they stand: code, a minified bundle, a sentence."""

import json
import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from functools import cache

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.hits import Found
from launchready.secrets.key_kinds import identify
from launchready.vendors.formats import BEFORE, RARE, VENDORS, Vendor

#: Not committed secrets: hashes are one-way, push tokens and signed addresses belong to one device or one moment.
_SKIPPED = frozenset({"pw_hash", "push_token", "signed_url", "oauth"})
#: Stands in every "path": ``RARE`` has the same key behind better gates.
_EVERYWHERE = ("pat",)
_ROWS = tuple(row for row in (*VENDORS, *RARE) if row.gates and row.gates != _EVERYWHERE and row.kind not in _SKIPPED)
GATES: tuple[str, ...] = tuple(dict.fromkeys(gate for row in _ROWS for gate in row.gates))
#: Literals that stand inside a key; every other one begins it, or stands a few characters after its beginning.
_INSIDE = frozenset(
    {"$production$", "_secret_", "-us", ":A", "%3AA", ".atlasv1.", "Q~", "APA91", "NRAL", "office.com", "office365.com"}
)
_BEGINS = (0, 1, 3)
_BEHIND, _NEAR = 40, 400
_AHEAD = 8192
_SAMPLES = LazyPattern(
    r"AKIAIOSFODNN7EXAMPLE|AKIAI44QH8DHBEXAMPLE|sk_test_4eC39HqLyjWDarjtT1zdp7dc|"
    r"sk_test_BQokikJOvBiI2HlWgH4olfQ2|.*EXAMPLE(?:KEY)?"
)
#: The payloads of jwt.io, of Supabase's self-hosting guide, and of most tutorials.
_SAMPLE_CLAIMS = ("John Doe", "Jane Doe", "supabase-demo")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def tokens(text: str, gates: frozenset[str] | None = None) -> Iterator[Found]:
    """Every key of a known format. ``gates``: those that are known to stand in the text."""
    for row in _ROWS:
        for gate in row.gates:
            if gate in text if gates is None else gate in gates:
                yield from _row(row, gate, text)


def _row(row: Vendor, gate: str, text: str) -> Iterator[Found]:
    pattern = _compiled(row.pattern)
    at = text.find(gate)
    while at >= 0:
        found = _match(pattern, gate, text, at)
        after = at + len(gate)
        if found is not None:
            one = _judged(row, found)
            if one is not None:
                yield one
            after = max(after, found.end())
        at = text.find(gate, after)


def _match(pattern: re.Pattern[str], gate: str, text: str, at: int) -> re.Match[str] | None:
    """The key around a literal. A search would look on for kilobytes where the literal is only a part of a word."""
    if gate in _INSIDE:
        found = pattern.search(text, max(0, at - _BEHIND), at + _NEAR)
        return found if found is not None and found.start() <= at else None
    at += gate.startswith(BEFORE) * (2 if gate[0] == "\\" else 1)
    for before in _BEGINS:
        if before <= at and (found := pattern.match(text, at - before, at + _AHEAD)) is not None:
            return found
    return None


def _judged(row: Vendor, found: re.Match[str]) -> Found | None:
    group = 1 if found.lastindex else 0
    value = found.group(group)
    if row.kind == "jwt":
        value = value.rstrip(".")
        return Found("jwt", value, found.start(), found.start() + len(value)) if jwt(value) else None
    value = value.rstrip(".")
    rule = identify(value)
    start = found.start(group)
    if not rule or made_up(value):
        return None
    return Found(rule, value, start, start + len(value))


def made_up(value: str) -> bool:
    """Of the documentation, of a test that made it up, or a pattern for such keys."""
    body = re.sub(r"^(?:[A-Za-z]{1,12}[_\-.])+(?:live_|test_|proj-|api\d\d-)?|^A{20,24}", "", value) or value
    body = body.rpartition("$")[2]  # access_token$production$...$da1a...: the "$da1a" is no variable
    return (
        _SAMPLES.fullmatch(value) is not None
        or value_checks.placeholder(body)
        or value_checks.sequence(body)
        or value_checks.weak(body)
        or (len(body) >= 12 and value_checks.changes(body) < 0.08 and not body.isupper())
    )


def jwt(value: str) -> bool:
    """A token that was issued: two JSON objects and a signature, no sample of a manual, and not meant to be public."""
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
    """One part of a JSON Web Token, read; None when it is none."""
    try:
        read = json.loads(a2b_base64(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)))
    except (Error, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
