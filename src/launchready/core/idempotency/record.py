"""The record stored under a key, and its binary form."""

from collections.abc import Callable
from struct import Struct, error

from launchready.exchange.operations import allocate
from launchready.exchange.store import Space
from launchready.http.message import Headers, Response

REPLAYED = (b"idempotent-replayed", b"true")

RUNNING, NOT_KEPT, UNREADABLE = 0, -1, -2
"""In place of a status: no answer yet; answered, but not kept; not written by us, or under another secret."""

# A replay repeats the answer, not the connection: RFC 9110 section 7.6.1, and fields of one client or one moment.
_NOT_STORED = frozenset(
    {
        b"set-cookie", b"date", b"server", b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip


class ClaimRecord:
    """One key's state.

    - ``token``: names the attempt that wrote the record, so an attempt recognises its own claim and its own answer.
    - ``lease``: seconds after the last renewal for which the holder counts as alive.
    - ``elapsed``: seconds from the first claim of the key to this write.
    - ``sealed_root``: the digest that downstream keys derive from, readable with the secret alone (``seal_root``).
    - ``owner``: digests of the credentials that may read the answer (see ``owner``); empty where a scope says so.
    - ``id``: the digest under which it is stored; ``name``: the digest of the key alone; ``route``: where the key was
      used. Shown by ``launchready idempotency ls``.
    """

    __slots__ = (
        "body", "elapsed", "fingerprint", "headers", "id", "lease", "name", "owner", "route", "sealed_root",
        "status", "token",
    )  # fmt: skip

    def __init__(
        self, fingerprint: bytes, status: int = RUNNING, headers: Headers | None = None, body: bytes = b"", *,
        token: str = "", id: str = "", name: str = "", route: str = "", elapsed: float = 0.0,
        lease: float = 0.0, owner: bytes = b"", sealed_root: str = "",
    ) -> None:  # fmt: skip
        self.fingerprint = fingerprint
        self.status = status
        self.headers = headers or []
        self.body = body
        self.token = token
        self.id = id
        self.name = name
        self.route = route
        self.elapsed = elapsed
        self.lease = lease
        self.owner = owner
        self.sealed_root = sealed_root

    def owns(self, there: "ClaimRecord") -> bool:
        """Whether the stored record is this attempt's own claim, whose handler never ran."""
        return there.token == self.token and there.status == RUNNING

    def later(self, elapsed: float, token: str | None = None) -> "ClaimRecord":
        """The same claim ``elapsed`` seconds after the first one; with a ``token``, the claim of another attempt."""
        return ClaimRecord(
            self.fingerprint, token=self.token if token is None else token, id=self.id, name=self.name,
            route=self.route, elapsed=elapsed, lease=self.lease, owner=self.owner,
            sealed_root=self.sealed_root,
        )  # fmt: skip

    def answered(self, response: Response, owner: bytes | None = None) -> "ClaimRecord":
        """The claim with its answer, where there is a body to keep; ``owner`` once the answer has changed it."""
        answered = allocate(ClaimRecord)
        body = response.body
        if body is None:
            answered.status, answered.headers, answered.body = NOT_KEPT, [], b""
        else:
            answered.status, answered.body = response.status, body
            answered.headers = [pair for pair in response.headers if pair[0] not in _NOT_STORED]
        answered.fingerprint = self.fingerprint
        answered.token = self.token
        answered.id = self.id
        answered.name = self.name
        answered.route = self.route
        answered.elapsed = self.elapsed
        answered.lease = self.lease
        answered.sealed_root = self.sealed_root
        answered.owner = self.owner if owner is None else owner
        return answered


FORM = 2
"""The first byte: the version of this format."""

_head = Struct("<Bhdd7HI")
_HEAD = _head.size


def dump(record: ClaimRecord) -> bytes:
    r"""A head of numbers with the end of each text, the texts, two lines per header line, and the body.

    No JSON and no escapes: every first use writes two records and every replay reads one, so the header lines are one
    split and the body one slice. A line break in a field value comes from a broken app and becomes a space (RFC 9110
    section 5.5).
    """
    headers = record.headers
    lines = b"".join([b"%b\n%b\n" % pair for pair in headers]) if headers else b""
    if lines.count(b"\n") != 2 * len(headers):
        lines = b"".join([b"%b\n%b\n" % (name, value.replace(b"\n", b" ")) for name, value in headers])
    fingerprint, token, id_ = record.fingerprint, record.token.encode(), record.id.encode()
    name, route = record.name.encode(), record.route.encode("utf-8", "surrogatepass")
    to_fingerprint = _HEAD + len(fingerprint)
    to_owner = to_fingerprint + len(record.owner)
    to_token = to_owner + len(token)
    to_id = to_token + len(id_)
    to_name = to_id + len(name)
    to_route = to_name + len(route)
    root = record.sealed_root.encode()
    to_root = to_route + len(root)
    head = _head.pack(
        FORM, record.status, record.elapsed, record.lease, to_fingerprint, to_owner, to_token, to_id, to_name, to_route,
        to_root, to_root + len(lines),
    )  # fmt: skip
    return b"".join((head, fingerprint, record.owner, token, id_, name, route, root, lines, record.body))


def load(data: bytes) -> ClaimRecord:
    """Never raises. An unreadable record counts as a taken key with an unknown outcome."""
    record = allocate(ClaimRecord)
    try:
        (
            form, record.status, record.elapsed, record.lease,
            to_fingerprint, to_owner, to_token, to_id, to_name, to_route, to_root, to_lines,
        ) = _head.unpack_from(data)  # fmt: skip
        if form != FORM or not (
            _HEAD
            <= to_fingerprint
            <= to_owner
            <= to_token
            <= to_id
            <= to_name
            <= to_route
            <= to_root
            <= to_lines
            <= len(data)
        ):
            return ClaimRecord(b"", UNREADABLE)
        record.fingerprint = data[_HEAD:to_fingerprint]
        record.owner = data[to_fingerprint:to_owner]
        record.token = data[to_owner:to_token].decode()
        record.id = data[to_token:to_id].decode()
        record.name = data[to_id:to_name].decode()
        record.route = data[to_name:to_route].decode("utf-8", "surrogatepass")
        record.sealed_root = data[to_route:to_root].decode()
    except (ValueError, TypeError, error):
        return ClaimRecord(b"", UNREADABLE)
    lines = iter(data[to_root:to_lines].split(b"\n"))
    record.headers = list(zip(lines, lines, strict=False))  # text after the last line break has no pair
    record.body = data[to_lines:]
    return record


def _size(record: ClaimRecord) -> int:
    return len(record.body) + 512


def _id(record: ClaimRecord) -> str:
    return record.id


def claims(
    dump: Callable[[ClaimRecord], bytes] = dump, load: Callable[[bytes], ClaimRecord] = load
) -> Space[ClaimRecord]:
    """The space of claims, with its own codec: signed, or encrypted."""
    return Space("idempotency", dump, load, _size, evictable=False, max_entries=200_000, max_bytes=1024**3, key_of=_id)


CLAIMS = claims()
