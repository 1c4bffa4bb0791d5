"""The answers of the network modules: plain values, so that rules and tests need no network package.

Each answer says whether it is *known*. An answer that is not known (a timeout, or an error of the server) proves
nothing: neither that a record exists nor that it is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

DnsStatus = Literal["answered", "empty", "nxdomain", "servfail", "refused", "timeout", "closed", "broken", "unasked"]
Trouble = Literal["dns", "refused", "timeout", "tls", "private", "broken", "unasked"]


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """One DNS answer.

    - ``records``: as in a zone file, without the final dot. The strings of a TXT record are joined (RFC 7208 section
      3.3).
    - ``chain``: the alias targets (CNAME) in order. With ``nxdomain`` the last one does not exist.
    - ``closed``: the machine exists, but its port refuses connections.
    - ``authenticated``: the resolver validated the DNSSEC signatures (AD).
    - ``ttl``: seconds, the longest of the records on the way: so long an old record may be seen.
    """

    question: str
    status: DnsStatus
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    reason: str = ""
    authoritative: bool = False
    authenticated: bool = False
    ttl: int = 0

    @property
    def known(self) -> bool:
        return self.status in ("answered", "empty", "nxdomain")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One HTTP answer without redirects, or the trouble that came instead."""

    question: str
    url: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    trouble: Trouble | None = None
    reason: str = ""

    @property
    def known(self) -> bool:
        return self.trouble is None

    def header(self, name: str) -> str | None:
        """The first header with this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def location(self) -> str | None:
        """The target of a redirect as it was written, or None if the answer is no redirect (RFC 9110 section 15.4)."""
        return self.header("location") if self.status in (301, 302, 303, 307, 308) else None


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The result of one handshake. ``probed`` is False when the provider does not know the host.

    - ``not_before``, ``not_after``: seconds since the epoch.
    - ``names``: the names of the certificate, in lower case.
    - ``chain_complete``: False when the server omits an intermediate certificate, None when unknown.
    - ``trusted``: whether a public trust store accepts the chain (dates and name aside), None when unknown.
    """

    question: str
    probed: bool = True
    not_before: float | None = None
    not_after: float | None = None
    names: tuple[str, ...] = ()
    issuer: str = ""
    chain_complete: bool | None = None
    self_signed: bool = False
    trusted: bool | None = None
    versions: tuple[str, ...] = ()
    trouble: Trouble | None = None
    reason: str = ""

    @property
    def known(self) -> bool:
        return self.trouble is None


@dataclass(frozen=True, slots=True)
class SmtpAnswer:
    """The greeting of a mail server. ``probed`` is False when it was not asked.

    - ``starttls``: whether the server offers encryption. ``tls``: the result of the handshake after STARTTLS.
    """

    question: str
    probed: bool = True
    starttls: bool = False
    tls: TlsFacts | None = None
    trouble: Trouble | None = None
    reason: str = ""

    @property
    def known(self) -> bool:
        return self.trouble is None


@dataclass(frozen=True, slots=True)
class NamesAnswer:
    """Known names below a domain, or the reason why they are unknown."""

    question: str
    names: tuple[str, ...] = ()
    probed: bool = True
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class RdapAnswer:
    """One domain object of RFC 9083, or the reason why there is none."""

    question: str
    domain: Mapping[str, Any] | None = None
    probed: bool = True
    reason: str = ""

    @property
    def known(self) -> bool:
        return self.domain is not None
