"""Find leaks in an existing log: class and line of each value, never the value.

::

    with open("app.log", "rb") as log:
        for leak in launchready.redaction.scan(log):
            print(leak.line, leak.kind, leak.count)

The rules are those that would have kept the line clean. Markers already in a line are not counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from launchready.redaction.log_record import current_redactor
from launchready.redaction.text import Redactor
from launchready.redaction.text.markers import marker_classes

_KEY = re.compile(r"-----(BEGIN|END) (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")

UNREAD_KIND = "redacted"
"""Class of a line that could not be read to its end."""


@dataclass(frozen=True, slots=True)
class LogLeak:
    """One class of values in one line. ``line`` counts from 1."""

    line: int
    kind: str
    count: int


def scan(lines: Iterable[str | bytes], redactor: Redactor | None = None) -> Iterator[LogLeak]:
    """Yield the leaks of the lines in their order, and keep nothing of them.

    - Bytes are read as UTF-8. Invalid bytes stay in place and hide nothing.
    - A private key on several lines is one value, at the line where it begins.
    - A line that could not be read to its end has the class ``redacted``.
    """
    read = redactor or current_redactor()
    within = False
    for number, line in enumerate(lines, 1):
        text = line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line
        edges: list[str] = _KEY.findall(text) if "PRIVATE KEY" in text else []
        if within and "BEGIN" not in edges:
            within = "END" not in edges
            continue
        within = bool(edges) and edges[-1] == "BEGIN"
        cleaned = read.text(text)
        if cleaned is text:
            continue
        found = Counter(marker_classes(cleaned))
        found.subtract(marker_classes(text))
        yield from (LogLeak(number, kind, count) for kind, count in found.items() if count > 0)
