"""What a request asks of the cache (RFC 9111 §5.2.1, §3.5), and whether it is asked at all.

Nearly every request asks nothing: none of the fields in ``SPEAKING`` is there, and it is ``ORDINARY``.
"""

from launchready.core.cache.cache_control import parse, seconds
from launchready.core.cache.profiles import Policy
from launchready.http.message import Request

SPEAKING = frozenset(
    {b"authorization", b"cookie", b"range", b"content-length", b"transfer-encoding", b"cache-control", b"pragma"}
)


class Ask:
    """- ``bypass``: why the cache is passed by, else b"".
    - ``authorization``, ``cookie``: credentials that the answer may depend on.
    - ``user``: whose own cache is meant ("" for the shared one), and ``seconds`` of freshness in it where the answer
      states none. ``place``: what stands before the key of the URL.
    - ``validate``: never without asking the app. ``max_age``, ``min_fresh``, ``max_stale``: seconds, where asked.
    - ``joins``: may wait for somebody else's answer.
    """

    __slots__ = (
        "authorization", "bypass", "cookie", "joins", "max_age", "max_stale", "min_fresh", "only_if_cached", "part",
        "place", "seconds", "user", "validate",
    )  # fmt: skip

    def __init__(self) -> None:
        self.bypass = b""
        self.authorization = self.cookie = self.validate = self.only_if_cached = self.part = False
        self.joins = True
        self.user = self.place = ""
        self.max_age: int | None = None
        self.min_fresh = self.seconds = 0
        self.max_stale = 0

    @property
    def credentials(self) -> bytes:
        """Which ones, for Cache-Status; b"" for none."""
        return b"authorization" if self.authorization else b"cookie" if self.cookie else b""


ORDINARY = Ask()


def has_cookie(request: Request) -> bool:
    """An empty field is no cookie; some test clients send one with every request."""
    return any(value.strip(b" \t;") for value in request.lines(b"cookie")) if b"cookie" in request.fields else False


def has_credentials(request: Request, policy: Policy) -> bool:
    return has_cookie(request) or not policy.credentials.isdisjoint(request.fields)


def read(request: Request, policy: Policy) -> Ask:
    """The Ask of a request that speaks. Steering headers are the caller's business: he knows whom to trust."""
    ask = Ask()
    fields = request.fields
    if fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields:
        ask.bypass = b"body"  # a GET with a body: no key holds it, and some apps read it
        return ask
    ask.authorization = not policy.credentials.isdisjoint(fields)
    cookie = has_cookie(request)
    ask.cookie = cookie and not policy.cookies
    ask.part = b"range" in fields and request.method == "GET"
    ask.joins = not (ask.authorization or cookie or ask.part)
    directives = parse(b",".join(request.lines(b"cache-control")) or fields.get(b"pragma", b""))
    if b"no-store" in directives:
        ask.bypass = b"no-store"
    if not directives:
        return ask
    ask.max_age = seconds(directives.get(b"max-age"))
    ask.validate = b"no-cache" in directives or ask.max_age == 0
    ask.min_fresh = seconds(directives.get(b"min-fresh")) or 0
    ask.only_if_cached = b"only-if-cached" in directives
    if policy.max_stale and b"max-stale" in directives:
        value = directives[b"max-stale"]
        ask.max_stale = 2**31 if value is None else seconds(value) or 0
    return ask
