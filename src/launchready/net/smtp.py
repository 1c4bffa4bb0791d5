"""SMTP, as far as EHLO and STARTTLS (RFC 5321, RFC 3207): does a mail server offer encryption, with what certificate.

Nothing is ever sent beyond that: no sender, no recipient. Port 25 is closed to most networks of homes and clouds, so
silence says nothing about the server.
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
# A line of a reply has 512 octets (section 4.5.3.1.5); a server that says more than this is none.
MAX_LINES = 64


@dataclass(slots=True)
class Greeter:
    """Greets mail servers.

    - ``connect``: host to (address, port), for servers that are reached elsewhere; None of them may be private else.
    - ``handshakes``: whom to trust. ``hello``: the name to greet with.
    """

    connect: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    handshakes: Handshakes = field(default_factory=Handshakes)
    private: bool = False
    seconds: float = SECONDS
    hello: str = "launchready.invalid"

    async def greet(self, host: str, addresses: Addresses) -> SmtpAnswer:
        """What the server offers. Never raises for what a server or a network can do."""
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
            # The chain was refused: a second connection reads the certificate that was.
            _, facts = await self._encrypt(question, host, place, None)
        return SmtpAnswer(question, starttls=offered, tls=facts)

    async def _encrypt(
        self, question: str, host: str, place: tuple[str, int], trust: ssl.SSLContext | None
    ) -> tuple[bool, TlsFacts | None]:
        """EHLO, and STARTTLS where it is offered: whether it was, and what the handshake showed."""
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
    """The lines of one reply: a dash behind the code says that another follows."""
    lines: list[str] = []
    while len(lines) < MAX_LINES:
        line = (await reader.readline()).decode("latin-1").rstrip("\r\n")
        if len(line) < 3 or not line[:3].isdecimal():
            raise ValueError(f"not SMTP: {line[:60]!r}")
        lines.append(line)
        if line[3:4] != "-":
            return lines
    raise ValueError("a reply without an end")
