"""Origins: exact ones and patterns, compared as bytes in the form that browsers send.

``https://app.example.com``     this origin
``https://*.example.com``       one or more labels before the dot, no port
``http://localhost:*``          any port from 1 to 65535, or none
``*``                           any origin

There are no regular expressions and no prefix matches: ``https://app.example.com`` does not match
``https://app.example.com.evil.net``, and a pattern always matches the whole origin.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPAQUE = frozenset({"about", "blob", "data", "file", "filesystem", "javascript"})
DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_LABELS = re.compile(rf"(?:{_LABEL}\.)+".encode(), re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_PORT = re.compile(rb"[1-9][0-9]{0,4}", re.ASCII)
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[^\]/]*\]|[^:/]*)(?::(?P<port>[^/]*))?", re.ASCII)


class Origin:
    """One entry of an allow-list, parsed. Raises ValueError with the correction."""

    __slots__ = ("any_port", "exact", "host", "scheme", "subdomains", "text", "wild")

    def __init__(self, text: str) -> None:
        self.text = text
        self.exact = self.scheme = self.host = ""
        self.wild = text == "*"
        self.subdomains = self.any_port = False
        if self.wild:
            return
        if text == "null":
            raise ValueError('"null" is sent by sandboxed frames and local files of any site; remove it')
        match = _ORIGIN.fullmatch(text)
        if match is None:
            bare = text.partition("://")[2].split("/")[0] or text.split("/", maxsplit=1)[0]
            raise ValueError(f'{text!r} is not an origin; write scheme, host and port only: "https://{bare}"')
        self.scheme, self.host, port = match["scheme"], match["host"], match["port"]
        if self.scheme in OPAQUE:
            raise ValueError(f'{text!r}: browsers send "null" for this scheme, which cannot be allowed; remove it')
        self.subdomains, self.any_port = self.host.startswith("*."), port == "*"
        self._check_host(self.host[2:] if self.subdomains else self.host)
        if port is not None and not self.any_port:
            self._check_port(port)
        if self.subdomains and port is not None:
            raise ValueError(f'{text!r}: a subdomain pattern has no port; write "{self.scheme}://{self.host}"')
        if not self.subdomains and not self.any_port:
            self.exact = text

    def _check_host(self, host: str) -> None:
        if host != host.lower():
            raise ValueError(f'{self.text!r}: browsers send origins in lower case; write "{self.text.lower()}"')
        if not host.isascii():
            try:
                punycode = host.encode("idna").decode()
            except UnicodeError:
                raise ValueError(
                    f"{self.text!r}: {host!r} is not a host name; write its ASCII form (xn--...)"
                ) from None
            raise ValueError(f'{self.text!r}: browsers send the ASCII form; write "{self.scheme}://{punycode}"')
        if host.startswith("["):
            try:
                compressed = IPv6Address(host[1:-1]).compressed
            except ValueError:
                raise ValueError(f"{self.text!r}: {host} is not an IPv6 address") from None
            if f"[{compressed}]" != host:
                raise ValueError(f'{self.text!r}: browsers send it compressed; write "{self.scheme}://[{compressed}]"')
        elif not _HOST.fullmatch(host) or len(host) > 253:
            raise ValueError(f'{self.text!r}: {host!r} is not a host name; write for example "https://app.example.com"')
        elif _NUMBER.fullmatch(host.rpartition(".")[2]):  # a host that ends in a number is an IPv4 address (URL §3.5)
            try:
                IPv4Address(host)
            except ValueError:
                raise ValueError(f"{self.text!r}: {host} is not an IPv4 address as browsers write it") from None

    def _check_port(self, port: str) -> None:
        if not _PORT.fullmatch(port.encode()) or int(port) > 65535:
            raise ValueError(f"{self.text!r}: {port!r} is not a port from 1 to 65535")
        if DEFAULT_PORTS.get(self.scheme) == int(port):
            bare = f"{self.scheme}://{self.host}"
            raise ValueError(f'{self.text!r}: browsers leave out the default port; write "{bare}"')

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.endswith(".localhost")

    @property
    def secure(self) -> bool:
        """Whether the network cannot tamper with the origin: any scheme except http, or a loopback host."""
        return self.scheme != "http" or self.loopback


class Origins:
    """A compiled allow-list: one set look-up for exact origins, then the few patterns."""

    __slots__ = ("_ports", "_suffixes", "any", "exact", "patterns")

    def __init__(self, origins: list[Origin]) -> None:
        self.any = any(origin.wild for origin in origins)
        self.exact = frozenset(origin.exact.encode() for origin in origins if origin.exact)
        self.patterns = tuple(origin.text for origin in origins if origin.subdomains or origin.any_port)
        self._suffixes = [
            (f"{origin.scheme}://".encode(), origin.host[2:].encode()) for origin in origins if origin.subdomains
        ]
        self._ports = [f"{origin.scheme}://{origin.host}".encode() for origin in origins if origin.any_port]

    def allow(self, origin: bytes) -> bool:
        """Whether this origin is listed. A value that is not a serialised origin never is."""
        if self.any or origin in self.exact:
            return True
        for scheme, suffix in self._suffixes:
            if (
                origin.startswith(scheme)
                and origin.endswith(suffix)
                and len(origin) - len(scheme) <= 253
                and _LABELS.fullmatch(origin, len(scheme), len(origin) - len(suffix))
            ):
                return True
        for bare in self._ports:
            if origin.startswith(bare):
                port = origin[len(bare) + 1 :]
                if origin == bare or (origin[len(bare) : len(bare) + 1] == b":" and _is_port(port)):
                    return True
        return False


def _is_port(text: bytes) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) <= 65535


def is_ip(host: str) -> bool:
    """Whether the host of an origin is an IP address."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
