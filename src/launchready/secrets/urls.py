"""Finds passwords in URLs: ``postgres://app:PASSWORD@db/app``."""

import re
from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch

_PARTS = LazyPattern(
    r"([^\s:/@\"'<>`\\{}()]{0,96}):([^\s\"'<>`\\/?#]{1,512}?|[^\s\"'<>`\\]{1,512}?)@(\[?[A-Za-z0-9_.\-:]{1,253})"
)
_SCHEME = LazyPattern(r"[A-Za-z][A-Za-z0-9+.\-]{1,24}\Z")
_LOCAL = LazyPattern(
    r"(?i)(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host|hostname|server|example\.\w+|"
    r"[\w.\-]*\.example(?:\.\w+)?|[\w.\-]*example\.(?:com|org|net)|db|database|postgres|mysql|redis|"
    r"mongo|rabbitmq)(?::.*)?"
)
_DATABASES = (
    "postgres",
    "mysql",
    "mariadb",
    "mongodb",
    "redis",
    "amqp",
    "mssql",
    "oracle",
    "cockroach",
    "clickhouse",
    "jdbc",
    "valkey",
    "sqlserver",
)


def url_passwords(text: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield every password in a URL that is not a placeholder."""
    at = text.find("://")
    while at >= 0:
        found = _PARTS.match(text, at + 3, at + 900)
        scheme = _SCHEME.search(text, max(0, at - 26), at)
        if found is not None and scheme is not None:
            one = _password(scheme.group().lower(), found, context)
            if one is not None:
                yield one
        at = text.find("://", at + 3)


def _password(scheme: str, found: re.Match[str], context: FileContext) -> SecretMatch | None:
    from urllib.parse import unquote  # noqa: PLC0415 - most scans find no URL with a password

    user, value, host = found.groups()
    local = _LOCAL.fullmatch(host.rstrip(".")) is not None
    if "@" in value and not context.credentials:
        value = value.rpartition("@")[0] or value
    if context.credentials:
        value = value if not value_checks.is_placeholder(value) else ""
    if not value or value_checks.is_placeholder(value) or (value_checks.is_placeholder(user) and len(user) >= 4):
        return None
    if value_checks.is_expression(value) and not context.credentials:
        return None
    everyday = (
        value_checks.is_weak(unquote(value))
        or value == user
        or (value.isalpha() and value.islower() and len(value) < 12)
        or value.isupper()
    )
    if (
        everyday
        and (local or context.test or context.sample or context.prose or context.code or context.message)
        and not context.credentials
    ):
        return None
    if (
        everyday
        and value.lower() in {"password", "pass", "passwd", "pwd", "secret", "pw", "changeme", "guest", user.lower()}
        and not context.credentials
    ):
        return None
    if (context.test or (context.sample and local)) and not value_checks.looks_random(value, 12):
        return None
    rule = "database-password" if scheme.startswith(_DATABASES) else "url-password"
    return SecretMatch(rule, value, found.start(2), found.end(2))
