"""The operations of a rule, as values. Equal questions are asked once in a run and share their answer.

A rule yields a question and reads its answer (see ``launchready.exchange.operations``)::

    op = Txt("_dmarc.coach.example")
    yield op
    policy = dmarc.parse(known(op.answer).records)

``known(answer)`` returns the answer, or raises ``Undetermined`` when the answer proves nothing. A rule does not catch
it, and the engine reports "could not check". So no rule can mistake silence for a missing record.

Two operations contain others: ``AskAll`` asks several questions at once, ``RunAll`` runs several flows at once.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar

from launchready.exchange.operations import Op
from launchready.net.answers import DnsAnswer, HttpAnswer, NamesAnswer, RdapAnswer, SmtpAnswer, TlsFacts

R = TypeVar("R")
T = TypeVar("T")


class Undetermined(Exception):
    """Nothing can be concluded: ``question`` was asked, and ``reason`` came instead of an answer."""

    def __init__(self, question: str, reason: str) -> None:
        super().__init__(f"{question}: {reason}")
        self.question = question
        self.reason = reason


class NotProbed(Undetermined):
    """The question was not asked, because the injected network has no such server. It is neither a pass nor a
    finding.
    """


class NetworkAnswer(Protocol):
    """The attributes that every answer has."""

    @property
    def known(self) -> bool: ...
    @property
    def question(self) -> str: ...
    @property
    def reason(self) -> str: ...


A = TypeVar("A", bound=NetworkAnswer)


def known(answer: A) -> A:
    """Returns the answer if it proves something, else raises Undetermined."""
    if getattr(answer, "trouble", None) == "unasked":
        raise NotProbed(answer.question, answer.reason)
    if not answer.known:
        raise Undetermined(answer.question, answer.reason or "no answer")
    return answer


class Question(Op[R]):
    """A question to the network. Two questions with the same ``key`` are equal."""

    __slots__ = ("key",)

    def __init__(self, *key: Any) -> None:
        self.key = (type(self).kind(), *key)

    @classmethod
    def kind(cls) -> str:
        return cls.__name__

    def unanswered(self, reason: str) -> R:
        """The answer at the deadline."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{self.key[0]}{self.key[1:]!r}"


class LocalQuestion(Question[R]):
    """A question to this machine: files, a database. It runs in a thread, so it may block."""

    __slots__ = ()

    def look(self, stopped: Callable[[], bool]) -> R:
        """The answer. Ends early, with any answer, once ``stopped()`` is true."""
        raise NotImplementedError


class Query(Question[DnsAnswer]):
    """The records of one type at one name. ``server``: the name server to ask instead of the resolver. ``tcp``: ask
    over TCP only.
    """

    __slots__ = ("checking_disabled", "name", "rdtype", "server", "tcp")

    def __init__(
        self,
        name: str,
        rdtype: str,
        *,
        server: str | None = None,
        checking_disabled: bool = False,
        tcp: bool = False,
    ) -> None:
        self.name = name.lower().rstrip(".")
        self.rdtype = rdtype.upper()
        self.server = server
        self.checking_disabled = checking_disabled
        self.tcp = tcp
        super().__init__(self.name, self.rdtype, server, checking_disabled, tcp)

    @classmethod
    def kind(cls) -> str:
        return "Query"

    def unanswered(self, reason: str) -> DnsAnswer:
        return DnsAnswer(f"{self.rdtype} {self.name}", "timeout", reason=reason)


class Txt(Query):
    """The TXT records at one name."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(name, "TXT")


class HttpRequest(Question[HttpAnswer]):
    """One HTTP request without redirects. ``address``: connect to this address instead of those of the host."""

    __slots__ = ("address", "body", "headers", "method", "url")

    def __init__(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        address: str | None = None,
    ) -> None:
        self.method, self.url, self.headers, self.body = method, url, tuple(headers), body
        self.address = address
        super().__init__(method, url, self.headers, body, address)

    @classmethod
    def kind(cls) -> str:
        return "Fetch"

    def unanswered(self, reason: str) -> HttpAnswer:
        return HttpAnswer(f"{self.method} {self.url}", self.url, trouble="timeout", reason=reason)


class HttpGet(HttpRequest):
    """GET of one URL."""

    __slots__ = ()

    def __init__(self, url: str, headers: Iterable[tuple[str, str]] = (), *, address: str | None = None) -> None:
        super().__init__("GET", url, headers, address=address)


class HttpPost(HttpRequest):
    """POST to one URL."""

    __slots__ = ()

    def __init__(self, url: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        super().__init__("POST", url, headers, body)


class Handshake(Question[TlsFacts]):
    """The certificate of a host."""

    __slots__ = ("host", "port")

    def __init__(self, host: str, port: int = 443) -> None:
        self.host, self.port = host, port
        super().__init__(host, port)

    def unanswered(self, reason: str) -> TlsFacts:
        return TlsFacts(f"TLS handshake with {self.host}:{self.port}", trouble="timeout", reason=reason)


class Smtp(Question[SmtpAnswer]):
    """The greeting of a mail server, and its certificate."""

    __slots__ = ("host",)

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(host)

    def unanswered(self, reason: str) -> SmtpAnswer:
        return SmtpAnswer(f"SMTP {self.host}:25", trouble="timeout", reason=reason)


class Rdap(Question[RdapAnswer]):
    """The registration of a registered domain (RFC 9083)."""

    __slots__ = ("domain",)

    def __init__(self, domain: str) -> None:
        self.domain = domain
        super().__init__(domain)

    def unanswered(self, reason: str) -> RdapAnswer:
        return RdapAnswer(f"registration of {self.domain}", reason=reason)


class Subdomains(Question[NamesAnswer]):
    """Names below a domain that the caller's source knows."""

    __slots__ = ("domain",)

    def __init__(self, domain: str) -> None:
        self.domain = domain
        super().__init__(domain)

    def unanswered(self, reason: str) -> NamesAnswer:
        return NamesAnswer(f"names below {self.domain}", reason=reason)


class AskAll(Op[None]):
    """Asks several questions at once. Each question then has its own answer."""

    __slots__ = ("ops",)

    def __init__(self, ops: Iterable[Question[Any]]) -> None:
        self.ops = tuple(ops)


class RunAll(Op[list[T]]):
    """Runs several flows at once. ``answer`` holds their results in order; an exception of one is raised here."""

    __slots__ = ("flows",)

    def __init__(self, flows: Iterable[Generator[Op[Any], None, T]]) -> None:
        self.flows = tuple(flows)
