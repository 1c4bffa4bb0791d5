"""Why something failed, in words of ours: what an exception says itself may hold an address, a password, a version."""

from collections.abc import Iterator

REASONS = (
    ("connection refused", ("refused", "actively refused")),
    ("too many connections", ("too many connections", "too many clients", "connection slots", "max number of clients")),
    ("not let in", ("password authentication", "access denied", "authentication", "noauth", "wrongpass", "no pg_hba")),
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
"""Our words, and what drivers and operating systems write, in lower case; the first that is found counts."""


class PublicReason(Exception):
    """The base of what says its reason in words that may be shown to who has the token: numbers, and no addresses."""


def reason(error: BaseException) -> str:
    """The class, and why, where that is known: "OperationalError: connection refused". Nothing of the text itself."""
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
    """It, and what caused it; bounded, since a cause may be in a circle."""
    cause: BaseException | None = error
    for _ in range(8):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
