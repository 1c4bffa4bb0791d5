"""Structured Fields (RFC 9651): Items, Lists and Dictionaries, with parameters.

Parsing is strict, as §4.2 requires: one wrong character invalidates the whole field. Dates and Display Strings are not
supported and invalidate a field too, because no field that we read may hold one.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

# RFC 9651 §3.3.3: printable ASCII, with \" and \\ as the only escapes.
_STRING = re.compile(rb'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPE = re.compile(rb"\\(.)")
_KEY = re.compile(rb"[a-z*][a-z0-9_\-.*]*")
_TOKEN = re.compile(rb"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_NUMBER = re.compile(rb"-?(?:(\d{1,12}\.\d{1,3})|\d{1,15})(?![\d.])")
_BINARY = re.compile(rb":([A-Za-z0-9+/=]*):")
_BOOLEAN = re.compile(rb"\?([01])")
_COMMA = re.compile(rb"[ \t]*,[ \t]*")


class Token(str):
    """A Token: a word without quotes."""

    __slots__ = ()


Bare = int | float | str | bytes | bool


@dataclass(frozen=True, slots=True)
class Item:
    """A member: a bare item, or an inner list of items, and its parameters."""

    value: "Bare | list[Item]"
    parameters: dict[str, Bare] = field(default_factory=dict)


def parse_dictionary(value: bytes) -> dict[str, Item] | None:
    """Parse a Dictionary. Of two members with one name the last counts. Returns None for an invalid value."""
    return _parsed(value, _dictionary)


def parse_list(value: bytes) -> list[Item] | None:
    """Parse a List. Join several lines of a field by a comma first. Returns None for an invalid value."""
    return _parsed(value, _list)


def parse_string(value: bytes) -> bytes | None:
    """Return the content of a String item without parameters, or None for any other value."""
    match = _STRING.fullmatch(value.strip(b" "))
    return None if match is None else _ESCAPE.sub(rb"\1", match[1])


def string(value: str) -> str:
    """Return a serialised String item. Raises ValueError for a character that a String cannot hold."""
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"{value!r} has characters outside printable ASCII")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Unreadable(ValueError):
    """The value is not a valid Structured Field."""


class _Text:
    """The input of the parser, and the position in it."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        match = pattern.match(self.data, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def sees(self, character: bytes) -> bool:
        """Skip one character if it is at the current position. Returns whether it was."""
        if not self.data.startswith(character, self.at):
            return False
        self.at += len(character)
        return True

    def spaces(self) -> None:
        while self.sees(b" "):
            pass


def _parsed(value: bytes, parse: Callable[[_Text], T]) -> T | None:
    text = _Text(value.strip(b" "))
    try:
        found = parse(text)
    except _Unreadable:
        return None
    return found if text.at == len(text.data) else None


def _dictionary(text: _Text) -> dict[str, Item]:
    members: dict[str, Item] = {}
    while text.at < len(text.data):
        key = _key(text)
        members.pop(key, None)  # the last one counts, at its own position
        members[key] = _member(text) if text.sees(b"=") else Item(True, _parameters(text))
        _next(text)
    return members


def _list(text: _Text) -> list[Item]:
    members = []
    while text.at < len(text.data):
        members.append(_member(text))
        _next(text)
    return members


def _next(text: _Text) -> None:
    """Move to the next member. A trailing comma invalidates the field (§4.2.1)."""
    if text.at < len(text.data) and (text.take(_COMMA) is None or text.at == len(text.data)):
        raise _Unreadable


def _member(text: _Text) -> Item:
    return _inner_list(text) if text.sees(b"(") else _item(text)


def _inner_list(text: _Text) -> Item:
    items: list[Item] = []
    while True:
        text.spaces()
        if text.sees(b")"):
            return Item(items, _parameters(text))
        items.append(_item(text))
        if text.data[text.at : text.at + 1] not in (b" ", b")"):
            raise _Unreadable


def _item(text: _Text) -> Item:
    return Item(_bare(text), _parameters(text))


def _parameters(text: _Text) -> dict[str, Bare]:
    found: dict[str, Bare] = {}
    while text.sees(b";"):
        text.spaces()
        key = _key(text)
        found[key] = _bare(text) if text.sees(b"=") else True
    return found


def _key(text: _Text) -> str:
    match = text.take(_KEY)
    if match is None:
        raise _Unreadable
    return match[0].decode()


def _bare(text: _Text) -> Bare:
    if (match := text.take(_NUMBER)) is not None:
        return int(match[0]) if match[1] is None else float(match[0])
    if (match := text.take(_STRING)) is not None:
        return _ESCAPE.sub(rb"\1", match[1]).decode()
    if (match := text.take(_TOKEN)) is not None:
        return Token(match[0].decode())
    if (match := text.take(_BINARY)) is not None:
        try:
            return b64decode(match[1], validate=True)
        except NotBase64:
            raise _Unreadable from None
    if (match := text.take(_BOOLEAN)) is not None:
        return match[1] == b"1"
    raise _Unreadable
