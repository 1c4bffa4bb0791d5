"""Sentences: "your code is 482913", "my password is ...", "Bearer ey...", "AUTH ...", "Dear Emily Johnson,".

In prose only the words decide, so the rules are strict: a word that announces a value, a joining word, and a value that
is no word. Literal search finds the words, and an anchored match reads the rest: no pattern walks over the text.

``low`` is the text in lower case, of equal length. The reader skips letters whose lower case is longer.
"""

import re
from collections.abc import Iterator

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import compared_values, prefilter, value_shapes
from launchready.redaction.text.key_names import KeyClassifier, follows_store_command
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules import phrases
from launchready.redaction.text.spans import Span, splice, whole_words

_STATEMENT = LazyPattern(
    r"(?:( (?:now )?is| was| to| lautet| ist| est| es|:| →| ->| =>):? {1,3}|(?= [\"'`])) ?"
    r"(?:\"([^\"\n]{3,200}+)\"|'([^'\n]{3,200}+)'|`([^`\n]{3,200}+)`|([^\s\"'`<>,;|]{4,512}+))"
)
_AFTER_COLON = LazyPattern(
    r"(?: [A-Za-z0-9_#@.\[\]\-]{1,64}+){1,4}+: {1,2}[\"'`]?([\w\-+/.~]{20,4096}+={0,2})(?![\w=])", re.ASCII
)
_TYPED_PASSWORD = LazyPattern(r"[ ]{1,2}([^\s\"'`<>,;]{8,64}+)")
_DEVICE = LazyPattern(r"[ :/=]{1,2}(?:(?:for|tokens?|is|to)[ :=]{1,2}){0,2}[\"'`]?([0-9a-f]{64,200}+)", re.ASCII)
_BACKUP_CODES = LazyPattern(
    r"(?: are| is|:|=){0,2} {0,2}[\[(]?((?:[\"']?[a-z0-9]{4,8}[\- ]?[a-z0-9]{4,8}[\"']?(?:, ?| |$)){1,16}+)"
)
_ADJACENT = LazyPattern(
    r"(?: value| header| string| id| cookie| key| token| mismatch:?)?[ ]{1,2}[\"'(]?([\w\-+/.~]{16,4096}+={0,2})"
    r"(?![\w=])",
    re.ASCII,
)
_CODE = LazyPattern(
    r"((?:%[0-9a-f]{2}|\[(?:email|phone|name)\]|[^\d\n\[]){1,32}+(?:(?<=[a-z:])\n{1,2}[ \t]{0,8}+)?)"
    r"(?:(?<![.\-/a-z_])|(?<=%[0-9a-f]{2}))"  # user47972 is no code
    r"(\d{3}[ \-]\d{3}|\d{4,8})(?![\d\-/:]|\.\d|[A-Za-z_])",
    re.ASCII,
)
_SECOND = LazyPattern(
    r"([ ,;:(=!]{1,3}(?:(?:but|and) )?(?:expected|got|received|actual|stored|entered|instead of|should be|vs\.?"
    r"|not)[ :=]{1,3}[\"']?)"
    r"(\d{4,8})(?![\d\-/:]|\.\d|[A-Za-z_])"
)
_BEFORE = LazyPattern(r"([a-z0-9\-]{2,16})[ _\-]{1,2}\Z")
_CODE_BEFORE = LazyPattern(
    r"(?<![\w.\-/:#])(?:g-)?(\d{4,8}|\d{3}[ \-]\d{3})"
    r"(?= (?:is|as) (?:your|the|a|my)[a-z' \-]{0,40}(?<![a-z0-9])(?:code|pin|otp|passcode)(?![a-z0-9])"
    r")"
)
_CODE_BEFORE_PURPOSE = LazyPattern(
    r"(?<![a-z])(?:use|enter|type|submit) (?:(?:the )?(?:code |pin ))?(g-\d{6}|\d{4,8}|\d{3}[ \-]\d{3}) (?:to|for) "
    r"(?:verify|verification|confirm|sign|log|complete|continue|access|reset|finish|activate|validate|approve|unlock)"
)
_CVC = LazyPattern(r"(?: is| was|:|=|\.)? {0,2}[\"']?(\d{3,4})(?![\w.])", re.ASCII)
_SCHEME = LazyPattern(r"(?:[ \t]{1,4}|%20|\+)([A-Za-z0-9\-._~+/%]{8,65536}+={0,2})(?![=\w])")
_BASE64 = LazyPattern(r"[A-Za-z0-9+/_\-]{8,65536}+(?:=|%3D){0,2}")
_AUTH = LazyPattern(r"(?: (?:plain|login|xoauth2|default)|\"? \"?default\"?|\")? {1,2}[\"']?([^\s\"']{6,512}+)")
_BIRTH_DATE = LazyPattern(
    r"(?:\.| on| am| el)?(?: is| was|:|=)? {1,2}(\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2} [a-z]{3,9} "
    r"\d{4})"
)
_GREETED_NAME = LazyPattern(
    r"(?: M(?:rs?|s)\.?)? ([^\W\d_a-z][\w'\u2019.\-]{1,40}(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}){0,3})(?=[,!])"
)
_KEY_BEFORE = LazyPattern(r"[A-Za-z][A-Za-z0-9]{0,32}(?:[_\-][A-Za-z0-9]{1,32}){1,6}\Z")
_KEY_ID = LazyPattern(r" (?:0x)?[0-9a-fA-F]{16}(?![0-9A-Za-z])")  # an OpenPGP key id
_SECRET_CONDITIONS = frozenset({"opaque", "loose", "pathless", "token"})
_ADJACENT_CLASSES = {
    "password": "password",
    "session": "session",
    "jwt": "jwt",
    "csrf": "csrf",
    "xsrf": "csrf",
    "hmac": "signed_url",
    "signature": "signed_url",
    "authorization": "bearer",
    "invite": "link_token",
    "magic": "link_token",
}
_JOINS = (" is ", " was ", " to ", " lautet ", " ist ", " est ", " es ", ": ", "→", "->", "=>", ' "', " '", " `")


class SentenceReader:
    """Finds and hides values that sentences announce."""

    def __init__(self, keys: KeyClassifier, markers: Markers) -> None:
        self._keys = keys
        self._markers = markers

    def clean(self, text: str, gates: frozenset[int]) -> str:
        """Hide the values that the words of the text announce."""
        low = text.lower()
        if len(low) != len(text):  # for example the Turkish capital I with a dot
            low = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        cleaned = splice(text, list(self._spans(text, low, gates)))
        if cleaned is not text:  # the next pass reads the rest, with markers in place of values
            return cleaned
        if prefilter.COMPARISON in gates:
            text = compared_values.clean(text, low, self._markers)
        return (
            compared_values.passwords(text, low, self._markers)
            if prefilter.PASSWORD_CHANGE in gates and text is cleaned
            else text
        )

    def _spans(self, text: str, low: str, gates: frozenset[int]) -> Iterator[Span]:
        if prefilter.STATEMENT in gates and any(map(low.__contains__, _JOINS)):
            for kind, words, condition in phrases.STATEMENTS:
                for word, at in whole_words(low, words):
                    if word == "key" and self._is_other_key(low, at - 3):
                        continue
                    yield from self._statement(text, _STATEMENT.match(low, at), kind, condition)
        if prefilter.ADJACENT in gates:
            for word, at in whole_words(low, phrases.ADJACENT_WORDS, glued=True):
                found = _ADJACENT.match(text, at)
                kind = self._adjacent_class(text, word, at) if found is not None else ""
                if kind:
                    yield from self._value_span(found, kind, "token")
        if prefilter.COLON_VALUE in gates and ": " in low:
            for word, at in whole_words(low, phrases.COLON_WORDS):
                kind = "session" if word == "session" else "generic_key"
                yield from self._value_span(_AFTER_COLON.match(text, at), kind, "token")
        if prefilter.TYPED_PASSWORD in gates:
            for _, at in whole_words(low, phrases.TYPED_PASSWORD_WORDS):
                yield from self._value_span(_TYPED_PASSWORD.match(low, at), "password", "strong", text)
        if prefilter.DEVICE in gates:
            for _, at in whole_words(low, phrases.DEVICE_WORDS):
                yield from self._value_span(_DEVICE.match(low, at), "push_token", "token")
        if prefilter.BACKUP_CODE in gates:
            for _, at in whole_words(low, phrases.BACKUP_CODE_WORDS):
                yield from self._backup_codes(text, _BACKUP_CODES.match(low, at))
        if prefilter.ONE_TIME_CODE in gates:
            yield from self._codes(text, low)
        if prefilter.CVC in gates:
            for _, at in whole_words(low, phrases.CVC_WORDS):
                yield from self._value_span(_CVC.match(text, at), "cvc", "digits3")
        if prefilter.AUTH_SCHEME in gates:
            for word in ("bearer", "basic"):
                for _, at in whole_words(low.replace("%20", " %%"), (word,)):
                    yield from self._credentials(_SCHEME.match(text, at), word)
        if prefilter.AUTH_COMMAND in gates:
            for _, at in whole_words(text, ("AUTH",)):
                yield from self._value_span(_AUTH.match(low, at), "password", "secretish", text)
        if prefilter.GREETING in gates:
            for _, at in whole_words(low, phrases.GREETINGS):
                yield from self._greeted_name(_GREETED_NAME.match(text, at))
        if prefilter.BIRTH_DATE in gates:
            for _, at in whole_words(low, phrases.BIRTH_WORDS):
                yield from self._value_span(_BIRTH_DATE.match(low, at), "dob", "any")

    def _greeted_name(self, found: re.Match[str] | None) -> Iterator[Span]:
        if found is not None and phrases.GROUP_SALUTATIONS.isdisjoint(found.group(1).lower().split()):
            yield found.start(1), found.end(1), self._markers.mark("name", found.group(1))

    def _adjacent_class(self, text: str, word: str, at: int) -> str:
        """Return the class of a value after a word and a blank, or after a key with that word at its end."""
        if text[at - len(word) - 1 : at - len(word)] in {"_", "-"}:
            key = _KEY_BEFORE.search(text[max(0, at - 64) : at])
            key_class = self._keys.classify(key.group()) if key is not None else None
            return key_class.kind if key_class is not None and key_class.condition in _SECRET_CONDITIONS else ""
        if word == "key" and self._is_other_key(text.lower(), at - 3):
            return ""
        if word == "key" and _KEY_ID.match(text, at):
            return ""
        return _ADJACENT_CLASSES.get(word, "generic_key")

    def _is_other_key(self, low: str, at: int) -> bool:
        """Whether the word before "key" makes it another key: an idempotency key, the key of a cache entry."""
        lead_match = _BEFORE.search(low[max(0, at - 18) : at])
        return lead_match is not None and self._keys.classify(f"{lead_match.group(1)} key") is None

    def _value_span(self, found: re.Match[str] | None, kind: str, condition: str, text: str = "") -> Iterator[Span]:
        if found is None:
            return
        start, end = found.span(1)
        value = text[start:end] or found.group(1)
        if value_shapes.matches_condition(condition, value.rstrip(".")):
            yield start, end, self._markers.mark(kind, value)

    def _backup_codes(self, text: str, found: re.Match[str] | None) -> Iterator[Span]:
        """Hide a list of backup codes. A list without any digit is a sentence."""
        if found is not None and any(map(str.isdigit, found.group(1))):
            start, end = found.span(1)
            value = text[start:end].rstrip(" ,\"'")
            yield start, start + len(value), self._markers.mark("otp", value)

    def _statement(self, text: str, found: re.Match[str] | None, kind: str, condition: str) -> Iterator[Span]:
        if found is None:
            return
        group = next(index for index in range(2, 6) if found.group(index) is not None)
        start, end = found.span(group)
        value = text[start:end]
        if self._markers.pattern.match(value):
            return
        if group == 5:
            value = value.rstrip(".,;:)]}!?")
            if kind == "password" and value.isdecimal() and 4 <= len(value) <= 8 and found.group(1) == " is":
                yield start, start + len(value), self._markers.mark("otp", value)  # "your one-time password is 723532"
                return
            hide = (
                value_shapes.secretish(value)
                if condition == "secretish"
                else value_shapes.matches_condition(condition, value)
            )
        elif condition == "secretish":
            hide = " " in value or value_shapes.secretish(value) or found.group(1) is not None
        else:
            hide = value_shapes.matches_condition(condition, value)
        if hide and not value_shapes.placeholder(value) and not value_shapes.code(value):
            yield start, start + len(value), self._markers.mark(kind, value)

    def _codes(self, text: str, low: str) -> Iterator[Span]:
        if " is " in low or " as " in low:
            for found in _CODE_BEFORE.finditer(low):
                yield found.start(1), found.end(1), self._markers.mark("otp", found.group(1))
        if " to " in low or " for " in low:
            for found in _CODE_BEFORE_PURPOSE.finditer(low):
                yield found.start(1), found.end(1), self._markers.mark("otp", found.group(1))
        in_context: bool | None = None
        for word, at in whole_words(low, phrases.CODE_WORDS):
            after = _CODE.match(low, at)
            if after is not None and _counts_things(after.group(1)):  # "OTP for user 17 is 482913"
                after = _CODE.match(low, after.end())
            if text[at - len(word) - 1 : at + 1] == f"[{word}]":
                continue  # the word is part of a marker
            if after is None or (
                after.group(1) == ":" and follows_store_command(text[max(0, at - 96) : at - len(word)])
            ):
                continue
            announced = self._is_code(word, low[max(0, at - len(word) - 18) : at - len(word)], after)
            if announced is None:
                if in_context is None:
                    in_context = not phrases.CODE_CONTEXT_WORDS.isdisjoint(re.findall(r"[a-z]+", low))
                announced = in_context
            while announced and after is not None:
                yield after.start(2), after.end(2), self._markers.mark("otp", after.group(2))
                after = _SECOND.match(low, after.end())

    def _is_code(self, word: str, before: str, after: re.Match[str]) -> bool | None:
        """Whether a one-time code follows, or None if the context of the text decides."""
        lead_match = _BEFORE.search(before)
        lead = lead_match.group(1) if lead_match else ""
        plain = word == "code" and lead not in phrases.ONE_TIME_CODE_WORDS and "[" not in after.group(1)
        if lead in phrases.OTHER_CODE_WORDS or not _only_joins(after.group(1), strict=plain):
            return False
        if not plain or " is" in after.group(1):
            return True
        return None if len(after.group(2)) == 6 else False

    def _credentials(self, found: re.Match[str] | None, scheme: str) -> Iterator[Span]:
        if found is None:
            return
        value = found.group(1).rstrip(".")
        charge(0, characters=len(value))
        if scheme == "basic" and _BASE64.fullmatch(value) is None:
            return
        if value_shapes.opaque(value):
            yield found.start(1), found.start(1) + len(value), self._markers.mark(scheme, value)


def _counts_things(between: str) -> bool:
    """Whether the last word before a number counts users, bookings or other things."""
    found = re.search(r"([a-z]+)[ #=:_]{1,3}\Z", between)
    return found is not None and found.group(1) in phrases.COUNTED_NOUNS


def _only_joins(between: str, *, strict: bool) -> bool:
    """Whether the text between a word and its digits only joins them, without another noun."""
    between = re.sub(r"%[0-9a-f]{2}|\[[a-z]+\]", " ", between)
    if re.search(r"[a-z]=|[\"'],", between):  # another key, or another member
        return False
    found = re.findall(r"[^\W\d_]+", between)
    if strict:
        return all(word in {"is", "was", "a", "your", "the", "sent"} for word in found) and "," not in between
    return (
        all(word in phrases.JOINING_WORDS for word in found) and ";" not in between and "." not in between.strip(". ")
    )
