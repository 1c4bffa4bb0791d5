"""How a process hears that an entry which another one holds has ended: written to its end, or removed.

What is heard is a hint. Whoever waits looks for himself when he hears, and also when he has heard nothing for a while:
a word that was lost costs time, and never an answer.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from launchready.exchange.store import Space, StoreOp


class Subscribe(StoreOp[bool]):
    """Ask that the end of an entry be told to every listener that there is by now: its Settle, Replace or Delete.

    False: the entry has not this version any more, so there is nothing to wait for. Nobody is told of an entry that
    nobody expects: a store tells where somebody waits, and pays for it only there.
    """

    __slots__ = ("key", "space", "version")

    def __init__(self, space: Space[Any], key: str, version: int) -> None:
        self.space = space
        self.key = key
        self.version = version


class Listener(Protocol):
    """One process's ear at a store. Made by its ``listen``, which raises StoreError where there is nothing to hear.

    - It hears whatever ends after it was made. One thread uses it; any thread may close it.
    - ``asks``: an entry is told of after an Expect only. A store that can tell nobody looks by itself instead, at all
      that is ``expected`` at once.
    """

    asks: bool

    def hear(self, expected: dict[bytes, int], within: float) -> Iterable[bytes]:
        """The digests of what ended, as soon as anything did; nothing after so many seconds.

        ``expected``: the versions that are waited on, by digest. Raises StoreError when it hears nothing any more.
        """

    def close(self) -> None:
        """Let go, and wait until whoever listens has done so. A second time is nothing."""
