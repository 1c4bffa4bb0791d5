"""A pattern that is compiled when it is first asked: a process that never logs a card pays for no pattern of cards."""

import re
from collections.abc import Callable, Iterator
from typing import Any


class Late:
    """A regular expression with the methods of ``re.Pattern`` that redaction uses, at the price of ``re.Pattern``."""

    match: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    finditer: Callable[..., Iterator[re.Match[str]]]
    findall: Callable[..., list[Any]]
    sub: Callable[..., str]

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> object:
        # Only an attribute that is not there yet comes here: from the second call on, each is the compiled pattern's.
        compiled = re.compile(self.pattern, self.flags)
        for method in ("match", "fullmatch", "search", "finditer", "findall", "sub"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
