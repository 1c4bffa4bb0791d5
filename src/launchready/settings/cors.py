"""``CORS(...)``: which pages of other origins may read the app's answers."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from launchready.core import cors as core
from launchready.http.origin import Origin, Origins, is_ip
from launchready.http.routes import RouteTable
from launchready.settings.problems import Problems, coerce

logger = logging.getLogger("launchready.cors")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)

# Fetch §2.2.1 and §2.2.2: a browser never sends these from a page, so allowing them is dead configuration.
FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
FORBIDDEN_HEADERS = frozenset(
    {
        "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method",
        "connection", "content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin",
        "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
    }
)  # fmt: skip
MAX_MAX_AGE = 86_400
_NO_PREFIX = re.compile(r"[%?#*{}\s]|//|/\.{1,2}(?:/|$)")


@dataclass(frozen=True)
class CORS:
    """Strict CORS.

    - ``allow_origins``: exact origins, ``https://*.example.com``, ``http://localhost:*``, or ``*`` alone.
    - ``allow_methods``: beyond GET, HEAD and POST, which browsers always send; case-sensitive; ``*`` for any.
    - ``allow_headers``: request headers a page may set; ``*`` does not cover Authorization.
    - ``expose_headers``: answer headers a page may read beyond the safelisted ones.
    - ``allow_credentials``: cookies and HTTP authentication; not together with ``*``.
    - ``max_age``: seconds a browser may remember a preflight, 0 to 86400.
    - ``paths``: another policy for parts of the app, by path prefix: ``{"/api/public/": CORS(allow_origins=["*"])}``.
    - ``enforce``: also refuse, with 403, unsafe requests that a browser marks as coming from an origin not listed;
      ``enforce_exempt`` lists routes where this does not hold.
    - ``dangerously_allow_insecure_origins``: http origins other than loopback together with credentials.
    - ``dangerously_allow_public_suffixes``: a wildcard right below a public suffix, as in ``https://*.github.io``.
    """

    allow_origins: Sequence[str] = ()
    allow_methods: Sequence[str] = ("GET", "HEAD", "POST")
    allow_headers: Sequence[str] = ()
    expose_headers: Sequence[str] = ()
    allow_credentials: bool = False
    max_age: int | None = None
    paths: Mapping[str, "CORS | Mapping[str, object]"] = field(default_factory=dict)
    enforce: bool = True
    enforce_exempt: Sequence[str] = ()
    dangerously_allow_insecure_origins: bool = False
    dangerously_allow_public_suffixes: bool = False


def compile_cors(
    problems: Problems,
    settings: CORS,
    *,
    own: str | None = None,
    vouches: Callable[[str], bool] = lambda _: False,
) -> core.Cors:
    """The feature. Every mistake goes to ``problems``. ``own``: the app's public origin, where it is known."""
    paths = []
    for prefix, value in problems.mapping("cors.paths", settings.paths).items():
        policy = coerce(problems, f"cors.paths[{prefix!r}]", value, CORS)
        if not isinstance(prefix, str) or not prefix.startswith("/"):
            problems.add(f'cors.paths: {prefix!r} is not a path prefix; write "/{str(prefix).strip("/")}/"')
        elif _NO_PREFIX.search(prefix):
            problems.add(f"cors.paths: {prefix!r} begins no path as it is compared: decoded, without query, "
                         'dots and empty segments; write for example "/api/public/"')  # fmt: skip
        elif policy is not None:
            if policy.paths:
                problems.add(f"cors.paths[{prefix!r}]: paths do not nest; write the longer prefix beside this one")
            paths.append((prefix, compile_policy(problems, f"cors.paths[{prefix!r}]", policy, own, vouches)))
    return core.Cors(compile_policy(problems, "cors", settings, own, vouches), paths, _tell)


def _tell(line: Callable[[], str]) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s", line())


def compile_policy(
    problems: Problems,
    where: str,
    settings: CORS,
    own: str | None = None,
    vouches: Callable[[str], bool] = lambda _: False,
) -> core.CORSPolicy:
    """One policy, of the whole app or of a path."""
    origins = _origins(problems, where, settings)
    if not settings.allow_origins:
        _check_dead(problems, where, settings)
    methods = problems.strings(f"{where}.allow_methods", settings.allow_methods)
    for method in methods:
        if method == "*":
            if len(methods) > 1:
                problems.add(f'{where}.allow_methods: "*" already covers the others; write ["*"] alone')
        elif not _TOKEN.fullmatch(method) or method.upper() in FORBIDDEN_METHODS:
            problems.add(f"{where}.allow_methods: {method!r} cannot be sent by a page; remove it")
        elif method != method.upper():
            problems.add(f'{where}.allow_methods: methods are case-sensitive; write "{method.upper()}"')
    headers = problems.strings(f"{where}.allow_headers", settings.allow_headers)
    for name in headers:
        if not _TOKEN.fullmatch(name) or name.lower() in FORBIDDEN_HEADERS or _reserved(name):
            problems.add(f"{where}.allow_headers: {name!r} cannot be set by a page; remove it")
    return core.CORSPolicy(
        origins,
        methods=methods,
        headers=headers,
        expose=_expose(problems, where, settings),
        credentials=problems.flag(f"{where}.allow_credentials", settings.allow_credentials),
        max_age=_max_age(problems, where, settings),
        enforce=problems.flag(f"{where}.enforce", settings.enforce),
        exempt=RouteTable(
            (route, True)
            for text in problems.strings(f"{where}.enforce_exempt", settings.enforce_exempt)
            if (route := problems.route(f"{where}.enforce_exempt", text)) is not None
        ),
        own=own,
        vouches=vouches,
    )


def _check_dead(problems: Problems, where: str, settings: CORS) -> None:
    """What nobody is granted, nobody can use."""
    for name in ("allow_credentials", "allow_headers", "expose_headers", "max_age"):
        value = getattr(settings, name)
        if value is not None and value is not False and value not in ((), []):
            problems.add(f"{where}.{name} has no effect while {where}.allow_origins is empty; list the origins, or "
                         f"leave {name} out")  # fmt: skip


def _origins(problems: Problems, where: str, settings: CORS) -> Origins:
    for name in ("dangerously_allow_insecure_origins", "dangerously_allow_public_suffixes"):
        problems.flag(f"{where}.{name}", getattr(settings, name))
    where = f"{where}.allow_origins"
    parsed = []
    for text in problems.strings(where, settings.allow_origins):
        try:
            parsed.append(Origin(text))
        except ValueError as error:
            problems.add(f"{where}: {error}")
    for origin in parsed:
        if origin.subdomains and is_ip(origin.host[2:]):
            problems.add(
                f'{where}: {origin.text!r}: an address has no subdomains; write "{origin.scheme}://{origin.host[2:]}"'
            )
        elif origin.subdomains and not settings.dangerously_allow_public_suffixes and _public(origin.host[2:]):
            problems.add(
                f"{where}: {origin.text!r} trusts sites of strangers: anybody can have a name below {origin.host[2:]}; "
                'write "https://*.your-domain.com" (or dangerously_allow_public_suffixes=True)'
            )
        insecure = not origin.wild and not origin.secure and not settings.dangerously_allow_insecure_origins
        if settings.allow_credentials and insecure:
            problems.add(
                f"{where}: {origin.text!r} with allow_credentials lets anybody on the network act as your "
                f'customer; write "https://{origin.host}" (or dangerously_allow_insecure_origins=True)'
            )
    if any(origin.wild for origin in parsed):
        if settings.allow_credentials:
            problems.add(
                f'{where}: "*" with allow_credentials=True would let any web page act as your logged-in customer; '
                'list your own origins: ["https://app.example.com"]'
            )
        if len(parsed) > 1:
            problems.add(f'{where}: "*" already covers the others; write ["*"] alone, or the others without it')
    return Origins(parsed)


def _expose(problems: Problems, where: str, settings: CORS) -> tuple[str, ...]:
    names = problems.strings(f"{where}.expose_headers", settings.expose_headers)
    for name in names:
        if not _TOKEN.fullmatch(name):
            problems.add(f"{where}.expose_headers: {name!r} is not a header name; remove it")
        elif name.lower() in {"set-cookie", "set-cookie2"} or name.lower().startswith("access-control-"):
            problems.add(f"{where}.expose_headers: a page can never read {name!r}; remove it")
        elif name == "*" and settings.allow_credentials:
            problems.add(f'{where}.expose_headers: "*" has no meaning with allow_credentials; list the headers')
    return names


def _max_age(problems: Problems, where: str, settings: CORS) -> int | None:
    if settings.max_age is None:
        return None
    age = problems.number(f"{where}.max_age", settings.max_age)
    if age > MAX_MAX_AGE:
        problems.add(f"{where}.max_age={age}: no browser remembers longer than {MAX_MAX_AGE} seconds; write 7200")
    return age


def _reserved(name: str) -> bool:
    return name.lower().startswith(("proxy-", "sec-", "access-control-"))


def _public(host: str) -> bool:
    """Whether strangers register names right below this one: com, co.uk, github.io (publicsuffix.org)."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 30 ms, only for those who have a wildcard

    return host != "localhost" and PublicSuffixList().privatesuffix(host) is None
