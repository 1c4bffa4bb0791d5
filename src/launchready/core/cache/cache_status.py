"""Cache-Status (RFC 9211): one member that says what this cache did, after what a cache behind it may have said."""

FIELD = b"cache-status"

MISS = (FIELD, b"launchready; fwd=uri-miss")
MISS_STORED = (FIELD, b"launchready; fwd=uri-miss; stored")
COLLAPSED = (FIELD, b"launchready; fwd=uri-miss; collapsed")
METHOD = (FIELD, b"launchready; fwd=method")


def forwarded(why: bytes, detail: bytes = b"", *, status: int = 0, stored: bool = False) -> tuple[bytes, bytes]:
    """``fwd=...``. ``status``: what the app answered, where the client got something else (§2.3)."""
    value = b"launchready; fwd=" + why
    if status:
        value += b"; fwd-status=%d" % status
    if stored:
        value += b"; stored"
    if detail:
        value += b"; detail=" + detail
    return FIELD, value


def hit(ttl: int, detail: bytes = b"") -> tuple[bytes, bytes]:
    """``hit``. The ttl is negative where a stale answer was used (§2.4)."""
    value = b"launchready; hit; ttl=%d" % ttl
    return FIELD, value + b"; detail=" + detail if detail else value
