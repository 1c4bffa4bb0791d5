"""Certificates: the host names that one covers (RFC 9525), and the share of its life that is left.

The lifetime of certificates shrinks (200 days at most since 2026-03-15, 100 from 2027, 47 from 2029, 6 on request).
So a fixed "30 days before" is wrong; the share that is left decides.
"""

from collections.abc import Iterable

DAY = 86_400.0
# Renewal tools start when a third of the life is left. Below a fifth, a renewal has failed.
OVERDUE = 0.20
LAST_HOURS = 72 * 3600.0


def covers(names: Iterable[str], host: str) -> bool:
    """Whether a name of the certificate is ``host``, or a wildcard for it.

    A wildcard is the whole first label and stands for exactly one label (RFC 9525 section 6.3).
    """
    host = host.lower().rstrip(".")
    _, _, parent = host.partition(".")
    for name in names:
        shown = name.lower().rstrip(".")
        if shown == host or (shown.startswith("*.") and parent and shown[2:] == parent and "." in parent):
            return True
    return False


def left(not_before: float, not_after: float, now: float) -> tuple[float, float]:
    """The remaining validity in seconds (negative: expired), and as a share of the whole life."""
    seconds = not_after - now
    whole = not_after - not_before
    return seconds, (seconds / whole if whole > 0 else 0.0)
