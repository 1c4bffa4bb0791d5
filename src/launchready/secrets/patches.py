"""What commits brought: the added lines of every file, merges included, from ``git log -p --cc``.

A merge is shown against all its parents at once (a combined diff): what only the merge brought stands there with a
plus for each parent, and what came from one side was seen in that side's own commits.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from launchready.secrets.hits import Unread

PATCH = (
    "-p", "-U0", "-M100%", "-l0", "--full-index", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-color",
    "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--inter-hunk-context=0", "--no-relative",
)  # fmt: skip
LOG = (
    "log", "--stdin", "--no-walk=unsorted", "--format=raw", "--cc", "--root", "--no-show-signature", "--no-notes",
    "--no-decorate", "--encoding=UTF-8",
    *PATCH,
)  # fmt: skip
_HUNK = re.compile(rb"@@+ (?:-\S+ )+\+(\d+)(?:,\d+)? @@")
_INDEX = re.compile(rb"\nindex [0-9a-f,]+\.\.([0-9a-f]{40,64})")


MOST = 64 << 20
"""Bytes of one file's change that are held at once."""


class Change(NamedTuple):
    """What one commit did to one file. ``patch``: the raw section. ``columns``: plus signs on a new line."""

    commit: str
    path: str
    patch: bytes
    columns: int

    @property
    def blob(self) -> str:
        """The new content's name, where the section says it."""
        found = _INDEX.search(self.patch[:4096])
        return found.group(1).decode() if found else ""

    @property
    def binary(self) -> bool:
        return b"\nBinary files " in self.patch[:4096]


class Message(NamedTuple):
    """The message of a commit."""

    commit: str
    text: bytes


class Added:
    """The added lines of a change as one text, and the line of the file for any position in it."""

    def __init__(self, change: Change) -> None:
        sign = b"+" * change.columns
        out: list[bytes] = []
        starts: list[int] = []
        numbers: list[int] = []
        number = length = 0
        began = False
        for line in change.patch.split(b"\n"):
            if line.startswith(b"@@"):
                found = _HUNK.match(line)
                if found:
                    number, began = int(found.group(1)), True
            elif not began:
                continue
            elif line.startswith(sign):
                starts.append(length)
                numbers.append(number)
                body = line[change.columns :]
                out.append(body)
                length += len(body.decode("utf-8", "replace")) + 1
                number += 1
            elif line[:1] in (b"+", b" "):
                number += b"-" not in line[: change.columns]
        self.text = b"\n".join(out).decode("utf-8", "replace")
        self._starts, self._numbers = starts, numbers

    def line(self, at: int) -> int:
        """The line number of a position."""
        return self._numbers[bisect_right(self._starts, at) - 1] if self._numbers else 0


def changes(pieces: Iterable[bytes]) -> Iterator[Change | Message | Unread]:
    """Reads the output of git as it comes; holds one file's section at a time, up to a bound."""
    commit, parents, path = "", 0, ""
    for section in sections(pieces):
        if section.startswith(b"commit "):
            head, _, message = section.partition(b"\n\n")
            commit = head[7:].split(b"\n", 1)[0].split(b" ")[0].decode()
            parents = head.count(b"\nparent ")
            yield Message(commit, message)
        elif section.startswith(b"diff --"):
            combined = not section.startswith(b"diff --git")
            path = _path(section)
            yield Change(commit, path, section, max(1, parents) if combined else 1)
        elif section.strip():
            where = f" (commit {commit[:12]})" if commit else ""
            yield Unread(path, f"more than {MOST >> 20} MB changed at once{where}: the rest was not looked at")


def sections(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut before each line that begins a commit or a file. No line of a diff or of a message begins so by itself.

    A section above the bound is given as far as it came; the rest of it is a section that begins like none.
    """
    rest = b""
    for piece in pieces:
        looked = max(0, len(rest) - _LONGEST)
        rest += piece
        cut = 0
        for found in _BOUNDARY.finditer(rest, looked):
            yield rest[cut : found.start()]
            cut = found.end()
        rest = rest[cut:]
        if len(rest) > MOST:
            yield rest
            rest = b" "
    if rest.strip():
        yield rest


_BOUNDARY = re.compile(rb"\n(?=commit [0-9a-f]{40,64}[\n ]|diff --git |diff --cc |diff --combined )")
_LONGEST = 80
"""Bytes that a boundary takes at most."""


def _path(section: bytes) -> str:
    """The new path: from ``+++``, else from the first line."""
    at = section.find(b"\n+++ ", 0, 8192)
    if at >= 0:
        line = section[at + 5 : section.find(b"\n", at + 5)]
    else:
        first = section[: section.find(b"\n")] if b"\n" in section else section
        if first.startswith(b"diff --git "):
            names = first[11:]
            line = b"b/" + names[len(names) // 2 + 3 :] if not names.startswith(b'"') else names[len(names) // 2 + 1 :]
        else:
            line = b"b/" + first.split(b" ", 2)[-1]
    line = line.split(b"\t")[0]
    if line.startswith(b'"'):
        line = _QUOTED.sub(_plain, line[1:].removesuffix(b'"'))
    return line.removeprefix(b"b/").decode("utf-8", "replace")


_QUOTED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def _plain(found: re.Match[bytes]) -> bytes:
    """One character of a name that git wrote in quotes, as C would."""
    code = found.group(1)
    value = int(code, 8) & 255 if len(code) == 3 else _ESCAPES.get(code[0], code[0])
    return bytes((value,))
