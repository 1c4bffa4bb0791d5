"""Why a request would be granted or refused, in words. What came from outside is quoted, shortened and escaped."""

from collections.abc import Iterable
from typing import NamedTuple

from launchready.core.cors.policy import SAFELISTED_METHODS, CORSPolicy

SAFELISTED_HEADERS = frozenset({b"accept", b"accept-language", b"content-language", b"content-type", b"range"})
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


class CORSVerdict(NamedTuple):
    """``granted``: the page may make the request and read the answer."""

    granted: bool
    reasons: tuple[str, ...]


def why(policy: CORSPolicy, origin: bytes | None, method: bytes, headers: Iterable[bytes]) -> CORSVerdict:
    """``headers``: names that the page sets. What a browser always lets a page set needs no permission."""
    if origin is None:
        return CORSVerdict(True, ("It has no Origin: no page of another site asks, so CORS has nothing to say.",))
    listed = policy.origins.allow(origin)
    said = [_granted(policy, origin) if listed else _refused(policy, origin)]
    granted = listed
    if not policy.allows_method(method):
        granted = False
        said.append(_method(policy, method))
    elif method not in SAFELISTED_METHODS:
        said.append(f"The method {_quoted(method)} is in allow_methods; the browser asks first, by a preflight.")
    for name in {each.strip(b" \t").lower(): None for each in headers}:
        if not name or name in SAFELISTED_HEADERS:
            continue
        if policy.allows_header(name):
            said.append(f"The header {_quoted(name)} is allowed; the browser asks first, by a preflight.")
        else:
            granted = False
            star = '; "*" does not cover it' if policy.any_header and name == b"authorization" else ""
            said.append(f"The header {_quoted(name)} is not in allow_headers{star}: the preflight is refused.")
    if not listed and policy.enforce and method not in _SAFE:
        said.append("enforce=True: the server refuses it with 403 before the app runs, preflight or not.")
    if granted and not policy.credentials:
        said.append("Cookies are not for it: allow_credentials is False.")
    return CORSVerdict(granted, tuple(said))


def _granted(policy: CORSPolicy, origin: bytes) -> str:
    if policy.origins.any:
        return f'The origin {_quoted(origin)} is granted, as any is: allow_origins is ["*"].'
    if origin in policy.origins.exact:
        return f"The origin {_quoted(origin)} is in allow_origins."
    return f"The origin {_quoted(origin)} matches a pattern of allow_origins."


def _refused(policy: CORSPolicy, origin: bytes) -> str:
    said = f"The origin {_quoted(origin)} is not in allow_origins"
    if not policy.origins.exact and not policy.origins.patterns:
        return f"{said}, which is empty."
    hint = _near(policy, origin)
    return f"{said}: {hint}." if hint else f"{said}."


def _near(policy: CORSPolicy, origin: bytes) -> str:
    """What is nearly the same, and in what it is not."""
    if origin == b"null":
        return "a sandboxed frame, a file or a redirect sends it, and anybody can; it is never granted"
    lower = origin.lower().rstrip(b"/")
    if lower != origin and policy.origins.allow(lower):
        return f"{_quoted(lower)} is, and no browser sends it written otherwise"
    scheme, _, rest = origin.partition(b"://")
    other = {b"http": b"https", b"https": b"http"}.get(scheme, b"") + b"://" + rest
    if policy.origins.allow(other):
        return f"{_quoted(other)} is, by another scheme"
    host = rest.partition(b":")[0]
    for listed in sorted(policy.origins.exact):
        theirs = listed.partition(b"://")[2]
        if theirs.partition(b":")[0] == host and listed.startswith(scheme + b":"):
            return f"{_quoted(listed)} is, on another port"
    for pattern in policy.origins.patterns:
        if "//*." in pattern and rest == pattern.partition("//*.")[2].encode():
            return f"{pattern!r} covers what is below that name, and not the name itself"
    return ""


def _method(policy: CORSPolicy, method: bytes) -> str:
    if method.upper() != method and policy.allows_method(method.upper()):
        return f"The method {_quoted(method)} is not {_quoted(method.upper())}: methods are case-sensitive."
    return f"The method {_quoted(method)} is not in allow_methods: the preflight is refused."


def _quoted(text: bytes) -> str:
    return ascii(text[:200].decode("latin-1"))
