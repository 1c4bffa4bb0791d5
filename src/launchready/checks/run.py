"""``check`` and ``acheck``: the launch checks of one domain, on one engine."""

import asyncio
import datetime as dt
import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from launchready.checks import providers
from launchready.checks.adapter import Network
from launchready.checks.catalogue import rules
from launchready.checks.database_queries import database_subject
from launchready.checks.domain_map import Map, absolute_urls, build_map
from launchready.checks.engine import CheckEngine
from launchready.checks.options import CheckOptions, takes_options
from launchready.checks.report import Report
from launchready.checks.results import combine, required_rules
from launchready.checks.rule import FAMILIES, RuleSelection
from launchready.checks.site import read_site
from launchready.checks.store_queries import store_subject
from launchready.clock import SYSTEM
from launchready.errors import ConfigError
from launchready.net.blocking import run_blocking
from launchready.net.tls import Handshakes

URL_VARIABLES = {database_subject: ("database", "DATABASE_URL"), store_subject: ("store", "LAUNCHREADY_STORE")}
"""For each subject that is a URL: the option that holds it, and the environment variable of its default."""


@takes_options(CheckOptions)
async def acheck(options: CheckOptions) -> Report:
    """``check`` for async code."""
    return await run_checks(with_defaults(options))


@takes_options(CheckOptions)
def check(options: CheckOptions) -> Report:
    """Checks a domain and reports what to fix before launch. ``CheckOptions`` describes the options.

    - An option that cannot be read raises ConfigError. A network or a zone never makes it raise.
    - By default it connects to public addresses only (``allow_private``).
    - Inside a running event loop it runs in a thread of its own and blocks the caller.
    """
    return check_with(options)


def check_with(options: CheckOptions) -> Report:
    """``check`` for a caller that has a ``CheckOptions``."""
    return run_blocking(lambda: run_checks(with_defaults(options)))


async def run_checks(options: CheckOptions) -> Report:
    """One run of the engine."""
    start = SYSTEM.monotonic()
    deadline = asyncio.get_running_loop().time() + (options.timeout if is_number(options.timeout) else 0)
    site = read_site(options)
    selection, ignored = select_rules(options)
    if problems := option_problems(options):
        raise ConfigError(problems)
    engine = CheckEngine(Network(options), options.timeout, options.progress)
    engine.deadline = deadline
    chosen = required_rules(rules(), selection)
    results = combine(await engine.run_rules(chosen, site), site, selection, ignored)
    observed = providers.observe(engine.answers(), site.domain)
    used = providers.detect(observed)
    findings = [providers.add_settings_paths(one, used, observed) for one in results.findings]
    seconds = SYSTEM.monotonic() - start
    codes = [one.code for one in chosen]
    return Report.of(site.domain, findings, results.passed, started=site.now, seconds=seconds, checked=codes)


async def amap_domain(options: CheckOptions, moved: Mapping[str, str]) -> Map:
    """The map of a domain: see ``launchready.checks.domain_map``. ``moved``: old addresses and their targets."""
    site = read_site(options)
    if problems := option_problems(options):
        raise ConfigError(problems)
    return await build_map(site, Network(options), options.timeout, absolute_urls(moved, site.main))


def map_domain(options: CheckOptions, moved: Mapping[str, str]) -> Map:
    """``amap_domain`` for callers without an event loop."""
    return run_blocking(lambda: amap_domain(options, moved))


def with_defaults(options: CheckOptions) -> CheckOptions:
    """The options, completed by the clock, the current folder and the environment variables."""
    database, store = database_urls(options)
    return replace(
        options,
        database=database,
        store=store,
        repository=options.repository if options.repository is not None else default_repository(options.only),
        now=options.now if options.now is not None else dt.datetime.fromtimestamp(SYSTEM.wall(), dt.UTC),
    )


def database_urls(options: CheckOptions) -> tuple[str | None, str | None]:
    """The URLs of database and store. ``only=["db"]`` without URLs uses DATABASE_URL and LAUNCHREADY_STORE."""
    names = lower(options.only)
    by_code = {subjects for one in rules() if (subjects := one.subjects) in URL_VARIABLES and one.code.lower() in names}
    found = {database_subject: options.database, store_subject: options.store}
    for subjects, (_, variable) in URL_VARIABLES.items():
        if found[subjects] is None and ("db" in names or subjects in by_code):
            found[subjects] = os.environ.get(variable) or None
    lacking = [subjects for subjects in URL_VARIABLES if subjects in by_code and found[subjects] is None]
    if "db" in names and not any(value is not None for value in found.values()):
        lacking = [*URL_VARIABLES]
    problems = [f"{name}: set {variable} to the app's own URL, or give {name}=..."
                for name, variable in (URL_VARIABLES[subjects] for subjects in lacking)]  # fmt: skip
    if problems:
        raise ConfigError(problems)
    return found[database_subject], found[store_subject]


def default_repository(only: Iterable[str]) -> str | None:
    """The current folder when only checks of this machine were asked for, else None."""
    local = {name for one in rules() if one.local for name in (one.family, one.code.lower())}
    return "." if lower(only) & local else None


def lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset() if isinstance(names, str) else frozenset(map(str.lower, names))


def select_rules(options: CheckOptions) -> tuple[RuleSelection, frozenset[str]]:
    """The rules to run, and the codes to leave out. An unknown name is refused with the nearest known one."""
    codes = [one.code for one in rules()]
    problems: list[str] = []
    only = read_names(problems, "only", options.only, [*FAMILIES, *codes])
    skip = read_names(problems, "skip", options.skip, [*FAMILIES, *codes])
    ignored = read_names(problems, "ignore", options.ignore, codes)
    if problems:
        raise ConfigError(problems)
    return RuleSelection(only, skip), ignored


def read_names(problems: list[str], option: str, names: Iterable[str], known: list[str]) -> frozenset[str]:
    """Families in lower case and codes in upper case."""
    if isinstance(names, str):
        problems.append(f'{option}: give a list, as in {option}=["{names}"]')
        return frozenset()
    found = set()
    for name in names:
        spelled = name.lower() if name.lower() in known else name.upper()
        if spelled in known:
            found.add(spelled)
            continue
        near = difflib.get_close_matches(name.lower(), [one.lower() for one in known], 1, 0.5)
        hint = next((one for one in known if near and one.lower() == near[0]), "")
        problems.append(f"{option}: {name!r} is not known; " + (f"did you mean {hint!r}?" if hint else "see the docs"))
    return frozenset(found)


def option_problems(options: CheckOptions) -> list[str]:
    """What is wrong with the options that replace parts of the network."""
    problems = []
    timeout, resolver, http = options.timeout, options.resolver, options.http
    if not is_number(timeout) or not 0 < timeout <= 3600:
        problems.append(f"timeout: {timeout!r} is not a number of seconds above 0 and up to 3600")
    if resolver is not None and not is_host_and_port(resolver):
        problems.append(f'resolver: {resolver!r} is not an address and a port; write ("127.0.0.1", 5300)')
    if options.nameservers is not None and not isinstance(options.nameservers, Mapping):
        problems.append('nameservers: give a mapping, as in {"192.0.2.53": ("127.0.0.1", 5300)}')
    if http is not None and not (hasattr(http, "handle_async_request") or hasattr(http, "handle_request")):
        problems.append(f"http: {type(http).__name__} is not an httpx transport, as httpx.MockTransport is")
    for name in ("tls", "rdap"):
        provider = getattr(options, name)
        if provider is not None and not (isinstance(provider, Mapping | Handshakes) or callable(provider)):
            problems.append(f"{name}: {type(provider).__name__} is neither a mapping nor a callable")
    return problems


def is_number(value: object) -> bool:
    return isinstance(value, int | float)


def is_host_and_port(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and isinstance(value[1], int)
