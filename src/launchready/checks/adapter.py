"""The network adapter of the engine: sends each kind of question to the module that answers it, within bounds."""

import asyncio
import inspect
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from launchready.checks.engine import CheckEngine
from launchready.checks.operations import (
    Handshake,
    HttpGet,
    HttpRequest,
    LocalQuestion,
    Query,
    Question,
    Rdap,
    Smtp,
    Subdomains,
)
from launchready.checks.options import CheckOptions
from launchready.net import rdap, tls
from launchready.net.addresses import is_address, is_documentation
from launchready.net.answers import DnsAnswer, HttpAnswer, NamesAnswer, RdapAnswer, SmtpAnswer, TlsFacts
from launchready.net.blocking import in_daemon_thread
from launchready.net.dns import Resolver
from launchready.net.http import HttpClient
from launchready.net.smtp import Greeter

# Enough to query a whole domain at once, but no burst that a home router or a resolver takes for an attack.
MAX_QUERIES = 64
MAX_CONNECTIONS = 16


class Network:
    """Answers questions from the real network, or from the replacements that the caller gave.

    - ``resolver``: (host, port) to ask instead of the machine's own. Registries, name servers and mail servers are
      then asked only if the caller gives a way to reach them.
    - ``private``: connections may go to private addresses. A server that embeds the checks must not allow this: the
      owner of a DNS zone chooses the addresses in it.
    - ``http``: an httpx transport. ``tls``, ``rdap``: providers. ``nameservers``: see ``launchready.net.dns``.
    """

    def __init__(self, options: CheckOptions) -> None:
        resolver = options.resolver
        self.resolver = Resolver((resolver,) if resolver else (), options.nameservers)
        self.http = HttpClient(options.http, private=options.allow_private)
        self.tls = options.tls
        self.rdap = options.rdap
        self.smtp = options.smtp
        self.private = options.allow_private
        self.subdomains = options.subdomains
        self.injected = resolver is not None
        self.queries = asyncio.Semaphore(MAX_QUERIES)
        self.connections = asyncio.Semaphore(MAX_CONNECTIONS)

    async def answer(self, op: Question[Any], engine: CheckEngine) -> Any:
        """Answers one question."""
        if isinstance(op, Query):
            if op.server is not None and not self.may_ask(op.server):
                return DnsAnswer(f"{op.rdtype} {op.name} at {op.server}", "unasked", reason="not probed")
            async with self.queries:
                return await self.resolver.query(
                    op.name, op.rdtype, server=op.server, checking_disabled=op.checking_disabled, tcp=op.tcp
                )
        if isinstance(op, LocalQuestion):
            return await ask_in_thread(op)
        if isinstance(op, Subdomains):
            return await list_subdomains(op.domain, self.subdomains)
        addresses = AddressLookup(engine)
        if isinstance(op, HttpRequest):
            if await self.unreachable(op, addresses):
                return HttpAnswer(f"{op.method} {op.url}", op.url, trouble="unasked", reason="not probed")
            self.http.addresses = addresses
            async with self.connections:
                return await self.http.send(op.method, op.url, op.headers, op.body, op.address)
        if isinstance(op, Handshake):
            return await self.handshake(op, addresses)
        if isinstance(op, Smtp):
            return await self.greet(op, addresses)
        if isinstance(op, Rdap):
            # An injected resolver is a world of its own: the real registries do not know its domains.
            if self.rdap is None and self.injected:
                return RdapAnswer(f"registration of {op.domain}", probed=False, reason="not probed")
            return await rdap.look_up(op.domain, self.rdap, lambda url: engine.ask(HttpGet(url)))
        raise TypeError(f"{op!r} is not a question to the network")

    def may_ask(self, server: str) -> bool:
        """Whether a name server may be asked. In an injected world only those in ``nameservers`` exist."""
        return not self.injected or server in (self.resolver.overrides or {})

    async def unreachable(self, op: HttpRequest, addresses: "AddressLookup") -> bool:
        """Whether no server exists: a table of HTTP answers has no IPv6, and documentation addresses have no
        servers.
        """
        if self.http.transport is not None:
            return op.address is not None and ":" in op.address
        return await self.has_no_server(op.address or urlsplit(op.url).hostname, addresses)

    async def has_no_server(self, host: str | None, addresses: "AddressLookup") -> bool:
        """Whether a host of an injected world has only documentation addresses, where no server exists."""
        if not self.injected or not host:
            return False
        try:
            found = [host] if is_address(host) else await addresses(host)
        except LookupError:
            return False
        return bool(found) and all(map(is_documentation, found))

    async def greet(self, op: Smtp, addresses: "AddressLookup") -> SmtpAnswer:
        """In an injected world mail servers are greeted only if ``smtp`` was given."""
        if self.smtp is None and self.injected:
            return SmtpAnswer(f"SMTP {op.host}:25", probed=False, reason="not probed")
        if self.smtp is None:
            self.smtp = Greeter(private=self.private)
        async with self.connections:
            return await self.smtp.greet(op.host, addresses)

    async def handshake(self, op: Handshake, addresses: "AddressLookup") -> Any:
        """Injected facts are used as they are. A real handshake uses our own resolver."""
        if self.tls is None and self.http.transport is not None:
            # A table of HTTP answers has no server for a handshake.
            return TlsFacts(f"TLS facts of {op.host}", probed=False)
        if self.tls is None and await self.has_no_server(op.host, addresses):
            return TlsFacts(f"TLS facts of {op.host}", probed=False)
        if self.tls is None:
            self.tls = tls.Handshakes(private=self.private)
        if not isinstance(self.tls, tls.Handshakes):
            return await tls.provided_facts(self.tls, op.host)
        if self.tls.addresses is None or isinstance(self.tls.addresses, AddressLookup):
            self.tls.addresses = addresses
        async with self.connections:
            return await self.tls.facts(op.host, op.port)


async def list_subdomains(domain: str, provider: Any) -> NamesAnswer:
    """The names below the domain that the caller's list or callable knows."""
    question = f"names below {domain}"
    if provider is None:
        return NamesAnswer(question, probed=False)
    try:
        names = provider(domain) if callable(provider) else provider
        names = await names if inspect.isawaitable(names) else names
        listed = tuple(dict.fromkeys(str(name).strip().lower().rstrip(".").removeprefix("*.") for name in names or ()))
    except Exception as error:
        return NamesAnswer(question, reason=f"the list of names failed: {type(error).__name__}: {error}")
    return NamesAnswer(question, tuple(name for name in listed if name.endswith(f".{domain}")))


async def ask_in_thread(op: LocalQuestion[Any]) -> Any:
    """Answers in a thread. ``stopped()`` becomes true when the run no longer waits."""
    nobody = threading.Event()
    try:
        return await in_daemon_thread(lambda: op.look(nobody.is_set))
    finally:
        nobody.set()


class AddressLookup:
    """The addresses of a name, from the questions of this run: another rule may have asked them already."""

    def __init__(self, engine: CheckEngine) -> None:
        self.engine = engine

    async def __call__(self, name: str) -> Sequence[str]:
        answers: Sequence[DnsAnswer] = await asyncio.gather(
            self.engine.ask(Query(name, "A")), self.engine.ask(Query(name, "AAAA"))
        )
        found = [record for answer in answers for record in answer.records]
        silent = next((answer for answer in answers if not answer.known), None)
        if not found and silent is not None:
            # An unanswered query does not prove that there is no address.
            raise LookupError(f"{silent.question}: {silent.reason}")
        return found
