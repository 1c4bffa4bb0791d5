"""Encodings of text in logs, and a copy of the text with all escapes masked at equal length.

A quote may appear as ``"``, ``\\"``, ``\\\\\\"``, ``\\u0022``, ``%22``, ``%2522`` or ``&quot;``. ``mask_escapes``
replaces each escape by as many plain characters. One grammar then finds keys and separators in all encodings, and a
position in the masked text is the same position in the original.
"""

from launchready.lazy_pattern import LazyPattern

_ESCAPE = LazyPattern(
    r"\\{1,64}+(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|[\"'`nrt/]?)|%(?:25){0,3}[0-9a-fA-F]{2}|&(?:quot|amp|apos|lt|gt|#[0-9]{2}|#x[0-9a-fA-F]{2});"
)
_ENTITIES = {"quot": '"', "amp": "&", "apos": "'", "lt": "<", "gt": ">"}
_LETTERS = {"n": "\n", "r": "\n", "t": "\t", "/": "/"}
_STRUCTURE = frozenset("\"'`=:&?,;<>{}[]()# \t\r\n/@+|")


def _plain(token: str) -> str:
    if token[0] == "&":
        body = token[1:-1]
        return _ENTITIES.get(body) or chr(int(body[-2:], 16 if body[1] == "x" else 10))
    if token[0] == "%":
        return chr(int(token[-2:], 16))
    body = token.lstrip("\\")
    if not body:
        return "\\"
    return chr(int(body[-2:], 16)) if body[0] in "ux" else _LETTERS.get(body, body)


class _EscapeFills(dict[str, str]):
    """Cache of the plain text for each escape. Its size is bounded."""

    def __missing__(self, token: str) -> str:
        plain = _plain(token).replace("\r", "\n")
        fill = (plain if plain in _STRUCTURE or plain == "\\" else "x") * len(token)
        if len(self) < _MEMO:
            self[token] = fill
        return fill


_MEMO = 1024
_ESCAPE_FILLS = _EscapeFills()


#: Stands in for an ANSI sequence; every reader treats it as a blank.
ANSI_MARK = "\x1c"
_ANSI = LazyPattern(r"(?:\x1b|\\{1,4}(?:x1[bB]|u001[bB]|033|e)|#033)\[[0-9;]{0,16}[mK]")


def may_have_ansi(text: str) -> bool:
    """Whether the text may contain ANSI sequences, raw or as ``repr`` and JSON write them."""
    return "\x1b[" in text or "1b[" in text or "033[" in text


def strip_ansi(text: str) -> tuple[str, list[str]]:
    """Return the text with a placeholder for each ANSI sequence, and the sequences."""
    return (text, []) if ANSI_MARK in text else (_ANSI.sub(ANSI_MARK, text), _ANSI.findall(text))


def restore_ansi(text: str, sequences: list[str]) -> str:
    """Put the ANSI sequences back. If one was removed together with a secret, the text stays without any."""
    parts = text.split(ANSI_MARK)
    if len(parts) != len(sequences) + 1:
        return "".join(parts)
    return "".join([parts[0], *(sequence + part for sequence, part in zip(sequences, parts[1:], strict=True))])


def mask_escapes(text: str) -> str:
    """Return a text of equal length with structural escapes replaced. A text without escapes is returned as it is."""
    if ANSI_MARK in text:
        text = text.replace(ANSI_MARK, " ")
    if "\\" in text or "%" in text or "&" in text:
        return _ESCAPE.sub(lambda found: _ESCAPE_FILLS[found[0]], text)
    return text
