"""Certificates: which host names one covers (RFC 9525), and how much of its life is left.

The life of a certificate shrinks (200 days at most since 2026-03-15, 100 from 2027, 47 from 2029, 6 on request), so
a fixed "30 days before" is wrong: what counts is the share that is left.
"""

from collections.abc import Iterable

DAY = 86_400.0
# Renewal tools start with a third of the life left; below a fifth, one that should have run has not.
OVERDUE = 0.20
LAST_HOURS = 72 * 3600.0


def covers(names: Iterable[str], host: str) -> bool:
    """Whether one of the names of a certificate is ``host``, or a wildcard for it.

    A wildcard is the whole first label, and stands for exactly one (RFC 9525 section 6.3).
    """
    host = host.lower().rstrip(".")
    _, _, parent = host.partition(".")
    for name in names:
        shown = name.lower().rstrip(".")
        if shown == host or (shown.startswith("*.") and parent and shown[2:] == parent and "." in parent):
            return True
    return False


def left(not_before: float, not_after: float, now: float) -> tuple[float, float]:
    """Seconds of validity that are left (negative: expired), and the share of the whole life they are."""
    seconds = not_after - now
    whole = not_after - not_before
    return seconds, (seconds / whole if whole > 0 else 0.0)
