"""Who is asking: the client's address, as far as it can be believed.

The rule: walk ``x-forwarded-for`` from the right, the end that our own proxies wrote, as long as the address just
seen is a trusted proxy; the first that is not is the client. What stands left of it the client may have written
himself. An entry that is not an address ends the walk at the proxy that wrote it: text from a header never becomes a
key. Without trusted proxies the peer is the client and the header is not looked at.

``trusted`` is either networks ("10.0.0.0/8") or a number of hops, for platforms that do not publish the addresses of
their routers: 1 trusts the right-most entry.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from launchready.http.message import Request

MAX_HOPS = 32
"""No real chain of proxies is longer; a header of thousands of entries costs no more than this."""

_REMEMBERED = 4096

Address = IPv4Address | IPv6Address
Networks = Sequence[str]


class Identity:
    """Calling it with a request gives the key of its client: an IPv4 address, or an IPv6 network of ``prefix`` bits."""

    def __init__(self, trusted: Networks | int = (), *, prefix: int = 64) -> None:
        """Raises ValueError where an entry of ``trusted`` is not a network."""
        self._hops = trusted if isinstance(trusted, int) else 0
        self._networks = [] if isinstance(trusted, int) else [ip_network(text) for text in trusted]
        self._prefix = prefix
        self._direct = not trusted
        self._peers: dict[str, tuple[bool, str]] = {}

    def __call__(self, request: Request) -> str:
        peer = request.peer
        known = self._peers.get(peer)
        if known is None:
            known = self._peer(peer)
        if self._direct or not known[0]:
            return known[1]
        lines = request.lines(b"x-forwarded-for")
        return self._walk(peer, lines) if lines else known[1]

    def trusts(self, peer: str) -> bool:
        """Whether the other end of the socket is a proxy of ours."""
        return not self._direct and (self._peers.get(peer) or self._peer(peer))[0]

    def _peer(self, peer: str) -> tuple[bool, str]:
        """Whether the peer is trusted, and its key. Few peers make most requests, so both are remembered."""
        address = _parse(peer)
        if address is None:  # a UNIX socket: whoever can open it is on this machine, as a proxy in front would be
            known = not self._direct, peer or "local"
        else:
            known = bool(self._hops) or self._trusts(address), self._key(address)
        if len(self._peers) >= _REMEMBERED:
            self._peers.clear()
        self._peers[peer] = known
        return known

    def _walk(self, peer: str, lines: Sequence[bytes]) -> str:
        seen = _parse(peer)
        hops = [entry for line in lines for entry in line[-8192:].split(b",") if entry.strip(b" \t")]
        for count, entry in enumerate(reversed(hops[-MAX_HOPS:]), 1):
            address = _parse(_without_port(entry.decode("latin-1").strip(" \t")))
            if address is None:
                break
            seen = address
            if count == self._hops or not (self._hops or self._trusts(address)):
                break
        return "local" if seen is None else self._key(seen)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _key(self, address: Address) -> str:
        if isinstance(address, IPv4Address):
            return str(address)
        return str(IPv6Network((address, self._prefix), strict=False))


def _parse(text: str) -> Address | None:
    """An address in its usual form; an IPv4 address mapped into IPv6 is that IPv4 address (RFC 4291 §2.5.5.2)."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))  # without a zone: it names an interface, not a client
    return address


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, colon, port = entry.partition(":")
    return host if colon and port.isdigit() else entry
