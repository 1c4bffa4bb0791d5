"""What is stored under a key."""

from collections.abc import Callable

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
    """

    __slots__ = ("body", "elapsed", "fingerprint", "headers", "id", "lease", "name", "route", "status", "token")

    def __init__(
        self, fingerprint: bytes, status: int = RUNNING, headers: Headers | None = None, body: bytes = b"", *,
        token: str = "", id: str = "", name: str = "", route: str = "", elapsed: float = 0.0,
        lease: float = 0.0,
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

    def owns(self, there: "Record") -> bool:
        """What is there was written by this attempt, which never came to run."""
        return there.token == self.token and there.status == RUNNING

    def later(self, elapsed: float, token: str | None = None) -> "Record":
        """The same running claim, so many seconds after the first; with a ``token``, another attempt's."""
        return Record(
            self.fingerprint, token=self.token if token is None else token, id=self.id, name=self.name,
            route=self.route, elapsed=elapsed, lease=self.lease,
        )  # fmt: skip

    def called(self, id: str, name: str) -> "Record":
        """The same running claim under another secret's digests."""
        return Record(
            self.fingerprint, token=self.token, id=id, name=name, route=self.route, elapsed=self.elapsed,
            lease=self.lease,
        )  # fmt: skip

    def answered(self, response: Response) -> "Record":
        """The claim with its answer, where there is a body to keep."""
        kept = response.body is not None
        return Record(
            self.fingerprint, response.status if kept else NOT_KEPT,
            [pair for pair in response.headers if pair[0] not in _NOT_STORED] if kept else [], response.body or b"",
            token=self.token, id=self.id, name=self.name, route=self.route, elapsed=self.elapsed, lease=self.lease,
        )  # fmt: skip


def dump(record: Record) -> bytes:
    r"""Ten lines, two for each header line, and the body: no JSON, because every first use writes two of these.

    A line break in a field value can only come from a broken app, and is a space (RFC 9110 §5.5).
    """
    headers = record.headers
    lines = b"".join([b"%b\n%b\n" % pair for pair in headers])
    if lines.count(b"\n") != 2 * len(headers):
        lines = b"".join([b"%b\n%b\n" % (name, value.replace(b"\n", b" ")) for name, value in headers])
    return b"%b\n%d\n%b\n%b\n%b\n%b\n%.3f\n%r\n%d\n%b%b" % (
        record.fingerprint.hex().encode(), record.status, record.token.encode(), record.id.encode(),
        record.name.encode(), record.route.encode("utf-8", "surrogatepass"), record.elapsed, record.lease,
        len(headers), lines, record.body,
    )  # fmt: skip


def load(data: bytes) -> Record:
    """Never raises: what cannot be read is taken, and its outcome unknown."""
    try:
        print_, status, token, id_, name, route, elapsed, lease, count, rest = data.split(b"\n", 9)
        *lines, body = rest.split(b"\n", 2 * int(count))
        return Record(
            bytes.fromhex(print_.decode()), int(status), list(zip(lines[::2], lines[1::2], strict=True)), body,
            token=token.decode(), id=id_.decode(), name=name.decode(), route=route.decode("utf-8", "surrogatepass"),
            elapsed=float(elapsed), lease=float(lease),
        )  # fmt: skip
    except ValueError:
        return Record(b"", UNREADABLE)


def _size(record: Record) -> int:
    return len(record.body) + 512


def _id(record: Record) -> str:
    return record.id


def claims(dump: Callable[[Record], bytes] = dump, load: Callable[[bytes], Record] = load) -> Space[Record]:
    """The space of claims, with another way to write them down: signed, or encrypted."""
    return Space("idempotency", dump, load, _size, evictable=False, max_entries=200_000, max_bytes=1024**3, key_of=_id)


CLAIMS = claims()
