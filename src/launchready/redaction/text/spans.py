"""Shared tools of the readers: whole words by literal search, and replacement of spans."""

from collections.abc import Iterable, Iterator

from launchready.budget import charge

Span = tuple[int, int, str]
"""Start, end, replacement."""


def whole_words(low: str, words: Iterable[str], *, glued: bool = False) -> Iterable[tuple[str, int]]:
    """Yield each whole word in the text with the position after it. ``glued``: also at the end of a key."""
    said = [word for word in words if word in low]
    return _occurrences(low, said, glued=glued) if said else ()


def _occurrences(low: str, said: list[str], *, glued: bool) -> Iterator[tuple[str, int]]:
    for word in said:
        at = low.find(word)
        while at >= 0:
            end = at + len(word)
            before, after = low[at - 1 : at] if at else "", low[end : end + 1]
            if not (before.isalnum() or (before == "_" and not glued) or after.isalnum() or after in {"_", "-"}):
                charge(0.25)
                yield word, end
            at = low.find(word, end)


def splice(text: str, spans: list[Span]) -> str:
    """Replace the spans. Of two overlapping spans the first wins."""
    if not spans:
        return text
    out: list[str] = []
    done = 0
    for start, end, marker in sorted(spans):
        if start >= done:
            out += (text[done:start], marker)
            done = end
    out.append(text[done:])
    return "".join(out)
