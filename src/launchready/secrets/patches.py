"""Parses the lines that commits added, merges included, from ``git log -p --cc``.

A merge is shown against all its parents (a combined diff). Lines that only the merge added have a plus sign per parent;
lines of one side belong to that side's own commits.
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


MAX_SECTION = 64 << 20
"""Maximum bytes of one file's change in memory."""


class Change(NamedTuple):
    """One commit's change to one file. ``patch``: the raw section. ``columns``: plus signs on an added line."""

    commit: str
    path: str
    patch: bytes
    columns: int

    @property
    def blob(self) -> str:
        """The id of the new content, if the section has it."""
        found = _INDEX.search(self.patch[:4096])
        return found.group(1).decode() if found else ""

    @property
    def binary(self) -> bool:
        return b"\nBinary files " in self.patch[:4096]


class Message(NamedTuple):
    """The message of a commit."""

    commit: str
    text: bytes


class AddedLines:
    """The added lines of a change as one text, with the file's line number for each position."""

    def __init__(self, change: Change) -> None:
        sign = b"+" * change.columns
        out: list[bytes] = []
        starts: list[int] = []
        numbers: list[int] = []
        number = length = 0
        in_hunk = False
        for line in change.patch.split(b"\n"):
            if line.startswith(b"@@"):
                found = _HUNK.match(line)
                if found:
                    number, in_hunk = int(found.group(1)), True
            elif not in_hunk:
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
        """Return the line number of a position."""
        return self._numbers[bisect_right(self._starts, at) - 1] if self._numbers else 0


def parse_log(pieces: Iterable[bytes]) -> Iterator[Change | Message | Unread]:
    """Parse git's output as it arrives. Holds one file's section at a time, up to ``MAX_SECTION``."""
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
            yield Unread(path, f"more than {MAX_SECTION >> 20} MB changed at once{where}: the rest was not scanned")


def sections(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Split before each line that begins a commit or a file. Diff and message lines never begin that way.

    A section over the bound is yielded up to the bound; the remainder follows as a section without a header.
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
        if len(rest) > MAX_SECTION:
            yield rest
            rest = b" "
    if rest.strip():
        yield rest


_BOUNDARY = re.compile(rb"\n(?=commit [0-9a-f]{40,64}[\n ]|diff --git |diff --cc |diff --combined )")
_LONGEST = 80
"""Maximum bytes of a boundary."""


def _path(section: bytes) -> str:
    """Return the new path: from ``+++``, else from the first line."""
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
        line = _QUOTED.sub(_unescape, line[1:].removesuffix(b'"'))
    return line.removeprefix(b"b/").decode("utf-8", "replace")


_QUOTED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def _unescape(found: re.Match[bytes]) -> bytes:
    """Decode one escape sequence of a quoted file name, as in C."""
    code = found.group(1)
    value = int(code, 8) & 255 if len(code) == 3 else _ESCAPES.get(code[0], code[0])
    return bytes((value,))
