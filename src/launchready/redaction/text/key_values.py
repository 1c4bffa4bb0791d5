"""Keys and their values: ``key=value``, ``"key": "value"``, ``('key', 'value')``, headers, cookies, queries, locals.

One grammar for all of them, applied to the masked text (see ``encodings``): a key, optional closing quotes or bracket,
a separator, optional opening quotes. Only sensitive keys are followed further. The end of a value depends on its form:

- quoted: the same quote with the same escaping, before a character that can follow a value;
- in a query: the next ``&``, ``#``, quote or blank;
- bare: the next blank, or a separator before another key, because passwords contain commas and semicolons.
"""

import re
from collections.abc import Iterator

from launchready.budget import BudgetExceeded, charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.encodings import mask_escapes
from launchready.redaction.text.http_fields import BLANK, OPEN, HttpFieldReader
from launchready.redaction.text.key_names import KeyClass, KeyClassifier, follows_store_command
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.fields import ACCOUNT, CONTEXT_KEYS, PERSONAL, PERSONS
from launchready.redaction.text.rules.phrases import EMPTY_WORDS, OTHER_CODE_WORDS, STRONG_LINK_STEMS

_LONGEST = 65_536
_UNCLOSED = 16_384
_SHORT = 256  # names, numbers and dates are short
_LONGEST_SHAPE = 128  # a longer value has none of _SHORT_SHAPES, so its end is not looked for
_ALWAYS_HIDDEN = 1_024  # a longer value under a secret key is hidden whatever its shape
_FIRST_LAST = frozenset({"first", "last"})
_LINK_CONDITIONS = frozenset({"token", "alone", "code"})
_NO_VALUE = frozenset({"email", "connection"})  # other readers find these values
_SHORT_SHAPES = frozenset({"digits", "digits3", "mixed"})
_SHAPE_CONDITIONS = frozenset({"opaque", "mixed", "digits", "digits3", "secretish", "number", "phone", "date"})
_MAYBE_SOURCE = frozenset(
    {"any", "loose", "pathless", "opaque", "secretish", "person"}
)  # the value may be an expression in a source line
_AMBIGUOUS_CONDITIONS = frozenset(
    {"postcode", "code"}
)  # keys that also belong to things, so they do not show that a name is a person
_SECRET_CONDITIONS = frozenset({"any", "loose", "pathless", "opaque", "token", "alone", "auth", "field"})

_PAIR_TEXT = (
    r"\b(?<!\.)(?<![\w.]-)((?:[^\W\d]|2)[\w.\-]{0,127}+)"
    r"(?:[\"'`]{1,40}+[ \t]{0,2}+,|[\"'`\]]{0,40}+[ \t]{0,24}+[:=]{1,24}+>?)"
)
_PAIR = LazyPattern(
    _PAIR_TEXT.replace(r"(?:[^\W\d]|2)", "[A-Za-z_2]"), re.ASCII
)  # equal to _PAIR_ANY on ASCII text, and faster
_PAIR_ANY = LazyPattern(_PAIR_TEXT)
_OPENING_BRACE = LazyPattern(r"[ \t]?\{[\"'`\s\\]{0,24}+")
_NAME_VALUE = LazyPattern(
    r"[ \t]{0,2}[\"'`]{1,8}[\w.\-]{1,64}+[\"'`]{1,8}[ \t]{0,2},[ \t]{0,2}[\"'`]{0,8}[vV]alue\b"
)  # {"name": "csc", "value": ..}
_ESCAPED = LazyPattern(r"%(?:25){0,3}[0-9A-Fa-f]{2}")
_SIGNED = LazyPattern(r"(?:t=\d{1,16},)?(?:v\d[,=])?")
_NAMES = LazyPattern(r"[\w\]]")
_MAILED_LINK = LazyPattern(rf"/(?:{'|'.join(STRONG_LINK_STEMS)})[^\s\"'<>]{{0,128}}\Z", re.IGNORECASE)
_HEX_BYTES = LazyPattern(r"<([0-9a-fA-F ]{32,256})>")
#: Four words, or a Google app password: "passphrase: glacier walnut sparrow saffron".
_PHRASE = LazyPattern(r"[a-z]{3,16}(?: [a-z]{3,16}){3,7}(?=\s*(?:\n|\Z)|[\"'|])|[a-z]{4}(?: [a-z]{4}){3}(?![\w])")
_WORD_BEFORE = LazyPattern(r"([A-Za-z]{1,16})[ \t]\Z")
_VAR_DUMP = LazyPattern(r"\s{0,40}+string\(\d{1,6}\) ")  # PHP var_dump: ["password"]=>, newline, string(9) "hunter2x9"
_WRAPPED = LazyPattern(r"(?:Optional|SecretStr|SecretBytes|Secret|Markup|SafeString|str|bytes|repr|quote)\(")
_QUERY = LazyPattern(r"[^\s\"'`<>&#?\\]{1,65536}+")
_BARE = LazyPattern(
    r"(?:[^\s\"'`<>,;&|)}\]]|[,;&|](?!\s|[,;&|)}\]\"'<>]|$|[\"'`]{0,4}[\w.\-%\[\]]{1,48}[=:])|[)}\]](?=\w)|[\"'`](?=\w)){1,65536}+"
)
_BRACKETED = LazyPattern(r"\[[^\[\]\n]{0,8192}+\]|\([^()\n]{0,8192}+\)")
_ITEM = LazyPattern(r"[^\s\"'\\,]{1,256}+")
_NAME_LIST = LazyPattern(
    r"(?:[\"'][^\W\d_a-z][^\W\d_]{0,30}(?:[ \-'\u2019][^\W\d_a-z][^\W\d_]{0,30}){0,3}[\"'](?:, ?|$)){2,32}"
)  # ["Leila Petrova", "Jo Doe"], but not ["Too long"]
_WIDE = LazyPattern(r"[^\n\"'`=:;|&<>{}()\[\]]{1,160}+")
_PERSON = LazyPattern(
    r"[^\W\d_][\w'\u2019.\-]{0,40}(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}"
    r"| (?:van|von|de|der|den|di|da|del|la|le|bin|al|el|ten)(?= )){0,4}+"
)
_AFTER_MARKER = frozenset({"", *" \n\"',:&;)}]"})
_AFTER = frozenset(" \t\r\n,;)}]>&|:.!?/\\%\"'`<+#╮│=-")


class KeyValueReader:
    """Finds and hides the values of sensitive keys."""

    def __init__(self, keys: KeyClassifier, markers: Markers) -> None:
        self._keys = keys
        self._markers = markers
        self._http_fields = HttpFieldReader(keys, markers)

    def clean(self, text: str) -> str:
        """Hide the value of every sensitive key."""
        unescaped = mask_escapes(text)
        pair = _PAIR if unescaped.isascii() else _PAIR_ANY
        found = pair.findall(unescaped)
        keys = set(found)
        rest = keys - self._keys.insensitive
        if not rest or not any(self._may_be_sensitive(key, unescaped) for key in rest):
            return text
        charge(len(found) / 8)
        out: list[str] = []
        done = 0
        for start, end, marker in self._spans(text, unescaped, keys, pair):
            out += (text[done:start], marker)
            done = end
        if not out:
            return text
        out.append(text[done:])
        return "".join(out)

    def _may_be_sensitive(self, key: str, unescaped: str) -> bool:
        return self._keys.classify(key) is not None or (key in CONTEXT_KEYS and "{" in unescaped)

    def _spans(self, text: str, unescaped: str, keys: set[str], pair: LazyPattern) -> Iterator[tuple[int, int, str]]:
        classify = self._keys.classify
        at = 0
        person_context: str | None = None
        before: re.Match[str] | None = None
        reach = 0
        found = pair.search(unescaped, at)
        while found is not None:
            at = found.end()
            key = found.group(1)
            key_class = classify(key)
            if key_class is None and key in CONTEXT_KEYS and before is not None:
                key_class = self._class_from_parent(unescaped, before, found, reach)
            if key_class is None or key not in CONTEXT_KEYS:
                before, reach = found, 0
            elif not reach:  # its siblings have the same parent
                reach = unescaped.find("}", at, at + _SHORT)
            if key_class is not None and self._is_no_key(text, unescaped, found, key):
                key_class = None
            if key_class is None:
                found = pair.search(unescaped, at)
                continue
            charge()
            if key_class.condition == "cookie":
                spans, at = self._http_fields.cookies(text, unescaped, at)
                yield from spans
            else:
                if key_class.bare:
                    if person_context != "person" and _after_person_word(unescaped, found.start()):
                        person_context = "person"
                    if person_context is None:
                        person_context = self._person_context(unescaped, keys)
                    if person_context == "never" or _NAME_VALUE.match(unescaped, at):
                        found = pair.search(unescaped, at)
                        continue
                    key_class = KeyClass("name", person_context, bare=True)
                span_or_none = self._value(text, unescaped, found, key_class)
                if span_or_none is not None:
                    start, at, marker = span_or_none
                    if text[start:at] != marker:
                        yield start, at, marker
            found = pair.search(unescaped, at)

    def _is_no_key(self, text: str, unescaped: str, found: re.Match[str], key: str) -> bool:
        """Whether this is a marker (``[push_token]: expired``, not ``user[password]=``) or the key of a cache entry."""
        start = found.start()
        if unescaped[start - 1 : start] == "[" and not _NAMES.match(unescaped[start - 2 : start - 1]):
            marker = self._markers.pattern.match(text, start - 1)
            return marker is not None and not unescaped.startswith(
                " => ", marker.end()
            )  # PHP print_r writes a key like this
        if unescaped[start - 1 : found.end(1) + 1 : len(key) + 1] == "::":
            return unescaped[
                max(0, start - 2)
            ].isalnum()  # part of a resource name: arn:aws:secretsmanager:eu-west-1:1234:secret:prod/db
        if unescaped[found.end(1) :].startswith(":") and follows_store_command(unescaped[max(0, start - 96) : start]):
            key_class = self._keys.classify(key)
            return key_class is not None and key_class.condition in {"mixed", "digits", "digits3", "code"}
        if key != "key":
            return False
        before_key = _WORD_BEFORE.search(unescaped[max(0, start - 18) : start])
        return before_key is not None and self._keys.classify(f"{before_key.group(1)} key") is None

    def _person_context(self, unescaped: str, keys: set[str]) -> str:
        """Return the condition under which a bare ``name`` is a person, derived from the keys beside it."""
        if "@" in unescaped:
            return "person"
        classes = map(self._keys.classify, keys)
        beside = {
            one for one in classes if one is not None and not one.bare and one.condition not in _AMBIGUOUS_CONDITIONS
        }
        if any(one.kind in PERSONAL and one.condition != "postal" for one in beside) or keys >= _FIRST_LAST:
            return "person"
        return "fullname" if any(one.condition == "postal" or one.kind in ACCOUNT for one in beside) else "never"

    def _class_from_parent(
        self, unescaped: str, before: re.Match[str], found: re.Match[str], reach: int
    ) -> KeyClass | None:
        """Return the class of a key such as ``id`` in ``"session": {"id": ...}``, derived from the parent key.

        Only a brace may separate the two, or earlier siblings up to ``reach``: ``"dob": {"old": ..., "new": ...}``.
        """
        if found.start() > reach and _OPENING_BRACE.fullmatch(unescaped, before.end(), found.start()) is None:
            return None
        key_class = self._keys.classify(f"{before.group(1)} {found.group(1)}")
        return None if key_class is None or key_class.bare else key_class

    def _value(
        self, text: str, unescaped: str, found: re.Match[str], key_class: KeyClass
    ) -> tuple[int, int, str] | None:
        """Return start, end and marker of the value, or None if there is nothing to hide."""
        tail = unescaped[found.end(1) : found.end()]
        before_key = unescaped[max(0, found.start() - 1) : found.start()]
        query = "=" in tail and (
            before_key in {"?", "&", "#"} or (before_key == ";" and key_class.kind == "session")
        )  # ;jsessionid=
        if key_class.condition in _NO_VALUE or (
            key_class.condition == "alone" and not query and key_class.kind != "signed_url"
        ):
            return None
        at = BLANK.match(unescaped, found.end()).end()  # type: ignore[union-attr]  # {0,24} always matches
        wrapped = _WRAPPED.match(unescaped, at) or (_VAR_DUMP.match(unescaped, at) if tail.endswith("]=>") else None)
        if wrapped is not None:
            at = wrapped.end()
        opened = OPEN.match(text, at)
        if opened is not None:
            start = opened.end()
            if (
                opened.group(1) == before_key and before_key not in tail
            ):  # "Password: " as a quoted label; the quote closes here
                return None
            if tail.endswith(",") and not _opens_pair(unescaped, found.start()):
                return None
            short = key_class.condition not in _SECRET_CONDITIONS and key_class.condition != "secretish"
            end = _quoted_end(text, opened.group(1), start, _SHORT if short else _LONGEST)
            if short and end - start >= _SHORT:
                return None
            closing = end + len(opened.group(1))
            if tail.endswith(",") and unescaped[closing : closing + 1] not in {")", "]"}:
                return None
            if (
                key_class.condition == "opaque"
                and ":" in tail
                and self._keys.is_explicit_secret(found.group(1), text[start:end])
            ):
                key_class = key_class._replace(condition="loose")
            return self._hide_value(text, start, end, key_class, prose=False)
        if tail.endswith(","):
            return None
        first = unescaped[at : at + 1]
        if (
            first == "<" and (bytes_ := _HEX_BYTES.match(text, at)) is not None
        ):  # an old iOS prints a device token like this
            return bytes_.start(1), bytes_.end(1), self._markers.mark(key_class.kind, bytes_.group(1))
        if first in {"[", "("} and (listed := OPEN.match(text, at + 1)) is not None:
            end = _quoted_end(text, listed.group(1), listed.end(), _SHORT)
            closing = end + len(listed.group(1))
            if unescaped[closing : closing + 1] in {"]", ")"}:
                return self._hide_value(text, listed.end(), end, key_class, prose=False)
        if first in {"[", "("}:
            return self._bracketed(text, unescaped, at, key_class)
        if first in {"{", ""} or (tail == ":" and unescaped.startswith("//", at)):  # s3://bucket
            return None
        if key_class.condition == "auth":
            return self._http_fields.authorization(text, unescaped, at)
        if key_class.condition == "code" and _is_other_code(unescaped, found.start()):
            return None
        if key_class.kind == "signed_url":
            at = _SIGNED.match(unescaped, at).end()  # type: ignore[union-attr]  # empty at least
        limit = _LONGEST_SHAPE if key_class.condition in _SHORT_SHAPES else _LONGEST
        end = _bare_end(unescaped, at, key_class, query=query, limit=limit)
        if end - at >= _LONGEST_SHAPE and key_class.condition in _SHORT_SHAPES:
            return None
        if "=" in text[found.end(1) : found.end()]:  # after a plain "=", escapes belong to the value
            while end < len(text) and text[end] == "%" and (escape := _ESCAPED.match(text, end)) is not None:
                end = _bare_end(unescaped, escape.end(), key_class, query=query, limit=limit)
        if query and key_class.condition in _LINK_CONDITIONS and _in_mailed_link(unescaped, found.start()):
            key_class = KeyClass("link_token", "opaque")  # a UUID after /confirm?, ten characters after /invite?
        prose = not query and ":" in tail and at > found.end() and tail[:1] not in {'"', "'"}
        span = self._hide_value(text, at, end, key_class, prose=prose and unescaped[end : end + 1] in {" ", ",", "."})
        if span is not None and tail[:1] == '"' and span[2].startswith("[") and text[at:end].isdigit():
            quote = text[found.end(1) : found.end(1) + _quote_length(text, found.end(1))]
            return span[0], span[1], f"{quote}{span[2]}{quote}"  # "otp": 123456 stays valid JSON
        return span

    def _hide_value(
        self, text: str, start: int, end: int, key_class: KeyClass, *, prose: bool
    ) -> tuple[int, int, str] | None:
        value = text[start:end]
        if key_class.condition == "auth":
            return self._http_fields.credentials(value, start, end)
        if len(value) > _ALWAYS_HIDDEN and key_class.condition in _SECRET_CONDITIONS:
            return start, end, self._markers.mark(key_class.kind, value)
        if (
            key_class.condition in {"email", "connection"}
            or self._markers.is_marker(value)
            or not value_shapes.matches_condition(key_class.condition, value)
            or value_shapes.sentence(value)
            or (key_class.kind == "address" and value_shapes.placeholder(value.partition(",")[0]))
            or self._keys.is_class_name(value, key_class.kind)
        ):
            return None
        if key_class.condition in _MAYBE_SOURCE and value_shapes.code(value):
            return None
        if prose and value_shapes.plain_word(value) and key_class.condition != "person":
            return None
        return start, end, self._markers.mark(key_class.kind, value)

    def _bracketed(self, text: str, unescaped: str, at: int, key_class: KeyClass) -> tuple[int, int, str] | None:
        """Hide a list or tuple of values as a whole if its class is secret: ``auth=('user', 'secret')``."""
        marker = self._markers.pattern.match(text, at)
        if marker is not None and unescaped[marker.end() : marker.end() + 1] in _AFTER_MARKER:
            return at, marker.end(), marker.group()
        whole = _BRACKETED.match(unescaped, at)
        if whole is not None and key_class.condition == "person" and not key_class.bare:
            inner = text[at + 1 : whole.end() - 1]
            if _NAME_LIST.fullmatch(inner) is None or any(
                map(value_shapes.placeholder, re.split("[\"', ]{2,4}", inner[1:-1]))
            ):
                return None
            return at + 1, whole.end() - 1, self._markers.mark(key_class.kind, inner)
        if (
            whole is None
            or key_class.kind in {"name", "address", "email", "phone", "card"}
            or key_class.condition in {"token", "code"}
        ):
            return None
        inner = text[at + 1 : whole.end() - 1]
        if self._markers.is_marker(inner) or (not {'"', "'"} & set(inner) and not value_shapes.opaque(inner)):
            return None
        items = _ITEM.findall(inner)
        if all(map(value_shapes.placeholder, items)) or (
            key_class.condition in _SHAPE_CONDITIONS
            and not any(value_shapes.matches_condition(key_class.condition, item) for item in items)
        ):
            return None
        kind = "basic" if key_class.condition == "auth" else key_class.kind
        return at + 1, whole.end() - 1, self._markers.mark(kind, inner)


def _after_person_word(unescaped: str, key: int) -> bool:
    """Whether a word for a person, such as "customer", comes before "name"."""
    before_key = _WORD_BEFORE.search(unescaped[max(0, key - 18) : key])
    return before_key is not None and before_key.group(1).lower() in PERSONS


def _is_other_code(unescaped: str, key: int) -> bool:
    """Whether a word before "code" makes it another code: ``error code: 500123``."""
    before_key = _WORD_BEFORE.search(unescaped[max(0, key - 18) : key])
    return before_key is not None and before_key.group(1).lower() in OTHER_CODE_WORDS


def _in_mailed_link(unescaped: str, key: int) -> bool:
    """Whether the key belongs to a mailed link such as ``/confirm?t=``, where a UUID is a secret and no id."""
    return _MAILED_LINK.search(unescaped[max(0, key - 160) : key]) is not None


def _quote_length(text: str, at: int) -> int:
    opened = OPEN.match(text, at)
    return opened.end() - at if opened else 1


def _quoted_end(text: str, quote: str, start: int, longest: int) -> int:
    """Return the end of a quoted value: the same quote, escaped alike, before a character that can follow a value."""
    limit = min(len(text), start + longest)
    at = start
    while True:
        at = text.find(quote, at, limit)
        if at < 0:
            line = text.find("\n", start, limit)
            charge(0, characters=limit - start)
            if line <= start and limit - start > _UNCLOSED:
                raise BudgetExceeded  # a secret without an end: the text behind it is not written
            return line if line > start else limit
        after = text[at + len(quote) : at + len(quote) + 1]
        if (at == start or text[at - 1] != "\\") and (not after or after in _AFTER):
            charge(0, characters=at - start)
            return at
        at += len(quote)


def _opens_pair(unescaped: str, key: int) -> bool:
    """Whether a bracket opens before the key: ``('password', 'x')``, not ``fields=['name', 'password', 'email']``."""
    before = unescaped[max(0, key - 66) : key].rstrip("\"'`")
    if before[-2:] in {"(b", "[b"}:  # an ASGI header: (b'x-api-key', b'x')
        before = before[:-1]
    return before[-1:] in {"(", "["}


def _bare_end(unescaped: str, at: int, key_class: KeyClass, *, query: bool, limit: int) -> int:
    if key_class.condition in {"person", "postal", "date", "phone"} or key_class.kind == "address":
        return _wide_end(unescaped, at, key_class, query=query)
    found = (_QUERY if query else _BARE).match(unescaped, at, at + limit)
    if found is None:
        return at
    end = found.end()
    charge(0, characters=end - at)
    if key_class.kind == "password" and not query:
        words = _PHRASE.match(unescaped, at)
        if words is not None and EMPTY_WORDS.isdisjoint(words.group().split()):
            return words.end()
    while end > at and unescaped[end - 1] in ".,;:?)}]" and unescaped[end : end + 1] in {"", " ", "\n", '"', "'"}:
        end -= 1
    if key_class.condition == "number" or key_class.kind == "iban":
        grouped = re.compile(r"[A-Za-z]{0,2}+\d{1,8}(?:[ \-]{1,4}[\dA-Z]{1,8}(?![\w=:])){0,9}+").match(unescaped, at)
        return max(end, grouped.end()) if grouped else end
    return end


def _wide_end(unescaped: str, at: int, key_class: KeyClass, *, query: bool) -> int:
    """Return the end of a value with blanks (name, street, date, number): the next key or another kind of character."""
    if query:
        found = re.compile(r"[^\n\"'`<>&#;]{1,160}+").match(unescaped, at)
        if found is None:
            return at
        cut = unescaped.find(" HTTP/", at, found.end())
        cut = cut if cut >= 0 else found.end()
        blank = re.compile(r" (?=[A-Za-z_]{1,40}=| |$)").search(unescaped, at, cut)
        return blank.start() if blank and "%" not in unescaped[at:cut] else cut
    if key_class.condition == "person":
        found = _PERSON.match(unescaped, at)
        if (
            found is not None and unescaped[found.end() : found.end() + 1] == "="
        ):  # the next key: "new client: name=..."
            return at
    elif key_class.condition == "phone":
        found = re.compile(r"\+{0,8}[\d(][\d ().\-]{5,22}+").match(unescaped, at)
    elif key_class.condition == "date":
        found = re.compile(
            r"[\d/.\-]{6,10}+|(?:datetime\.)?date(?:time)?\([\d, ]{8,40}\)"
            r"|\d{1,2} [A-Za-z]{3,9} \d{4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
        ).match(unescaped, at)
    else:
        found = _WIDE.match(unescaped, at)
        if found is not None:
            end = found.end()
            if unescaped[end : end + 1] in {"=", ":"}:  # the last word is the next key
                end = max(at, unescaped.rfind(" ", at, end))
            return at + len(unescaped[at:end].rstrip(" ,.\t"))
    return at if found is None else at + len(unescaped[at : found.end()].rstrip(" ,.-"))
