"""Keys in pieces: ``"sk_live_" + "..."``, two literals on two lines, ``'ghp_' . '...'``."""

from collections.abc import Iterable, Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets.file_context import Place
from launchready.secrets.hits import Found
from launchready.secrets.vendor_tokens import tokens

_GLUE = LazyPattern(r"[\"'`]\s{0,20}(?:\+|\.{1,2}|&|<>)?\s{0,20}\\?\s{0,60}[\"'`]")
_PIECE = LazyPattern(r"[A-Za-z0-9_\-.+/=~]{1,400}")
_PIECES = 12


def joined(text: str, gates: Iterable[str], place: Place) -> Iterator[Found]:
    """Every literal that begins with a vendor's prefix and goes on in the next one, read as one."""
    if not place.code:
        return
    for gate in gates:
        at = text.find(gate)
        while at >= 0:
            pieces, end = whole(text, at)
            if pieces:
                for one in tokens(pieces, frozenset({gate})):
                    yield Found(one.rule, one.value, at, end)
            at = text.find(gate, max(end, at + len(gate)))


def whole(text: str, at: int) -> tuple[str, int]:
    """The pieces from a place on, and where the last ends; nothing for a literal that stands alone."""
    pieces: list[str] = []
    end = at
    while len(pieces) < _PIECES and (piece := _PIECE.match(text, end)) is not None:
        pieces.append(piece.group())
        end = piece.end()
        glue = _GLUE.match(text, end)
        if glue is None:
            break
        end = glue.end()
    return ("".join(pieces), end) if len(pieces) > 1 else ("", end)
