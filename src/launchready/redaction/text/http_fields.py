"""Credentials in HTTP fields: Authorization (RFC 9110 section 11.6.2), Cookie and Set-Cookie (RFC 6265 section 4)."""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.encodings import mask_escapes
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.markers import Markers

BLANK = LazyPattern(r"[ \t]{0,24}+")
OPEN = LazyPattern(
    r"[bBuUrRfF]{0,2}+(\\{0,64}+[\"'`]|\\{1,64}+(?:u00(?:22|27)|x2[27])|%(?:25){0,3}2[27]|&(?:quot|apos|#3[49]|#x2[27]);)"
)
_LIST_SCHEME = LazyPattern(r"digest|hawk", re.IGNORECASE)  # schemes whose credentials are a quoted list
_NAMED_PARTS = LazyPattern(
    r"(?:aws4-hmac-sha256|oauth)[ +]{1,8}\w{1,32}=", re.IGNORECASE
)  # these schemes list named parameters, which are read as keys
_WHOLE_LINE = LazyPattern(r"[^\n]{1,65536}+")
_LINE = LazyPattern(r"[^\n\"'`<>]{1,65536}+")
_SCHEME = LazyPattern(r"(?:AWS4-HMAC-SHA256|[Aa]pi-[Kk]ey|[A-Za-z]{2,12})(?:[ \t+:]{1,8}+|$)")
_CREDENTIALS = LazyPattern(r"[^ \t,;)}\]]*+")
_KNOWN_SCHEME = LazyPattern(
    r"bearer|basic|token|digest|negotiate|api-?key|jwt|key|ssws|oauth|hawk|aws4-hmac-sha256|ntlm", re.IGNORECASE
)
_COOKIE = LazyPattern(r"[ \t]{0,8}+([^\s=;,\"'`]{1,128}+)=([^;\r\n\"'`,]{0,65536}+)")


class HttpFieldReader:
    """Finds the credentials in the value of such a field."""

    def __init__(self, keys: KeyClassifier, markers: Markers) -> None:
        self._keys = keys
        self._markers = markers

    def authorization(self, text: str, unescaped: str, at: int) -> tuple[int, int, str] | None:
        line = (_WHOLE_LINE if _LIST_SCHEME.match(unescaped, at) else _LINE).match(unescaped, at)
        if line is None:
            return None
        charge(0, characters=line.end() - at)
        return self.credentials(text[at : line.end()], at, line.end(), bare=True)

    def credentials(self, value: str, start: int, end: int, *, bare: bool = False) -> tuple[int, int, str] | None:
        """Return the span of the credentials. The scheme stays in the text, because it helps to find mistakes."""
        plain = whole = mask_escapes(value)
        scheme = _SCHEME.match(plain)
        kind = "bearer"
        if scheme is not None and (len(scheme.group()) < len(value) or _KNOWN_SCHEME.fullmatch(value.strip())):
            word = scheme.group().strip(" \t+:")
            if not _KNOWN_SCHEME.fullmatch(word):
                return (
                    None
                    if bare or not value_shapes.opaque(value[scheme.end() :])
                    else (start, end, self._markers.mark(kind, value))
                )
            kind = "basic" if word.lower() == "basic" else "bearer"
            start += scheme.end()
            value = value[scheme.end() :]
            plain = plain[scheme.end() :]
            if _NAMED_PARTS.match(whole):
                return None
            if word.lower().startswith(("digest", "hawk")):
                return (
                    (start, end, self._markers.mark(kind, value))
                    if value and not self._markers.is_marker(value)
                    else None
                )
        if bare:
            marker = self._markers.pattern.match(value)
            stop = marker.end() if marker else _CREDENTIALS.match(plain).end()  # type: ignore[union-attr]  # may be empty
            end = start + stop
            value = value[:stop]
        if len(value) < 6 or value_shapes.placeholder(value) or self._markers.is_marker(value):
            return None
        if value_shapes.plain_word(value) or value_shapes.code(value):
            return None
        return start, end, self._markers.mark(kind, value)

    def cookies(self, text: str, unescaped: str, at: int) -> tuple[list[tuple[int, int, str]], int]:
        """Return the spans to hide among the pairs of a cookie field, and the end of the field.

        The name of a cookie decides first, then the shape of its value.
        """
        at = BLANK.match(unescaped, at).end()  # type: ignore[union-attr]  # always matches
        opened = OPEN.match(text, at)
        at = opened.end() if opened else at
        spans: list[tuple[int, int, str]] = []
        while (pair := _COOKIE.match(unescaped, at)) is not None:
            start, end = pair.span(2)
            charge(characters=end - start)
            key_class = self._keys.classify(pair.group(1))
            marker = self._markers.pattern.match(text, start, end)
            value = marker.group() if marker else text[start:end].rstrip(" )]}")
            end = start + len(value)
            if value and not marker:
                if (
                    key_class is not None
                    and key_class.condition not in {"phone", "email", "postal", "token", "alone"}
                    and value_shapes.matches_condition(key_class.condition, value)
                ):
                    spans.append((start, end, self._markers.mark(key_class.kind, value)))
                elif (
                    value_shapes.opaque(value, 16)
                    and not value_shapes.public(value)
                    and pair.group(1).lower() not in {"expires", "path", "domain"}
                ):
                    spans.append((start, end, self._markers.mark("session", value)))
            at = pair.end()
            if unescaped[at : at + 1] != ";":
                break
            at += 1
            attribute = re.compile(r"(?:[ \t]{0,8}+[A-Za-z]{4,12}+;){1,8}+").match(unescaped, at)
            at = attribute.end() if attribute else at
        return spans, at
