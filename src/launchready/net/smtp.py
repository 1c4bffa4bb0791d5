"""SMTP up to EHLO and STARTTLS (RFC 5321, RFC 3207): whether a mail server offers encryption, and its certificate.

Nothing else is ever sent: no sender, no recipient. Most home and cloud networks block port 25, so a timeout proves
nothing about the server.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from launchready.net.addresses import is_public
from launchready.net.answers import SmtpAnswer, TlsFacts
from launchready.net.tls import Handshakes

Addresses = Callable[[str], Awaitable[Sequence[str]]]
SECONDS = 3.0
# A reply line has at most 512 octets (section 4.5.3.1.5). A longer reply does not come from a mail server.
MAX_LINES = 64


@dataclass(slots=True)
class Greeter:
    """Greets mail servers.

    - ``connect``: host to (address, port), for servers that are reached elsewhere. Only these may be private.
    - ``handshakes``: the trusted authorities. ``hello``: the name for EHLO.
    """

    connect: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    handshakes: Handshakes = field(default_factory=Handshakes)
    private: bool = False
    seconds: float = SECONDS
    hello: str = "launchready.invalid"

    async def greet(self, host: str, addresses: Addresses) -> SmtpAnswer:
        """The offer of the server. Never raises for errors of a server or a network."""
        question = f"SMTP {host}:25"
        place = self.connect.get(host)
        if place is None:
            try:
                found = [a for a in await addresses(host) if self.private or is_public(a)]
            except LookupError as silent:
                return SmtpAnswer(question, trouble="timeout", reason=str(silent))
            if not found:
                return SmtpAnswer(question, trouble="dns", reason=f"{host} has no public address")
            place = (min(found, key=lambda address: ":" in address), 25)
        try:
            async with asyncio.timeout(self.seconds):
                return await self._talk(question, host, place)
        except TimeoutError:
            return SmtpAnswer(question, trouble="timeout", reason=f"no greeting within {self.seconds:g} s")
        except ConnectionRefusedError:
            return SmtpAnswer(question, trouble="refused", reason="connection refused")
        except (OSError, EOFError, ValueError) as error:
            return SmtpAnswer(question, trouble="broken", reason=str(error) or type(error).__name__)

    async def _talk(self, question: str, host: str, place: tuple[str, int]) -> SmtpAnswer:
        offered, facts = await self._encrypt(question, host, place, self.handshakes.context())
        if offered and facts is None:
            # The chain was refused: a second connection reads the refused certificate.
            _, facts = await self._encrypt(question, host, place, None)
        return SmtpAnswer(question, starttls=offered, tls=facts)

    async def _encrypt(
        self, question: str, host: str, place: tuple[str, int], trust: ssl.SSLContext | None
    ) -> tuple[bool, TlsFacts | None]:
        """EHLO, and STARTTLS if offered. Returns whether it was offered, and the result of the handshake."""
        reader, writer = await asyncio.open_connection(*place)
        try:
            await read_reply(reader)
            lines = await send_command(reader, writer, f"EHLO {self.hello}")
            if not any(line[4:].strip().upper() == "STARTTLS" for line in lines):
                return False, None
            if not (await send_command(reader, writer, "STARTTLS"))[-1].startswith("220"):
                return False, None
            return True, await self.handshakes.upgrade(question, host, writer, trust)
        finally:
            writer.transport.abort()


async def send_command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str) -> list[str]:
    writer.write(f"{command}\r\n".encode("ascii"))
    await writer.drain()
    return await read_reply(reader)


async def read_reply(reader: asyncio.StreamReader) -> list[str]:
    """The lines of one reply. A dash after the code means that another line follows."""
    lines: list[str] = []
    while len(lines) < MAX_LINES:
        line = (await reader.readline()).decode("latin-1").rstrip("\r\n")
        if len(line) < 3 or not line[:3].isdecimal():
            raise ValueError(f"not SMTP: {line[:60]!r}")
        lines.append(line)
        if line[3:4] != "-":
            return lines
    raise ValueError("a reply without an end")
