"""A value that does not stand right behind its name: on the next lines, in an object, in pieces, as a default."""

from collections.abc import Iterator
from typing import NamedTuple

from launchready.lazy_pattern import LazyPattern
from launchready.secrets.file_context import Place
from launchready.secrets.string_concatenation import whole


class Value(NamedTuple):
    """A candidate: where it begins, what it is, and whether it stood without quotes."""

    start: int
    text: str
    bare: bool


# YAML 1.2 §8.1: password: >-, and the value on the next line; §6.9.2: password: &smtp value
_BLOCK = LazyPattern(r"[>|][+\-]?\d?[+\-]?[ \t]*(?:#[^\n]{0,80})?\r?\n[ \t]{1,40}(\S{4,512})[ \t]*(?=\r?\n|\Z)")
_ANCHOR = LazyPattern(r"&[\w\-]{1,40}[ \t]{1,8}(?=\S)")
_LABEL = r"(?:[vV]alue|[dD]efault|defaultValue|val)"
_NESTED = LazyPattern(
    r"(?:(?!" + _LABEL + r":)[\w\-]{1,40}:[^\n]{0,200}\r?\n[ \t]{1,40}){0,5}" + _LABEL + r":[ \t]{1,8}"
)
_OBJECT = LazyPattern(r"\{[^{}]{0,400}?[\"']?\b" + _LABEL + r"[\"']?[ \t]{0,4}:\s{0,8}")
# variable "key" {type = string, default = "x"}; key: with Type: and Default: below; {"description": "", "value": "x"}
_DECLARED = LazyPattern(
    r"[\"'`]?[ \t]{0,8}(?::(?=\s)|[:=]?[ \t]{0,8}\{)\s{0,40}(?:\\?[\"']?(?:type|description|sensitive|nullable|"
    r"required|generator|NoEcho|noEcho|Type|Description|MinLength|MaxLength|AllowedPattern|format|title|label|help)"
    r"\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}(?:\"[^\"\n]{0,200}\"|[^\n,{}\"]{0,200})(?:,|\r?\n)\s{0,60}){1,6}"
    r"\\?[\"']?(?:default|value|Default|Value|defaultValue)\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}"
)
_LITERAL = LazyPattern(r"(?:\(\s{0,60})?[brBR]?[\"'`](?=[^\"'`\s])")
_TEXT = LazyPattern(r"[ \t]*\r?\n[ \t]*(\S{4,512})[ \t]*(?:\\?\r?\n[ \t]*)?\Z")
_DEFAULT = LazyPattern(r":-?([^{}\s\"'<>]{4,512})\}")
_DEFINED = LazyPattern(r"[`*_]{0,3}::[ \t]{0,8}(?:\r?\n[ \t]{0,20})?(?=[^\s:])")


def places(text: str, at: int, place: Place) -> Iterator[int]:
    """Where else than at ``at``, right behind the sign, a value may begin."""
    if place.config and text.startswith("&", at) and (found := _ANCHOR.match(text, at)) is not None:
        yield found.end()
    if text.startswith("{", at) and (found := _OBJECT.match(text, at)) is not None:
        yield found.end()
    if place.config and text[:at].endswith((" ", "\t")) and (found := _NESTED.match(text, at)) is not None:
        yield found.end()


def values(text: str, at: int, place: Place) -> Iterator[Value]:
    """What begins at a place, and is not read to its end at the next quote or blank."""
    if text.startswith((">", "|"), at) and (found := _BLOCK.match(text, at)) is not None:
        yield Value(found.start(1), found.group(1), bare=True)
    # in a test, who splits a literal says that it is none
    if place.code and not place.test and (opened := _LITERAL.match(text, at)) is not None:
        pieces, end = whole(text, opened.end())
        if pieces and end:
            yield Value(opened.end(), pieces, bare=False)


def default(text: str, start: int, end: int) -> Iterator[Value]:
    """``${db.password:VALUE}``, as Spring and shells have it."""
    if text.endswith("${", 0, start) and (found := _DEFAULT.match(text, end)) is not None:
        yield Value(found.start(1), found.group(1), bare=True)


def declared(text: str, end: int) -> int:
    """Where the value of a declaration begins, behind its type and what else is said of it; 0 where there is none."""
    found = _DECLARED.match(text, end)
    return found.end() if found is not None else 0


def defined(text: str, end: int) -> int:
    """Where the definition of a term begins, as AsciiDoc has it; 0 where there is none."""
    found = _DEFINED.match(text, end)
    return found.end() if found is not None else 0


def inside(text: str) -> tuple[int, str]:
    """The only line of a literal of several lines, and where it begins; nothing for any other."""
    found = _TEXT.fullmatch(text)
    return (found.start(1), found.group(1)) if found is not None else (0, "")
