"""Names and streets told by what they look like and what stands beside them: a row with an address in it, "client ...".

Runs where a marker of a person stands in the text already, or a word for a person, or for a street. A name is two to
four capitalised words, none of which names a thing.
"""

import re

from launchready.lazy_pattern import Late
from launchready.redaction.text import value_shapes
from launchready.redaction.text.placeholders import Marks, spend
from launchready.redaction.text.rules.phrases import NO_NAME, PERSON_WORDS, STREETS
from launchready.redaction.text.spans import Span, spliced, whole_words

_WORD = r"[^\W\d_a-z][\w'\u2019.\-]{1,40}"
_NAME = (
    rf"{_WORD}(?: (?:van|von|de|der|den|di|da|del|la|le|bin|al|el|ten)(?= ))?"
    r"(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}){1,3}(?<!['\u2019])"
)
_MARKER = r"\[(?:email|phone|iban)(?::[0-9a-f]{6})?\]"
_MAILBOX = Late(
    r"[^\W\d_a-z](?<![\w.'\u2019\-].)[\w'\u2019.\-]{0,40}(?: [^\W\d_a-z][\w'\u2019.\-]{0,40}){0,3}(?=\\{0,8}[\"']? "
    r"?<\[email)"
)
#: A cell of a row, the one beside it being an address or a number.
_BESIDE = Late(
    rf"({_NAME})(?=[\"']? \({_MARKER}|[\"']?[ \t]?[,;|\t][ ]?(?:\$\d{{1,3}} = )?[\"']?{_MARKER}(?:[\"',;|)\t\n ]|\Z))"
)
_SEPARATED = Late(rf"[,;|\t(][ ]?(?:\$\d{{1,3}} = )?[\"']?{_MARKER}")
_CELL_BEGINS = frozenset("\"'(,;|\t\n")
_AFTER = Late(rf"{_MARKER}[\"']?[,;|\t] ?[\"']?({_NAME})(?=[\"']?(?:[,;|)\t\n]|\Z))")
_CALLED = Late(
    rf"\.?:? (?:\#?\d{{1,12}},?:? )?(?:Herr |Frau |Mrs?\.? |Ms\.? |Dr\.? |name |named |is |ist |me llamo "
    rf"){{0,3}}({_NAME})"
)
#: "jo@coach.example:hunter2#9", "('jo@coach.example', 'hunter2#9')": what stands beside an address and only a password
#: looks like.
_LOGIN = Late(
    r"\[email(?::[0-9a-f]{6})?\](?:[\"']?, ?[\"']|[:|]| [/|] )([^\s\"'`<>,;|()\[\]{}]{8,64})(?=[\s\"',;|)\]}]|\Z)"
)
_BIRTHDAY = Late(rf"({_MARKER}[\"']?, )((?:datetime\.)?date\((?:19[2-9]\d|200\d|201[0-2]), \d{{1,2}}, \d{{1,2}}\))")
#: "sent 482913 to +49...", "+49...: 482913".
_TEXTED = Late(
    r"(?:\b(?:sent|send|sending|texted|delivered) (?:code )?(\d{4,8})(?= to [\"'`]?\[(?:phone|email))"
    r"|(?<=\[phone\]: )(\d{6}))(?![\d\-/:]|\.\d)"
)
_FAILING = Late(r"Failing row contains \(")
_BORN = Late(r"(?<=, )(?:19[2-9]\d|200\d|201[0-2])-\d\d-\d\d(?=[,)])")
#: "12 Harrow Lane"; "Kastanienallee 84"; "7 rue des Lilas"; "Via Roma 15". By what must stand in the text.
_STREETS = (
    (
        ("",),
        Late(
            r"(?<![\w.\-/,:])\d{1,5}[a-zA-Z]?"
            r"(?: [^\W\d_a-z](?:[a-z'\u2019]{1,30}|\.)){1,3} (?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Court|Ct"
            r"|Close|Square|Terrace|Place|Boulevard|Blvd|Crescent|Mews|Parkway|Highway|Way|Walk|Hill|Grove)\b\.?(?![(=])"
        ),
    ),
    (
        STREETS,
        Late(
            r"\b[^\W\d_a-z][\w\u2019\-]{1,30}(?:stra(?:ss|\u00df)e|str\.|allee|weg|platz|straat|gracht) "
            r"\d{1,4}[a-z]?\b(?![.:/])"
        ),
    ),
    (
        ("rue ", "avenue ", "boulevard ", "place ", "chemin ", "impasse ", "quai "),
        Late(
            r"(?<![\w.\-/])\d{1,4}(?: ?bis)?,? (?:rue|avenue|boulevard|place|chemin|impasse|quai)"
            r"(?: d[eu]s?| de la| de l')? ?[^\W\d_a-z][\w'\u2019\-]{1,30}(?: [^\W\d_a-z][\w'\u2019\-]{1,30}){0,3}"
        ),
    ),
    (
        ("Via ", "Viale ", "Piazza ", "Corso ", "Calle ", "Avenida ", "Plaza ", "Paseo ", "Rua ", "Rue "),
        Late(
            r"\b(?:Via|Viale|Piazza|Corso|Calle|Avenida|Plaza|Paseo|Rua|Rue)(?: d[aeio]l?l?[aeio]?s?)?"
            r"(?: [^\W\d_a-z][\w'\u2019\-]{1,30}){1,3},? \d{1,4}\b(?![.:/])"
        ),
    ),
)


def clean(text: str, marks: Marks) -> str:
    """The text with the names beside addresses, after words for persons, and streets, marked."""
    if "[email" in text or "[phone" in text or "[iban" in text:
        if "<[email" in text:
            text = _MAILBOX.sub(lambda found: marks.mark("name", found.group()), text)
        if _SEPARATED.search(text) is not None:
            text = _BESIDE.sub(lambda found: _beside(found, marks), text)
        text = _AFTER.sub(lambda found: _named(found, marks), text)
        text = _TEXTED.sub(lambda found: _texted(found, marks), text)
        text = _LOGIN.sub(lambda found: _login(found, marks), text)
    if "date(" in text and "[" in text:
        text = _BIRTHDAY.sub(lambda found: _birthday(found, marks), text)
    if "ailing row" in text:
        text = _row(text, marks)
    return text


def called(text: str, marks: Marks) -> str:
    """ "client Leila Petrova", "Herr Dr. Karl Müller"."""
    low = text.lower()
    if len(low) != len(text):
        return text
    spans: list[Span] = []
    for _, at in whole_words(low, PERSON_WORDS):
        found = _CALLED.match(text, at)
        if found is not None and NO_NAME.isdisjoint(found.group(1).lower().replace("-", " ").split()):
            spans.append((*found.span(1), marks.mark("name", found.group(1))))
    return spliced(text, spans)


def streets(text: str, marks: Marks) -> str:
    """ "12 Harrow Lane", "Kastanienallee 84"."""
    for needed, pattern in _STREETS:
        if any(map(text.__contains__, needed)):
            text = pattern.sub(lambda found: marks.mark("address", found.group()), text)
    return text


def _beside(found: re.Match[str], marks: Marks) -> str:
    spend()
    before = found.string[found.start() - 1 : found.start()]
    opened = found.string.startswith(" (", found.end(1)) or found.string.startswith('" (', found.end(1))
    if not opened and before and before not in _CELL_BEGINS and not (before == " " and _cell(found)):
        return found.group()
    return _named(found, marks)


def _cell(found: re.Match[str]) -> bool:
    """Whether the blank before a name follows the separator of a cell."""
    return found.string[max(0, found.start() - 2) : found.start() - 1] in {",", ";", "|", ":"}


def _named(found: re.Match[str], marks: Marks) -> str:
    spend()
    name, whole, base = found.group(1), found.group(), found.start()
    if not NO_NAME.isdisjoint(name.lower().replace("-", " ").split()):
        return whole
    return whole[: found.start(1) - base] + marks.mark("name", name) + whole[found.end(1) - base :]


def _texted(found: re.Match[str], marks: Marks) -> str:
    group = found.lastindex or 1
    return found.group()[: found.start(group) - found.start()] + marks.mark("otp", found.group(group))


def _birthday(found: re.Match[str], marks: Marks) -> str:
    return found.group(1) + marks.mark("dob", found.group(2))


def _login(found: re.Match[str], marks: Marks) -> str:
    value, whole, base = found.group(1), found.group(), found.start()
    if "=" in value[:-1]:
        return whole
    if value_shapes.opaque(value, 32) and not value_shapes.uuid(value) and not (value.islower() or value.isupper()):
        return whole[: found.start(1) - base] + marks.mark("link_token", value)  # ('jo@coach.example', '3xd7Y0...')
    return whole[: found.start(1) - base] + marks.mark("password", value) if value_shapes.strong(value) else whole


def _row(text: str, marks: Marks) -> str:
    found = _FAILING.search(text)
    if found is None:
        return text
    end = text.find(").", found.end())
    end = end if end >= 0 else len(text)
    row = _BORN.sub(lambda date: marks.mark("dob", date.group()), text[found.end() : end + 1])
    return text[: found.end()] + row + text[end + 1 :]
