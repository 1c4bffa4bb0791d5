"""What the adapters answer: plain values, so that rules and tests need no network package to read or build them.

Each answer says whether it is *known*. An answer that is not known (nobody answered, or the one who answered could
not tell) proves nothing: not that a record is there, and not that it is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

DnsStatus = Literal["answered", "empty", "nxdomain", "servfail", "refused", "timeout", "closed", "broken", "unasked"]
Trouble = Literal["dns", "refused", "timeout", "tls", "private", "broken", "unasked"]


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """One answer of the domain name system.

    - ``records``: as in a zone file, without the final dot; a TXT record is joined to one text (RFC 7208 section 3.3).
    - ``chain``: the alias targets (CNAME) that were followed, in order. With ``nxdomain`` the last one does not exist.
    - ``closed``: the machine is there, and nobody takes the question at that port.
    - ``authenticated``: the resolver checked the DNSSEC signatures (AD). ``ttl``: seconds, the longest
      of the records that lead there: for so long an old one may be seen.
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
    """One HTTP answer, redirects not followed, or the trouble that came instead of one."""

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
        """The first header of this name; names are lower case here."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as it was written; None where the answer is not a redirect (RFC 9110 15.4)."""
        return self.header("location") if self.status in (301, 302, 303, 307, 308) else None


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What one handshake showed. ``probed`` is False where the provider knows nothing of the host.

    - ``not_before``, ``not_after``: seconds since the epoch.
    - ``names``: the names the certificate is for, lower case.
    - ``chain_complete``: False when the server left out an intermediate certificate; None when that is not known.
    - ``trusted``: whether a public trust store accepts the chain, dates and name aside; None when that is not known.
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
    """What a mail server said when it was greeted. ``probed`` is False where nobody was asked.

    - ``starttls``: whether it offers encryption. ``tls``: what the handshake after STARTTLS showed.
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
    """Names below a domain that somebody found, or the reason why that is not known."""

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
