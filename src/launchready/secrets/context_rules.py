"""Decides whether a value under a secret's name is a secret, by the file it is in: a password in .env is noise in a
test.
"""

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.base64_text import decode_text
from launchready.secrets.file_context import FileContext
from launchready.secrets.key_kinds import has_format, identify, vendor_of_name
from launchready.secrets.key_names import words
from launchready.vendors.catalog import BY_NAME

_DATABASES = frozenset(
    {"db", "database", "postgres", "postgresql", "pg", "pgpassword", "mysql", "mariadb", "mongo", "sql"}
)
_NO_VALUE = frozenset({"none", "null", "true", "false", "yes", "no", "ask", "prompt"})
_MIN_RANDOM_CHANGES = 0.3
"""Minimum ``value_checks.class_changes`` of a value that is not an identifier."""
_NO_UUID = "00000000-0000-0000-0000-000000000000"


#: The form of Apple's app-specific passwords.
_APP_PASSWORD = LazyPattern(r"[a-z]{4}(?:-[a-z]{4}){3}")


def classify(key: str, kind: str, value: str, context: FileContext, *, bare: bool, encoded: bool) -> tuple[str, str]:
    """Return (rule, value to report), or ("", "") if the value is not a secret."""
    value = value.strip()
    if encoded:
        value = decode_text(value) or value
    own = identify(value)
    if own:
        return ("", "") if value_checks.is_placeholder(value.lstrip("A").rpartition("$")[2]) else (own, value)
    if kind == "secret" and value_checks.is_generated_salt(value) and not (is_sample(context) and "\\x" in value):
        return "secret", value
    if "://" in value or value.startswith("eyJ") or value_checks.is_placeholder(value) or context.locale:
        return "", ""
    if kind == "password":
        return (password_rule(key), value) if is_password(value, context, bare=bare) else ("", "")
    if kind == "key":
        return ("token", value) if is_generic_key(key, value, context) else ("", "")
    vendor = vendor_of_name(key)
    if vendor is not None and is_vendor_key(value, vendor.rule, context):
        return vendor.rule, value
    if kind == "token" and words(key)[-1] in {"auth", "authorization"} and ":" in decode_text(value):
        return "registry-auth", value
    return (kind, value) if is_secret(value, kind, key, context) else ("", "")


def is_generic_key(key: str, value: str, context: FileContext) -> bool:
    """Whether a value under a generic "key" is a secret: a constant or setting with a random value."""
    return (
        is_setting(key, context) and value_checks.looks_random(value, 24) and value_checks.class_changes(value) >= 0.25
    )


def is_setting(key: str, context: FileContext) -> bool:
    """Whether this name may hold a secret key in this file."""
    return not is_sample(context) and (key.isupper() or (context.config and not context.code))


def is_sample(context: FileContext) -> bool:
    """Whether the file shows examples: a test, a sample or prose."""
    return context.test or context.sample or context.prose


def password_rule(key: str) -> str:
    """Return "database-password" if the name speaks of a database, else "password"."""
    database = not _DATABASES.isdisjoint(words(key)) or "PGPASS" in key or "DB" in key
    return "database-password" if database else "password"


def is_password(value: str, context: FileContext, *, bare: bool) -> bool:
    """Whether a value is a password. Files of credentials accept every literal, tests only improbable ones."""
    if context.credentials:
        placeholder = (
            value_checks.is_placeholder(value) or value.lower() in _NO_VALUE or value.startswith(("%", "$", "{"))
        )
        # the default that Rails generates
        stock = context.path.endswith("database.yml") and value in {"postgres", "root", "mysql"}
        return len(value) >= 3 and value.lower() not in _NO_VALUE and not placeholder and not stock
    if _APP_PASSWORD.fullmatch(value) and not context.test:
        return value_checks.is_unpronounceable(value)
    if context.sample_by_folder and not context.code and value_checks.is_strong_password(value):
        return True
    if context.test or context.sample:
        return (
            value_checks.is_password(value)
            and len(value) >= 10
            and value_checks.class_changes(value) >= 0.25
            and not value_checks.is_identifier(value)
        )
    if context.holds_real_values or (value[-1:].isdigit() and context.path.endswith((".ini", ".cnf"))):
        literal = not value_checks.is_placeholder(value) and not value_checks.is_expression(value)
        literal = literal and (not value.isalpha() or value_checks.is_password(value))
        return len(value) >= 6 and literal and value.lower() not in {"password1", "password123"}
    if not value_checks.is_password(value):
        return False
    digits = sum(map(str.isdigit, value))
    if context.code:
        return (
            digits >= 2
            or (digits and not value_checks.is_identifier(value))
            or value_checks.class_changes(value) >= 0.2
        )
    return digits > 0 or value_checks.class_changes(value) >= 0.2 or not bare or context.env


def is_vendor_key(value: str, rule: str, context: FileContext) -> bool:
    """Whether a value under a vendor's name is its key. A UUID counts as well."""
    if value_checks.UUID.fullmatch(value):
        return value != _NO_UUID and not context.test and not context.sample
    if rule in BY_NAME and len(value) >= 40 and not context.test and has_format(rule, value):
        return value_checks.class_changes(value) >= 0.25 and not value_checks.is_sequence(value)
    return value_checks.looks_random(value, 20) and not (context.test and value_checks.class_changes(value) < 0.3)


#: Words of tokens that identify a request, device or visit, and grant no access.
_IDENTIFIERS = frozenset(
    {"client", "request", "idempotency", "session", "device", "page", "push", "correlation", "trace", "user", "cursor"}
)


def is_uuid_key(value: str, key: str, context: FileContext) -> bool:
    """Whether a UUID is a key: the name has two words and says so (API_TOKEN, client_secret)."""
    parts = words(key)
    identifier = parts[-1:] in {("token",), ("key",)} and not _IDENTIFIERS.isdisjoint(parts)
    return len(parts) > 1 and not identifier and value != _NO_UUID and not context.test and not context.sample


def is_secret(value: str, kind: str, key: str, context: FileContext) -> bool:
    """Whether a value is a signing key or token of an unknown vendor."""
    if value_checks.UUID.fullmatch(value):
        return context.credentials or is_uuid_key(value, key, context)
    if kind == "secret" and not (context.test or context.sample or context.prose) and is_punctuated_key(value):
        return True
    if kind == "secret" and context.holds_real_values and value_checks.is_password(value) and len(value) >= 8:
        return True
    if context.code and len(value) > 200:
        return False
    value = value.removeprefix("base64:")
    least = (
        20
        if context.test or context.sample or (context.code and value_checks.class_changes(value) < _MIN_RANDOM_CHANGES)
        else 16
    )
    return value_checks.looks_random(value, least) and not (context.test and value_checks.class_changes(value) < 0.35)


def is_punctuated_key(value: str) -> bool:
    """Whether a value is a signing key full of punctuation, as Django and WordPress generate them."""
    if len(value) < 24 or (" " in value and len(value) < 50) or value_checks.is_expression(value):
        return False
    marks = sum(not char.isalnum() for char in value)
    return (
        marks >= 5
        and value_checks.class_changes(value) >= 0.4
        and not value_checks.is_sequence(value)
        and "insecure" not in value
    )
