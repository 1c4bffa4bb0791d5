"""A value under the name of a secret, weighed by where it stands: what counts in a .env is noise in a test."""

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.base64_text import plain
from launchready.secrets.file_context import Place
from launchready.secrets.key_kinds import by_name, identify, shaped
from launchready.secrets.key_names import words
from launchready.vendors.catalog import BY_NAME

_DATABASES = frozenset(
    {"db", "database", "postgres", "postgresql", "pg", "pgpassword", "mysql", "mariadb", "mongo", "sql"}
)
_NOTHING = frozenset({"none", "null", "true", "false", "yes", "no", "ask", "prompt"})
_MIXED = 0.3
"""``judge.changes`` of what no name in code is."""
_NO_UUID = "00000000-0000-0000-0000-000000000000"


#: As Apple makes them for one program.
_APP_PASSWORD = LazyPattern(r"[a-z]{4}(?:-[a-z]{4}){3}")


def judged(key: str, kind: str, value: str, place: Place, *, bare: bool, encoded: bool) -> tuple[str, str]:
    """The rule that a value under a name breaks, and the value to report; two empty texts when it is no secret."""
    value = value.strip()
    if encoded:
        value = plain(value) or value
    own = identify(value)
    if own:
        return ("", "") if value_checks.placeholder(value.lstrip("A").rpartition("$")[2]) else (own, value)
    if kind == "secret" and value_checks.noise(value) and not (shown(place) and "\\x" in value):
        return "secret", value
    if "://" in value or value.startswith("eyJ") or value_checks.placeholder(value) or place.locale:
        return "", ""
    if kind == "password":
        return (password_rule(key), value) if password(value, place, bare=bare) else ("", "")
    if kind == "key":
        return ("token", value) if key_of_something(key, value, place) else ("", "")
    vendor = by_name(key)
    if vendor is not None and vendor_value(value, vendor.rule, place):
        return vendor.rule, value
    if kind == "token" and words(key)[-1] in {"auth", "authorization"} and ":" in plain(value):
        return "registry-auth", value
    return (kind, value) if secret(value, kind, key, place) else ("", "")


def key_of_something(key: str, value: str, place: Place) -> bool:
    """The key of nobody knows what: a constant, or a setting, whose value can be nothing else."""
    return setting(key, place) and value_checks.opaque(value, 24) and value_checks.changes(value) >= 0.25


def setting(key: str, place: Place) -> bool:
    """Whether the key of something would be written under this name here."""
    return not shown(place) and (key.isupper() or (place.config and not place.code))


def shown(place: Place) -> bool:
    """Whether a place shows how it is done, and is not where it is done."""
    return place.test or place.sample or place.prose


def password_rule(key: str) -> str:
    """A database's password by its name: the finding then says what it opens."""
    database = not _DATABASES.isdisjoint(words(key)) or "PGPASS" in key or "DB" in key
    return "database-password" if database else "password"


def password(value: str, place: Place, *, bare: bool) -> bool:
    """In a file of credentials every literal counts, in a test only what nobody would make up."""
    if place.credentials:
        made = value_checks.placeholder(value) or value.lower() in _NOTHING or value.startswith(("%", "$", "{"))
        # what Rails itself writes for everybody's own database
        stock = place.path.endswith("database.yml") and value in {"postgres", "root", "mysql"}
        return len(value) >= 3 and not made and not stock
    if _APP_PASSWORD.fullmatch(value) and not place.test:
        return value_checks.unspeakable(value)
    if place.noted and not place.code and value_checks.noted(value):
        return True
    if place.test or place.sample:
        return (
            value_checks.password(value)
            and len(value) >= 10
            and value_checks.changes(value) >= 0.25
            and not value_checks.wordy(value)
        )
    if place.trusted or (value[-1:].isdigit() and place.path.endswith((".ini", ".cnf"))):
        literal = not value_checks.placeholder(value) and not value_checks.expression(value)
        literal = literal and (not value.isalpha() or value_checks.password(value))
        return len(value) >= 6 and literal and value.lower() not in {"password1", "password123"}
    if not value_checks.password(value):
        return False
    digits = sum(map(str.isdigit, value))
    if place.code:
        return digits >= 2 or (digits and not value_checks.wordy(value)) or value_checks.changes(value) >= 0.2
    return digits > 0 or value_checks.changes(value) >= 0.2 or not bare or place.env


def vendor_value(value: str, rule: str, place: Place) -> bool:
    """Under a vendor's name a UUID is a key, too."""
    if value_checks.UUID.fullmatch(value):
        return value != _NO_UUID and not place.test and not place.sample
    if rule in BY_NAME and len(value) >= 40 and not place.test and shaped(rule, value):
        return value_checks.changes(value) >= 0.25 and not value_checks.sequence(value)
    return value_checks.opaque(value, 20) and not (place.test and value_checks.changes(value) < 0.3)


#: Tokens that tell one request, one device, one visit from another, and open nothing.
_OF_A_MOMENT = frozenset(
    {"client", "request", "idempotency", "session", "device", "page", "push", "correlation", "trace", "user", "cursor"}
)


def uuid(value: str, key: str, place: Place) -> bool:
    """A UUID is a key under a name of two words that says so: API_TOKEN, client_secret."""
    said = words(key)
    moment = said[-1:] in {("token",), ("key",)} and not _OF_A_MOMENT.isdisjoint(said)
    return len(said) > 1 and not moment and value != _NO_UUID and not place.test and not place.sample


def secret(value: str, kind: str, key: str, place: Place) -> bool:
    """A signing key or token without a vendor."""
    if value_checks.UUID.fullmatch(value):
        return place.credentials or uuid(value, key, place)
    if kind == "secret" and not (place.test or place.sample or place.prose) and marked(value):
        return True
    if kind == "secret" and place.trusted and value_checks.password(value) and len(value) >= 8:
        return True
    if place.code and len(value) > 200:
        return False
    value = value.removeprefix("base64:")
    least = 20 if place.test or place.sample or (place.code and value_checks.changes(value) < _MIXED) else 16
    return value_checks.opaque(value, least) and not (place.test and value_checks.changes(value) < 0.35)


def marked(value: str) -> bool:
    """A signing key with punctuation all over, as Django and WordPress make them."""
    if len(value) < 24 or (" " in value and len(value) < 50) or value_checks.expression(value):
        return False
    marks = sum(not char.isalnum() for char in value)
    return (
        marks >= 5
        and value_checks.changes(value) >= 0.4
        and not value_checks.sequence(value)
        and "insecure" not in value
    )
