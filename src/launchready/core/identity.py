"""Who is asking: the client's address, as far as it can be believed.

The rule: walk ``x-forwarded-for`` from the right, the end that our own proxies wrote, as long as the address just
seen is a trusted proxy; the first that is not is the client. What stands left of it the client may have written
himself. An entry that is not an address ends the walk at the proxy that wrote it: text from a header never becomes a
key. Without trusted proxies the peer is the client and the header is not looked at.

- ``trusted`` is either networks ("10.0.0.0/8") or a number of hops, for platforms that do not publish the addresses of
  their routers: 1 trusts the right-most entry.
- ``forwarded`` (RFC 7239) is walked alike where there is no ``x-forwarded-for``. Where both are there the older one
  counts: it is what nearly every proxy writes, and what a proxy does not write it passes on as the client sent it.
- ``cf-connecting-ip`` counts where the walk, or the connection, ends at an address of Cloudflare's: Cloudflare sets it
  over whatever its client sent, and nobody else's word for it is taken.
- A UNIX socket has no address. Whoever can open it is on this machine, as a proxy in front would be.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from launchready.http.message import Request

MAX_HOPS = 32
"""No real chain of proxies is longer; a header of thousands of entries costs no more than this."""

_REMEMBERED = 4096
_READ = 8192  # bytes of a header line, from the right

# https://www.cloudflare.com/ips/ (the list has not changed since 2023)
CLOUDFLARE = (
    "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18",
    "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13",
    "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22", "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32",
    "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
)  # fmt: skip

# This machine, RFC 1918, RFC 6598, RFC 4193 and link-local. Python's is_private has addresses of documentation, too.
NEAR = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1/128",
    "fc00::/7", "fe80::/10",
)  # fmt: skip

_FOR = re.compile(rb'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))\s*(?:;|$)', re.IGNORECASE)

Address = IPv4Address | IPv6Address
Networks = Sequence[str]


class Identity:
    """Calling it with a request gives the key of its client: an IPv4 address, or an IPv6 network of ``prefix`` bits."""

    def __init__(
        self, trusted: Networks | int = (), *, prefix: int = 64, tell: Callable[[Request], None] | None = None
    ) -> None:
        """Raises ValueError if an entry of ``trusted`` is not a network.

        ``tell`` is called once, with the first request that a proxy has forwarded although no proxy is trusted.
        """
        self._hops = trusted if isinstance(trusted, int) else 0
        self._networks = [] if isinstance(trusted, int) else [ip_network(text) for text in trusted]
        self._prefix = prefix
        self._direct = not trusted
        self.tell = tell if self._direct else None
        self._peers: dict[str, tuple[bool, str, bool]] = {}  # trusted, key, Cloudflare's

    def __call__(self, request: Request) -> str:
        peer = request.peer
        trusted, key, cloudflare = self._peers.get(peer) or self._peer(peer)
        if self.tell is not None and (request.get(b"x-forwarded-for") or request.get(b"forwarded")):
            self._warn(request)
        if trusted and not self._direct:
            lines = request.lines(b"x-forwarded-for")
            if lines:
                return self._walk(request, [entry for line in lines for entry in line[-_READ:].split(b",")])
            lines = request.lines(b"forwarded")
            if lines:
                return self._walk(request, [_named(entry) for line in lines for entry in line[-_READ:].split(b",")])
        if cloudflare:
            return self._cloudflare(request) or key
        return key

    def _warn(self, request: Request) -> None:
        """Only a peer in a private network is a proxy of this app. A public one may be an attacker who wants trust."""
        tell = self.tell
        if tell is not None and self.vouches(request.peer) and not self._peer(request.peer)[2]:
            self.tell = None
            tell(request)

    def proxied(self, peer: str) -> bool:
        """Whether the other end of the socket is a proxy of ours."""
        return not self._direct and (self._peers.get(peer) or self._peer(peer))[0]

    def vouches(self, peer: str) -> bool:
        """Whether what this peer says of the connection in front of it may be believed (its scheme, its host).

        Without trusted proxies that is Cloudflare, and whoever is on this machine or its private network: a proxy, in
        practice. The worst that a liar there gets is that his own request is not sent on to https.
        """
        trusted, _, cloudflare = self._peers.get(peer) or self._peer(peer)
        if not self._direct or cloudflare:
            return trusted or cloudflare
        address = _parse(peer)
        return peer == "" if address is None else any(address in network for network in _networks(NEAR))

    def trusts(self, key: str) -> bool:
        """Whether a client's key is the address of a trusted proxy: it stands for all who come through it.

        Where proxies are counted and not named, each peer of a connection is one.
        """
        address = _parse(key)
        if self._hops:
            return any(known[1] == key for known in self._peers.values())
        return address is not None and self._trusts(address)

    def _peer(self, peer: str) -> tuple[bool, str, bool]:
        """Few peers make most requests, so what is known of them is remembered."""
        address = _parse(peer)
        if address is None:
            known = not self._direct, peer or "local", False
        else:
            known = bool(self._hops) or self._trusts(address), self._key(address), _is_cloudflare(address)
        if len(self._peers) >= _REMEMBERED:
            self._peers.clear()
        self._peers[peer] = known
        return known

    def _walk(self, request: Request, hops: Sequence[bytes]) -> str:
        seen = _parse(request.peer)
        hops = [hop for hop in hops if hop.strip(b" \t")][-MAX_HOPS:]
        for count, entry in enumerate(reversed(hops), 1):
            address = _parse(_without_port(entry.decode("latin-1").strip(" \t")))
            if address is None:
                break
            seen = address
            if count == self._hops or not (self._hops or self._trusts(address)):
                break
        if seen is None:
            return "local"
        return (_is_cloudflare(seen) and self._cloudflare(request)) or self._key(seen)

    def _cloudflare(self, request: Request) -> str | None:
        address = _parse((request.get(b"cf-connecting-ip") or b"").decode("latin-1"))
        return None if address is None else self._key(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _key(self, address: Address) -> str:
        if isinstance(address, IPv4Address):
            return str(address)
        return str(IPv6Network((address, self._prefix), strict=False))


@lru_cache(maxsize=_REMEMBERED)
def _is_cloudflare(address: Address) -> bool:
    return any(address in network for network in _networks(CLOUDFLARE))


@lru_cache(maxsize=2)
def _networks(texts: tuple[str, ...]) -> Sequence[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]


def _named(element: bytes) -> bytes:
    """What one element of ``forwarded`` says in ``for``; an obfuscated or missing one is no address (RFC 7239 §6)."""
    match = _FOR.search(element)
    return b"unknown" if match is None else match[1] or match[2] or b"unknown"


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
