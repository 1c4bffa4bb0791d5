"""What a request asks of the cache (RFC 9111 §5.2.1, §3.5), and whether it is asked at all.

Nearly every request asks nothing: none of the fields in ``SPEAKING`` is there, and it is ``ORDINARY``.
"""

from launchready.core.cache.cache_control import parse, seconds
from launchready.core.cache.profiles import CachePolicy
from launchready.http.message import Request

SIGNIFICANT_FIELDS = frozenset(
    {b"authorization", b"cookie", b"range", b"content-length", b"transfer-encoding", b"cache-control", b"pragma"}
)


class RequestDirectives:
    """- ``bypass``: why the cache is passed by, else b"".
    - ``authorization``, ``cookie``: credentials that the answer may depend on.
    - ``user``: whose own cache is meant ("" for the shared one), and ``seconds`` of freshness in it where the answer
      states none. ``place``: what stands before the key of the URL.
    - ``validate``: never without asking the app. ``max_age``, ``min_fresh``, ``max_stale``: seconds, where asked.
    - ``joins``: may wait for somebody else's answer.
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
        """Which ones, for Cache-Status; b"" for none."""
        return b"authorization" if self.authorization else b"cookie" if self.cookie else b""


ORDINARY = RequestDirectives()


def has_cookie(request: Request) -> bool:
    """An empty field is no cookie; some test clients send one with every request."""
    return any(value.strip(b" \t;") for value in request.lines(b"cookie")) if b"cookie" in request.fields else False


def has_credentials(request: Request, policy: CachePolicy) -> bool:
    return has_cookie(request) or not policy.credentials.isdisjoint(request.fields)


def read_directives(request: Request, policy: CachePolicy) -> RequestDirectives:
    """The Ask of a request that speaks. Steering headers are the caller's business: he knows whom to trust."""
    directives = RequestDirectives()
    fields = request.fields
    if fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields:
        directives.bypass = b"body"  # a GET with a body: no key holds it, and some apps read it
        return directives
    directives.authorization = not policy.credentials.isdisjoint(fields)
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
