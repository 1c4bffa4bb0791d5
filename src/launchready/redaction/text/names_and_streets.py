"""Names and streets without a key, found by their shape and by the text beside them: an address, the word "client".

The readers run only if the text contains a marker of a person, a word for a person, or a word for a street. A name is
two to four capitalised words, none of which names a thing.
"""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.phrases import NON_NAME_WORDS, PERSON_WORDS, STREETS
from launchready.redaction.text.spans import Span, splice, whole_words

_WORD = r"[^\W\d_a-z][\w'\u2019.\-]{1,40}"
_NAME = (
    rf"{_WORD}(?: (?:van|von|de|der|den|di|da|del|la|le|bin|al|el|ten)(?= ))?"
    r"(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}){1,3}(?<!['\u2019])"
)
_MARKER = r"\[(?:email|phone|iban)(?::[0-9a-f]{6})?\]"
_MAILBOX = LazyPattern(
    r"[^\W\d_a-z](?<![\w.'\u2019\-].)[\w'\u2019.\-]{0,40}(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}){0,3}(?=\\{0,8}[\"']? "
    r"?<\[email)"
)
#: A table cell beside an address or a number.
_BESIDE = LazyPattern(
    rf"({_NAME})(?=[\"']? \({_MARKER}|[\"']?[ \t]?[,;|\t][ ]?(?:\$\d{{1,3}} = )?[\"']?{_MARKER}(?:[\"',;|)\t\n ]|\Z))"
)
_SEPARATED = LazyPattern(rf"[,;|\t(][ ]?(?:\$\d{{1,3}} = )?[\"']?{_MARKER}")
_CELL_BEGINS = frozenset("\"'(,;|\t\n")
_AFTER = LazyPattern(rf"{_MARKER}[\"']?[,;|\t] ?[\"']?({_NAME})(?=[\"']?(?:[,;|)\t\n]|\Z))")
_NAME_AFTER_WORD = LazyPattern(
    rf"\.?:? (?:\#?\d{{1,12}},?:? )?(?:Herr |Frau |Mrs?\.? |Ms\.? |Dr\.? |name |named |is |ist |me llamo "
    rf"){{0,3}}({_NAME})"
)
#: A value beside an address that only a password looks like: "jo@coach.example:hunter2#9".
_LOGIN = LazyPattern(
    r"\[email(?::[0-9a-f]{6})?\](?:[\"']?, ?[\"']|[:|]| [/|] )([^\s\"'`<>,;|()\[\]{}]{8,64})(?=[\s\"',;|)\]}]|\Z)"
)
_BIRTHDAY = LazyPattern(
    rf"({_MARKER}[\"']?, )((?:datetime\.)?date\((?:19[2-9]\d|200\d|201[0-2]), \d{{1,2}}, \d{{1,2}}\))"
)
#: "sent 482913 to +49...", "+49...: 482913".
_TEXTED_CODE = LazyPattern(
    r"(?:\b(?:sent|send|sending|texted|delivered) (?:code )?(\d{4,8})(?= to [\"'`]?\[(?:phone|email))"
    r"|(?<=\[phone\]: )(\d{6}))(?![\d\-/:]|\.\d)"
)
_FAILING = LazyPattern(r"Failing row contains \(")
_BIRTH_DATE = LazyPattern(r"(?<=, )(?:19[2-9]\d|200\d|201[0-2])-\d\d-\d\d(?=[,)])")
#: "12 Harrow Lane", "Kastanienallee 84", "7 rue des Lilas", "Via Roma 15", each with the literals that it requires.
_STREETS = (
    (
        ("",),
        LazyPattern(
            r"(?<![\w.\-/,:])\d{1,5}[a-zA-Z]?"
            r"(?: [^\W\d_a-z](?:[a-z'\u2019]{1,30}|\.)){1,3} (?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Court|Ct"
            r"|Close|Square|Terrace|Place|Boulevard|Blvd|Crescent|Mews|Parkway|Highway|Way|Walk|Hill|Grove)\b\.?(?![(=])"
        ),
    ),
    (
        STREETS,
        LazyPattern(
            r"\b[^\W\d_a-z][\w\u2019\-]{1,30}(?:stra(?:ss|\u00df)e|str\.|allee|weg|platz|straat|gracht) "
            r"\d{1,4}[a-z]?\b(?![.:/])"
        ),
    ),
    (
        ("rue ", "avenue ", "boulevard ", "place ", "chemin ", "impasse ", "quai "),
        LazyPattern(
            r"(?<![\w.\-/])\d{1,4}(?: ?bis)?,? (?:rue|avenue|boulevard|place|chemin|impasse|quai)"
            r"(?: d[eu]s?| de la| de l')? ?[^\W\d_a-z][\w'\u2019\-]{1,30}(?: [^\W\d_a-z][\w'\u2019\-]{1,30}){0,3}"
        ),
    ),
    (
        ("Via ", "Viale ", "Piazza ", "Corso ", "Calle ", "Avenida ", "Plaza ", "Paseo ", "Rua ", "Rue "),
        LazyPattern(
            r"\b(?:Via|Viale|Piazza|Corso|Calle|Avenida|Plaza|Paseo|Rua|Rue)(?: d[aeio]l?l?[aeio]?s?)?"
            r"(?: [^\W\d_a-z][\w'\u2019\-]{1,30}){1,3},? \d{1,4}\b(?![.:/])"
        ),
    ),
)


def clean(text: str, markers: Markers) -> str:
    """Hide names beside addresses, codes sent to a number, and passwords beside an address."""
    if "[email" in text or "[phone" in text or "[iban" in text:
        if "<[email" in text:
            text = _MAILBOX.sub(lambda found: markers.mark("name", found.group()), text)
        if _SEPARATED.search(text) is not None:
            text = _BESIDE.sub(lambda found: _mark_name_beside(found, markers), text)
        text = _AFTER.sub(lambda found: _mark_name(found, markers), text)
        text = _TEXTED_CODE.sub(lambda found: _mark_texted_code(found, markers), text)
        text = _LOGIN.sub(lambda found: _mark_login(found, markers), text)
    if "date(" in text and "[" in text:
        text = _BIRTHDAY.sub(lambda found: _mark_birthday(found, markers), text)
    if "ailing row" in text:
        text = _failing_row(text, markers)
    return text


def names_after_words(text: str, markers: Markers) -> str:
    """Hide the names in "client Leila Petrova" and "Herr Dr. Karl Müller"."""
    low = text.lower()
    if len(low) != len(text):
        return text
    spans: list[Span] = []
    for _, at in whole_words(low, PERSON_WORDS):
        found = _NAME_AFTER_WORD.match(text, at)
        if found is not None and NON_NAME_WORDS.isdisjoint(found.group(1).lower().replace("-", " ").split()):
            spans.append((*found.span(1), markers.mark("name", found.group(1))))
    return splice(text, spans)


def streets(text: str, markers: Markers) -> str:
    """Hide "12 Harrow Lane" and "Kastanienallee 84"."""
    for needed, pattern in _STREETS:
        if any(map(text.__contains__, needed)):
            text = pattern.sub(lambda found: markers.mark("address", found.group()), text)
    return text


def _mark_name_beside(found: re.Match[str], markers: Markers) -> str:
    charge()
    before = found.string[found.start() - 1 : found.start()]
    opened = found.string.startswith(" (", found.end(1)) or found.string.startswith('" (', found.end(1))
    if not opened and before and before not in _CELL_BEGINS and not (before == " " and _after_separator(found)):
        return found.group()
    return _mark_name(found, markers)


def _after_separator(found: re.Match[str]) -> bool:
    """Whether a cell separator precedes the blank before a name."""
    return found.string[max(0, found.start() - 2) : found.start() - 1] in {",", ";", "|", ":"}


def _mark_name(found: re.Match[str], markers: Markers) -> str:
    charge()
    name, whole, base = found.group(1), found.group(), found.start()
    if not NON_NAME_WORDS.isdisjoint(name.lower().replace("-", " ").split()):
        return whole
    return whole[: found.start(1) - base] + markers.mark("name", name) + whole[found.end(1) - base :]


def _mark_texted_code(found: re.Match[str], markers: Markers) -> str:
    group = found.lastindex or 1
    return found.group()[: found.start(group) - found.start()] + markers.mark("otp", found.group(group))


def _mark_birthday(found: re.Match[str], markers: Markers) -> str:
    return found.group(1) + markers.mark("dob", found.group(2))


def _mark_login(found: re.Match[str], markers: Markers) -> str:
    value, whole, base = found.group(1), found.group(), found.start()
    if "=" in value[:-1]:
        return whole
    if value_shapes.opaque(value, 32) and not value_shapes.uuid(value) and not (value.islower() or value.isupper()):
        return whole[: found.start(1) - base] + markers.mark("link_token", value)  # ('jo@coach.example', '3xd7Y0...')
    return (
        whole[: found.start(1) - base] + markers.mark("password", value)
        if value_shapes.looks_like_password(value)
        else whole
    )


def _failing_row(text: str, markers: Markers) -> str:
    found = _FAILING.search(text)
    if found is None:
        return text
    end = text.find(").", found.end())
    end = end if end >= 0 else len(text)
    row = _BIRTH_DATE.sub(lambda date: markers.mark("dob", date.group()), text[found.end() : end + 1])
    return text[: found.end()] + row + text[end + 1 :]
