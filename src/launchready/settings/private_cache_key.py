"""``private_key``: whose a private answer is.

There is no default. Which part of a request names its user only the app knows: a default that took the cookies would
give one visitor's page to another where the user is named by an ``X-API-Key`` beside a cookie that all have alike.
"""

import re
from collections.abc import Callable

from launchready.http.message import Request
from launchready.settings.problems import Problems

_KEY = re.compile(r"(cookie|header):([!#$%&'*+.^_`|~0-9A-Za-z-]+)")

User = Callable[[Request], str | None]

WRITE = (
    '"cookie:sessionid", "header:authorization", or a function of the request that answers the user, None for nobody'
)


def user_of(problems: Problems, key: object, *, private: bool) -> User:
    """Who asks, as ``private_key`` says it. Where there are private routes and it says nothing, that is a problem."""
    if key is None:
        if private:
            problems.add(f"cache.private: says which routes and not whose answers they are; write private_key={WRITE}")
        return _nobody
    if callable(key):
        return key
    said = _KEY.fullmatch(key) if isinstance(key, str) else None
    if said is None:
        problems.add(f"cache.private_key={key!r}: write {WRITE}")
        return _nobody
    kind, name = said[1], said[2].encode()
    return lambda request: _named(request, kind, name)


def _nobody(request: Request) -> None:
    del request


def _named(request: Request, kind: str, name: bytes) -> str | None:
    """What the request says under this name, to the last byte, with every other credential that it has."""
    found = _cookies(request, name) if kind == "cookie" else request.lines(name.lower())
    if not any(found):
        return None
    others = [b"authorization"] if kind == "cookie" else [b"authorization", b"cookie"]
    return repr([found, *(request.lines(other) for other in others)])


def _cookies(request: Request, name: bytes) -> list[bytes]:
    """All of that name: which one of two an app believes depends on its framework."""
    pairs = [pair.partition(b"=") for line in request.lines(b"cookie") for pair in line.split(b";")]
    return [value.strip() for key, _, value in pairs if key.strip() == name]
