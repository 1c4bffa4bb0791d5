"""Numbers: cards by check digit and issuer, IBANs by check digits and country, phone numbers by shape.

The shape of a text has ``0`` for every digit and ``a`` for every letter. It tells which kinds of number can occur.
"""

import re
from functools import cache

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.numbers import IBAN_LENGTHS, ISSUERS
from launchready.redaction.text.rules.phrases import PHONE_WORDS
from launchready.redaction.text.spans import Span, splice, whole_words

_SEP = r"(?:[ .\-+]|%20|\u00a0|%2D|\\u00a0)"
_CARD = LazyPattern(
    rf"\d(?<![\w\-.]\d)(?:\d{{12,18}}|\d{{3}}({_SEP})\d{{4}}\1\d{{4}}\1\d{{1,7}}|\d{{3}}({_SEP})\d{{6}}\2\d{{4,5}})(?![\d\w]|[\-.]\d)",
    re.ASCII,
)
_ESCAPED = LazyPattern(r"%(?:25)?2[0-9A-Fa-f]|\\u00a0|\D")
_SEPARATORS = str.maketrans("", "", " .,-+()/\u00a0")
_CARD_SPACED = LazyPattern(r"\d(?<![\w\-.]\d)(?<!\d \d)(?: \d){12,18}+(?! ?\d)", re.ASCII)
_IBAN = LazyPattern(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ \-+%]?[A-Za-z0-9])")
_IBAN_FIGURE = LazyPattern(r"aa00(?<![a0]aa00)")
_IBAN_TAIL = LazyPattern(r"(?:(?:[ \-+]|%20)?[A-Za-z0-9]){11,30}")
_INTERNATIONAL = LazyPattern(
    r"[+%0](?:(?<=\+)(?<![\w+]\+)|(?<=%)(?:25)?2[Bb]|(?<![\w.+\-]0)(?<=0)0(?=[1-9]\d{0,2}[ ()\-]))"
    r"(?:[ ]?\(?[1-9])(?:(?:[ ().\-/\u00a0]|%20|%28|%29|\+){0,3}\d){7,14}(?![\d]|[\-/:]\d)"
)
_NANP = LazyPattern(
    r"[(2-9](?<![\w.+\-/].)(?:(?<=\()[2-9]\d\d\)(?: |%20|-|\+)?[2-9]\d\d[ .\-]\d{4}"
    r"|(?<!\()\d\d([.\-])[2-9]\d\d\1\d{4})(?![\w\-]|[./]\d)"
    r"|1(?<![\w.+\-/]1)[ .\-](?:\([2-9]\d\d\) ?|[2-9]\d\d[ .\-])[2-9]\d\d[ .\-]\d{4}(?![\w\-/]|\.\d)",
    re.ASCII,
)
_TRUNK = LazyPattern(
    r"[(0](?<![\w.+\-/:,].)(?:(?<=\()0\d{1,4}\)|(?<=0)[1-9]\d{0,4})(?:[ \-/]{1,2}\d{2,8}){1,5}(?![\w\-/]|[.,:]\d)"
    r"|07(?<![\w.+\-/:]07)\d{9}(?![\w.\-])",
    re.ASCII,
)
_TRUNK_LED = LazyPattern(r" 0(?:[1-9]\d{0,4}[ \-/]|7\d{9})", re.ASCII)  # not a time of day
_TRUNK_DATE = LazyPattern(r"\d\d[\-/ ]\d\d[\-/ ](?:19|20)\d\d")
_PHONE_AFTER_WORD = LazyPattern(
    r"(?:[ :#.=]| no\b| number| at| on| me| is| to| from| client| customer| user){1,6}+[\"']?"
    r"((?:\+|\()?\d[\d ().\-/]{5,20}\d)(?![\w\-]|[.:]\d)"
)
_IP = LazyPattern(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}:?(?:[0-9a-fA-F]{1,4}:?){0,6}[0-9a-fA-F]{1,4}(?![\w:.])"
)

_FIGURE = str.maketrans(
    "0123456789 .+\u00a0abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0" * 10 + "-" * 4 + "a" * 52
)
_FIGURE_ASCII = bytes(_FIGURE.get(char, char) if char < 128 else char for char in range(256))
_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, with the digits of the result added
_NO_LENGTHS: frozenset[int] = frozenset()
_UUID = 36
_LONG = "0" * 10
_UNDER_KEY = frozenset("=:\"'")
_TRUNK_BEGINS = ("(0", '"0', "'0", "=0", ">0", "\n0")


def clean(text: str, markers: Markers, *, phone_word: bool) -> str:
    """Hide cards, accounts and phone numbers.

    ``phone_word``: the text contains a word such as "call", after which bare digits are a phone number.
    """
    shape = text.encode().translate(_FIGURE_ASCII).decode() if text.isascii() else text.translate(_FIGURE)
    if (
        "0000000000000" in shape
        or "0000-0000-0000" in shape
        or "0000-000000-0" in shape
        or "0000%0" in shape
        or "0000\\" in shape
    ):
        text = _CARD.sub(lambda found: _card(found, markers), text)
    if "0-0-0-0-0-0-0-0-0-0-0-0-0" in shape:
        text = _CARD_SPACED.sub(lambda found: _card(found, markers), text)
    if _IBAN_FIGURE.search(shape) is not None:
        text = _ibans(text, markers)
    if "+" in text or "%2" in text or " 00" in text:
        text = _INTERNATIONAL.sub(lambda found: _phone(found, markers), text)
    if "000-000-0000" in shape or "(000)" in shape:
        text = _NANP.sub(lambda found: markers.mark("phone", found.group()), text)
    if text[:1] == "0" or _TRUNK_LED.search(text) or [begin for begin in _TRUNK_BEGINS if begin in text]:
        text = _TRUNK.sub(lambda found: _trunk(found, markers), text)
    if phone_word:
        text = _phones_after_words(text, markers, long=_LONG in shape or not text.isascii())
    return text


def addresses(text: str, markers: Markers) -> str:
    """Hide IP addresses."""
    return _IP.sub(lambda found: markers.mark("ip", found.group()), text)


def is_card(digits: str) -> bool:
    """Whether the number is in an issued card range, has its length, and passes the check digit."""
    return len(digits) in _issued().get(digits[:4], _NO_LENGTHS) and luhn(digits)


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    return (sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))) % 10 == 0


@cache
def _issued() -> dict[str, frozenset[int]]:
    """Return the card lengths issued under the first four digits."""
    lengths: dict[str, frozenset[int]] = {}
    for first, last, issued in ISSUERS:
        for number in range(int(first.ljust(4, "0")), int(last.ljust(4, "9")) + 1):
            lengths[str(number)] = lengths.get(str(number), _NO_LENGTHS) | issued
    return lengths


def is_iban(text: str) -> bool:
    """Whether the length fits the country and the check digits are right (ISO 13616, mod 97-10)."""
    if len(text) != IBAN_LENGTHS.get(text[:2]):
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _card(found: re.Match[str], markers: Markers) -> str:
    charge()
    whole = found.group()
    digits = _digits(whole)
    if len(digits) > 16 and whole.isdigit() and found.string[found.start() - 1 : found.start()] in _UNDER_KEY:
        return whole  # under a key without a word for cards: the id of a trace or message
    if is_card(digits):
        return markers.mark("card", digits)
    return whole


def _ibans(text: str, markers: Markers) -> str:
    out: list[str] = []
    done = 0
    found = _IBAN.search(text)
    while found is not None:
        charge()
        at = found.end()
        uuid = value_shapes.uuid(
            text[found.start() : found.start() + _UUID]
        )  # the groups of a UUID are no account number
        end = 0 if uuid else _iban_end(text, found.start(), found.group().upper())
        if end:
            out += (text[done : found.start()], markers.mark("iban", text[found.start() : end]))
            done = at = end
        found = _IBAN.search(text, at)
    return "".join([*out, text[done:]]) if out else text


def _iban_end(text: str, start: int, head: str) -> int:
    """Return the end of the IBAN that begins here, or 0. An IBAN has exactly the length of its country."""
    need = IBAN_LENGTHS.get(head[:2], 0)
    kept: list[str] = []
    at = start
    while len(kept) < need and at < len(text):
        char = text[at]
        if char.isascii() and char.isalnum():
            kept.append(char)
            at += 1
        elif text.startswith("%20", at) and len(kept) % 4 == 0:
            at += 3
        elif char in " -+\u00a0" and len(kept) % 4 == 0:
            at += 1
        else:
            return 0
    if not need or text[at : at + 1].isalnum() or not is_iban("".join(kept).upper()):
        return 0
    return at


def _digits(text: str) -> str:
    plain = text.translate(_SEPARATORS)
    return plain if plain.isdecimal() else _ESCAPED.sub("", text)


def _phone(found: re.Match[str], markers: Markers) -> str:
    return markers.mark("phone", found.group()) if 8 <= len(_digits(found.group())) <= 16 else found.group()


def _trunk(found: re.Match[str], markers: Markers) -> str:
    count = len(_digits(found.group()))
    return (
        markers.mark("phone", found.group())
        if 9 <= count <= 11 + found.group().startswith("01") and not _TRUNK_DATE.match(found.group())
        else found.group()
    )


def _phones_after_words(text: str, markers: Markers, *, long: bool) -> str:
    """Hide bare digits after a word such as "call". ``long``: the text may contain ten digits in a row."""
    spans: list[Span] = []
    low = text.lower()
    for _, at in whole_words(low, PHONE_WORDS):
        found = _PHONE_AFTER_WORD.match(low, at)
        if found is not None and 7 <= len(_digits(found.group(1))) <= 15 and not _STAMP.match(found.group(1)):
            start, end = found.span(1)
            spans.append((start, end, markers.mark("phone", text[start:end])))
    if not long:
        return splice(text, spans)
    spans += [(*found.span(), markers.mark("phone", found.group())) for found in _EXIT_CODE_NUMBER.finditer(low)]
    spans += [
        (*found.span(1), markers.mark("phone", found.group(1)))
        for found in _RECIPIENT_NUMBER.finditer(low)
        if not _EPOCH.fullmatch(found.group(1))
    ]
    return splice(text, spans)


_RECIPIENT_NUMBER = LazyPattern(
    r"(?:(?<![a-z0-9])(?:to|from|recipient|destination|dest|dst|src|number|an|nach)(?:(?:=| ?: ?|%3d)[\"']?| "
    r"(?=\d{11}))|wa\.me/"
    r"|[?&]phone=)"
    r"([1-9]\d{9,14})(?![\d\w\-:]|\.\d)"
)
_EXIT_CODE_NUMBER = LazyPattern(r"(?<![\w.+\-])00[1-9]\d{8,12}(?![\w.\-])", re.ASCII)
_EPOCH = LazyPattern(r"1[67]\d{8}(?:\d{3})?")
_STAMP = LazyPattern(r"(?:19|20)\d\d[\-/.]\d\d|\d\d[\-/.]\d\d[\-/.](?:19|20)\d\d|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d")
