"""``private_key``: identifies the user of a private cache.

There is no default, because only the app knows which part of a request identifies its user. With cookies as a default,
an app that identifies users by ``X-API-Key`` would serve one user's page to another.
"""

import re
from collections.abc import Callable

from launchready.http.message import Request
from launchready.settings.problems import Problems

_KEY = re.compile(r"(cookie|header):([!#$%&'*+.^_`|~0-9A-Za-z-]+)")

User = Callable[[Request], str | None]

_EXAMPLES = '"cookie:sessionid", "header:authorization", or a function of the request that returns the user, or None'


def user_of(problems: Problems, key: object, *, private: bool) -> User:
    """The function that identifies the user. With private routes a missing key is a problem."""
    if key is None:
        if private:
            problems.add(f"cache.private needs private_key to identify the user; write private_key={_EXAMPLES}")
        return _no_user
    if callable(key):
        return key
    said = _KEY.fullmatch(key) if isinstance(key, str) else None
    if said is None:
        problems.add(f"cache.private_key={key!r}: write {_EXAMPLES}")
        return _no_user
    kind, name = said[1], said[2].encode()
    return lambda request: _identity(request, kind, name)


def _no_user(request: Request) -> None:
    del request


def _identity(request: Request, kind: str, name: bytes) -> str | None:
    """What the request says under this name, to the last byte, with every other credential that it has."""
    found = _cookies(request, name) if kind == "cookie" else request.lines(name.lower())
    if not any(found):
        return None
    others = [b"authorization"] if kind == "cookie" else [b"authorization", b"cookie"]
    return repr([found, *(request.lines(other) for other in others)])


def _cookies(request: Request, name: bytes) -> list[bytes]:
    """All cookies of that name: frameworks differ in which of two they use."""
    pairs = [pair.partition(b"=") for line in request.lines(b"cookie") for pair in line.split(b";")]
    return [value.strip() for key, _, value in pairs if key.strip() == name]
