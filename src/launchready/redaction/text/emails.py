"""E-mail addresses, in every spelling of the at sign that logs show, and what looks like one and is none."""

import re

from launchready.lazy_pattern import Late
from launchready.redaction.text.placeholders import Marks, spend
from launchready.redaction.text.rules.fields import words

_LOCAL = r"[\w+\-](?:[\w.+\-]|['\u2019](?=[\w])){0,255}+"
_DOMAIN = r"[^\W_](?:[\w\-]{0,62}+)(?:\.[\w\-]{1,63}+){1,9}+"
_PLAIN = Late(rf"(?<![\w.+\-])({_LOCAL})@({_DOMAIN})")
_CODED_LOCAL = r"[\w+](?:[\w.+\-]|%(?:25){0,2}2[Bb]){0,255}+"
_CODED = Late(
    rf"(?<![\w.+\-])({_CODED_LOCAL})(?:%(?:25){{0,3}}40|\\{{1,16}}+(?:u0040|x40)|&#(?:64|x40);|&commat;)({_DOMAIN})"
)
_SIGNS = ("%40", "2540", "u0040", "x40", "&#64", "&comm")  # %40, %2540, \\u0040, \\x40, &#x40;
#: The address a bounce is told by, in the one that it goes to: ``bounces+jo=coach.example@mail.example`` (VERP, SRS).
_BOUNCE = Late(r"(?<![\w.+\-])(?:bounces?|returns?|srs[01]|prvs)[+=\-][^\s<>\"'@,;]{1,255}@" + _DOMAIN, re.IGNORECASE)
_QUOTED = Late(r"\"[\w.+\- ]{1,64}+\"@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")
_LITERAL = Late(r"[bBuUrRfF]{1,2}'(?=[^']{1,255}\Z)")  # the b of b'jo@coach.example'
_ESCAPED = Late(r"(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[nrt])")
_MESSAGE = Late(
    r"(?:message[_\-]?id|in[_\-]reply[_\-]to|references)[\"']?[ ]?[:=][ ]{0,2}[\"'(]{0,2}<?\Z", re.IGNORECASE
)
_TOP = Late(r"(?:[^\W\d_]{2,24}|xn--[A-Za-z0-9\-]{2,59})")
_FILES = words(
    "png jpg jpeg gif svg webp avif ico css js mjs ts tsx jsx map json html htm pdf txt woff woff2 mp4 service "
    "socket timer"
)
_ZONE = Late(r"(?:[a-z][a-z0-9\-]{0,62}\.){1,4}(?:com|org|net|info|example|(?!js|ts|md|py|gz)[a-z]{2})")
_NO_ONE = words("git hg svn celery scm")
_VERSION = Late(r"v?\d+\.\d+(?:[.\-]|$)|\d+x\.")


def present(text: str) -> bool:
    """Whether an at sign stands in the text in any spelling."""
    return "@" in text or _coded(text)


def _coded(text: str) -> bool:
    return ("40" in text or "&" in text) and bool([sign for sign in _SIGNS if sign in text])


def clean(text: str, marks: Marks) -> str:
    """The text with its addresses marked, whole."""
    if "@" in text:
        if "ounce" in text or "eturn" in text or "SRS" in text or "prvs" in text:
            text = _BOUNCE.sub(lambda found: marks.mark("email", found.group()), text)
        if '"@' in text:
            text = _QUOTED.sub(lambda found: marks.mark("email", found.group()), text)
        text = _PLAIN.sub(lambda found: _address(found, marks), text)
    if _coded(text):
        text = _CODED.sub(lambda found: _address(found, marks), text)
    return text


def _address(found: re.Match[str], marks: Marks) -> str:
    spend()
    whole, local, domain = found.group(), found.group(1), found.group(2)
    kept = _domain(domain)
    if not kept or _harmless(local, kept):
        return whole
    if _MESSAGE.search(found.string[max(0, found.start() - 24) : found.start()]):  # RFC 5322 §3.6.4: names no one
        return whole
    end = len(whole) - (len(domain) - len(kept))
    start = _lead(found.string, found.start(), local)
    return whole[:start] + marks.mark("email", whole[start:end]) + whole[end:]


def _lead(text: str, at: int, local: str) -> int:
    """How much of the local part is the end of an escape before it: the 22 of ``%22``, the n of ``\\\\n``."""
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
    """The domain without what follows its top level: ``example.com.2`` ends at ``com``. Empty: no domain."""
    labels = domain.rstrip("-").split(".")
    while len(labels) > 1 and not _TOP.fullmatch(labels[-1]):
        labels.pop()
    return ".".join(labels) if len(labels) > 1 else ""


def _harmless(local: str, domain: str) -> bool:
    if local in _NO_ONE or local.startswith("celery"):
        return True
    rest, _, top = domain.lower().rpartition(".")
    if top in _FILES:  # an address may be the name of a file: jo@coach.example.png, but logo@2x.png
        return _ZONE.fullmatch(rest) is None
    return _VERSION.match(domain) is not None
