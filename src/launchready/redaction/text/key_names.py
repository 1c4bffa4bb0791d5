"""Map the name of a key to its class: the longest known phrase at the end of its words decides."""

import unicodedata
from functools import cache
from typing import NamedTuple

from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.rules.fields import CONTEXT_KEYS, EXPLICIT_KEYS, FIELDS, GLUED, PERSONS, TRAILERS, Field

_WORDS = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "Ł": "L", "Ø": "O"})
_LONGEST = 200
_MEMO = 8192
_LONGEST_CLASS_NAME = 32
_SHORTEST_SECRET = 6
_SHORTEST_PLURAL = 3


_STORE_COMMAND = LazyPattern(
    r"\b(?:P?SETEX|SET|GET|SETNX|GETSET|GETDEL|DEL|UNLINK|P?TTL|P?EXPIRE|EXISTS|INCR|DECR|HGET|HGETALL|HM?SET|[kK]ey)"
    r"[\"']?[ ,=:]{1,2}[\"']?(?:[\w.\-]{1,32}:){0,4}\Z"
)


def follows_store_command(before: str) -> bool:
    """Whether a store command such as ``SET otp:47972`` ends here; numbers in a store key are record ids."""
    return _STORE_COMMAND.search(before[-96:]) is not None


class KeyClass(NamedTuple):
    """The class of a key. ``bare``: only other keys show that this is the name of a person."""

    kind: str
    condition: str
    bare: bool = False


def words(key: str) -> list[str]:
    """Split a key into words: ``newPassword2`` gives new, password, 2; ``contraseña`` gives contrasena."""
    if not key.isascii():
        key = "".join(
            char for char in unicodedata.normalize("NFKD", key.translate(_PLAIN)) if not unicodedata.combining(char)
        )
    return [word.lower() for word in _WORDS.findall(key[-_LONGEST:])]


@cache
def _table() -> tuple[dict[str, KeyClass], dict[str, KeyClass]]:
    """Return the phrases of the rule set, and the phrases of several words written as one. All redactors share them."""
    phrases: dict[str, KeyClass] = {}
    glued: dict[str, KeyClass] = {}
    for field in FIELDS:
        _add(phrases, glued, field)
    return phrases, glued


def _add(phrases: dict[str, KeyClass], glued: dict[str, KeyClass], field: Field) -> None:
    key_class = KeyClass(field.kind, field.condition, field.condition == "fullname")
    for found in map(words, field.phrases.split(",")):
        phrase = " ".join(found)
        known = phrases.setdefault(phrase, key_class)
        if field.condition == "field" or not known.kind:
            phrases[phrase] = key_class
        if len(found) > 1 or field.condition == "field":
            glued.setdefault("".join(found), phrases[phrase])


class KeyClassifier:
    """Classifies keys by the phrase table. A bounded cache holds the keys seen."""

    def __init__(self, extra: dict[str, str] | None = None, ignore: frozenset[str] = frozenset()) -> None:
        known, glued = _table()
        self._phrases = dict(known)
        self._glued = dict(glued)
        for name, kind in (extra or {}).items():
            _add(self._phrases, self._glued, Field(kind, "field", name))
        self._ignore = frozenset("".join(words(name)) for name in ignore)
        self._memo: dict[str, KeyClass | None] = {}
        #: Keys seen that are not sensitive. One set operation skips a line that has only such keys.
        self.insensitive: set[str] = set()

    def key_endings(self) -> tuple[set[str], set[str]]:
        """Return the endings of sensitive keys, and the names that must be a whole key, without separators."""
        ends = {stem for stem, _, _ in GLUED}
        alone: set[str] = set()
        for phrase, key_class in (*self._phrases.items(), *self._glued.items()):
            if key_class.kind:
                (alone if key_class.condition == "alone" else ends).add(phrase.replace(" ", ""))
        return ends, alone

    def classify(self, key: str) -> KeyClass | None:
        """Return the class of a key, or None. A repeated key costs one dictionary look-up."""
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
                self.insensitive.clear()
            answer = self._memo[key] = self._look_up(key)
            if answer is None and key not in CONTEXT_KEYS:
                self.insensitive.add(key)
            return answer

    def is_class_name(self, value: str, kind: str) -> bool:
        """Whether a value only repeats the name of its class: ``"password": "Passwort"`` in a translation table."""
        if len(value) > _LONGEST_CLASS_NAME or not value.replace(" ", "").replace("-", "").isalpha():
            return False
        key_class = self.classify(value)
        return key_class is not None and key_class.kind == kind

    def is_explicit_secret(self, key: str, value: str) -> bool:
        """Whether a quoted value is a secret whatever its shape, because the key names nothing else."""
        return (
            key.lower() in EXPLICIT_KEYS
            and len(value) >= _SHORTEST_SECRET
            and " " not in value
            and not value.isdigit()
            and value[0] != "#"
        )

    def _look_up(self, key: str) -> KeyClass | None:
        found = words(key)
        if not found or "".join(found) in self._ignore:
            return None
        exact = self._match(found)
        if exact is None:
            while len(found) > 1 and (found[-1].isdigit() or found[-1] in TRAILERS):
                found.pop()
            exact = self._match(found)
        if exact is None and len(found[-1]) > _SHORTEST_PLURAL and found[-1][-1] == "s":
            exact = self._plural(found)
        return exact if exact is None or exact.kind else None

    def _plural(self, found: list[str]) -> KeyClass | None:
        """Return the class of a plural such as ``reset_tokens``. A number under such a key is a count."""
        one = self._match([*found[:-1], found[-1].removesuffix("es" if found[-1].endswith("sses") else "s")])
        if one is None or one.bare or one.condition in {"token", "alone", "code", "auth", "connection"}:
            return None
        return one._replace(condition="secretish") if one.condition in {"any", "loose", "pathless"} else one

    def _match(self, found: list[str]) -> KeyClass | None:
        for start in range(max(0, len(found) - 6), len(found)):
            key_class = self._phrases.get(" ".join(found[start:]))
            if key_class is not None:
                if key_class.condition == "alone":
                    return key_class if not start else None
                if key_class.bare and start and found[start - 1] in PERSONS:
                    return KeyClass("name", "person")
                return key_class
        glued = self._glued.get("".join(found)) or self._glued.get(found[-1])
        if glued is not None:
            return glued
        for stem, kind, condition in GLUED:
            if found[-1].endswith(stem) and found[-1] != stem:
                return KeyClass(kind, condition)
        return None
