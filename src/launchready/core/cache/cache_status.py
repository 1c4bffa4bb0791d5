"""Cache-Status (RFC 9211): the member that this cache appends to the field."""

FIELD = b"cache-status"

MISS = (FIELD, b"launchready; fwd=uri-miss")
MISS_STORED = (FIELD, b"launchready; fwd=uri-miss; stored")
COLLAPSED = (FIELD, b"launchready; fwd=uri-miss; collapsed")
METHOD = (FIELD, b"launchready; fwd=method")


def forwarded(why: bytes, detail: bytes = b"", *, status: int = 0, stored: bool = False) -> tuple[bytes, bytes]:
    """A ``fwd=...`` member. ``status``: the app's status, if the client got another one (section 2.3)."""
    value = b"launchready; fwd=" + why
    if status:
        value += b"; fwd-status=%d" % status
    if stored:
        value += b"; stored"
    if detail:
        value += b"; detail=" + detail
    return FIELD, value


def hit(ttl: int, detail: bytes = b"") -> tuple[bytes, bytes]:
    """A ``hit`` member. The ttl is negative for a stale response (section 2.4)."""
    value = b"launchready; hit; ttl=%d" % ttl
    return FIELD, value + b"; detail=" + detail if detail else value
