"""How the same text looks in the encodings that logs show, and a text of equal length in which they are gone.

A quote may stand as ``"``, ``\\"``, ``\\\\\\"``, ``\\u0022``, ``%22``, ``%2522`` or ``&quot;``. The *shade* of a text
has each of these replaced by as many plain characters, so that one grammar finds keys and separators in all of them,
and every position in the shade is the same position in the text.
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
    """What stands for an escape in the shade. Logs know some dozens of them; a text made to know more is not kept."""

    def __missing__(self, token: str) -> str:
        plain = _plain(token).replace("\r", "\n")
        fill = (plain if plain in _STRUCTURE or plain == "\\" else "x") * len(token)
        if len(self) < _MEMO:
            self[token] = fill
        return fill


_MEMO = 1024
_ESCAPE_FILLS = _EscapeFills()


#: Between the colours of a terminal: a blank to every reader.
ANSI_MARK = "\x1c"
_ANSI = LazyPattern(r"(?:\x1b|\\{1,4}(?:x1[bB]|u001[bB]|033|e)|#033)\[[0-9;]{0,16}[mK]")


def may_have_ansi(text: str) -> bool:
    """Whether the colours of a terminal may stand in the text, as they are or as ``repr`` and JSON write them."""
    return "\x1b[" in text or "1b[" in text or "033[" in text


def strip_ansi(text: str) -> tuple[str, list[str]]:
    """The text with a sign in the place of each colour, and the colours."""
    return (text, []) if ANSI_MARK in text else (_ANSI.sub(ANSI_MARK, text), _ANSI.findall(text))


def restore_ansi(text: str, sequences: list[str]) -> str:
    """The colours back in their places; where one has gone with a secret, the rest is left without."""
    parts = text.split(ANSI_MARK)
    if len(parts) != len(sequences) + 1:
        return "".join(parts)
    return "".join([parts[0], *(sequence + part for sequence, part in zip(sequences, parts[1:], strict=True))])


def mask_escapes(text: str) -> str:
    """A text of the same length, with escapes of structure spelled out. Without escapes: the text itself."""
    if ANSI_MARK in text:
        text = text.replace(ANSI_MARK, " ")
    if "\\" in text or "%" in text or "&" in text:
        return _ESCAPE.sub(lambda found: _ESCAPE_FILLS[found[0]], text)
    return text
