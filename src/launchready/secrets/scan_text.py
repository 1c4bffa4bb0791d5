"""One text through all readers: what each finds, without overlaps, without what an inline comment allows."""

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import markdown_tables, value_checks
from launchready.secrets.base64_text import runs
from launchready.secrets.call_arguments import arguments
from launchready.secrets.command_lines import commands
from launchready.secrets.credential_files import formats
from launchready.secrets.file_context import Place
from launchready.secrets.hits import Found, settled
from launchready.secrets.key_names import STEMS
from launchready.secrets.key_values import pairs
from launchready.secrets.private_keys import blocks
from launchready.secrets.string_concatenation import joined
from launchready.secrets.tables import tables
from launchready.secrets.urls import urls
from launchready.secrets.vendor_tokens import GATES, tokens
from launchready.secrets.written_logins import logins

#: Comments that say "not a secret" on the line itself: gitleaks, betterleaks, detect-secrets, trufflehog, kingfisher,
#: and our own.
ALLOW = (
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "kingfisher:allow",
    "launchready:allow",
    # as detect-secrets reads it: a blank or none, a blank or a dash
    *(f"pragma:{gap}{word}list{dash}secret" for gap in ("", " ") for word in ("allow", "white") for dash in " -"),
)
#: The same on the line before.
ALLOW_NEXT = (
    "launchready:allow-next",
    *(f"pragma:{gap}{word}list nextline secret" for gap in ("", " ") for word in ("allow", "white")),
)
_DEPTH = 2
_LINE = 1000
_PLAIN = Place("")
#: Where a vendor's key can stand: in a long word, or in the first of two literals that are one.
#: Each gate of a key, and what stands among the long words where it is.
_PROBES = tuple(
    (gate, gate[1:] if gate[0] == "\\" else f" {gate[1:]}" if gate[0] in "\"'`> " else gate) for gate in GATES
)
_LONG = LazyPattern(r"[\w\-.:/~$%+=\[]{12,}|[\"'`][\w\-.]{2,11}[\"'`]\s{0,20}(?:\+|\.|&|<>|\\|[\"'`])")


def find(text: str, place: Place, depth: int = 0) -> list[Found]:
    """Every secret in a text. Linear in its length; ``depth``: how many encodings were taken off already."""
    if place.lock:
        return _locked(text)
    long = " " + " ".join(_LONG.findall(text))
    gates = frozenset([gate for gate, probe in _PROBES if probe in long])
    low = text.lower()
    named = any(stem in low for stem in STEMS)
    groups = [
        blocks(text) if "-----BEGIN " in text or "PuTTY-User" in text else (),
        formats(text, place),
        tables(text, place),
        tokens(text, gates) if gates else (),
        joined(text, gates, place) if gates else (),
        urls(text, place) if "://" in text and "@" in text else (),
        commands(text, low, place),
        arguments(text, low, place),
        logins(text, low, place),
        markdown_tables.tables(text, place) if named and ("-|" in text or "- |" in text) else (),
        inner(text, place, depth) if depth < _DEPTH else (),
        pairs(text, low, place) if named else (),
    ]
    found = settled(groups)
    return [one for one in found if not allowed(low, one)] if found else found


def _locked(text: str) -> list[Found]:
    """In a lock file, half of which is hashes: the password or token in the address of a registry."""
    if "://" not in text or "@" not in text:
        return []
    return [one for one in urls(text, _PLAIN) if not allowed(text.lower(), one)]


def inner(text: str, place: Place, depth: int) -> list[Found]:
    """What stands in base64 in the text; it is where its encoded form is."""
    bare = place._replace(code=False, prose=False)
    return [
        Found(one.rule, one.value, start, end)
        for start, end, plain in runs(text)
        for one in find(plain, bare, depth + 1)
        if one.rule not in {"token", "secret", "bearer-token"} or value_checks.opaque(one.value, 20)
    ]


def allowed(low: str, one: Found) -> bool:
    """Whether a comment on its first or last line, or on the line before, allows it."""
    start = low.rfind("\n", max(0, one.start - _LINE), one.start) + 1
    end = low.find("\n", one.end, one.end + _LINE)
    line = low[start or max(0, one.start - _LINE) : end if end >= 0 else one.end + _LINE]
    if any(word in line for word in ALLOW):
        return True
    above = low[low.rfind("\n", max(0, start - _LINE), max(0, start - 1)) + 1 : start]
    return any(word in above for word in ALLOW_NEXT)
