"""The sample domain's name server: authoritative for one zone, on loopback, over UDP and TCP (RFC 1035).

Clients query it directly. It follows aliases inside the zone and answers NXDOMAIN for unknown names. Names listed as
``failing`` get SERVFAIL, as from a broken name server.
"""

import asyncio
import contextlib
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

MAX_ALIASES = 8


class NameServer:
    """Use as ``async with NameServer(origin, zone_text) as server``, then query ``server.address``."""

    def __init__(self, origin: str, zone_text: str, *, failing: frozenset[str] = frozenset()) -> None:
        self.zone = dns.zone.from_text(zone_text, origin=origin, relativize=False)
        self.failing = {dns.name.from_text(name) for name in failing}
        self.address = ("127.0.0.1", 0)

    def answer(self, wire: bytes) -> bytes:
        """Return the reply to one query. Raises DNSException if the bytes are not a query."""
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query, recursion_available=True)
        reply.flags |= dns.flags.AA
        name, rdtype = query.question[0].name, query.question[0].rdtype
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif not name.is_subdomain(self.zone.origin or dns.name.root):
            reply.set_rcode(dns.rcode.REFUSED)
        else:
            self._fill(reply, name, rdtype)
        return reply.to_wire()

    def _fill(self, reply: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
        for _ in range(MAX_ALIASES):
            if found := self._find(name, rdtype):
                reply.answer.append(found)
                return
            alias = self._find(name, dns.rdatatype.CNAME)
            if alias is None:
                break
            reply.answer.append(alias)
            name = alias[0].target
        if not self._exists(name):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.zone.origin is not None and (soa := self._find(self.zone.origin, dns.rdatatype.SOA)):
            reply.authority.append(soa)

    def _find(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        try:
            return self.zone.find_rrset(name, rdtype)
        except KeyError:
            return None

    def _exists(self, name: dns.name.Name) -> bool:
        """A name exists if it has records, or if a name below it has (RFC 8020)."""
        return any(known.is_subdomain(name) for known in self.zone)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.address = self._tcp.sockets[0].getsockname()
        self._udp, protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=self.address)
        protocol.transport = self._udp
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one query over TCP, where two octets of length precede each message (RFC 1035 section 4.2.2)."""
        try:
            query = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            reply = self.answer(query)
            writer.write(len(reply).to_bytes(2) + reply)
            await writer.drain()
        except (OSError, EOFError, dns.exception.DNSException):
            return
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self.server = server
        self.transport: asyncio.DatagramTransport | None = None  # set by the server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(dns.exception.DNSException):
            if self.transport is not None:
                self.transport.sendto(self.server.answer(data), addr)
