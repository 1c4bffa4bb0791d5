"""DNS over UDP and TCP with dnspython: attempts of 1.0 s then 1.5 s, so a lost packet costs one second.

One question is one exchange. A truncated answer is asked again over TCP (RFC 7766). Only a timeout is retried:
SERVFAIL and REFUSED are answers, although they prove nothing about the record.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from launchready.net.addresses import is_public
from launchready.net.answers import DnsAnswer, DnsStatus

if TYPE_CHECKING:
    import dns.message
    import dns.rdata

Server = tuple[str, int]
ATTEMPTS = (1.0, 1.5)
# No resolver follows more aliases. An answer may contain a loop.
MAX_CHAIN = 16


@dataclass(frozen=True, slots=True)
class Resolver:
    """Queries recursive resolvers, or a given name server.

    - ``servers``: the resolvers; empty means those of the operating system.
    - ``overrides``: for the public address of a name server, the address and port to ask instead.
    """

    servers: tuple[Server, ...] = ()
    overrides: Mapping[str, Server] | None = None
    attempts: tuple[float, ...] = ATTEMPTS

    async def query(
        self,
        name: str,
        rdtype: str,
        *,
        server: str | None = None,
        checking_disabled: bool = False,
        tcp: bool = False,
    ) -> DnsAnswer:
        """The answer to one question. Never raises for errors of a network or a zone. ``tcp``: do not try UDP
        first.
        """
        question = f"{rdtype} {name}" + (f" at {server}" if server else "") + (" over TCP" if tcp else "")
        try:
            servers = self._where(server)
        except OSError as error:
            return DnsAnswer(question, "broken", reason=f"no DNS server to ask: {error}")
        answer = DnsAnswer(question, "broken", reason="no DNS server to ask")
        for number, seconds in enumerate(self.attempts if servers else ()):
            where = servers[number % len(servers)]
            told = (server is not None, checking_disabled, tcp)
            answer = await self._attempt(question, name, rdtype, where, seconds, told)
            elsewhere = answer.status in ("servfail", "refused") and len(servers) > 1
            if answer.status not in ("timeout", "closed", "broken") and not elsewhere:
                return answer
        return answer

    def _where(self, server: str | None) -> tuple[Server, ...]:
        if server is not None:
            override = (self.overrides or {}).get(server)
            if override is not None:
                return (override,)
            return ((server, 53),) if is_public(server) or self.servers else ()
        return self.servers or system_servers()

    async def _attempt(
        self, question: str, name: str, rdtype: str, where: Server, seconds: float, told: tuple[bool, bool, bool]
    ) -> DnsAnswer:
        direct, checking_disabled, tcp = told
        import dns.exception  # noqa: PLC0415 - 200 ms, paid by the first question only
        import dns.flags  # noqa: PLC0415
        import dns.message  # noqa: PLC0415
        import dns.name  # noqa: PLC0415

        try:
            # Each label on its own: a backslash in a name is an octet here, not an escape.
            labels = [label.encode("ascii") for label in name.rstrip(".").split(".")] if name else []
            owner = dns.name.Name([*labels, b""])
            request = dns.message.make_query(owner, rdtype, use_edns=0, payload=1232, want_dnssec=False)
        except (dns.exception.DNSException, UnicodeError) as error:
            return DnsAnswer(question, "broken", reason=f"not a name that can be asked for: {error}")
        # RFC 6840 section 5.7: asks whether the resolver has validated the signatures, without requesting them.
        request.flags |= dns.flags.AD
        if checking_disabled:
            request.flags |= dns.flags.CD
        if direct:
            request.flags &= ~dns.flags.RD
        try:
            async with asyncio.timeout(seconds):
                reply = await ask_server(request, where, tcp=tcp)
        except (TimeoutError, dns.exception.Timeout):
            return DnsAnswer(question, "timeout", reason=f"no answer from {where[0]} port {where[1]}")
        except ConnectionRefusedError:
            return DnsAnswer(question, "closed", reason=f"nobody answers at {where[0]} port {where[1]}")
        except (OSError, EOFError, dns.exception.DNSException, ValueError) as error:
            reason = f"{type(error).__name__} from {where[0]} port {where[1]}"
            return DnsAnswer(question, "broken", reason=reason)
        return read_reply(question, reply, rdtype)


async def ask_server(request: "dns.message.QueryMessage", where: Server, *, tcp: bool = False) -> "dns.message.Message":
    """Sends one question over UDP, and over TCP if the answer was truncated or ``tcp`` is set. It has no timeout of
    its own.

    Each question uses a socket and so a port of its own, which a forger of answers would have to guess as well.
    """
    import dns.asyncquery  # noqa: PLC0415
    import dns.flags  # noqa: PLC0415

    if tcp:
        return await dns.asyncquery.tcp(request, where[0], port=where[1])
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_datagram_endpoint(lambda: ReplyWaiter(request), remote_addr=where)
    try:
        reply = await waiting.reply
    finally:
        transport.close()
    if reply.flags & dns.flags.TC:
        return await dns.asyncquery.tcp(request, where[0], port=where[1])
    return reply


class ReplyWaiter(asyncio.DatagramProtocol):
    """Waits for the answer to one question. The socket is connected, so the system accepts packets of this server
    only. A packet that does not answer the question is ignored.
    """

    def __init__(self, request: "dns.message.QueryMessage") -> None:
        self.request = request
        self.reply: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        transport.sendto(self.request.to_wire())

    def datagram_received(self, data: bytes, addr: Any) -> None:
        del addr
        import dns.exception  # noqa: PLC0415
        import dns.message  # noqa: PLC0415

        try:
            reply = dns.message.from_wire(data)
        except (dns.exception.DNSException, ValueError):
            return
        if is_reply(self.request, reply) and not self.reply.done():
            self.reply.set_result(reply)

    def error_received(self, error: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)


def is_reply(request: "dns.message.Message", reply: "dns.message.Message") -> bool:
    """Whether a message answers this question (RFC 5452 section 9.1). An error may omit the question."""
    import dns.flags  # noqa: PLC0415
    import dns.rcode  # noqa: PLC0415

    if reply.id != request.id or not reply.flags & dns.flags.QR:
        return False
    if not reply.question:
        return reply.rcode() in (dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED)
    asked, echoed = request.question[0], reply.question[0]
    return asked.rdtype == echoed.rdtype and asked.name == echoed.name


def resolver_of(given: Any) -> Any:
    """The resolver for the value that a caller gives.

    - None: that of this machine. ``(host, port)`` or ``host``: that server.
    - An object with ``async query(name, rdtype)`` is used as it is. From a dnspython resolver the servers are taken.
    """
    if given is None:
        return Resolver()
    if isinstance(given, str):
        return Resolver(((given, 53),))
    if isinstance(given, tuple | list):
        host, port = given
        return Resolver(((str(host), int(port)),))
    if hasattr(given, "nameservers"):
        return Resolver(tuple((str(server), int(given.port)) for server in given.nameservers))
    return given


def system_servers() -> tuple[Server, ...]:
    """The DNS servers that this machine is configured with."""
    import dns.resolver  # noqa: PLC0415

    try:
        found = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise OSError("this machine has no DNS server configured") from error
    return tuple((str(address), found.port) for address in found.nameservers)


def read_reply(question: str, reply: "dns.message.Message", rdtype: str) -> DnsAnswer:
    """A reply as the value that rules read. Records are found by following the aliases; additional records are
    ignored.
    """
    import dns.flags  # noqa: PLC0415
    import dns.rcode  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    rcode = reply.rcode()
    wanted = dns.rdatatype.from_text(rdtype)
    owner = reply.question[0].name if reply.question else None
    chain: list[str] = []
    by_owner = {(rrset.name, rrset.rdtype): rrset for rrset in reply.answer}
    records: tuple[str, ...] = ()
    ttls: list[int] = []
    while owner is not None and len(chain) < MAX_CHAIN:
        found = by_owner.get((owner, wanted))
        if found is not None:
            records = tuple(sorted(record_text(rdata) for rdata in found))
            ttls.append(found.ttl)
            break
        alias = by_owner.get((owner, dns.rdatatype.CNAME))
        if alias is None:
            break
        owner = alias[0].target
        ttls.append(alias.ttl)
        chain.append(owner.to_text(omit_final_dot=True).lower())
    status: DnsStatus
    if rcode == dns.rcode.NOERROR:
        status = "answered" if records else "empty"
    elif rcode == dns.rcode.NXDOMAIN:
        status = "nxdomain"
    elif rcode in (dns.rcode.SERVFAIL, dns.rcode.REFUSED):
        status = "servfail" if rcode == dns.rcode.SERVFAIL else "refused"
    else:
        status = "broken"
    known = status in ("answered", "empty", "nxdomain")
    reason = "" if known else f"the DNS server answered {dns.rcode.to_text(rcode)}"
    flags = reply.flags
    return DnsAnswer(
        question,
        status,
        records,
        tuple(chain),
        reason,
        authoritative=bool(flags & dns.flags.AA),
        authenticated=bool(flags & dns.flags.AD),
        ttl=max(ttls, default=0),
    )


def record_text(rdata: "dns.rdata.Rdata") -> str:
    """One record as text. The strings of a TXT record are joined without a space; invalid UTF-8 is escaped."""
    strings = getattr(rdata, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "backslashreplace")
    shown = rdata.to_text()
    return shown if shown == "." or shown.endswith(" .") else shown.rstrip(".")
