"""Scans one file, one git object or one change, and yields hits with their lines."""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from launchready.secrets.decoding import DecodedText, decode_all, is_archive
from launchready.secrets.file_context import FileContext, context_of
from launchready.secrets.git import Blobs
from launchready.secrets.hits import Unread, without_overlaps
from launchready.secrets.patches import AddedLines, Change
from launchready.secrets.prescan import may_hold_secret
from launchready.secrets.private_keys import private_keys
from launchready.secrets.scan_text import find_secrets
from launchready.secrets.vendor_tokens import vendor_keys

MAX_HELD = 64 << 20
"""Maximum bytes of one file in memory."""
WINDOW = 8 << 20
OVERLAP = 64 << 10
MAX_READ = 1 << 30
"""Maximum bytes scanned of one file."""
_PRINTABLE = re.compile(rb"[\x20-\x7e]{12,}")


class Hit(NamedTuple):
    """A secret at a place, before deduplication."""

    path: str
    line: int
    commit: str
    rule: str
    value: str


def scan_bytes(path: str, content: bytes) -> Iterator[Hit | Unread]:
    """Yield every hit in a file's bytes, or in the members of an archive."""
    for item in decode_all(path, content):
        if isinstance(item, Unread):
            yield item
        else:
            yield from _text(item)


def _text(item: DecodedText, first: int = 1) -> Iterator[Hit]:
    if item.binary:
        text = b"\n".join(_PRINTABLE.findall(item.text.encode("latin-1"))).decode()
        for one in without_overlaps((private_keys(text), vendor_keys(text))):
            yield Hit(item.path, 0, "", one.rule, one.value)
        return
    at, line = 0, first
    for one in sorted(find_secrets(item.text, context_of(item.path)), key=lambda one: one.start):
        line += item.text.count("\n", at, one.start)
        at = one.start
        yield Hit(item.path, line, "", one.rule, one.value)


def scan_stream(path: str, file: IO[bytes], size: int) -> Iterator[Hit | Unread]:
    """Scan a file of any size: small files and archives whole, others in windows."""
    head = file.read(WINDOW)
    if size <= WINDOW:
        yield from scan_bytes(path, head)
        return
    if is_archive(head):
        if size > MAX_HELD:
            yield Unread(path, f"an archive of {size >> 20} MB: only archives up to {MAX_HELD >> 20} MB are scanned")
            return
        yield from scan_bytes(path, head + file.read())
        return
    yield from _windows(path, file, head, size)


def _windows(path: str, file: IO[bytes], head: bytes, size: int) -> Iterator[Hit | Unread]:
    """Scan overlapping windows, so that one window has every secret whole. Windows of zeros are skipped."""
    window, read, line = head, len(head), 1
    while window:
        whole = _whole_lines(window) if read < size else window
        if whole.strip(b"\0"):
            for item in decode_all(path, whole):
                if not isinstance(item, Unread):
                    yield from _text(item, line)
        if read >= MAX_READ:
            if read < size:
                yield Unread(path, f"{size >> 20} MB: only the first {MAX_READ >> 20} MB were scanned")
            return
        more = file.read(WINDOW)
        if not more:
            return
        read += len(more)
        keep = max(0, len(whole) - OVERLAP)
        line += window.count(b"\n", 0, keep)
        window = window[keep:] + more


def _whole_lines(window: bytes) -> bytes:
    """Cut off the last partial line, because half a key would match another rule."""
    end = window.rfind(b"\n", len(window) - OVERLAP) if b"\0" not in window[:OVERLAP] else -1
    return window[: end + 1] if end > 0 else window


def scan_change(one: Change, blobs: Blobs, seen: set[tuple[str, str]]) -> Iterator[Hit | Unread]:
    """Yield every hit that a commit added to a file. ``seen``: (path, id) of files already scanned whole."""
    where = context_of(one.path)
    if one.binary:
        yield from scan_git_object(one.path, one.blob, one.commit, blobs, seen)
        return
    if b"\n+" not in one.patch:
        return
    new = b"\nnew file mode" in one.patch[:1024] or not _needs_neighbours(where)
    if new and not may_hold_secret(one.patch, where):
        return
    added = AddedLines(one)
    hits = {(found.rule, found.value): added.line(found.start) for found in find_secrets(added.text, where)}
    if not new and one.columns == 1:
        hits |= _in_context(one, where, added, blobs)
    for (rule, value), line in hits.items():
        yield Hit(one.path, line, one.commit, rule, value)


def _needs_neighbours(where: FileContext) -> bool:
    """Whether a line of this file is ambiguous without its neighbours."""
    return (
        where.xml or where.credentials or where.path.endswith((".yml", ".yaml", ".json", ".tf", ".pem", ".key", ".sql"))
    )


def _in_context(one: Change, where: FileContext, added: AddedLines, blobs: Blobs) -> dict[tuple[str, str], int]:
    """Return hits on added lines that only the whole file reveals."""
    read = blobs.read(one.blob) if one.blob.strip("0") else None
    if read is None:
        return {}
    text = read[0].decode("utf-8", "replace")
    return {
        (found.rule, found.value): text.count("\n", 0, found.start) + 1
        for found in find_secrets(text, where)
        if found.value.split("\n", 1)[0] in added.text
    }


def scan_git_object(
    path: str, name: str, commit: str, blobs: Blobs, seen: set[tuple[str, str]]
) -> Iterator[Hit | Unread]:
    """Scan a whole file of a commit, once."""
    if not name.strip("0") or (path, name) in seen:
        return
    seen.add((path, name))
    read = blobs.read(name)
    if read is None:
        yield blobs.missing(path, name, commit)
        return
    content, whole = read
    if not whole:
        yield Unread(path, f"more than {MAX_HELD >> 20} MB: the rest was not scanned")
    for item in scan_bytes(path, content):
        yield item._replace(commit=commit) if isinstance(item, Hit) else item
