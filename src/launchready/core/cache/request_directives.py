"""Cache directives of a request (RFC 9111 sections 5.2.1 and 3.5).

Most requests have none of the SIGNIFICANT_FIELDS; they share the instance ORDINARY.
"""

from launchready.core.cache.cache_control import parse, seconds
from launchready.core.cache.profiles import CachePolicy
from launchready.http.message import Request

SIGNIFICANT_FIELDS = frozenset(
    {b"authorization", b"cookie", b"range", b"content-length", b"transfer-encoding", b"cache-control", b"pragma"}
)


class RequestDirectives:
    """- ``bypass``: the reason to bypass the cache, or b"".
    - ``authorization``, ``cookie``: the request carries credentials that the response may depend on.
    - ``user``: owner of the private cache ("" for the shared one); ``seconds``: its default freshness; ``key_prefix``:
      added before the key of the URL.
    - ``validate``: the app must be asked. ``max_age``, ``min_fresh``, ``max_stale``: seconds.
    - ``may_wait``: may share the response of a concurrent request.
    """

    __slots__ = (
        "authorization",
        "bypass",
        "cookie",
        "key_prefix",
        "max_age",
        "max_stale",
        "may_wait",
        "min_fresh",
        "only_if_cached",
        "seconds",
        "user",
        "validate",
        "wants_range",
    )  # fmt: skip

    def __init__(self) -> None:
        self.bypass = b""
        self.authorization = self.cookie = self.validate = self.only_if_cached = self.wants_range = False
        self.may_wait = True
        self.user = self.key_prefix = ""
        self.max_age: int | None = None
        self.min_fresh = self.seconds = 0
        self.max_stale = 0

    @property
    def credentials(self) -> bytes:
        """The kind of credentials for Cache-Status; b"" if there are none."""
        return b"authorization" if self.authorization else b"cookie" if self.cookie else b""


ORDINARY = RequestDirectives()


def has_cookie(request: Request) -> bool:
    """Whether Cookie is present and not empty. Some test clients send an empty field with every request."""
    return any(value.strip(b" \t;") for value in request.lines(b"cookie")) if b"cookie" in request.fields else False


def has_credentials(request: Request, policy: CachePolicy) -> bool:
    return has_cookie(request) or any(policy.is_credential(name) for name in request.fields)


def read_directives(request: Request, policy: CachePolicy) -> RequestDirectives:
    """Read a request that has significant fields. The caller handles steering fields: it knows trusted proxies."""
    directives = RequestDirectives()
    fields = request.fields
    if fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields:
        directives.bypass = b"body"  # the key cannot contain a body, and some apps read it
        return directives
    directives.authorization = any(policy.is_credential(name) for name in fields)
    cookie = has_cookie(request)
    directives.cookie = cookie and not policy.ignore_cookies
    directives.wants_range = b"range" in fields and request.method == "GET"
    directives.may_wait = not (directives.authorization or cookie or directives.wants_range)
    cache_control = parse(b",".join(request.lines(b"cache-control")) or fields.get(b"pragma", b""))
    if b"no-store" in cache_control:
        directives.bypass = b"no-store"
    if not cache_control:
        return directives
    directives.max_age = seconds(cache_control.get(b"max-age"))
    directives.validate = b"no-cache" in cache_control or directives.max_age == 0
    directives.min_fresh = seconds(cache_control.get(b"min-fresh")) or 0
    directives.only_if_cached = b"only-if-cached" in cache_control
    if policy.max_stale and b"max-stale" in cache_control:
        value = cache_control[b"max-stale"]
        directives.max_stale = 2**31 if value is None else seconds(value) or 0
    return directives
