"""Values with a role in the sentence: "expected X got Y", ``old=X new=Y``, "changed to X", "X as password".

Another word of the line names the class: CSRF token, signature, session, password.
"""

import re
from collections.abc import Iterator

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.phrases import (
    CODE_TOPICS,
    NEW_PASSWORD_ADJECTIVES,
    NEW_WORDS,
    PASSWORD_COMPOUNDS,
    STATEMENTS,
    TOPICS,
)
from launchready.redaction.text.spans import Span, splice, whole_words

_COMPARED_VALUE = LazyPattern(
    r"(?<![\w\-])(?:old|new|expected|got|received|given|provided|actual|computed|calculated|previous|current|form|cookie"
    r"|header|stored|sent|want)(?: (?:signature|token|csrf|hmac|session|value|header|cookie|secret))?(?:=|: ?| is "
    r"| was | )[\"'`]?([\w\-+/.~%]{20,4096}+={0,2})(?![\w=])",
    re.IGNORECASE,
)
_COMPARED_CODE = LazyPattern(
    r"(?<![\w\-])(?:expected|got|received|given|provided|actual|stored|want|entered|submitted|typed)(?:=|: ?| )[\"'`]?"
    r"(\d{4,8}|\d{3}[ \-]\d{3})(?![\w\-/:]|\.\d)",
    re.IGNORECASE,
)
_CHANGED_TO = LazyPattern(
    r"((?: [^\s:=,;\"'`]{1,64}+){0,7}?)(?: (to|auf|zu|is|ist|as|en)(?!\w)| ?(:|->|=>|→|=)) ?"
    r"(?:\"([^\"\n]{4,128}+)\"|'([^'\n]{4,128}+)'|`([^`\n]{4,128}+)`|([^\s\"'`<>,;]{6,128}+))"
)
_CHANGED_FROM = LazyPattern(r"(?: [^\s:=,;\"'`]{1,64}+){0,4}? from [\"'`]([^\"'`\n]{4,128}+)[\"'`]")
_BEFORE_AS = LazyPattern(
    r"(?:\A|[\s\"'`(])([^\s\"'`()]{6,64})[\"'`]? as (?:the |a |an |his |her |their |your |my )?(?:new |temporary "
    r"|temp )?\Z"
)
_IN_BRACKETS = LazyPattern(r" ?[\[(<{]([^\s\[\]()<>{}]{6,64})[\])>}]")
_NEXT_WORD = LazyPattern(r" ([^\s\"'`<>,;]{6,64})(?=[\s,;]|\Z)")
_LEAST = 8
_VERDICT = LazyPattern(r" (?:invalid|rejected|incorrect|wrong|accepted|does not|did not|for|matched|refused|denied)\b")
_FOLLOWING_WORD = LazyPattern(r" ([a-z]{2,16})")
_COLUMN = LazyPattern(r"[a-z_]\w{0,40}\.[a-z_]\w{0,60}")
_DATE = LazyPattern(r"v?\d+(?:[.:/\-]\d+)+.*")
_PASSWORDS = STATEMENTS[0][1]


def clean(text: str, low: str, markers: Markers) -> str:
    """Hide compared values, if a word of the line names their class."""
    spans: list[Span] = []
    said = markers.pattern.sub("", low)
    kind = next((kind for word, kind in TOPICS if word in said), None)
    if kind is not None:
        for found in _COMPARED_VALUE.finditer(text):
            charge()
            start, end = found.span(1)
            value = text[start:end].rstrip(".")
            if value_shapes.matches_condition("token", value):
                spans.append((start, start + len(value), markers.mark(kind, value)))
    if any(map(said.__contains__, CODE_TOPICS)):
        for found in _COMPARED_CODE.finditer(text):
            charge()
            spans.append((*found.span(1), markers.mark("otp", found.group(1))))
    return splice(text, spans)


def passwords(text: str, low: str, markers: Markers) -> str:
    """Hide the values in "password for jo changed to X" and "X as password"."""
    return splice(
        text, [(start, end, markers.mark("password", text[start:end])) for start, end in _passwords(text, low)]
    )


def _passwords(text: str, low: str) -> Iterator[tuple[int, int]]:
    said_as, given_from = " as " in low, " from " in low
    for word, at in whole_words(low, _PASSWORDS):
        before = _BEFORE_AS.search(low[max(0, at - len(word) - 100) : at - len(word)]) if said_as else None
        if before is not None and not _is_compound(low, at):
            end = at - len(word) - min(100, at - len(word)) + before.end(1)
            start = end - len(before.group(1))
            if _looks_like_password(text[start:end]):
                yield start, end
        typed = _NEXT_WORD.match(low, at)
        fresh = low[max(0, at - len(word) - 24) : at - len(word) - 1].rpartition(" ")[2] in NEW_PASSWORD_ADJECTIVES
        if typed is not None and not fresh and not (_VERDICT.match(low, typed.end()) and len(typed.group(1)) >= _LEAST):
            typed = None
        if typed is not None and _looks_like_password(text[slice(*typed.span(1))]):
            yield typed.span(1)
            continue
        bracketed = _IN_BRACKETS.match(low, at)
        if bracketed is not None and _looks_like_password(text[slice(*bracketed.span(1))]):
            yield bracketed.span(1)
            continue
        given = _CHANGED_FROM.match(low, at) if given_from else None
        if given is not None and not value_shapes.placeholder(text[slice(*given.span(1))]):
            yield given.span(1)
            at = given.end() - len(" x")  # noqa: PLW2901  # what it was changed to stands behind
        found = _CHANGED_TO.match(low, at)
        if found is None:
            continue
        joiner = found.group(2) or found.group(3)
        between = found.group(1).split()
        if joiner in {"to", "auf", "zu", "en", "as"} and given is None and NEW_WORDS.isdisjoint(between):
            continue
        if not between and joiner not in {"->", "=>", "→"} and given is None:
            continue
        if joiner in {"is", "ist"}:
            if not PASSWORD_COMPOUNDS.isdisjoint(between):
                continue
        elif not all(_names_owner(word, before) for before, word in zip(["", *between], between, strict=False)):
            continue
        group = next(index for index in range(4, 8) if found.group(index) is not None)
        start, end = found.span(group)
        value = text[start:end]
        if group == 7:
            value = value.rstrip(".:!?)")
        if (group != 7 and not value_shapes.placeholder(value)) or _looks_like_password(value):
            yield start, start + len(value)


def _is_compound(low: str, at: int) -> bool:
    """Whether the word after "password" makes a compound: "sha256 as password hasher"."""
    found = _FOLLOWING_WORD.match(low, at)
    return found is not None and found.group(1) in PASSWORD_COMPOUNDS


def _names_owner(word: str, before: str) -> bool:
    """Whether a word between "password" and its value names the owner or says that the value is new."""
    return (
        word in NEW_WORDS
        or before in {"for", "of", "für", "fuer", "von", "user", "account", "to"}
        or word[0] == "["
        or "@" in word
        or any(map(str.isdigit, word))
    )


def _looks_like_password(value: str) -> bool:
    """Whether a word looks like a password: letters with digits or symbols, and no date, version or address."""
    return (
        len(value) >= 6
        and any(map(str.isalpha, value))
        and not value.isalpha()
        and (any(map(str.isdigit, value)) or not set(value).isdisjoint("!#$%&*+=?@^~"))
        and value_shapes.secretish(value)
        and not value_shapes.placeholder(value)
        and not value_shapes.uuid(value)
        and not value_shapes.code(value)
        and value[:1] not in {"[", "(", "%", "{", "$", "<"}
        and _DATE.fullmatch(value) is None
        and _COLUMN.fullmatch(value) is None
        and "=" not in value[:-1]
        and "://" not in value
    )
