"""From the name of a key to its class: by its words, the longest phrase they end with."""

import unicodedata
from functools import cache
from typing import NamedTuple

from launchready.lazy_pattern import Late
from launchready.redaction.text.rules.fields import FIELDS, GLUED, HEADS, PERSONS, SPOKEN, TRAILERS, Field

_WORDS = Late(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "Ł": "L", "Ø": "O"})
_LONGEST = 200
_MEMO = 8192
_LABEL = 32
_LEAST = 6
_LONE = 3


_STORE = Late(
    r"\b(?:P?SETEX|SET|GET|SETNX|GETSET|GETDEL|DEL|UNLINK|P?TTL|P?EXPIRE|EXISTS|INCR|DECR|HGET|HGETALL|HM?SET|[kK]ey)"
    r"[\"']?[ ,=:]{1,2}[\"']?(?:[\w.\-]{1,32}:){0,4}\Z"
)


def stored(before: str) -> bool:
    """Whether a key of a store begins here, ``SET otp:47972``: its numbers are those of things."""
    return _STORE.search(before[-96:]) is not None


class Named(NamedTuple):
    """What a key says of its value. ``bare``: a name that is a person's only in a person's company."""

    kind: str
    condition: str
    bare: bool = False


def words(key: str) -> list[str]:
    """The words of a key: ``newPassword2`` is new, password, 2; ``contraseña`` is contrasena."""
    if not key.isascii():
        key = "".join(
            char for char in unicodedata.normalize("NFKD", key.translate(_PLAIN)) if not unicodedata.combining(char)
        )
    return [word.lower() for word in _WORDS.findall(key[-_LONGEST:])]


@cache
def _table() -> tuple[dict[str, Named], dict[str, Named]]:
    """The rule set's phrases, and those of several words written as one: the same for every redactor."""
    phrases: dict[str, Named] = {}
    glued: dict[str, Named] = {}
    for field in FIELDS:
        _add(phrases, glued, field)
    return phrases, glued


def _add(phrases: dict[str, Named], glued: dict[str, Named], field: Field) -> None:
    named = Named(field.kind, field.condition, field.condition == "fullname")
    for found in map(words, field.phrases.split(",")):
        phrase = " ".join(found)
        known = phrases.setdefault(phrase, named)
        if field.condition == "field" or not known.kind:
            phrases[phrase] = named
        if len(found) > 1 or field.condition == "field":
            glued.setdefault("".join(found), phrases[phrase])


class Keys:
    """The phrase table, compiled, with a bounded memory of keys seen."""

    def __init__(self, extra: dict[str, str] | None = None, ignore: frozenset[str] = frozenset()) -> None:
        known, glued = _table()
        self._phrases = dict(known)
        self._glued = dict(glued)
        for name, kind in (extra or {}).items():
            _add(self._phrases, self._glued, Field(kind, "field", name))
        self._ignore = frozenset("".join(words(name)) for name in ignore)
        self._memo: dict[str, Named | None] = {}
        #: Keys met that say nothing of their value, for a look at all the keys of a line at once.
        self.plain: set[str] = set()

    def spelled(self) -> tuple[set[str], set[str]]:
        """How a key ends that is named, in lower case and without separators; and which must be the whole of it."""
        ends = {stem for stem, _, _ in GLUED}
        alone: set[str] = set()
        for phrase, named in (*self._phrases.items(), *self._glued.items()):
            if named.kind:
                (alone if named.condition == "alone" else ends).add(phrase.replace(" ", ""))
        return ends, alone

    def named(self, key: str) -> Named | None:
        """The class of a key, or None. Same answer for the same key, at the price of one look-up."""
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
                self.plain.clear()
            answer = self._memo[key] = self._find(key)
            if answer is None and key not in HEADS:
                self.plain.add(key)
            return answer

    def label(self, value: str, kind: str) -> bool:
        """Whether a value is only the name of its class: ``"password": "Passwort"`` in a table of translations."""
        if len(value) > _LABEL or not value.replace(" ", "").replace("-", "").isalpha():
            return False
        named = self.named(value)
        return named is not None and named.kind == kind

    def spoken(self, key: str, value: str) -> bool:
        """Whether a quoted value under a key that only says "secret" is one, whatever it looks like."""
        return (
            key.lower() in SPOKEN
            and len(value) >= _LEAST
            and " " not in value
            and not value.isdigit()
            and value[0] != "#"
        )

    def _find(self, key: str) -> Named | None:
        found = words(key)
        if not found or "".join(found) in self._ignore:
            return None
        exact = self._match(found)
        if exact is None:
            while len(found) > 1 and (found[-1].isdigit() or found[-1] in TRAILERS):
                found.pop()
            exact = self._match(found)
        if exact is None and len(found[-1]) > _LONE and found[-1][-1] == "s":
            exact = self._plural(found)
        return exact if exact is None or exact.kind else None

    def _plural(self, found: list[str]) -> Named | None:
        """What one of several is: ``reset_tokens``. A number is how many there are."""
        one = self._match([*found[:-1], found[-1].removesuffix("es" if found[-1].endswith("sses") else "s")])
        if one is None or one.bare or one.condition in {"token", "alone", "code", "auth", "connection"}:
            return None
        return one._replace(condition="secretish") if one.condition in {"any", "loose", "pathless"} else one

    def _match(self, found: list[str]) -> Named | None:
        for start in range(max(0, len(found) - 6), len(found)):
            named = self._phrases.get(" ".join(found[start:]))
            if named is not None:
                if named.condition == "alone":
                    return named if not start else None
                if named.bare and start and found[start - 1] in PERSONS:
                    return Named("name", "person")
                return named
        glued = self._glued.get("".join(found)) or self._glued.get(found[-1])
        if glued is not None:
            return glued
        for stem, kind, condition in GLUED:
            if found[-1].endswith(stem) and found[-1] != stem:
                return Named(kind, condition)
        return None
