"""Merges the hits of one scan: one entry per secret and path, with its oldest commit and its current lines."""

from collections.abc import Iterator, Mapping

from launchready.secrets.scan_blob import Hit

Key = tuple[str, str, str]


class HitIndex:
    """Hits by path, rule and value. ``order`` maps commits to their age (0 = newest); set it before adding hits of the
    history.
    """

    def __init__(self) -> None:
        self.order: Mapping[str, int] = {}
        self._hits: dict[Key, Hit] = {}
        self._lines: dict[Key, set[int]] = {}
        self._now: set[tuple[str, str]] = set()

    def add(self, hit: Hit) -> None:
        """Add one hit. The index keeps the lines in the files and the oldest commit."""
        key = (hit.path, hit.rule, hit.value)
        if not hit.commit:
            self._now.add((hit.rule, hit.value))
            self._lines.setdefault(key, set()).add(hit.line)
        known = self._hits.get(key)
        self._hits[key] = hit if known is None else self._older(known, hit)

    def _older(self, known: Hit, hit: Hit) -> Hit:
        if known.commit and hit.commit:
            return max(known, hit, key=lambda one: self.order.get(one.commit, -1))
        here, other = (hit, known) if known.commit else (known, hit)
        return here._replace(commit=other.commit)

    def __iter__(self) -> Iterator[tuple[Hit, bool]]:
        """Yield each place once, with True if the secret is in the files now."""
        for key, hit in self._hits.items():
            now = (hit.rule, hit.value) in self._now
            for line in sorted(self._lines.get(key, (hit.line,))):
                yield hit._replace(line=line), now

    def __bool__(self) -> bool:
        return bool(self._hits)

    def hits(self) -> list[Hit]:
        return list(self._hits.values())
