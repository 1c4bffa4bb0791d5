"""``check`` and ``acheck``: the launch checks of one domain, on one engine."""

import datetime as dt
import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from launchready.checks import providers
from launchready.checks.adapter import Network
from launchready.checks.catalogue import rules
from launchready.checks.database_queries import database as the_database
from launchready.checks.domain_map import Map, draw, urls
from launchready.checks.engine import Engine, Progress
from launchready.checks.report import Report
from launchready.checks.results import needed, results
from launchready.checks.rule import FAMILIES, Choice
from launchready.checks.site import Site, site
from launchready.checks.store_queries import store as the_store
from launchready.clock import SYSTEM
from launchready.errors import ConfigError
from launchready.net.blocking import blocking
from launchready.net.smtp import Greeter
from launchready.net.tls import Handshakes


async def acheck(
    domain: str,
    *,
    hosts: Iterable[str] | Mapping[str, str | None] = (),
    canonical: str | None = None,
    dkim_selectors: Iterable[str] = (),
    sends_mail: bool | None = None,
    ca: str | None = None,
    webhooks: Iterable[str] = (),
    app: str | None = None,
    pages: Iterable[str] = (),
    protected: Iterable[str] = (),
    mobile_app: bool | None = None,
    cors_probe_origin: str | None = None,
    origin: str | None = None,
    senders: Iterable[str] = (),
    repository: str | None = None,
    database: str | None = None,
    store: str | None = None,
    probe_limit: Iterable[str] | Mapping[str, int | str] = (),
    release: str | None = None,
    health: str = "/healthz",
    subdomains: Any = None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    ignore: Iterable[str] = (),
    timeout: float = 10.0,
    resolver: tuple[str, int] | None = None,
    nameservers: Mapping[str, tuple[str, int]] | None = None,
    http: Any = None,
    tls: Any = None,
    rdap: Any = None,
    smtp: Greeter | None = None,
    allow_private: bool = False,
    progress: Progress | None = None,
    now: dt.datetime | str | None = None,
) -> Report:
    """Checks a domain, and says what to fix before launch. See ``check``."""
    database, store = addresses(only, database, store)
    asked = site(
        domain,
        hosts=hosts,
        canonical=canonical,
        dkim_selectors=dkim_selectors,
        sends_mail=sends_mail,
        ca=ca,
        webhooks=webhooks,
        app=app,
        pages=pages,
        protected=protected,
        mobile_app=mobile_app,
        cors_probe_origin=cors_probe_origin,
        origin=origin,
        senders=senders,
        repository=repository if repository is not None else here(only),
        database=database,
        store=store,
        probe_limit=probe_limit,
        release=release,
        health=health,
        now=now if now is not None else dt.datetime.fromtimestamp(SYSTEM.wall(), dt.UTC),
    )
    choice, ignored = choose(only, skip, ignore)
    problems = adapter_problems(timeout, resolver, nameservers, http, tls=tls, rdap=rdap)
    if problems:
        raise ConfigError(problems)
    network = Network(
        resolver=resolver,
        nameservers=nameservers,
        http=http,
        tls=tls,
        rdap=rdap,
        smtp=smtp,
        private=allow_private,
        subdomains=subdomains,
    )
    return await examine(asked, network, choice, ignored, timeout, progress)


def addresses(only: Iterable[str], database: str | None, store: str | None) -> tuple[str | None, str | None]:
    """Whoever asks for the db family, and names no address, means the app's own: DATABASE_URL, LAUNCHREADY_STORE."""
    asked = set() if isinstance(only, str) else {name.lower() for name in only}
    by_code = {subjects for one in rules() if (subjects := one.subjects) in WHERE and one.code.lower() in asked}
    found = {the_database: database, the_store: store}
    for subjects, (_, variable) in WHERE.items():
        if found[subjects] is None and ("db" in asked or subjects in by_code):
            found[subjects] = os.environ.get(variable) or None
    lacking = [subjects for subjects in WHERE if subjects in by_code and found[subjects] is None]
    if "db" in asked and not any(value is not None for value in found.values()):
        lacking = [*WHERE]
    problems = [f"{name}: set {variable} to the app's own address, or give {name}=..."
                for name, variable in (WHERE[subjects] for subjects in lacking)]  # fmt: skip
    if problems:
        raise ConfigError(problems)
    return found[the_database], found[the_store]


WHERE = {the_database: ("database", "DATABASE_URL"), the_store: ("store", "LAUNCHREADY_STORE")}
"""What the rules about an address are asked of, by the function that gives it; and where it stands."""


def here(only: Iterable[str]) -> str | None:
    """Whoever asks for what is looked at on this machine, and names no folder, means this one."""
    asked = set(map(str.lower, only)) if not isinstance(only, str) else set()
    local = {name for one in rules() if one.local for name in (one.family, one.code.lower())}
    return "." if asked & local else None


async def examine(
    asked: Site,
    network: Network,
    choice: Choice,
    ignore: frozenset[str],
    timeout: float,
    progress: Progress | None = None,
) -> Report:
    """One run of the engine."""
    start = SYSTEM.monotonic()
    engine = Engine(network, timeout, progress)
    chosen = needed(rules(), choice)
    outcomes = await engine.outcomes(chosen, asked)
    found = results(outcomes, asked, choice, ignore)
    known = providers.seen(engine.answers(), asked.domain)
    used = providers.detect(known)
    findings = [providers.with_places(one, used, known) for one in found.findings]
    seconds = SYSTEM.monotonic() - start
    codes = [one.code for one in chosen]
    return Report.of(asked.domain, findings, found.passed, started=asked.now, seconds=seconds, checked=codes)


def check(domain: str, **options: Any) -> Report:
    """Checks a domain, and says what to fix before launch. The options are those of ``acheck``.

    - ``hosts``: names that have to work, ``"app"`` or in full; as a mapping, each with a text that its first page shows
      (None: any page), so that two services that were swapped are seen.
    - ``canonical``: "apex" or "www", where visitors end.
    - ``dkim_selectors``, ``sends_mail``, ``ca``: what cannot be seen from outside.
    - ``webhooks``: URLs, or paths on the main host, that payment providers and others post to.
    - ``app``: one more page to look at. ``pages``: more pages to read for mixed content.
    - ``protected``: paths or URLs that must refuse whoever has no session.
    - ``mobile_app``: whether links are meant to open an app; then the deep link files have to be right.
    - ``release``: what should be live; ``health`` (a path or URL, ``/healthz``) has to name it.
    - ``probe_limit``: ``{"POST /login": 5}``: after so many requests the next must be 429. It sends them.
    - ``subdomains``: names below the domain that somebody found, as in certificate transparency logs: a list, or a
      callable from domain to one, async or not. Those that were forgotten are looked at. Nobody is asked without it.
    - ``repository``: the project's folder, for secrets and its environment (with ``only=["secrets"]``: this one).
    - ``database``: the app's own address of its database (with ``only=["db"]``: DATABASE_URL).
    - ``store``: the URL of the store in which the middleware keeps the idempotency keys of payments (with
      ``only=["db"]``: LAUNCHREADY_STORE).
    - ``cors_probe_origin``: the foreign origin of the CORS probes. ``origin``: the IP address of the server behind a
      content network, which must not answer everybody. ``senders``: IP addresses that your own mail comes from.
    - ``only``, ``skip``: families (dns, tls, web, mail ...) or codes. ``ignore``: codes to leave out of the report.
    - ``timeout``: seconds for everything. What was not answered by then is ``undetermined``.
    - ``resolver``, ``nameservers``, ``http``, ``tls``, ``rdap``, ``now``: in place of the network and the clock.
    - ``smtp``: how mail servers are reached (``launchready.net.smtp.Greeter``).
    - ``progress``: called with (done, total, topic) whenever a check has ended.
    - No connection is made to an address that is not public, unless ``allow_private``: a server that embeds this must
      not be talked into its own network.
    - What cannot be read is a ConfigError; what a network or a zone does never raises.
    - Works inside a running event loop, too: then it runs in a thread of its own, and blocks the caller.
    """
    return blocking(lambda: acheck(domain, **options))


async def achart(
    domain: str,
    *,
    moved: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    resolver: tuple[str, int] | None = None,
    http: Any = None,
    allow_private: bool = False,
    **facts: Any,
) -> Map:
    """The map of a domain: see ``launchready.checks.domain_map``. ``moved``: old addresses and their targets."""
    asked = site(domain, **facts)
    problems = adapter_problems(timeout, resolver)
    if problems:
        raise ConfigError(problems)
    network = Network(resolver=resolver, http=http, private=allow_private)
    return await draw(asked, network, timeout, urls(moved or {}, asked.main))


def chart(domain: str, **options: Any) -> Map:
    """``achart`` for callers that wait."""
    return blocking(lambda: achart(domain, **options))


def choose(only: Iterable[str], skip: Iterable[str], ignore: Iterable[str]) -> tuple[Choice, frozenset[str]]:
    """Which rules run, and which findings are left out; an unknown name is refused with the nearest one."""
    codes = [one.code for one in rules()]
    problems: list[str] = []
    only_names = names(problems, "only", only, [*FAMILIES, *codes])
    skip_names = names(problems, "skip", skip, [*FAMILIES, *codes])
    ignored = names(problems, "ignore", ignore, codes)
    if problems:
        raise ConfigError(problems)
    return Choice(only_names, skip_names), ignored


def names(problems: list[str], what: str, given: Iterable[str], known: list[str]) -> frozenset[str]:
    """Families in lower case and codes in upper case, as they are called."""
    if isinstance(given, str):
        problems.append(f'{what}: give a list, as in {what}=["{given}"]')
        return frozenset()
    found = set()
    for name in given:
        spelled = name.lower() if name.lower() in known else name.upper()
        if spelled in known:
            found.add(spelled)
            continue
        near = difflib.get_close_matches(name.lower(), [one.lower() for one in known], 1, 0.5)
        hint = next((one for one in known if near and one.lower() == near[0]), "")
        problems.append(f"{what}: {name!r} is not known; " + (f"did you mean {hint!r}?" if hint else "see the docs"))
    return frozenset(found)


def adapter_problems(
    timeout: object, resolver: object, nameservers: object = None, http: object = None, **providers: object
) -> list[str]:
    """What is wrong with the options that are not about the site."""
    problems = []
    if not isinstance(timeout, int | float) or not 0 < timeout <= 3600:
        problems.append(f"timeout: {timeout!r} is not a number of seconds above 0 and up to 3600")
    if resolver is not None:
        wrong = not isinstance(resolver, tuple | list) or len(resolver) != 2 or not isinstance(resolver[1], int)
        if wrong:
            problems.append(f'resolver: {resolver!r} is not an address and a port; write ("127.0.0.1", 5300)')
    if nameservers is not None and not isinstance(nameservers, Mapping):
        problems.append('nameservers: give a mapping, as in {"192.0.2.53": ("127.0.0.1", 5300)}')
    if http is not None and not (hasattr(http, "handle_async_request") or hasattr(http, "handle_request")):
        problems.append(f"http: {type(http).__name__} is not an httpx transport, as httpx.MockTransport is")
    for name, given in providers.items():
        if given is not None and not (isinstance(given, Mapping | Handshakes) or callable(given)):
            problems.append(f"{name}: {type(given).__name__} is neither a mapping nor a callable")
    return problems
