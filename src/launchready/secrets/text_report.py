"""Formats leaks for a terminal: by kind, most severe first, each secret once with its places, masked."""

from collections.abc import Iterator, Sequence

from launchready.secrets.hits import Unread
from launchready.secrets.leak import Leak, mask

RED, YELLOW, GREY, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[90m", "\x1b[0m"
MAX_PLACES = 6
INDENT = " " * 9

Groups = dict[str, dict[str, list[Leak]]]
"""Leaks by rule, then by fingerprint."""


def render(leaks: Sequence[Leak], unread: Sequence[Unread], accepted: int, *, color: bool = False) -> str:
    """Return the report: a summary line, each kind with its secrets and steps, then the unread files."""
    groups: Groups = {}
    for leak in leaks:
        groups.setdefault(leak.rule, {}).setdefault(leak.fingerprint, []).append(leak)
    lines = [_headline(groups, unread, accepted)]
    for group in groups.values():
        lines += ["", *_kind(list(group.values()), color=color)]
    if unread:
        lines += ["", "Not read:", *(f"  {clean(one.path)}: {clean(one.reason)}" for one in unread)]
    return "\n".join(lines) + "\n"


def _headline(groups: Groups, unread: Sequence[Unread], accepted: int) -> str:
    secrets = [group[0] for kind in groups.values() for group in kind.values()]
    past = sum(not one.in_files for one in secrets)
    count = len(secrets)
    verdict = "No secrets found" if not count else "1 secret found" if count == 1 else f"{count} secrets found"
    parts = [verdict + (f", {past} of them only in the history" if past else "")]
    parts += [f"{accepted} accepted for now"] if accepted else []
    parts += [f"{len(unread)} could not be read"] if unread else []
    return "; ".join(parts) + "."


def _kind(secrets: Sequence[Sequence[Leak]], *, color: bool) -> Iterator[str]:
    first = secrets[0][0]
    paint = RED if first.severity == "critical" else YELLOW
    grey, plain = (GREY, PLAIN) if color else ("", "")
    yield f"{paint if color else ''}{first.severity.upper():<8}{plain} {first.rule}: anyone who has it {first.opens}."
    for places in secrets:
        yield f"{INDENT}{clean(mask(places[0].value))}  {grey}{places[0].fingerprint}{plain}"
        for leak in places[:MAX_PLACES]:
            line = f":{leak.line}" if leak.line else ""
            since = f"  (commit {leak.commit[:12]})" if leak.commit else ""
            yield f"{INDENT}  {clean(leak.path)}{line}{since}"
        if len(places) > MAX_PLACES:
            yield f"{INDENT}  and {len(places) - MAX_PLACES} more places"
    # The longest advice covers secrets in the history as well.
    yield from (
        f"{INDENT}{step}" for step in max((places[0].steps for places in secrets), key=lambda one: sum(map(len, one)))
    )


def clean(text: str) -> str:
    """Replace control characters: a file name must not move the cursor."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
