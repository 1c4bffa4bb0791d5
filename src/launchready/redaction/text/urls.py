"""URLs: credentials before the host (RFC 3986 section 3.2.1), and tokens in the path of a mailed link."""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.encodings import mask_escapes
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.phrases import LINK_STEMS, LINK_WORDS, STORE_SCHEMES, STRONG_LINK_STEMS

_AUTHORITY = LazyPattern(r"[^\s\"'`<>|\\]{1,1024}+")
_LONG_AUTHORITY = LazyPattern(r"[^\s\"'`<>|\\]{1,65536}+")
_USUAL_LENGTH = 1024
_SEGMENT_COST = 1 / 8  # a path segment that is compared with the words of mailed links
_SCHEME = LazyPattern(r"[A-Za-z][A-Za-z0-9+.\-]{0,31}\Z")
_SEGMENT = LazyPattern(r"[A-Za-z0-9_\-.~=:%@]{1,2048}+")
_HOSTLIKE = LazyPattern(r"[A-Za-z0-9.\-_\[\]:,]{1,255}(?:[/?#].*)?", re.DOTALL)
_LINK = LazyPattern(r"/([A-Za-z_\-]{1,24})(?=/)")
#: Words of a title (``10-tips-for-2026``), or a file name.
_TITLE_OR_FILE = LazyPattern(
    r"(?:[a-z]{1,24}|\d{1,4})(?:[-_](?:[a-z]{1,24}|\d{1,4})){0,24}\d{0,4}"
    r"|(?:[A-Za-z][a-z]{0,23}|[A-Z]{1,8}|\d{1,10})(?:[-_](?:[A-Za-z][a-z]{0,23}|[A-Z]{1,8}|\d{1,10})){1,8}"
    r"|.{1,200}\.(?:t?gz|bz2|xz|zip|7z|exe|dmg|apk|whl|deb|png|jpe?g|gif|svg|webp|mp[34]|css|m?js|csv|xlsx?|docx?|txt|map)"
)
#: After a single letter, ``/i/8Y6NlibptVem``: digits with upper and lower case, which no name mixes.
_MIXED_CASE = LazyPattern(
    r"(?=[A-Za-z\-_]{0,20}\d)(?=[a-z\d\-_]{0,20}[A-Z])(?=[A-Z\d\-_]{0,20}[a-z])[A-Za-z\d\-_]{11,21}"
)
_MALFORMED = LazyPattern(
    r"\b((?:postgres(?:ql)?|mysql|mariadb|rediss?|mongodb|amqps?)(?:\+\w{1,16})?[:;.]?/{1,2}[^\s:/@\"'\[]{0,64}:)"
    r"(?!/)(?!\[[a-z_]{1,32}\]@)([^\s@\"']{3,128})@"
)
#: After any word: no name of a thing has forty characters of all kinds.
_LONG_SEGMENT = LazyPattern(
    r"(/[a-z][a-z_\-]{0,23}/)(?=[A-Za-z\-_]{0,40}\d)(?=[a-z\d\-_]{0,40}[A-Z])(?=[A-Z\d\-_]{0,40}[a-z])"
    r"([A-Za-z\d\-_]{40,128})(?=[/?#\s\"'&,)]|\Z)"
)
_SIGNED_SEGMENT = LazyPattern(r"\d{1,20}[A-Za-z0-9]{0,8}-[0-9a-f]{20,64}|[A-Za-z0-9]{5,13}-[0-9a-f]{20,64}")


def credentials(text: str, markers: Markers) -> str:
    """Hide the password in ``scheme://user:password@host``, or a lone opaque user name."""
    out: list[str] = []
    done = 0
    at = text.find("://")
    while at >= 0:
        charge()
        start = at + 3
        found = _AUTHORITY.match(text, start)
        if found is not None and "@" in found.group():
            if len(found.group()) == _USUAL_LENGTH and "://" not in found.group():
                found = _LONG_AUTHORITY.match(text, start) or found
                charge(0, characters=len(found.group()))
            span = _userinfo(found.group(), text[max(0, at - 32) : at])
            if span is not None:
                low, high = start + span[0], start + span[1]
                value = text[low:high]
                if not markers.is_marker(value) and not _masked(value):
                    out += (text[done:low], markers.mark("db_url" if _is_store_url(text, at) else "basic", value))
                    done = high
                    start = high
        at = text.find("://", start)
    return "".join([*out, text[done:]]) if out else text


def malformed_credentials(text: str, markers: Markers) -> str:
    """Hide the password in a malformed store URL, as error messages quote it: ``postgres//app:pw@db``."""
    return _MALFORMED.sub(lambda found: f"{found.group(1)}{markers.mark('db_url', found.group(2))}@", text)


def _masked(value: str) -> bool:
    return not value.strip("*•x.") or (value[:1] in "{$<%[" and value_shapes.placeholder(value))


def _is_store_url(text: str, at: int) -> bool:
    scheme = _SCHEME.search(text[max(0, at - 32) : at])
    return scheme is not None and scheme.group().lower().startswith(STORE_SCHEMES)


def _userinfo(authority: str, before: str) -> tuple[int, int] | None:
    """Return the span of the password.

    A password in a store URL may contain any character; a web authority ends at the first slash.
    """
    scheme = _SCHEME.search(before)
    store = scheme is not None and scheme.group().lower().startswith(STORE_SCHEMES)
    nested = authority.find("://")
    reach = authority[:nested] if nested >= 0 else authority
    if not store:
        reach = re.split(r"[/?#]", reach, maxsplit=1)[0]
    last = reach.rfind("@")
    query = reach.find("?")
    if store and 0 < query < last:  # an address in the query does not end a password that comes before it
        last = reach.rfind("@", 0, query) if "@" in reach[:query] else last
    if last <= 0:
        return None
    colon = reach.find(":", 0, last)
    if colon < 0:
        return (0, last) if value_shapes.opaque(reach[:last], 16) else None
    if store and re.match(r"\d{1,5}/", reach[colon + 1 : last]) and "@" not in reach[:colon]:
        return None  # host:5432/path?x=a@b
    return (colon + 1, last) if last > colon + 1 else None


def tokens(text: str, markers: Markers) -> str:
    """Hide the first opaque segment among the three after a mailed-link word: ``/reset/MTc/2yu2nu-0ae0...``."""
    out: list[str] = []
    done = 0
    unescaped = mask_escapes(text) if "\\/" in text or "%2F" in text or "%2f" in text else text
    found = _LINK.search(unescaped)
    while found is not None:
        at = found.end()
        charge(_SEGMENT_COST)
        word = found.group(1).lower()
        strong = word.startswith(STRONG_LINK_STEMS)
        if (
            strong
            or word in LINK_WORDS
            or word.startswith(LINK_STEMS)
            or (len(word) == 1 and _path_begins(text, found.start()))
        ):
            charge()
            span = _token(unescaped, at, strong=strong, short=len(word) == 1)
            if span is not None and span[0] >= done:
                value = text[span[0] : span[1]]
                out += (text[done : span[0]], markers.mark("link_token", value))
                done = at = span[1]
        found = _LINK.search(unescaped, at)
    text = "".join([*out, text[done:]]) if out else text
    return _LONG_SEGMENT.sub(lambda found: found.group(1) + markers.mark("link_token", found.group(2)), text)


def _path_begins(text: str, at: int) -> bool:
    """Whether a path begins here. A single letter inside a path is no mailed-link word."""
    if not at or text[at - 1] in " \t\n\"'`(=,>":
        return True
    slash = text.rfind("/", max(0, at - 256), at)
    return 0 < slash < at - 3 and text[slash - 1] == "/"


def _token(text: str, at: int, *, strong: bool, short: bool) -> tuple[int, int] | None:
    for _ in range(1 if short else 3):
        while text[at : at + 2] == "//":  # an escaped slash is as long as its escape
            at += 1
        segment = _SEGMENT.match(text, at + 1) if text[at : at + 1] == "/" else None
        if segment is None:
            return None
        value = segment.group()
        at = segment.end()
        if value.isalpha() and value.islower():  # a word
            continue
        start = segment.start()
        core = value.rstrip(".:")
        strong = strong or core.endswith(".ics")  # only the address protects a calendar feed
        for suffix in (".ics", ".json", ".html", ".pdf", ".xml"):
            core = core.removesuffix(suffix)
        if "@" not in core and (_SIGNED_SEGMENT.fullmatch(core) or _is_link_token(core, strong=strong, short=short)):
            return start, start + len(core)
    return None


def _is_link_token(value: str, *, strong: bool, short: bool) -> bool:
    if value_shapes.uuid(value):
        return strong
    if value_shapes.public(value) or re.fullmatch(r"[a-z_]{2,8}_[0-9A-Za-z]{8,32}|\d{1,20}", value):
        return False
    if short and _MIXED_CASE.fullmatch(value):
        return True
    return value_shapes.opaque(value, 10 if strong else 16) and _TITLE_OR_FILE.fullmatch(value) is None
