"""E-mail addresses, with the at sign in every spelling that logs contain, and the texts that only look like one."""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.markers import Markers
from launchready.vendors import word_set

_LOCAL = r"[\w+\-](?:[\w.+\-]|['\u2019](?=[\w])){0,255}+"
_DOMAIN = r"[^\W_](?:[\w\-]{0,62}+)(?:\.[\w\-]{1,63}+){1,9}+"
_PLAIN = LazyPattern(rf"(?<![\w.+\-])({_LOCAL})@({_DOMAIN})")
_ENCODED_LOCAL = r"[\w+](?:[\w.+\-]|%(?:25){0,2}2[Bb]){0,255}+"
_ENCODED = LazyPattern(
    rf"(?<![\w.+\-])({_ENCODED_LOCAL})(?:%(?:25){{0,3}}40|\\{{1,16}}+(?:u0040|x40)|&#(?:64|x40);|&commat;)({_DOMAIN})"
)
_ENCODED_AT_SIGNS = ("%40", "2540", "u0040", "x40", "&#64", "&comm")  # %40, %2540, \\u0040, \\x40, &#x40;
#: The original recipient inside a bounce address (VERP, SRS): ``bounces+jo=coach.example@mail.example``.
_BOUNCE = LazyPattern(
    r"(?<![\w.+\-])(?:bounces?|returns?|srs[01]|prvs)[+=\-][^\s<>\"'@,;]{1,255}@" + _DOMAIN, re.IGNORECASE
)
_QUOTED = LazyPattern(r"\"[\w.+\- ]{1,64}+\"@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")
_LITERAL = LazyPattern(r"[bBuUrRfF]{1,2}'(?=[^']{1,255}\Z)")  # the b of b'jo@coach.example'
_ESCAPED = LazyPattern(r"(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[nrt])")
_MESSAGE = LazyPattern(
    r"(?:message[_\-]?id|in[_\-]reply[_\-]to|references)[\"']?[ ]?[:=][ ]{0,2}[\"'(]{0,2}<?\Z", re.IGNORECASE
)
_TOP_LEVEL = LazyPattern(r"(?:[^\W\d_]{2,24}|xn--[A-Za-z0-9\-]{2,59})")
_FILES = word_set(
    "png jpg jpeg gif svg webp avif ico css js mjs ts tsx jsx map json html htm pdf txt woff woff2 mp4 service "
    "socket timer"
)
_COMPLETE_DOMAIN = LazyPattern(
    r"(?:[a-z][a-z0-9\-]{0,62}\.){1,4}(?:com|org|net|info|example|(?!js|ts|md|py|gz)[a-z]{2})"
)
_SERVICE_ACCOUNTS = word_set("git hg svn celery scm")
_VERSION = LazyPattern(r"v?\d+\.\d+(?:[.\-]|$)|\d+x\.")


def present(text: str) -> bool:
    """Whether the text contains an at sign in any spelling."""
    return "@" in text or _has_encoded_sign(text)


def _has_encoded_sign(text: str) -> bool:
    return ("40" in text or "&" in text) and bool([sign for sign in _ENCODED_AT_SIGNS if sign in text])


def clean(text: str, markers: Markers) -> str:
    """Hide every address as a whole."""
    if "@" in text:
        if "ounce" in text or "eturn" in text or "SRS" in text or "prvs" in text:
            text = _BOUNCE.sub(lambda found: markers.mark("email", found.group()), text)
        if '"@' in text:
            text = _QUOTED.sub(lambda found: markers.mark("email", found.group()), text)
        text = _PLAIN.sub(lambda found: _address(found, markers), text)
    if _has_encoded_sign(text):
        text = _ENCODED.sub(lambda found: _address(found, markers), text)
    return text


def _address(found: re.Match[str], markers: Markers) -> str:
    charge()
    whole, local, domain = found.group(), found.group(1), found.group(2)
    kept = _domain(domain)
    if not kept or _harmless(local, kept):
        return whole
    if _MESSAGE.search(
        found.string[max(0, found.start() - 24) : found.start()]
    ):  # a Message-ID names no person (RFC 5322 section 3.6.4)
        return whole
    end = len(whole) - (len(domain) - len(kept))
    start = _escape_length(found.string, found.start(), local)
    return whole[:start] + markers.mark("email", whole[start:end]) + whole[end:]


def _escape_length(text: str, at: int, local: str) -> int:
    """Return how many characters of the local part end an escape before it: the 22 of ``%22``, the n of ``\\\\n``."""
    literal = _LITERAL.match(local)
    if literal is not None:
        return literal.end()
    before = text[at - 1 : at] if at else ""
    if before == "\\":
        escape = _ESCAPED.match(local)
        return escape.end() if escape and escape.end() < len(local) else 0
    if before == "%" and re.match(r"(?:25){0,3}[0-9A-Fa-f]{2}", local):
        escape = re.match(r"(?:25){0,3}[0-9A-Fa-f]{2}", local)
        return escape.end() if escape and escape.end() < len(local) else 0
    return 0


def _domain(domain: str) -> str:
    """Cut the domain after its top-level domain: ``example.com.2`` ends at ``com``. Empty if this is no domain."""
    labels = domain.rstrip("-").split(".")
    while len(labels) > 1 and not _TOP_LEVEL.fullmatch(labels[-1]):
        labels.pop()
    return ".".join(labels) if len(labels) > 1 else ""


def _harmless(local: str, domain: str) -> bool:
    if local in _SERVICE_ACCOUNTS or local.startswith("celery"):
        return True
    rest, _, top = domain.lower().rpartition(".")
    if top in _FILES:  # jo@coach.example.png contains an address; logo@2x.png is a file name
        return _COMPLETE_DOMAIN.fullmatch(rest) is None
    return _VERSION.match(domain) is not None
