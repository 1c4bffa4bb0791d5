"""Classifies the name of a key as password, secret or token. The last words decide, because the head noun is last."""

from functools import lru_cache

from launchready.lazy_pattern import LazyPattern
from launchready.vendors import word_set

_WORDS = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

#: Stems of secret names, searched in lower-case text.
STEMS = (
    "pass",
    "secret",
    "token",
    "key",
    "pw",
    "auth",
    "cred",
    "salt",
    "kennwort",
    "contrase",
    "wachtwoord",
    "senha",
    "cookie",
    "psk",
)

_PASSWORD = word_set(
    "password passwd passwort passphrase pwd passcode psw pass kennwort contrasena wachtwoord senha masterauth "
    "requirepass pw psk storepass keypass bindpw"
)
_ENDS = (
    ("password", "password"), ("passwd", "password"), ("passphrase", "password"),
    ("passwort", "password"),
    ("pwd", "password"),
    ("secret", "secret"), ("secretkey", "secret"), ("apikey", "token"), ("authtoken", "token"),
    ("accesstoken", "token"),
    ("apitoken", "token"),
    ("token", "token"), ("accesskey", "token"),
    ("privatekey", "secret"), ("requirepass", "password"), ("masterkey", "secret"),
    ("authkey", "secret"), ("signingkey", "secret"), ("encryptionkey", "secret"),
    ("accountkey", "token"), ("sharedaccesskey", "token"),
)  # fmt: skip
_NOT_BEFORE_TOKEN = word_set(
    "csrf next page pagination cancellation cancel continuation sync start end begin eof stop special pad unk bos "
    "sep mask eos new old word sub max min num total xsrf antiforgery input output completion prompt lock fence "
    "string comment text block design color"
)
_KEY = word_set(
    "api secret access private auth admin service server master signing encryption encrypt decryption account "
    "license app application deploy webhook jwt hmac aes write live prod production root restricted management "
    "shared sas subscription rest consumer integration role client authentication nonce in secure rsa ssh ssl tls "
    "pgp gpg fernet crypt cipher cookie session kms test anon preshared routing validation decryption"
)
_PUBLIC = word_set(
    "public publishable pub site primary foreign cache sort partition row map i18n translation idempotency object "
    "dict index unique anonymous search measurement tracking file image lookup config query sitemap group"
)
_SUFFIXES = word_set(
    "value raw plain plaintext text str string b64 base64 prod production live test staging dev default base "
    "current prev previous old new fallback fallbacks env key0 confirm encoded file64 main primary secondary"
)
_TOKEN = frozenset(["auth", "authorization", "credentials", "credential", "creds", "bearer"])


@lru_cache(8192)
def words(key: str) -> tuple[str, ...]:
    """Split a name into words, in lower case."""
    return tuple(word.lower() for word in _WORDS.findall(key[-120:]))


def key_kind(key: str) -> str:
    """Return "password", "secret", "token", or "" for any other name."""
    answer = broad_key_kind(key)
    return "" if answer == "key" else answer


@lru_cache(8192)
def broad_key_kind(key: str) -> str:
    """The same, plus "key" for a key of unknown purpose."""
    found = list(words(key.replace("\u00f1", "n").replace("\u00d1", "N")))
    if found == ["key"] and key.isupper():
        return "key"
    answer = _kind_of_words(found)
    while not answer and len(found) > 1 and (found[-1].isdigit() or found[-1] in _SUFFIXES):
        found.pop()
        answer = _kind_of_words(found)
    return answer


def _kind_of_words(found: list[str]) -> str:
    if not found:
        return ""
    last, before = found[-1], found[-2] if len(found) > 1 else ""
    if last in _PASSWORD:
        return (
            ""
            if before
            in {
                "no",
                "show",
                "hide",
                "by",
                "with",
                "bypass",
                "reset",
                "forgot",
                "change",
                "requires",
                "require",
                "old",
                "confirm",
                "invalid",
            }
            and last != "requirepass"
            else "password"
        )
    if (last == "phrase" and before == "pass") or (last == "word" and before == "pass"):
        return "password"
    if last in {"secret", "secrets", "salt", "pepper"}:
        return "secret"
    if last == "key":
        if not before or before in _PUBLIC:
            return ""
        if before not in _KEY and before not in VENDOR_WORDS:
            # ADYEN_CHECKOUT_KEY is a vendor's key; CALENDAR_SYNC_KEY may be one
            return "" if not _PUBLIC.isdisjoint(found) else "secret" if not VENDOR_WORDS.isdisjoint(found) else "key"
        return "token" if before in {"api", "access", "account", "subscription", "license"} else "secret"
    if last in {"token", "tokens", "pat"}:
        return "" if before in _NOT_BEFORE_TOKEN or (last == "tokens") else "token"
    if last in _TOKEN:
        return "token"
    if last == "id" and before == "key" and "access" in found:
        return ""
    for end, kind in _ENDS:
        if last.endswith(end):
            return kind
    if "".join(found[-2:]) in {"apikey", "authkey"}:
        return "token"
    if last in {"apikey", "apitoken", "authtoken", "accesstoken", "accesskey"}:
        return "token"
    return ""


def _vendor_words() -> frozenset[str]:
    from launchready.vendors.catalog import KINDS  # noqa: PLC0415 - imported once

    return frozenset(word for kind in KINDS for word in kind.words)


VENDOR_WORDS = _vendor_words()
