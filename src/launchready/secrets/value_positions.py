"""Finds values that do not follow their name directly: next line, object, split literal, default."""

from collections.abc import Iterator
from typing import NamedTuple

from launchready.lazy_pattern import LazyPattern
from launchready.secrets.file_context import FileContext
from launchready.secrets.string_concatenation import join_literals


class Candidate(NamedTuple):
    """A candidate value: offset, text, whether unquoted."""

    start: int
    text: str
    bare: bool


# YAML 1.2 section 8.1: "password: >-" with the value on the next line; section 6.9.2: "password: &smtp value"
_BLOCK = LazyPattern(r"[>|][+\-]?\d?[+\-]?[ \t]*(?:#[^\n]{0,80})?\r?\n[ \t]{1,40}(\S{4,512})[ \t]*(?=\r?\n|\Z)")
_ANCHOR = LazyPattern(r"&[\w\-]{1,40}[ \t]{1,8}(?=\S)")
_LABEL = r"(?:[vV]alue|[dD]efault|defaultValue|val)"
_NESTED = LazyPattern(
    r"(?:(?!" + _LABEL + r":)[\w\-]{1,40}:[^\n]{0,200}\r?\n[ \t]{1,40}){0,5}" + _LABEL + r":[ \t]{1,8}"
)
_OBJECT = LazyPattern(r"\{[^{}]{0,400}?[\"']?\b" + _LABEL + r"[\"']?[ \t]{0,4}:\s{0,8}")
# variable "key" {type = string, default = "x"}; "key:" above "Type:" and "Default:"; {"description": "", "value": "x"}
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


def value_offsets(text: str, at: int, context: FileContext) -> Iterator[int]:
    """Yield further offsets at which the value may begin."""
    if context.config and text.startswith("&", at) and (found := _ANCHOR.match(text, at)) is not None:
        yield found.end()
    if text.startswith("{", at) and (found := _OBJECT.match(text, at)) is not None:
        yield found.end()
    if context.config and text[:at].endswith((" ", "\t")) and (found := _NESTED.match(text, at)) is not None:
        yield found.end()


def split_values(text: str, at: int, context: FileContext) -> Iterator[Candidate]:
    """Yield values that do not end at the next quote or blank."""
    if text.startswith((">", "|"), at) and (found := _BLOCK.match(text, at)) is not None:
        yield Candidate(found.start(1), found.group(1), bare=True)
    # a literal that a test splits is split to keep scanners quiet
    if context.code and not context.test and (opened := _LITERAL.match(text, at)) is not None:
        pieces, end = join_literals(text, opened.end())
        if pieces and end:
            yield Candidate(opened.end(), pieces, bare=False)


def default_values(text: str, start: int, end: int) -> Iterator[Candidate]:
    """``${db.password:VALUE}``, as in Spring and shells."""
    if text.endswith("${", 0, start) and (found := _DEFAULT.match(text, end)) is not None:
        yield Candidate(found.start(1), found.group(1), bare=True)


def declared_offset(text: str, end: int) -> int:
    """Return the offset of a declared default, after type and description; 0 if there is none."""
    found = _DECLARED.match(text, end)
    return found.end() if found is not None else 0


def definition_offset(text: str, end: int) -> int:
    """Return the offset of a term's definition in AsciiDoc; 0 if there is none."""
    found = _DEFINED.match(text, end)
    return found.end() if found is not None else 0


def single_line(text: str) -> tuple[int, str]:
    """Return offset and text of the only line of a multi-line literal, else (0, "")."""
    found = _TEXT.fullmatch(text)
    return (found.start(1), found.group(1)) if found is not None else (0, "")
