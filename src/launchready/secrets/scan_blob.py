"""One file, one blob, one change: every hit in it, with its line."""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from launchready.secrets.decoding import Text, archive, texts
from launchready.secrets.file_context import Place, place
from launchready.secrets.git import Blobs
from launchready.secrets.hits import Unread, settled
from launchready.secrets.patches import Added, Change
from launchready.secrets.prescan import worth
from launchready.secrets.private_keys import blocks
from launchready.secrets.scan_text import find
from launchready.secrets.vendor_tokens import tokens

WHOLE = 64 << 20
"""Bytes of one file that are held at once."""
WINDOW = 8 << 20
OVERLAP = 64 << 10
MOST_READ = 1 << 30
"""Bytes of one file that are looked at."""
_PRINTABLE = re.compile(rb"[\x20-\x7e]{12,}")


class Hit(NamedTuple):
    """A secret at a place, before it is told apart from what is known."""

    path: str
    line: int
    commit: str
    rule: str
    value: str


def data(path: str, content: bytes) -> Iterator[Hit | Unread]:
    """Every hit in the bytes of a file or of what it packs."""
    for item in texts(path, content):
        if isinstance(item, Unread):
            yield item
        else:
            yield from _text(item)


def _text(item: Text, first: int = 1) -> Iterator[Hit]:
    if item.binary:
        text = b"\n".join(_PRINTABLE.findall(item.text.encode("latin-1"))).decode()
        for one in settled((blocks(text), tokens(text))):
            yield Hit(item.path, 0, "", one.rule, one.value)
        return
    at, line = 0, first
    for one in sorted(find(item.text, place(item.path)), key=lambda one: one.start):
        line += item.text.count("\n", at, one.start)
        at = one.start
        yield Hit(item.path, line, "", one.rule, one.value)


def stream(path: str, file: IO[bytes], size: int) -> Iterator[Hit | Unread]:
    """A file of any size: whole when it is small or an archive, else window by window."""
    head = file.read(WINDOW)
    if size <= WINDOW:
        yield from data(path, head)
        return
    if archive(head):
        if size > WHOLE:
            yield Unread(path, f"an archive of {size >> 20} MB: only those up to {WHOLE >> 20} MB are looked into")
            return
        yield from data(path, head + file.read())
        return
    yield from _windows(path, file, head, size)


def _windows(path: str, file: IO[bytes], head: bytes, size: int) -> Iterator[Hit | Unread]:
    """Overlapping windows, so that a secret on a border is whole in one of them; zeros cost a glance."""
    window, read, line = head, len(head), 1
    while window:
        whole = _whole_lines(window) if read < size else window
        if whole.strip(b"\0"):
            for item in texts(path, whole):
                if not isinstance(item, Unread):
                    yield from _text(item, line)
        if read >= MOST_READ:
            if read < size:
                yield Unread(path, f"{size >> 20} MB: only the first {MOST_READ >> 20} MB were looked at")
            return
        more = file.read(WINDOW)
        if not more:
            return
        read += len(more)
        keep = max(0, len(whole) - OVERLAP)
        line += window.count(b"\n", 0, keep)
        window = window[keep:] + more


def _whole_lines(window: bytes) -> bytes:
    """Without the line that the window cuts, where lines are short: half a key would be another key."""
    end = window.rfind(b"\n", len(window) - OVERLAP) if b"\0" not in window[:OVERLAP] else -1
    return window[: end + 1] if end > 0 else window


def change(one: Change, blobs: Blobs, seen: set[tuple[str, str]]) -> Iterator[Hit | Unread]:
    """Every hit in what a commit brought to a file. ``seen``: files already looked at as a whole, by path and name."""
    where = place(one.path)
    if one.binary:
        yield from blob(one.path, one.blob, one.commit, blobs, seen)
        return
    if b"\n+" not in one.patch:
        return
    new = b"\nnew file mode" in one.patch[:1024] or not _shaped(where)
    if new and not worth(one.patch, where):
        return
    added = Added(one)
    hits = {(found.rule, found.value): added.line(found.start) for found in find(added.text, where)}
    if not new and one.columns == 1:
        hits |= _in_context(one, where, added, blobs)
    for (rule, value), line in hits.items():
        yield Hit(one.path, line, one.commit, rule, value)


def _shaped(where: Place) -> bool:
    """Whether a line of this file needs its neighbours to be understood."""
    return (
        where.xml or where.credentials or where.path.endswith((".yml", ".yaml", ".json", ".tf", ".pem", ".key", ".sql"))
    )


def _in_context(one: Change, where: Place, added: Added, blobs: Blobs) -> dict[tuple[str, str], int]:
    """What shows only in the whole file, and stands on an added line."""
    read = blobs.read(one.blob) if one.blob.strip("0") else None
    if read is None:
        return {}
    text = read[0].decode("utf-8", "replace")
    return {
        (found.rule, found.value): text.count("\n", 0, found.start) + 1
        for found in find(text, where)
        if found.value.split("\n", 1)[0] in added.text
    }


def blob(path: str, name: str, commit: str, blobs: Blobs, seen: set[tuple[str, str]]) -> Iterator[Hit | Unread]:
    """A whole file of a commit, once."""
    if not name.strip("0") or (path, name) in seen:
        return
    seen.add((path, name))
    read = blobs.read(name)
    if read is None:
        yield blobs.missing(path, name, commit)
        return
    content, whole = read
    if not whole:
        yield Unread(path, f"more than {WHOLE >> 20} MB: the rest was not looked at")
    for item in data(path, content):
        yield item._replace(commit=commit) if isinstance(item, Hit) else item
