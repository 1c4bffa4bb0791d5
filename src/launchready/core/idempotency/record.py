"""What is stored under a key."""

from collections.abc import Callable
from struct import Struct, error

from launchready.exchange.operations import new
from launchready.exchange.store import Space
from launchready.http.message import Headers, Response

REPLAYED = (b"idempotent-replayed", b"true")

RUNNING, NOT_KEPT, UNREADABLE = 0, -1, -2
"""In place of a status: not answered yet; answered, and the answer not kept; not written by us, or with another key."""

# A replay is this answer again, not this connection's: RFC 9110 §7.6.1, and what belongs to one client or one moment.
_NOT_STORED = frozenset(
    {
        b"set-cookie", b"date", b"server", b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip


class Record:
    """One key's state.

    - ``token``: of the attempt that wrote it; so an attempt knows its own claim, and its own answer, from another's.
    - ``lease``: for how long it is believed to live after its last sign of life.
    - ``elapsed``: seconds from the first claim of the key to this write, as far as anybody was there to count them.
    - ``id``: the digest under which it is stored; ``name``: of the key alone; ``route``: where it was used. For ls.
    - ``sealed_root``: the digest that downstream keys derive from, readable with the secret alone (``seal_root``).
    """

    __slots__ = ("body", "elapsed", "fingerprint", "headers", "id", "lease", "name", "route", "sealed_root", "status",
                 "token")  # fmt: skip

    def __init__(
        self, fingerprint: bytes, status: int = RUNNING, headers: Headers | None = None, body: bytes = b"", *,
        token: str = "", id: str = "", name: str = "", route: str = "", elapsed: float = 0.0,
        lease: float = 0.0, sealed_root: str = "",
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
        self.sealed_root = sealed_root

    def owns(self, there: "Record") -> bool:
        """What is there was written by this attempt, which never came to run."""
        return there.token == self.token and there.status == RUNNING

    def later(self, elapsed: float, token: str | None = None) -> "Record":
        """The same running claim, so many seconds after the first; with a ``token``, another attempt's."""
        return Record(
            self.fingerprint, token=self.token if token is None else token, id=self.id, name=self.name,
            route=self.route, elapsed=elapsed, lease=self.lease, sealed_root=self.sealed_root,
        )  # fmt: skip

    def answered(self, response: Response) -> "Record":
        """The claim with its answer, where there is a body to keep."""
        answered = new(Record)
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
        return answered


FORM = 2
"""The first byte, for the day when a record is written in another form."""

_head = Struct("<Bhdd6HI")
_HEAD = _head.size


def dump(record: Record) -> bytes:
    r"""A head of numbers, among them where each text ends; the texts; two lines for each header line; and the body.

    No JSON and nothing to escape, because every first use writes two of these and every replay reads one: its header
    lines are one split, its body one slice. A line break in a field value can only come from a broken app, and is a
    space (RFC 9110 §5.5).
    """
    headers = record.headers
    lines = b"".join([b"%b\n%b\n" % pair for pair in headers]) if headers else b""
    if lines.count(b"\n") != 2 * len(headers):
        lines = b"".join([b"%b\n%b\n" % (name, value.replace(b"\n", b" ")) for name, value in headers])
    print_, token, id_ = record.fingerprint, record.token.encode(), record.id.encode()
    name, route = record.name.encode(), record.route.encode("utf-8", "surrogatepass")
    root = record.sealed_root.encode()
    to_print = _HEAD + len(print_)
    to_token = to_print + len(token)
    to_id = to_token + len(id_)
    to_name = to_id + len(name)
    to_route = to_name + len(route)
    to_root = to_route + len(root)
    head = _head.pack(
        FORM, record.status, record.elapsed, record.lease, to_print, to_token, to_id, to_name, to_route,
        to_root, to_root + len(lines),
    )  # fmt: skip
    return b"".join((head, print_, token, id_, name, route, root, lines, record.body))


def load(data: bytes) -> Record:
    """Never raises: what cannot be read is taken, and its outcome unknown."""
    record = new(Record)
    try:
        (
            form, record.status, record.elapsed, record.lease, to_print, to_token, to_id, to_name, to_route, to_root,
            to_lines,
        ) = _head.unpack_from(data)  # fmt: skip
        if form != FORM or not (
            _HEAD <= to_print <= to_token <= to_id <= to_name <= to_route <= to_root <= to_lines <= len(data)
        ):
            return Record(b"", UNREADABLE)
        record.fingerprint = data[_HEAD:to_print]
        record.token = data[to_print:to_token].decode()
        record.id = data[to_token:to_id].decode()
        record.name = data[to_id:to_name].decode()
        record.route = data[to_name:to_route].decode("utf-8", "surrogatepass")
        record.sealed_root = data[to_route:to_root].decode()
    except (ValueError, TypeError, error):
        return Record(b"", UNREADABLE)
    lines = iter(data[to_root:to_lines].split(b"\n"))
    record.headers = list(zip(lines, lines, strict=False))  # what follows the last line break has no other half
    record.body = data[to_lines:]
    return record


def _size(record: Record) -> int:
    return len(record.body) + 512


def _id(record: Record) -> str:
    return record.id


def claims(dump: Callable[[Record], bytes] = dump, load: Callable[[bytes], Record] = load) -> Space[Record]:
    """The space of claims, with another way to write them down: signed, or encrypted."""
    return Space("idempotency", dump, load, _size, evictable=False, max_entries=200_000, max_bytes=1024**3, key_of=_id)


CLAIMS = claims()
