"""Keys and their values: ``key=value``, ``"key": "value"``, ``('key', 'value')``, headers, cookies, queries, locals.

One grammar for all of them, on the shade of the text (see ``encodings``): a key, quotes or a bracket that close it, a
separator, quotes that open the value. Only keys of the rule set go further; the end of their value is found in the
text:

- quoted: the same quote, escaped as often as the first, with something that can follow a value after it;
- in a query: the next ``&``, ``#``, quote or blank;
- bare: the next blank, or a separator that is followed by another key, because passwords hold commas and semicolons.

Linear: every key is met once, and a value that was read is not read again.
"""

import re
from collections.abc import Iterator

from launchready.lazy_pattern import Late
from launchready.redaction.text import value_shapes
from launchready.redaction.text.encodings import shade
from launchready.redaction.text.key_names import Keys, Named, stored
from launchready.redaction.text.placeholders import Marks, Spent, spend
from launchready.redaction.text.rules.fields import ACCOUNT, HEADS, PERSONAL, PERSONS
from launchready.redaction.text.rules.phrases import EMPTY_WORDS, OTHER_CODES, STRONG_LINK_STEMS

_LONGEST = 65_536
_UNCLOSED = 16_384
_SHORT = 256  # what has a shape of its own is short: names, numbers, dates
_SURE = 1_024  # a value this long under a secret's name is hidden, whatever it looks like
_FIRST_LAST = frozenset({"first", "last"})
_LINKED = frozenset({"token", "alone", "code"})
_SHAPED = frozenset({"opaque", "mixed", "digits", "digits3", "secretish", "number", "phone", "date"})
_CODED = frozenset(
    {"any", "loose", "pathless", "opaque", "secretish", "person"}
)  # may be an expression of a source line
_AMBIGUOUS = frozenset({"postcode", "code"})  # keys that things have, too: company for no name
_SECRETS = frozenset({"any", "loose", "pathless", "opaque", "token", "alone", "auth", "field"})

_PAIR_TEXT = (
    r"\b(?<!\.)(?<![\w.]-)((?:[^\W\d]|2)[\w.\-]{0,127}+)"
    r"(?:[\"'`]{1,40}+[ \t]{0,2}+,|[\"'`\]]{0,40}+[ \t]{0,24}+[:=]{1,24}+>?)"
)
_PAIR = Late(_PAIR_TEXT.replace(r"(?:[^\W\d]|2)", "[A-Za-z_2]"), re.ASCII)  # the same there, and sooner
_PAIR_ANY = Late(_PAIR_TEXT)
_INTO = Late(r"[ \t]?\{[\"'`\s\\]{0,24}+")
_LABEL = Late(
    r"[ \t]{0,2}[\"'`]{1,8}[\w.\-]{1,64}+[\"'`]{1,8}[ \t]{0,2},[ \t]{0,2}[\"'`]{0,8}[vV]alue\b"
)  # {"name": "csc", "value": ..}
_ESCAPED = Late(r"%(?:25){0,3}[0-9A-Fa-f]{2}")
_SIGNED = Late(r"(?:t=\d{1,16},)?(?:v\d[,=])?")
_NAMES = Late(r"[\w\]]")
_MAILED = Late(rf"/(?:{'|'.join(STRONG_LINK_STEMS)})[^\s\"'<>]{{0,128}}\Z", re.IGNORECASE)
_HEXED = Late(r"<([0-9a-fA-F ]{32,256})>")
#: Four words, or a password of an app at Google, on their own: "passphrase: glacier walnut sparrow saffron".
_PHRASE = Late(r"[a-z]{3,16}(?: [a-z]{3,16}){3,7}(?=\s*(?:\n|\Z)|[\"'|])|[a-z]{4}(?: [a-z]{4}){3}(?![\w])")
_LED = Late(r"([A-Za-z]{1,16})[ \t]\Z")
_BLANK = Late(r"[ \t]{0,24}+")
_OPEN = Late(
    r"[bBuUrRfF]{0,2}+(\\{0,64}+[\"'`]|\\{1,64}+(?:u00(?:22|27)|x2[27])|%(?:25){0,3}2[27]|&(?:quot|apos|#3[49]|#x2[27]);)"
)
_DUMPED = Late(r"\s{0,40}+string\(\d{1,6}\) ")  # var_dump of PHP: ["password"]=>, a line end, string(9) "hunter2x9"
_WRAPPED = Late(r"(?:Optional|SecretStr|SecretBytes|Secret|Markup|SafeString|str|bytes|repr|quote)\(")
_QUERY = Late(r"[^\s\"'`<>&#?\\]{1,65536}+")
_BARE = Late(
    r"(?:[^\s\"'`<>,;&|)}\]]|[,;&|](?!\s|[,;&|)}\]\"'<>]|$|[\"'`]{0,4}[\w.\-%\[\]]{1,48}[=:])|[)}\]](?=\w)|[\"'`](?=\w)){1,65536}+"
)
_BRACKETED = Late(r"\[[^\[\]\n]{0,8192}+\]|\([^()\n]{0,8192}+\)")
_ITEM = Late(r"[^\s\"'\\,]{1,256}+")
_NAME_LIST = Late(
    r"(?:[\"'][^\W\d_a-z][^\W\d_]{0,30}(?:[ \-'\u2019][^\W\d_a-z][^\W\d_]{0,30}){0,3}[\"'](?:, ?|$)){2,32}"
)  # ["Leila Petrova", "Jo Doe"], not ["Too long"]
_LISTED = Late(r"digest|hawk", re.IGNORECASE)  # schemes whose credentials are a list, with quotes
_NAMED_PARTS = Late(
    r"(?:aws4-hmac-sha256|oauth)[ +]{1,8}\w{1,32}=", re.IGNORECASE
)  # a list of keys that say what they are
_WHOLE_LINE = Late(r"[^\n]{1,8192}+")
_LINE = Late(r"[^\n\"'`<>]{1,8192}+")
_SCHEME = Late(r"(?:AWS4-HMAC-SHA256|[Aa]pi-[Kk]ey|[A-Za-z]{2,12})(?:[ \t+:]{1,8}+|$)")
_KNOWN_SCHEME = Late(
    r"bearer|basic|token|digest|negotiate|api-?key|jwt|key|ssws|oauth|hawk|aws4-hmac-sha256|ntlm", re.IGNORECASE
)
_COOKIE = Late(r"[ \t]{0,8}+([^\s=;,\"'`]{1,128}+)=([^;\r\n\"'`,]{0,8192}+)")
_WIDE = Late(r"[^\n\"'`=:;|&<>{}()\[\]]{1,160}+")
_PERSON = Late(
    r"[^\W\d_][\w'\u2019.\-]{0,40}(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}"
    r"| (?:van|von|de|der|den|di|da|del|la|le|bin|al|el|ten)(?= )){0,4}+"
)
_AFTER = frozenset(" \t\r\n,;)}]>&|:.!?/\\%\"'`<+#╮│=-")


class Pairs:
    """The reader of pairs, for one set of keys and markers."""

    def __init__(self, keys: Keys, marks: Marks) -> None:
        self._keys = keys
        self._marks = marks

    def clean(self, text: str) -> str:
        """The text, with the value of every sensitive key marked."""
        shadow = shade(text)
        pair = _PAIR if shadow.isascii() else _PAIR_ANY
        found = pair.findall(shadow)
        keys = set(found)
        rest = keys - self._keys.plain
        if not rest or not any(self._may_speak(key, shadow) for key in rest):
            return text
        spend(len(found) >> 1)
        out: list[str] = []
        done = 0
        for start, end, marker in self._spans(text, shadow, keys, pair):
            out += (text[done:start], marker)
            done = end
        if not out:
            return text
        out.append(text[done:])
        return "".join(out)

    def _may_speak(self, key: str, shadow: str) -> bool:
        return self._keys.named(key) is not None or (key in HEADS and "{" in shadow)

    def _spans(self, text: str, shadow: str, keys: set[str], pair: Late) -> Iterator[tuple[int, int, str]]:
        named_of = self._keys.named
        at = 0
        company: str | None = None
        before: re.Match[str] | None = None
        reach = 0
        found = pair.search(shadow, at)
        while found is not None:
            at = found.end()
            key = found.group(1)
            named = named_of(key)
            if named is None and key in HEADS and before is not None:
                named = self._of_parent(shadow, before, found, reach)
            if named is None or key not in HEADS:
                before, reach = found, 0
            elif not reach:  # what stands beside it has the same parent
                reach = shadow.find("}", at, at + _SHORT)
            if named is not None and self._says_nothing(text, shadow, found, key):
                named = None
            if named is None:
                found = pair.search(shadow, at)
                continue
            spend()
            if named.condition == "cookie":
                spans, at = self._cookies(text, shadow, at)
                yield from spans
            else:
                if named.bare:
                    if company != "person" and _of_person(shadow, found.start()):
                        company = "person"
                    if company is None:
                        company = self._company(shadow, keys)
                    if company == "never" or _LABEL.match(shadow, at):
                        found = pair.search(shadow, at)
                        continue
                    named = Named("name", company, bare=True)
                span_or_none = self._value(text, shadow, found, named)
                if span_or_none is not None:
                    start, at, marker = span_or_none
                    if text[start:at] != marker:
                        yield start, at, marker
            found = pair.search(shadow, at)

    def _says_nothing(self, text: str, shadow: str, found: re.Match[str], key: str) -> bool:
        """Whether it is a marker (``[push_token]: expired``; ``user[password]=`` is none), or the key of a cache."""
        start = found.start()
        if shadow[start - 1 : start] == "[" and not _NAMES.match(shadow[start - 2 : start - 1]):
            marker = self._marks.pattern.match(text, start - 1)
            return marker is not None and not shadow.startswith(" => ", marker.end())  # as print_r of PHP writes a key
        if shadow[start - 1 : found.end(1) + 1 : len(key) + 1] == "::":
            return shadow[
                max(0, start - 2)
            ].isalnum()  # a part of a name: arn:aws:secretsmanager:eu-west-1:1234:secret:prod/db
        if shadow[found.end(1) :].startswith(":") and stored(shadow[max(0, start - 96) : start]):
            named = self._keys.named(key)
            return named is not None and named.condition in {"mixed", "digits", "digits3", "code"}
        if key != "key":
            return False
        led = _LED.search(shadow[max(0, start - 18) : start])
        return led is not None and self._keys.named(f"{led.group(1)} key") is None

    def _company(self, shadow: str, keys: set[str]) -> str:
        """The condition under which a bare ``name`` is a person's, by what stands beside it."""
        if "@" in shadow:
            return "person"
        named = map(self._keys.named, keys)
        beside = {one for one in named if one is not None and not one.bare and one.condition not in _AMBIGUOUS}
        if any(one.kind in PERSONAL and one.condition != "postal" for one in beside) or keys >= _FIRST_LAST:
            return "person"
        return "fullname" if any(one.condition == "postal" or one.kind in ACCOUNT for one in beside) else "never"

    def _of_parent(self, shadow: str, before: re.Match[str], found: re.Match[str], reach: int) -> Named | None:
        """What ``id`` is in ``"session": {"id": ...}``: the key before, when nothing but a brace stands between.

        Nor but what the same key has told already, up to ``reach``: ``"dob": {"old": ..., "new": ...}``.
        """
        if found.start() > reach and _INTO.fullmatch(shadow, before.end(), found.start()) is None:
            return None
        named = self._keys.named(f"{before.group(1)} {found.group(1)}")
        return None if named is None or named.bare else named

    def _value(self, text: str, shadow: str, found: re.Match[str], named: Named) -> tuple[int, int, str] | None:
        """Where the value stands and what is to stand there; None: nothing to hide."""
        tail = shadow[found.end(1) : found.end()]
        led = shadow[max(0, found.start() - 1) : found.start()]
        query = "=" in tail and (led in {"?", "&", "#"} or (led == ";" and named.kind == "session"))  # ;jsessionid=
        if named.condition == "alone" and not query and named.kind != "signed_url":
            return None
        at = _BLANK.match(shadow, found.end()).end()  # type: ignore[union-attr]  # {0,24} always matches
        wrapped = _WRAPPED.match(shadow, at) or (_DUMPED.match(shadow, at) if tail.endswith("]=>") else None)
        if wrapped is not None:
            at = wrapped.end()
        opened = _OPEN.match(text, at)
        if opened is not None:
            start = opened.end()
            if opened.group(1) == led and led not in tail:  # "Password: ", with what follows the quote
                return None
            end = _closed(text, opened.group(1), start, _LONGEST if named.condition in _SECRETS else _SHORT)
            if tail.endswith(",") and not _is_couple(shadow, found.start(), end + len(opened.group(1))):
                return None
            if named.condition == "opaque" and ":" in tail and self._keys.spoken(found.group(1), text[start:end]):
                named = named._replace(condition="loose")
            return self._judge(text, start, end, named, prose=False)
        if tail.endswith(","):
            return None
        first = shadow[at : at + 1]
        if first == "<" and (bytes_ := _HEXED.match(text, at)) is not None:  # as an old iOS prints a device's token
            return bytes_.start(1), bytes_.end(1), self._marks.mark(named.kind, bytes_.group(1))
        if first in {"[", "("} and (listed := _OPEN.match(text, at + 1)) is not None:
            end = _closed(text, listed.group(1), listed.end(), _SHORT)
            if shadow[end + len(listed.group(1)) :][:1] in {"]", ")"}:
                return self._judge(text, listed.end(), end, named, prose=False)
        if first in {"[", "("}:
            return self._bracketed(text, shadow, at, named)
        if first in {"{", ""} or (tail == ":" and shadow.startswith("//", at)):  # s3://bucket
            return None
        if named.condition == "auth":
            return self._authorization(text, shadow, at)
        if named.condition == "code" and _other_code(shadow, found.start()):
            return None
        if named.kind == "signed_url":
            at = _SIGNED.match(shadow, at).end()  # type: ignore[union-attr]  # empty at least
        end = _bare_end(shadow, at, named, query=query)
        if "=" in text[found.end(1) : found.end()]:  # what is escaped after a plain "=" is the value's
            while end < len(text) and text[end] == "%" and (escape := _ESCAPED.match(text, end)) is not None:
                end = _bare_end(shadow, escape.end(), named, query=query)
        if query and named.condition in _LINKED and _mailed(shadow, found.start()):
            named = Named("link_token", "opaque")  # a UUID after /confirm?, ten characters after /invite?
        prose = not query and ":" in tail and at > found.end() and tail[:1] not in {'"', "'"}
        span = self._judge(text, at, end, named, prose=prose and shadow[end : end + 1] in {" ", ",", "."})
        if span is not None and tail[:1] == '"' and span[2].startswith("[") and text[at:end].isdigit():
            quote = text[found.end(1) : found.end(1) + _quote_length(text, found.end(1))]
            return span[0], span[1], f"{quote}{span[2]}{quote}"  # "otp": 123456 stays JSON
        return span

    def _judge(self, text: str, start: int, end: int, named: Named, *, prose: bool) -> tuple[int, int, str] | None:
        value = text[start:end]
        if named.condition == "auth":
            return self._scheme(value, start, end)
        if len(value) > _SURE and named.condition in _SECRETS:
            return start, end, self._marks.mark(named.kind, value)
        if (
            named.condition in {"email", "connection"}
            or self._marks.is_marker(value)
            or not value_shapes.admits(named.condition, value)
            or value_shapes.sentence(value)
            or (named.kind == "address" and value_shapes.placeholder(value.partition(",")[0]))
            or self._keys.label(value, named.kind)
        ):
            return None
        if named.condition in _CODED and value_shapes.code(value):
            return None
        if prose and value_shapes.prose(value) and named.condition != "person":
            return None
        return start, end, self._marks.mark(named.kind, value)

    def _bracketed(self, text: str, shadow: str, at: int, named: Named) -> tuple[int, int, str] | None:
        """A list or tuple of values, ``auth=('user', 'secret')``: hidden whole, if its class is a secret."""
        marker = self._marks.pattern.match(text, at)
        if marker is not None and shadow[marker.end() : marker.end() + 1] in {
            "",
            " ",
            "\n",
            '"',
            "'",
            ",",
            ":",
            "&",
            ";",
            ")",
            "}",
            "]",
        }:
            return at, marker.end(), marker.group()
        whole = _BRACKETED.match(shadow, at)
        if whole is not None and named.condition == "person" and not named.bare:
            inner = text[at + 1 : whole.end() - 1]
            if _NAME_LIST.fullmatch(inner) is None or any(
                map(value_shapes.placeholder, re.split("[\"', ]{2,4}", inner[1:-1]))
            ):
                return None
            return at + 1, whole.end() - 1, self._marks.mark(named.kind, inner)
        if (
            whole is None
            or named.kind in {"name", "address", "email", "phone", "card"}
            or named.condition in {"token", "code"}
        ):
            return None
        inner = text[at + 1 : whole.end() - 1]
        if self._marks.is_marker(inner) or (not {'"', "'"} & set(inner) and not value_shapes.opaque(inner)):
            return None
        items = _ITEM.findall(inner)
        if all(map(value_shapes.placeholder, items)) or (
            named.condition in _SHAPED and not any(value_shapes.admits(named.condition, item) for item in items)
        ):
            return None
        kind = "basic" if named.condition == "auth" else named.kind
        return at + 1, whole.end() - 1, self._marks.mark(kind, inner)

    def _authorization(self, text: str, shadow: str, at: int) -> tuple[int, int, str] | None:
        line = (_WHOLE_LINE if _LISTED.match(shadow, at) else _LINE).match(shadow, at)
        if line is None:
            return None
        return self._scheme(text[at : line.end()], at, line.end(), bare=True)

    def _scheme(self, value: str, start: int, end: int, *, bare: bool = False) -> tuple[int, int, str] | None:
        """The credentials of an Authorization field (RFC 9110 §11.6.2); the scheme stays, it helps to find mistakes."""
        plain = whole = shade(value)
        scheme = _SCHEME.match(plain)
        kind = "bearer"
        if scheme is not None and (len(scheme.group()) < len(value) or _KNOWN_SCHEME.fullmatch(value.strip())):
            word = scheme.group().strip(" \t+:")
            if not _KNOWN_SCHEME.fullmatch(word):
                return (
                    None
                    if bare or not value_shapes.opaque(value[scheme.end() :])
                    else (start, end, self._marks.mark(kind, value))
                )
            kind = "basic" if word.lower() == "basic" else "bearer"
            start += scheme.end()
            value = value[scheme.end() :]
            plain = plain[scheme.end() :]
            if _NAMED_PARTS.match(whole):
                return None
            if word.lower().startswith(("digest", "hawk")):
                return (
                    (start, end, self._marks.mark(kind, value)) if value and not self._marks.is_marker(value) else None
                )
        if bare:
            marker = self._marks.pattern.match(value)
            stop = marker.end() if marker else next((i for i, c in enumerate(plain) if c in " \t,;)}]"), len(plain))
            end = start + stop
            value = value[:stop]
        if len(value) < 6 or value_shapes.placeholder(value) or self._marks.is_marker(value):
            return None
        if value_shapes.prose(value) or value_shapes.code(value):
            return None
        return start, end, self._marks.mark(kind, value)

    def _cookies(self, text: str, shadow: str, at: int) -> tuple[list[tuple[int, int, str]], int]:
        """What to mark of the pairs of a Cookie or Set-Cookie field (RFC 6265 §4), and where the field ends.

        By its name, else by what the value looks like.
        """
        at = _BLANK.match(shadow, at).end()  # type: ignore[union-attr]  # always matches
        opened = _OPEN.match(text, at)
        at = opened.end() if opened else at
        spans: list[tuple[int, int, str]] = []
        while (pair := _COOKIE.match(shadow, at)) is not None:
            spend()
            start, end = pair.span(2)
            named = self._keys.named(pair.group(1))
            marker = self._marks.pattern.match(text, start, end)
            value = marker.group() if marker else text[start:end].rstrip(" )]}")
            end = start + len(value)
            if value and not marker:
                if (
                    named is not None
                    and named.condition not in {"phone", "email", "postal", "token", "alone"}
                    and value_shapes.admits(named.condition, value)
                ):
                    spans.append((start, end, self._marks.mark(named.kind, value)))
                elif (
                    value_shapes.opaque(value, 16)
                    and not value_shapes.public(value)
                    and pair.group(1).lower() not in {"expires", "path", "domain"}
                ):
                    spans.append((start, end, self._marks.mark("session", value)))
            at = pair.end()
            if shadow[at : at + 1] != ";":
                break
            at += 1
            attribute = re.compile(r"(?:[ \t]{0,8}+[A-Za-z]{4,12}+;){1,8}+").match(shadow, at)
            at = attribute.end() if attribute else at
        return spans, at


def _of_person(shadow: str, key: int) -> bool:
    """Whether "customer" stands before "name"."""
    led = _LED.search(shadow[max(0, key - 18) : key])
    return led is not None and led.group(1).lower() in PERSONS


def _other_code(shadow: str, key: int) -> bool:
    """``error code: 500123`` is no one-time code."""
    led = _LED.search(shadow[max(0, key - 18) : key])
    return led is not None and led.group(1).lower() in OTHER_CODES


def _mailed(shadow: str, key: int) -> bool:
    """Whether a parameter is one of a mailed link: ``/confirm?t=`` and a UUID, which elsewhere names a thing."""
    return _MAILED.search(shadow[max(0, key - 160) : key]) is not None


def _quote_length(text: str, at: int) -> int:
    opened = _OPEN.match(text, at)
    return opened.end() - at if opened else 1


def _closed(text: str, quote: str, start: int, longest: int) -> int:
    """The end of a quoted value: its own quote, not escaped further, and with the end of a value after it."""
    limit = min(len(text), start + longest)
    at = start
    while True:
        at = text.find(quote, at, limit)
        if at < 0:
            line = text.find("\n", start, limit)
            if line <= start and limit - start > _UNCLOSED:
                raise Spent  # a secret without an end: what follows it is not written
            return line if line > start else limit
        after = text[at + len(quote) : at + len(quote) + 1]
        if (at == start or text[at - 1] != "\\") and (not after or after in _AFTER):
            return at
        at += len(quote)


def _is_couple(shadow: str, key: int, after: int) -> bool:
    """Whether a key and a value stand alone in brackets: ``('password', 'x')``, not ``fields=['password', 'name']``."""
    before = shadow[max(0, key - 66) : key].rstrip("\"'`")
    if before[-2:] in {"(b", "[b"}:  # a field of an ASGI scope: ``(b'x-api-key', b'x')``
        before = before[:-1]
    return before[-1:] in {"(", "["} and shadow[after : after + 1] in {")", "]"}


def _bare_end(shadow: str, at: int, named: Named, *, query: bool) -> int:
    if named.condition in {"person", "postal", "date", "phone"} or named.kind == "address":
        return _wide_end(shadow, at, named, query=query)
    found = (_QUERY if query else _BARE).match(shadow, at)
    if found is None:
        return at
    end = found.end()
    if named.kind == "password" and not query:
        words = _PHRASE.match(shadow, at)
        if words is not None and EMPTY_WORDS.isdisjoint(words.group().split()):
            return words.end()
    while end > at and shadow[end - 1] in ".,;:?)}]" and shadow[end : end + 1] in {"", " ", "\n", '"', "'"}:
        end -= 1
    if named.condition == "number" or named.kind == "iban":
        grouped = re.compile(r"[A-Za-z]{0,2}+\d{1,8}(?:[ \-]{1,4}[\dA-Z]{1,8}(?![\w=:])){0,9}+").match(shadow, at)
        return max(end, grouped.end()) if grouped else end
    return end


def _wide_end(shadow: str, at: int, named: Named, *, query: bool) -> int:
    """Names, streets, dates and numbers hold blanks: they end where the next key, or another kind of thing, begins."""
    if query:
        found = re.compile(r"[^\n\"'`<>&#;]{1,160}+").match(shadow, at)
        if found is None:
            return at
        cut = shadow.find(" HTTP/", at, found.end())
        cut = cut if cut >= 0 else found.end()
        blank = re.compile(r" (?=[A-Za-z_]{1,40}=| |$)").search(shadow, at, cut)
        return blank.start() if blank and "%" not in shadow[at:cut] else cut
    if named.condition == "person":
        found = _PERSON.match(shadow, at)
        if found is not None and shadow[found.end() : found.end() + 1] == "=":  # the next key: "new client: name=..."
            return at
    elif named.condition == "phone":
        found = re.compile(r"\+{0,8}[\d(][\d ().\-]{5,22}+").match(shadow, at)
    elif named.condition == "date":
        found = re.compile(
            r"[\d/.\-]{6,10}+|(?:datetime\.)?date(?:time)?\([\d, ]{8,40}\)"
            r"|\d{1,2} [A-Za-z]{3,9} \d{4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
        ).match(shadow, at)
    else:
        found = _WIDE.match(shadow, at)
        if found is not None:
            end = found.end()
            if shadow[end : end + 1] in {"=", ":"}:  # the last word is the next key
                end = max(at, shadow.rfind(" ", at, end))
            return at + len(shadow[at:end].rstrip(" ,.\t"))
    return at if found is None else at + len(shadow[at : found.end()].rstrip(" ,.-"))
