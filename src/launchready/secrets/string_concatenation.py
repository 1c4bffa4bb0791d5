"""Finds keys split over literals: ``"sk_live_" + "..."``, two literals on two lines, ``'ghp_' . '...'``."""

from collections.abc import Iterable, Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.vendor_tokens import vendor_keys

_GLUE = LazyPattern(r"[\"'`]\s{0,20}(?:\+|\.{1,2}|&|<>)?\s{0,20}\\?\s{0,60}[\"'`]")
_PIECE = LazyPattern(r"[A-Za-z0-9_\-.+/=~]{1,400}")
_PIECES = 12


def concatenated_keys(text: str, gates: Iterable[str], context: FileContext) -> Iterator[SecretMatch]:
    """Yield keys whose literal begins with a vendor's prefix and continues in the next literal."""
    if not context.code:
        return
    for gate in gates:
        at = text.find(gate)
        while at >= 0:
            pieces, end = join_literals(text, at)
            if pieces:
                for one in vendor_keys(pieces, frozenset({gate})):
                    yield SecretMatch(one.rule, one.value, at, end)
            at = text.find(gate, max(end, at + len(gate)))


def join_literals(text: str, at: int) -> tuple[str, int]:
    """Join adjacent literals from ``at`` on, and return their end; ("", end) for a single literal."""
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
