"""Regular expressions that are compiled when they are first needed: a hook before a commit needs few of them."""

import re
from functools import cached_property


class Form:
    """One expression; ``re`` is its pattern."""

    def __init__(self, source: str) -> None:
        self._source = source

    @cached_property
    def re(self) -> re.Pattern[str]:
        return re.compile(self._source)
