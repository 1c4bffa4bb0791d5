"""How the same text looks in the encodings that logs show, and a text of equal length in which they are gone.

A quote may stand as ``"``, ``\\"``, ``\\\\\\"``, ``\\u0022``, ``%22``, ``%2522`` or ``&quot;``. The *shade* of a text
has each of these replaced by as many plain characters, so that one grammar finds keys and separators in all of them,
and every position in the shade is the same position in the text.
"""

from launchready.core.redact.late import Late

_ESCAPE = Late(
    r"\\{1,64}+(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|[\"'`nrt/]?)|%(?:25){0,3}[0-9a-fA-F]{2}|&(?:quot|amp|apos|lt|gt|#[0-9]{2}|#x[0-9a-fA-F]{2});"
)
_NAMED = {"quot": '"', "amp": "&", "apos": "'", "lt": "<", "gt": ">"}
_LETTERS = {"n": "\n", "r": "\n", "t": "\t", "/": "/"}
_STRUCTURE = frozenset("\"'`=:&?,;<>{}[]()# \t\r\n/@+|")


def _plain(token: str) -> str:
    if token[0] == "&":
        body = token[1:-1]
        return _NAMED.get(body) or chr(int(body[-2:], 16 if body[1] == "x" else 10))
    if token[0] == "%":
        return chr(int(token[-2:], 16))
    body = token.lstrip("\\")
    if not body:
        return "\\"
    return chr(int(body[-2:], 16)) if body[0] in "ux" else _LETTERS.get(body, body)


class _Fills(dict[str, str]):
    """What stands for an escape in the shade. Logs know some dozens of them; a text made to know more is not kept."""

    def __missing__(self, token: str) -> str:
        plain = _plain(token).replace("\r", "\n")
        fill = (plain if plain in _STRUCTURE or plain == "\\" else "x") * len(token)
        if len(self) < _MEMO:
            self[token] = fill
        return fill


_MEMO = 1024
_FILLS = _Fills()


def shade(text: str) -> str:
    """A text of the same length, with escapes of structure spelled out. Without escapes: the text itself."""
    if "\\" in text or "%" in text or "&" in text:
        return _ESCAPE.sub(lambda found: _FILLS[found[0]], text)
    return text
