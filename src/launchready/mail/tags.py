"""``name=value`` fields between semicolons, as MTA-STS, TLS-RPT and BIMI use them (RFC 8460, RFC 8461)."""

import difflib
from collections.abc import Iterable

MAX_CHARACTERS = 10_000
"""The rest of a longer record is not read. No real record comes near: a DNS answer of this size is often lost."""
TOO_LONG = f"the record is longer than {MAX_CHARACTERS} characters: receivers may not read it"


def versioned(txts: Iterable[str], version: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The records of this version, and the texts that were probably meant as one.

    The version must be exact, come first, and be followed by a semicolon. Other texts belong to something else.
    """
    records, unread = [], []
    for text in txts:
        head, semicolon, _ = text.partition(";")
        if head.rstrip(" \t") == f"v={version}" and semicolon:
            records.append(text)
        elif near_version(text, version) or misplaced_version(text, version):
            unread.append(text)
    return tuple(records), tuple(unread)


def near_version(text: str, version: str) -> bool:
    """Whether the text begins like a record of this version, but misspells it or has nothing behind it."""
    name, _, value = text[:40].partition(";")[0].partition("=")
    return name.strip().lower() == "v" and difflib.SequenceMatcher(None, value.strip(), version).ratio() > 0.7


def misplaced_version(text: str, version: str) -> bool:
    """Whether the version stands near the beginning, in another spelling or behind other characters."""
    start = text[:MAX_CHARACTERS].lower().replace(" ", "")
    return version.lower().rstrip("1") in start[: len(version) + 6]


def fields(record: str) -> tuple[dict[str, str], list[str]]:
    """The fields after the version (the first of each name), and the problems."""
    found: dict[str, str] = {}
    problems = [TOO_LONG] if len(record) > MAX_CHARACTERS else []
    for part in record[:MAX_CHARACTERS].split(";")[1:]:
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        if not name and not equals:
            continue
        if not equals or not name:
            problems.append(f"{part.strip()!r} is not a field with a value")
        elif name in found:
            problems.append(f"{name} is given twice")
        else:
            found[name] = value
    return found, problems
