"""The options of ``check``, defined once for Python, the command line and launchready.toml.

To add an option, add a field. With ``help`` it is also a flag of the command line and a key of launchready.toml.
"""

import datetime as dt
import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from launchready.net.smtp import Greeter

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[int, int, str], None]
"""Called with (finished rules, all rules, topic of the finished rule)."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check, and how.

    - ``domain``: the domain that customers type. A pasted URL works, too.
    - ``hosts``: host names that must work, ``"app"`` or in full. A mapping adds a text that the first page of each
      host shows (None: any page), so that two swapped services are detected.
    - ``canonical``: "apex" or "www": the host on which visitors should end.
    - ``dkim_selectors``, ``sends_mail``, ``ca``: facts that cannot be seen from outside.
    - ``webhooks``: URLs, or paths on the main host, that payment providers and others post to.
    - ``app``: one more page to check. ``pages``: more pages to read for mixed content.
    - ``protected``: paths or URLs that must refuse visitors without a session.
    - ``mobile_app``: whether links open an app. Then the deep link files must be right.
    - ``release``: the release that should be live. ``health`` (a path or URL) must name it.
    - ``probe_limit``: ``{"POST /login": 5}``: after so many requests the next must be refused with 429. The check
      sends these requests.
    - ``subdomains``: known names below the domain, as in certificate transparency logs: a list, or a callable from
      domain to list, async or not. Forgotten ones are checked for takeover. Without it no log is queried.
    - ``repository``: the project's folder, for secrets and its environment (``only=["secrets"]``: this folder).
    - ``database``: the app's own database URL (``only=["db"]``: DATABASE_URL).
    - ``store``: the URL of the middleware's store (``only=["db"]``: LAUNCHREADY_STORE).
    - ``cors_probe_origin``: the foreign origin of the CORS probes. ``senders``: IP addresses that send your mail.
    - ``origin``: the IP address of the server behind a content network, which must not answer everybody.
    - ``only``, ``skip``: families (dns, tls, web, mail ...) or codes. ``ignore``: codes to leave out of the report.
    - ``timeout``: seconds for the whole run. A question without an answer by then is ``undetermined``.
    - ``resolver``: (host, port) of the DNS server to ask. ``nameservers``: addresses of name servers, replaced.
    - ``http``, ``tls``, ``rdap``, ``smtp``, ``now``: replacements for the network and the clock.
    - ``allow_private``: connect to addresses that are not public, too. A server that embeds the check must not set
      it: a stranger's DNS zone could direct it into its own network.
    - ``progress``: called with (done, total, topic) whenever a check has ended.
    """

    domain: str
    _: KW_ONLY
    hosts: Iterable[str] | Mapping[str, str | None] = field(
        default=(),
        metadata={"help": "host names that must work: app api, or with a text of the first page: app='Coach'"},
    )
    dkim_selectors: Iterable[str] = field(default=(), metadata={"help": "DKIM selectors of your mail: google s1"})
    webhooks: Iterable[str] = field(default=(), metadata={"help": "paths or URLs that others post to"})
    pages: Iterable[str] = field(default=(), metadata={"help": "pages to read for mixed content"})
    protected: Iterable[str] = field(default=(), metadata={"help": "paths that must refuse visitors without a session"})
    senders: Iterable[str] = field(default=(), metadata={"help": "IP addresses that send your mail"})
    subdomains: Any = field(
        default=None,
        metadata={"help": "extra host names (from certificate logs, for example) to check for takeover", "many": True},
    )
    probe_limit: Iterable[str] | Mapping[str, int | str] = field(
        default=(), metadata={"help": "rate limits to verify by sending requests: 'POST /login=5'"}
    )
    canonical: str | None = field(
        default=None, metadata={"help": "the host on which visitors should end", "choices": ("apex", "www")}
    )
    ca: str | None = field(default=None, metadata={"help": "the certificate authority that renews: letsencrypt.org"})
    app: str | None = field(default=None, metadata={"help": "one more page to check"})
    release: str | None = field(default=None, metadata={"help": "the release that the health page must name"})
    health: str = field(default="/healthz", metadata={"help": "the health page (/healthz)", "metavar": "PATH"})
    store: str | None = field(
        default=None,
        repr=False,
        metadata={"help": "the middleware's store (default: LAUNCHREADY_STORE)", "metavar": "URL"},
    )
    repository: str | None = field(
        default=None, metadata={"help": "the project's folder, to scan it for secrets", "metavar": "PATH"}
    )
    sends_mail: bool | None = field(default=None, metadata={"help": "whether mail is sent from the domain"})
    mobile_app: bool | None = field(default=None, metadata={"help": "whether links open a mobile app"})
    origin: str | None = field(
        default=None, metadata={"help": "the server behind your content network", "metavar": "ADDRESS"}
    )
    cors_probe_origin: str | None = field(
        default=None, metadata={"help": "the foreign origin to try CORS with", "metavar": "ORIGIN"}
    )
    resolver: tuple[str, int] | None = field(
        default=None, metadata={"help": "the DNS server to ask (default: this machine's)", "metavar": "HOST:PORT"}
    )
    allow_private: bool = field(default=False, metadata={"help": "connect to addresses that are not public, too"})
    only: Iterable[str] = ()
    skip: Iterable[str] = ()
    ignore: Iterable[str] = ()
    timeout: float = 10.0
    database: str | None = field(default=None, repr=False)
    nameservers: Mapping[str, tuple[str, int]] | None = None
    http: Any = None
    tls: Any = None
    rdap: Any = None
    smtp: "Greeter | None" = None
    progress: Progress | None = None
    now: dt.datetime | str | None = None


def flags() -> list[Field[Any]]:
    """The options that are flags of the command line and keys of launchready.toml."""
    return [one for one in fields(CheckOptions) if "help" in one.metadata]


def is_list(option: Field[Any]) -> bool:
    """Whether an option takes several values."""
    return option.default == () or bool(option.metadata.get("many"))


def takes_options(make: Callable[P, CheckOptions]) -> Callable[[Callable[[CheckOptions], R]], Callable[P, R]]:
    """Gives a function of ``CheckOptions`` the signature of ``CheckOptions``, for callers and their editors.

    The function raises TypeError for an unknown option and names the nearest one.
    """

    def decorate(function: Callable[[CheckOptions], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            refuse_unknown(function.__name__, keywords)
            return function(make(*args, **keywords))

        returns = inspect.signature(function).return_annotation
        call.__signature__ = inspect.signature(make).replace(return_annotation=returns)  # type: ignore[attr-defined]
        return call

    return decorate


def refuse_unknown(function: str, keywords: Iterable[str]) -> None:
    known = [one.name for one in fields(CheckOptions)]
    for name in keywords:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known options are {', '.join(known)}"
            raise TypeError(f"{function}() has no option {name!r}; {hint}")
