"""Failure reasons in our own words: the text of an exception may hold an address, a password or a version."""

from collections.abc import Iterator

REASONS = (
    ("connection refused", ("refused", "actively refused")),
    ("too many connections", ("too many connections", "too many clients", "connection slots", "max number of clients")),
    (
        "access denied",
        ("password authentication", "access denied", "authentication", "noauth", "wrongpass", "no pg_hba"),
    ),
    ("name not found", ("name or service not known", "name resolution", "translate host", "getaddrinfo", "nodename")),
    ("no route", ("unreachable", "no route to host")),
    ("certificate not trusted", ("certificate",)),
    ("timed out", ("timed out", "timeout")),
    ("starting up", ("starting up", "loading the dataset")),
    ("shutting down", ("shutting down",)),
    ("read-only", ("read-only", "readonly")),
    ("disk full", ("no space left", "disk is full", "disk full")),
    ("locked", ("is locked", "deadlock")),
    ("something is missing", ("does not exist", "no such table", "doesn't exist", "no such file")),
    ("connection lost", ("reset by peer", "broken pipe", "closed the connection", "gone away", "connection closed")),
)
"""Our reason, and the phrases of drivers and operating systems in lower case. The first match counts."""


class PublicReason(Exception):
    """Base class of errors whose text is safe to show to holders of the health token: numbers, and no addresses."""


def reason(error: BaseException) -> str:
    """Return the class and a known reason, such as "OperationalError: connection refused", never the text itself."""
    name = type(error).__name__
    if isinstance(error, PublicReason):
        return f"{name}: {error}"
    for each in _chain(error):
        text = str(each)[:2000].lower()
        for words, signs in REASONS:
            if any(sign in text for sign in signs):
                return f"{name}: {words}"
    return name


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes. Bounded, because causes may form a cycle."""
    cause: BaseException | None = error
    for _ in range(8):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
