"""Runs all readers on one text, removes overlaps, and honours inline allow comments."""

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import markdown_tables, value_checks
from launchready.secrets.base64_text import text_runs
from launchready.secrets.call_arguments import argument_secrets
from launchready.secrets.command_lines import command_secrets
from launchready.secrets.credential_files import file_format_secrets
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch, without_overlaps
from launchready.secrets.key_names import STEMS
from launchready.secrets.key_values import named_values
from launchready.secrets.private_keys import private_keys
from launchready.secrets.string_concatenation import concatenated_keys
from launchready.secrets.tables import csv_secrets
from launchready.secrets.urls import url_passwords
from launchready.secrets.vendor_tokens import GATES, vendor_keys
from launchready.secrets.written_logins import written_logins

#: Allow comments on the line itself: gitleaks, betterleaks, detect-secrets, trufflehog, kingfisher, launchready.
ALLOW = (
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "kingfisher:allow",
    "launchready:allow",
    # detect-secrets accepts an optional blank, and a blank or a dash
    *(f"pragma:{gap}{word}list{dash}secret" for gap in ("", " ") for word in ("allow", "white") for dash in " -"),
)
#: Allow comments on the previous line.
ALLOW_NEXT = (
    "launchready:allow-next",
    *(f"pragma:{gap}{word}list nextline secret" for gap in ("", " ") for word in ("allow", "white")),
)
_DEPTH = 2
_LINE = 1000
_PLAIN = FileContext("")
#: Each gate of a vendor's key, and the text to search among the long words.
_PROBES = tuple(
    (gate, gate[1:] if gate[0] == "\\" else f" {gate[1:]}" if gate[0] in "\"'`> " else gate) for gate in GATES
)
_LONG = LazyPattern(r"[\w\-.:/~$%+=\[]{12,}|[\"'`][\w\-.]{2,11}[\"'`]\s{0,20}(?:\+|\.|&|<>|\\|[\"'`])")


def find_secrets(text: str, context: FileContext, depth: int = 0) -> list[SecretMatch]:
    """Return every secret in a text, in time linear in its length. ``depth``: encodings already decoded."""
    if context.lock:
        return _lock_file_secrets(text)
    long = " " + " ".join(_LONG.findall(text))
    gates = frozenset([gate for gate, probe in _PROBES if probe in long])
    low = text.lower()
    named = any(stem in low for stem in STEMS)
    groups = [
        private_keys(text) if "-----BEGIN " in text or "PuTTY-User" in text else (),
        file_format_secrets(text, context),
        csv_secrets(text, context),
        vendor_keys(text, gates) if gates else (),
        concatenated_keys(text, gates, context) if gates else (),
        url_passwords(text, context) if "://" in text and "@" in text else (),
        command_secrets(text, low, context),
        argument_secrets(text, low, context),
        written_logins(text, low, context),
        markdown_tables.table_secrets(text, context) if named and ("-|" in text or "- |" in text) else (),
        base64_secrets(text, context, depth) if depth < _DEPTH else (),
        named_values(text, low, context) if named else (),
    ]
    found = without_overlaps(groups)
    return [one for one in found if not is_allowed(low, one)] if found else found


def _lock_file_secrets(text: str) -> list[SecretMatch]:
    """Find only credentials in registry URLs: lock files are full of hashes."""
    if "://" not in text or "@" not in text:
        return []
    return [one for one in url_passwords(text, _PLAIN) if not is_allowed(text.lower(), one)]


def base64_secrets(text: str, context: FileContext, depth: int) -> list[SecretMatch]:
    """Return secrets inside base64, at the position of the encoded text."""
    bare = context._replace(code=False, prose=False)
    return [
        SecretMatch(one.rule, one.value, start, end)
        for start, end, plain in text_runs(text)
        for one in find_secrets(plain, bare, depth + 1)
        if one.rule not in {"token", "secret", "bearer-token"} or value_checks.looks_random(one.value, 20)
    ]


def is_allowed(low: str, one: SecretMatch) -> bool:
    """Whether a comment on the first or last line, or on the previous line, allows the match."""
    start = low.rfind("\n", max(0, one.start - _LINE), one.start) + 1
    end = low.find("\n", one.end, one.end + _LINE)
    line = low[start or max(0, one.start - _LINE) : end if end >= 0 else one.end + _LINE]
    if any(word in line for word in ALLOW):
        return True
    above = low[low.rfind("\n", max(0, start - _LINE), max(0, start - 1)) + 1 : start]
    return any(word in above for word in ALLOW_NEXT)
