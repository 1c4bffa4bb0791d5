"""Public and private IP addresses.

A server that embeds ``check()`` must not be directed into its own network (SSRF): the owner of a DNS zone chooses the
addresses in it. So the default client connects to public addresses only. The documentation ranges (RFC 5737, RFC
3849) count as public: nothing is routed there, and sample zones use them.
"""

import ipaddress

DOCUMENTATION = tuple(
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
# RFC 6052: an IPv4 address inside an IPv6 address. A NAT64 gateway would connect to the inner address.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# RFC 4291 section 2.4: all addresses that are routed between networks. The rest is reserved, local, or embeds an
# address.
UNICAST = ipaddress.IPv6Network("2000::/3")


def is_public(text: str) -> bool:
    """Whether ``text`` is an address on the public internet. False for anything that is not an address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address not in UNICAST:
            return False
    return is_documentation(text) or (address.is_global and not address.is_multicast)


def is_documentation(text: str) -> bool:
    """Whether ``text`` is in a documentation range, where no server exists (RFC 5737, RFC 3849)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address.version == net.version and address in net for net in DOCUMENTATION)


def is_loopback(text: str) -> bool:
    """Whether ``text`` is an address of the machine itself: 127.0.0.1, ::1, 0.0.0.0 and the like."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (inner or address).is_loopback or (inner or address).is_unspecified


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 or IPv6 address, with or without the brackets of a URL."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
