"""TLS handshakes: the certificate of a host, and whether it can be trusted. Uses the standard library and
cryptography.

A provider answers for the ``tls=`` option of ``check()``:

- ``Handshakes(...)`` makes real handshakes. Its ``connect`` maps a name to another address and port, and its
  ``ca_file`` is trusted beside the public authorities. So a test, a staging system or a demonstration on loopback is
  checked by the same code as production.
- A mapping or a callable from host name to facts (``not_before``, ``not_after``, ``names``, ``issuer``,
  ``chain_complete``, ``self_signed``, ``versions``) provides known facts. A missing host is not probed.

One handshake is one connection. Only if the chain is refused, a second one without verification reads the
certificate.
"""

import asyncio
import datetime as dt
import inspect
import ssl
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from launchready.errors import ConfigError
from launchready.net.addresses import is_public
from launchready.net.answers import TlsFacts, Trouble

Addresses = Callable[[str], Awaitable[Sequence[str]]]
SECONDS = 5.0
# X509_V_ERR_*: the codes of OpenSSL's verify(1) that tell which part of the chain is missing.
SELF_SIGNED = (18, 19)
NO_ISSUER = (2, 20, 21, 27)
DATES = (9, 10)


@dataclass(slots=True)
class Handshakes:
    """Real handshakes.

    - ``connect``: host name to ``(address, port)``, for names that are served elsewhere. These addresses may be
      private.
    - ``ca_file``: certificates in PEM form to trust beside the public authorities.
    - ``addresses``: resolves a name; ``check()`` sets its own resolver.
    - ``private``: whether names may lead to private addresses.
    """

    connect: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    ca_file: str | None = None
    addresses: Addresses | None = None
    private: bool = False
    seconds: float = SECONDS
    trust: ssl.SSLContext | None = None

    async def facts(self, host: str, port: int = 443) -> TlsFacts:
        """The result of a handshake. Never raises for errors of a server or a network."""
        question = f"TLS handshake with {host}:{port}"
        place = self.connect.get(host)
        if place is None:
            try:
                found = list(await self.addresses(host)) if self.addresses else []
            except LookupError as silent:
                return TlsFacts(question, trouble="timeout", reason=str(silent))
            allowed = sorted((a for a in found if self.private or is_public(a)), key=lambda a: ":" in a)
            if not allowed:
                trouble: Trouble = "private" if found else "dns"
                reason = f"{host} points to {found[0]}, which is not public" if found else f"{host} has no address"
                return TlsFacts(question, trouble=trouble, reason=reason)
            place = (allowed[0], port)
        try:
            async with asyncio.timeout(self.seconds):
                return await self._look(question, host, place)
        except TimeoutError:
            return TlsFacts(question, trouble="timeout", reason=f"no handshake within {self.seconds:g} s")
        except (ConnectionRefusedError, ConnectionResetError) as error:
            return TlsFacts(question, trouble="refused", reason=error.strerror or type(error).__name__)
        except ssl.SSLError as error:
            return TlsFacts(question, trouble="tls", reason=error.reason or "the TLS handshake failed")
        except (OSError, EOFError) as error:
            return TlsFacts(question, trouble="broken", reason=str(error) or type(error).__name__)

    def context(self) -> ssl.SSLContext:
        """The trust store, read once because that costs more than the handshakes of a run."""
        if self.trust is None:
            self.trust = trust_context(self.ca_file)
        return self.trust

    async def _look(self, question: str, host: str, place: tuple[str, int]) -> TlsFacts:
        facts, old = await asyncio.gather(self._verified(question, host, place), self._old(host, place))
        return replace(facts, versions=(*old, *facts.versions)) if facts.known else facts

    async def _verified(self, question: str, host: str, place: tuple[str, int]) -> TlsFacts:
        try:
            der, version = await handshake(place, host, self.context())
            return read_certificate(question, der, version, trusted=True, chain_complete=True)
        except ssl.SSLCertVerificationError as refused:
            verdict = refused
        der, version = await handshake(place, host, unverified_context())
        return refused_facts(question, der, version, verdict)

    async def _old(self, host: str, place: tuple[str, int]) -> tuple[str, ...]:
        """The version before TLS 1.2 that the host still accepts, if any. Any error means that it accepts none."""
        try:
            _, version = await handshake(place, host, legacy_context())
        except (OSError, EOFError):
            return ()
        return (version,)

    async def upgrade(
        self, question: str, host: str, writer: asyncio.StreamWriter, trust: ssl.SSLContext | None
    ) -> TlsFacts | None:
        """The handshake on a connection that was plain so far (STARTTLS). Without ``trust`` the certificate is only
        read.

        None if the chain was refused: the connection is then unusable.
        """
        try:
            await writer.start_tls(trust or unverified_context(), server_hostname=host)
        except ssl.SSLCertVerificationError as refused:
            del refused
            return None
        except (ssl.SSLError, ConnectionError) as error:
            reason = getattr(error, "reason", None) or "the TLS handshake failed"
            return TlsFacts(question, trouble="tls", reason=reason)
        shown = writer.get_extra_info("ssl_object")
        der = shown.getpeercert(binary_form=True) or b""
        return read_certificate(question, der, shown.version() or "", trusted=trust is not None, chain_complete=None)


def refused_facts(question: str, der: bytes, version: str, refused: ssl.SSLCertVerificationError) -> TlsFacts:
    """The facts of a certificate whose chain was refused."""
    code = refused.verify_code
    return read_certificate(
        question,
        der,
        version,
        # The rule compares dates with the clock of the run, not with that of this machine.
        trusted=None if code in DATES else False,
        chain_complete=None if code not in NO_ISSUER else False,
        self_signed=code in SELF_SIGNED,
        reason=refused.verify_message,
    )


def legacy_context() -> ssl.SSLContext:
    """A context for TLS 1.0 and 1.1 only, to see whether a server still accepts them. Nothing is ever sent over it."""
    context = unverified_context()
    with warnings.catch_warnings():
        # Python warns about these versions.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def trust_context(ca_file: str | None) -> ssl.SSLContext:
    """Trusts public authorities and ``ca_file``. The rule compares the name, so that it can report the shown one."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def unverified_context() -> ssl.SSLContext:
    """Accepts any certificate, only to read a refused one. Nothing is ever sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def handshake(place: tuple[str, int], host: str, context: ssl.SSLContext) -> tuple[bytes, str]:
    """One connection. Returns the certificate in DER form and the protocol version."""
    _reader, writer = await asyncio.open_connection(place[0], place[1], ssl=context, server_hostname=host)
    try:
        shown = writer.get_extra_info("ssl_object")
        return shown.getpeercert(binary_form=True) or b"", shown.version() or ""
    finally:
        writer.transport.abort()


def read_certificate(
    question: str,
    der: bytes,
    version: str,
    *,
    trusted: bool | None,
    chain_complete: bool | None,
    self_signed: bool = False,
    reason: str = "",
) -> TlsFacts:
    """A certificate as the value that rules read."""
    from cryptography import x509  # noqa: PLC0415 - loaded by the first handshake only

    try:
        certificate = x509.load_der_x509_certificate(der)
        names = alternative_names(certificate)
        issuer = certificate.issuer.rfc4514_string()
    except ValueError as error:
        return TlsFacts(question, trouble="tls", reason=f"the certificate cannot be read: {error}")
    return TlsFacts(
        question,
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        names=names,
        issuer=issuer,
        chain_complete=chain_complete,
        self_signed=self_signed or certificate.issuer == certificate.subject,
        trusted=trusted,
        versions=(version,),
        reason=reason,
    )


def alternative_names(certificate: Any) -> tuple[str, ...]:
    """The subjectAltName entries. The common name no longer counts (RFC 9525 section 2)."""
    from cryptography import x509  # noqa: PLC0415

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = found.get_values_for_type(x509.DNSName)
    addresses = found.get_values_for_type(x509.IPAddress)
    return tuple(name.lower() for name in names) + tuple(str(address) for address in addresses)


async def provided_facts(provider: Any, host: str) -> TlsFacts:
    """The facts of ``host`` from an injected mapping or callable. Unreadable facts raise ConfigError."""
    question = f"TLS facts of {host}"
    found = provider.get(host) if isinstance(provider, Mapping) else provider(host)
    if inspect.isawaitable(found):
        found = await found
    if found is None:
        return TlsFacts(question, probed=False)
    if isinstance(found, TlsFacts):
        return found
    unknown = [key for key in found if key not in FACTS]
    if unknown:
        raise ConfigError([f"tls: {host}: unknown fact {unknown[0]!r}; known are {', '.join(FACTS)}"])
    return TlsFacts(
        question,
        not_before=timestamp(found.get("not_before"), host),
        not_after=timestamp(found.get("not_after"), host),
        names=tuple(str(name).lower() for name in found.get("names") or ()),
        issuer=str(found.get("issuer") or ""),
        chain_complete=found.get("chain_complete"),
        self_signed=bool(found.get("self_signed")),
        trusted=found.get("trusted"),
        versions=tuple(map(str, found.get("versions") or ())),
    )


FACTS = ("not_before", "not_after", "names", "issuer", "chain_complete", "self_signed", "versions", "trusted")


def timestamp(value: object, host: str) -> float | None:
    """An ISO 8601 text or a datetime as seconds since the epoch. Without an offset it is UTC."""
    if value is None:
        return None
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise ConfigError([f"tls: {host}: {value!r} is not a date; write it like 2026-11-24T00:00:00Z"]) from None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
