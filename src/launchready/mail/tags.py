"""``name=value`` fields between semicolons: the form that the younger mail standards share (RFC 8460, RFC 8461)."""

from collections.abc import Iterable

MAX_CHARACTERS = 10_000
"""The rest of a longer record is not read. No real record comes near: a DNS answer of this size is often lost."""
TOO_LONG = f"the record is longer than {MAX_CHARACTERS} characters: receivers may not read it"


def versioned(txts: Iterable[str], version: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts that are records of this version, and those that were meant to be and are not.

    The version is exact, stands first, and is followed by a semicolon; every other text is somebody else's.
    """
    records, unread = [], []
    for text in txts:
        head, semicolon, _ = text.partition(";")
        if head.rstrip(" \t") == f"v={version}" and semicolon:
            records.append(text)
        elif version.lower().rstrip("1") in text[:MAX_CHARACTERS].lower().replace(" ", "")[: len(version) + 6]:
            unread.append(text)
    return tuple(records), tuple(unread)


def fields(record: str) -> tuple[dict[str, str], list[str]]:
    """The fields behind the version, the first of each name, and what cannot be read."""
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
