"""The site: the domain and what its owner says about it, in normal form.

Founders paste the address bar. A URL, capitals, a final dot and an international name are accepted. Anything else
that is not a domain raises an error that says what to write instead.
"""

import datetime as dt
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from launchready.checks.options import CheckOptions
from launchready.errors import ConfigError
from launchready.net.addresses import is_address

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

Canonical = Literal["apex", "www"]
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
LONGEST_NAME = 253
# More requests would be a load test.
MAX_PROBE_REQUESTS = 300


@dataclass(frozen=True, slots=True)
class Site:
    """The facts that rules use. Names are lower case, in ASCII, without the final dot.

    - ``hosts``: full names of the named hosts, without the domain itself and www.
    - ``markers``: for some hosts, a text of their first page.
    - ``limits``: routes, and the number of requests that each allows.
    - ``sends_mail``: None when the owner did not say.
    - ``repository``: the folder of the project for the checks on this machine, or "".
    - ``database``, ``store``: URLs of the app's database and of the middleware's store. They contain passwords, so
      ``repr`` leaves them out.
    """

    domain: str
    hosts: tuple[str, ...] = ()
    canonical: Canonical | None = None
    dkim_selectors: tuple[str, ...] = ()
    sends_mail: bool | None = None
    ca: str = ""
    webhooks: tuple[str, ...] = ()
    app: str = ""
    now: float = 0.0
    names_www: bool = False
    pages: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    mobile_app: bool | None = None
    cors_probe_origin: str = ""
    origin: str = ""
    senders: tuple[str, ...] = ()
    repository: str = ""
    database: str = field(default="", repr=False)
    store: str = field(default="", repr=False, kw_only=True)
    markers: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    release: str = ""
    health: str = ""

    @property
    def www(self) -> str:
        return f"www.{self.domain}"

    @property
    def main(self) -> str:
        """The host on which visitors should end."""
        return self.www if self.canonical == "www" else self.domain

    @property
    def expects_www(self) -> bool:
        """Whether visitors type www: always before a registered domain, never before a subdomain such as ``app.``."""
        return self.names_www or self.canonical == "www" or registered(self.domain) == self.domain

    @property
    def web(self) -> tuple[str, ...]:
        """Every host that visitors may type."""
        return (self.domain, *((self.www,) if self.expects_www else ()), *self.hosts)

    def rerun_command(self, only: str, subject: str = "") -> str:
        """The command that checks one subject again, with the options that concern it ("" means all subjects)."""
        hosts = [host.removesuffix(f".{self.domain}") for host in self.hosts if not subject or host in subject]
        if only == "WEB018":
            hosts = [f"{host}={text}" for host, text in self.markers if host == subject]
        # A host that only its webhook names: as --hosts it would get checks of its own.
        strange = "" if subject in (self.domain, self.www) else subject
        told: dict[str, list[str]] = {
            "hosts": hosts,
            "dkim-selectors": [one for one in self.dkim_selectors if subject.startswith(f"{one}._domainkey.")],
            "webhooks": [url for url in self.webhooks if subject == url or strange == urlsplit(url).hostname],
            "pages": [url for url in self.pages if url == subject],
            "protected": [url for url in self.protected if subject in (url, url.rpartition(" ")[2])],
            "senders": [address for address in self.senders if address == subject],
            "subdomains": [subject] if only == "DNS015" and strange else [],
            "probe-limit": [f"{url}={most}" for url, most in self.limits if url == subject],
            "canonical": [self.canonical or ""],
            "ca": [self.ca if only == "DNS008" else ""],
            "app": [self.app if self.app == subject or only.startswith("LINK") else ""],
            "cors-probe-origin": [self.cors_probe_origin if only in ("WEB007", "WEB014") else ""],
            "origin": [self.origin if only == "WEB013" else ""],
            "release": [self.release if only == "WEB020" else ""],
            "health": [self.health if only == "WEB020" else ""],
        }
        words = ["launchready", "check", self.domain, "--only", only]
        for flag, values in told.items():
            words += [f"--{flag}", *values] if any(values) else []
        for flag, said, codes in (("sends-mail", self.sends_mail, "MAIL"), ("mobile-app", self.mobile_app, "LINK")):
            if said is not None and only.startswith(codes):
                words.append(f"--{flag}" if said else f"--no-{flag}")
        return shlex.join(words)


def read_site(options: CheckOptions) -> Site:
    """The site of the options. One ConfigError lists everything that cannot be read."""
    problems: list[str] = []
    name = without_www(collect(problems, domain_name, options.domain))
    main = f"www.{name}" if options.canonical == "www" else name

    def read(reader: Callable[..., str], option: str, *context: str) -> list[str]:
        return [collect(problems, reader, option, one, *context) for one in read_list(problems, option, options)]

    def ip_addresses(option: str, values: Iterable[str]) -> list[str]:
        found = [one.strip("[] ") for one in values]
        wrong = [one for one in found if not is_address(one)]
        problems.extend(f"{option}: {one!r} is not an IP address" for one in wrong)
        return found

    texts = options.hosts if isinstance(options.hosts, Mapping) else {}
    given = read_list(problems, "hosts", options)
    named = [collect(problems, host_name, host, name) for host in given]
    markers = {full: str(texts[host]).strip() for host, full in zip(given, named, strict=True) if texts.get(host)}
    if options.canonical not in (None, "apex", "www"):
        problems.append(f'canonical: {options.canonical!r} is neither "apex" nor "www"')
    # Panels show "google", "google._domainkey" or the full name.
    selectors = [one.strip().partition("._domainkey")[0] for one in read_list(problems, "dkim_selectors", options)]
    problems += [f"dkim_selectors: {one!r} is not a selector; write the part before ._domainkey" for one in selectors
                 if not SELECTOR.fullmatch(one)]  # fmt: skip
    ca = collect(problems, domain_name, options.ca) if options.ca else ""
    webhooks, pages, protected = (
        read(web_url, "webhooks", main), read(web_url, "pages", main), read(read_route, "protected", main)
    )  # fmt: skip
    app = collect(problems, web_url, "app", options.app, main) if options.app else ""
    paces = options.probe_limit.items() if isinstance(options.probe_limit, Mapping) else read_list(
        problems, "probe_limit", options
    )  # fmt: skip
    limits = [collect(problems, read_limit, one, main) for one in paces]
    health = collect(problems, web_url, "health", options.health, urlsplit(app).hostname or main or "host")
    foreign = options.cors_probe_origin
    foreign = collect(problems, read_origin, "cors_probe_origin", foreign) if foreign else ""
    senders = ip_addresses("senders", read_list(problems, "senders", options))
    origin = ip_addresses("origin", [options.origin] if options.origin else [])
    now = collect(problems, timestamp, options.now)
    if problems:
        raise ConfigError(problems)
    if app:
        named.append(urlsplit(app).hostname or "")
    return Site(
        name,
        hosts=unique(host for host in named if host not in (name, f"www.{name}")),
        canonical="www" if options.canonical == "www" else "apex" if options.canonical == "apex" else None,
        dkim_selectors=unique(selectors),
        sends_mail=options.sends_mail,
        ca=ca,
        webhooks=unique(webhooks),
        app=app,
        now=float(now),
        names_www=f"www.{name}" in named,
        pages=unique(pages),
        protected=unique(protected),
        mobile_app=options.mobile_app,
        cors_probe_origin=foreign,
        origin="".join(origin),
        senders=unique(senders),
        repository=options.repository or "",
        database=options.database or "",
        store=options.store or "",
        markers=tuple(markers.items()),
        limits=tuple((url, int(most)) for url, _, most in (one.rpartition("=") for one in unique(limits))),
        release=(options.release or "").strip(),
        health=health,
    )


def unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def collect(problems: list[str], read: Callable[..., str], *given: object) -> str:
    """The result of ``read``. A ValueError is added to the problems."""
    try:
        return read(*given)
    except ValueError as error:
        problems.append(str(error))
        return ""


def read_list(problems: list[str], name: str, options: CheckOptions) -> Sequence[str]:
    """An option that is a list of texts. A single text is refused: it would be read letter by letter."""
    given = getattr(options, name)
    if isinstance(given, str):
        problems.append(f'{name}: give a list, as in {name}=["{given}"]')
        return ()
    values: list[Any] = list(given)
    problems += [f"{name}: {value!r} is not text" for value in values if not isinstance(value, str)]
    return [value for value in values if isinstance(value, str)]


def domain_name(text: object) -> str:
    """A domain in its normal form. ValueError says what to write instead."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError('a domain is needed, as in "coach.example"')
    name = text.strip()
    if len(name) > 4 * LONGEST_NAME:
        raise ValueError(f"domain: {len(name)} characters are too long for a name; at most {LONGEST_NAME} can be")
    if "://" in name or "/" in name or re.search(r"[^:]:\d+$", name):
        name = host_of(name)
    elif "@" in name:
        raise ValueError(f"domain: {name[:80]!r} is a mail address; give the part behind the @")
    if is_address(name):
        raise ValueError(f"domain: {name} is an IP address; give the domain that visitors type")
    name = ascii_name(name.removesuffix(".").removesuffix("\u3002")).lower()
    labels = name.split(".")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"domain: {name[:40]}... has {len(name)} characters; a name has at most {LONGEST_NAME}")
    wrong = [label for label in labels if not LABEL.fullmatch(label)]
    if wrong:
        what = "an empty part between two dots" if wrong[0] == "" else f"the part {wrong[0][:70]!r}"
        raise ValueError(f"domain: {text.strip()[:80]!r} cannot be a name because of {what}")
    if len(labels) == 1:
        raise ValueError(f"domain: {name!r} has no dot; give the full name, as in {name}.com")
    if labels[-1].isdecimal():
        raise ValueError(f"domain: {name!r} ends in a number; give the domain that visitors type")
    if suffix_list().publicsuffix(name) == name:
        raise ValueError(f"domain: {name!r} is what others register their domains under; give yours, as in you.{name}")
    return name


def without_www(name: str) -> str:
    """``www.coach.example`` stands for the whole domain, because mail and DNS records belong to that."""
    parent = name.removeprefix("www.")
    return parent if parent != name and suffix_list().privatesuffix(parent) == parent else name


def host_of(url: str) -> str:
    """The host of a pasted URL."""
    try:
        host = urlsplit(url if "://" in url else f"//{url.lstrip('/')}").hostname
    except ValueError:
        host = None
    if not host:
        raise ValueError(f'domain: no host in {url[:80]!r}; write "coach.example"')
    return host


def ascii_name(name: str) -> str:
    """An international name in its DNS form (IDNA 2008 with the usual mapping, UTS 46)."""
    if name.isascii():
        return name
    import idna  # noqa: PLC0415 - rarely needed; comes with httpx

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"domain: {name[:80]!r} is not a name: {error}") from None


def host_name(host: str, domain: str) -> str:
    """A host in full: ``app`` means ``app.<domain>``, ``@`` the domain itself. A name with a dot is complete."""
    text = host.strip()
    if text in ("@", ""):
        return domain
    if "." in text.rstrip(".") or "://" in text:
        return domain_name(text)
    return domain_name(f"{text.rstrip('.')}.{domain}") if domain else ""


def web_url(name: str, text: str, host: str) -> str:
    """A URL, or a path on the main host, as a URL without a fragment."""
    given = text.strip()
    url = f"https://{host}{given}" if given.startswith("/") else given
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in given):
        raise ValueError(f'{name}: {text[:80]!r} is neither a path nor a URL; write "https://{host or "host"}/path"')
    return parts._replace(fragment="").geturl()


def read_route(name: str, text: str, host: str) -> str:
    """``[METHOD ]path-or-URL`` with the method in upper case."""
    method, space, rest = text.strip().partition(" ")
    if not space:
        return web_url(name, text, host)
    if not (method.isascii() and method.isalpha()):
        raise ValueError(f'{name}: {text[:80]!r} is not a route; write "GET /path"')
    return f"{method.upper()} {web_url(name, rest, host)}"


def read_limit(given: str | tuple[str, int | str], host: str) -> str:
    """``POST https://host/login=5`` from ``"POST /login=5"`` or ``("POST /login", "5/minute")``."""
    where, most = given if isinstance(given, tuple) else given.rpartition("=")[::2]
    number = str(most).partition("/")[0].strip()
    if not where or not number.isdecimal() or not 0 < int(number) <= MAX_PROBE_REQUESTS:
        raise ValueError(
            f"probe_limit: {given!r} is not a route and a number up to {MAX_PROBE_REQUESTS}; "
            'write "POST /login=5": after that many requests the next is refused'
        )
    target = read_route("probe_limit", where, host)
    return f"{target if ' ' in target else f'GET {target}'}={int(number)}"


def read_origin(name: str, text: str) -> str:
    """``https://evil.example``: scheme and host only."""
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        raise ValueError(f'{name}: {text[:80]!r} is not an origin; write "https://other.example"')
    return url


def timestamp(now: dt.datetime | str | None) -> str:
    """A moment as seconds since the epoch; 0 for None."""
    if now is None:
        return "0"
    try:
        found = dt.datetime.fromisoformat(now) if isinstance(now, str) else now
        return repr((found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp())
    except (ValueError, AttributeError):
        raise ValueError(f"now: {now!r} is not a date; give a datetime, or text like 2026-11-24T00:00:00Z") from None


def registered(domain: str) -> str:
    """The registered domain: one label below a public suffix (publicsuffix.org)."""
    return suffix_list().privatesuffix(domain) or domain


_LIST: list["PublicSuffixList"] = []


def suffix_list() -> "PublicSuffixList":
    """The public suffix list, read once."""
    if not _LIST:
        from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 12 ms, and only where a rule asks

        _LIST.append(PublicSuffixList(only_icann=True))
    return _LIST[0]
