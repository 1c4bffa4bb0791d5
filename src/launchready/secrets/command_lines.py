"""Finds passwords on command lines, in SQL, and in HTTP headers."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.base64_text import decode_text
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_kinds import identify

_USER = LazyPattern(
    r"(?:\s(?:-u|--user|--proxy-user|-U|--credentials?)[ =]?[\"']?)([^\s:\"'$@/\\]{1,64}):([^\s\"'\\]{1,128})"
)
_MYSQL = LazyPattern(
    r"\bmysql(?:dump|admin|import)?\b[^\n|;]{0,120}?\s-p([^\s\"'$-][^\s\"']{4,64}|[\"'][^\"'\n]{4,64}[\"'])"
)
_SSHPASS = LazyPattern(r"\bsshpass\s+-p\s*[\"']?([^\s\"'$|;()]{4,64})")
_REDIS = LazyPattern(r"\bredis-cli\b[^\n|;]{0,120}?\s-a\s+[\"']?([^\s\"'$|;()]{4,64})")
_LOGIN = LazyPattern(
    r"\b(?:docker|helm registry|az|podman|oc|doctl)\s+login\b[^\n|;]{0,120}?\s-p\s+[\"']?([^\s\"'$]{6,256})"
)
_LDAP = LazyPattern(
    r"\bldap(?:search|add|modify|delete|passwd|whoami)\b[^\n|;]{0,200}?\s-w\s+[\"']?([^\s\"'$|;()]{4,64})"
)
_LFTP = LazyPattern(r"\blftp\b[^\n|;]{0,120}?\s-u\s+[\"']?[^\s,\"']{1,64},([^\s\"'$|;()]{4,64})")
_STORE = LazyPattern(r"\s-(?:src|dest)?(?:store|key)pass\s+[\"']?([^\s\"'$|;()]{6,64})")
_SUDO = LazyPattern(r"\becho\s+(?:-n\s+)?[\"']?([^\s\"'$|;()]{6,64})[\"']?\s*\|\s*sudo\s+(?:-\w+\s+)*-S")
_SMB = LazyPattern(r"\s-U\s+[\"']?[\w.\\/-]{1,64}%([^\s\"'$|;%]{4,64})")
_SECURE = LazyPattern(r"ConvertTo-SecureString\s+(?:-String\s+)?[\"']([^\"'\n$]{4,128})[\"']")
_SQL = LazyPattern(
    r"(?i)\b(?:identified\s+(?:with\s+\w+\s+)?by|password)\s*(?:=\s*)?(?:password\s*)?\(?\s*(?:E|"
    r"N)?(\\?')((?:[^'\\\n]|\\.){4,128}?)\1"
)
_HTTPIE = LazyPattern(r"\bhttps?\s[^\n|;]{0,80}?(?:-a|--auth)[ =][\"']?[\w.@-]{1,64}:([^\s\"'$|;()]{4,64})")
_STATS = LazyPattern(r"\bstats[ \t]+auth[ \t]+[\w.@-]{1,64}:(\S{4,64})")
_SET = LazyPattern(
    r"\bsecrets?\s+set\b[^\n|;]{0,120}?\s(?:-b|--body|--value|--secret-string)[ =][\"']?([^\s\"'$|;()]{8,512})"
)
_QUERY = LazyPattern(r"[?&](?:api_?)?key=([A-Za-z0-9_\-]{24,128})(?![\w\-])")
_SAS = LazyPattern(r"[?&]sv=20\d\d-[^\s\"'<>]{0,200}?&sig=([A-Za-z0-9%+/=]{40,120})")
_OTP = LazyPattern(r"\botpauth://[^\s\"'<>]{0,200}?[?&]secret=([A-Z2-7]{16,128})")
_DSN = LazyPattern(r"(?<![\w/:])[\w.\-]{1,64}:([^\s\"'@/()]{4,64})@(?:tcp|unix)\(")
_DNS = LazyPattern(r"\bdns\s+\w{2,24}\s+([A-Za-z0-9_\-]{24,128})(?![\w.(])")
_BASIC = LazyPattern(r"[Bb]asic[ \t]+([A-Za-z0-9+/]{8,512}={0,2})")
_BEARER = LazyPattern(r"[Bb]earer[ \t]+([A-Za-z0-9_\-.~+/]{20,2048}={0,2})")


def command_secrets(text: str, low: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield passwords of commands, SQL statements and headers, which the readers of names and vendors do not see."""
    if " -u" in text or "--user" in text or " -U" in text or "--proxy-user" in text:
        for found in _USER.finditer(text):
            user, value = found.group(1), found.group(2)
            if len(value) >= 4 and is_chosen_password(value, context) and not (value.isdigit() and user.isdigit()):
                yield SecretMatch("basic-auth", value, found.start(2), found.end(2))
    for gate, form in (
        ("mysql", _MYSQL),
        ("sshpass", _SSHPASS),
        ("redis-cli", _REDIS),
        (" login", _LOGIN),
        ("ldap", _LDAP),
        ("lftp", _LFTP),
        ("storepass", _STORE),
        ("keypass", _STORE),
        ("sudo", _SUDO),
        ("smb", _SMB),
        ("securestring", _SECURE),
        ("stats auth", _STATS),
    ):
        if gate in low:
            for found in form.finditer(text):
                value = found.group(1).strip("\"'")
                if is_chosen_password(value, context):
                    yield SecretMatch("password", value, found.start(1), found.start(1) + len(value))
    if (
        "identified" in low
        or "password '" in low
        or "password('" in low
        or "password = '" in low
        or "password\\'" in low
    ):
        for found in _SQL.finditer(text):
            value = found.group(2)
            if is_chosen_password(value, context):
                yield SecretMatch("database-password", value, found.start(2), found.end(2))
    if "http" in low and (" -a " in text or "--auth" in text):
        for found in _HTTPIE.finditer(text):
            if is_chosen_password(found.group(1), context):
                yield SecretMatch("basic-auth", found.group(1), found.start(1), found.end(1))
    for gate, form, rule in (
        (" set ", _SET, "token"),
        ("key=", _QUERY, "token"),
        ("sig=", _SAS, "azure-sas"),
        ("dns ", _DNS, "token"),
    ):
        if gate in low and not (context.test or context.sample or context.xml):
            for found in form.finditer(text):
                value = found.group(1)
                if value_checks.looks_random(value.replace("%2F", "/").replace("%2B", "+").replace("%3D", "="), 20):
                    yield SecretMatch(identify(value) or rule, value, found.start(1), found.end(1))
    if "otpauth://" in low and not (context.test or context.sample):
        for found in _OTP.finditer(text):
            if not value_checks.is_placeholder(found.group(1)) and not value_checks.is_sequence(found.group(1)):
                yield SecretMatch("secret", found.group(1), found.start(1), found.end(1))
    if "@tcp(" in low or "@unix(" in low:
        for found in _DSN.finditer(text):
            if is_chosen_password(found.group(1), context):
                yield SecretMatch("database-password", found.group(1), found.start(1), found.end(1))
    if "asic " in text:
        for found in _BASIC.finditer(text):
            user, colon, value = decode_text(found.group(1)).partition(":")
            if colon and user and (is_chosen_password(value, context) or context.credentials) and "\n" not in value:
                yield SecretMatch("basic-auth", found.group(1), found.start(1), found.end(1))
    if "earer " in text:
        for found in _BEARER.finditer(text):
            value = found.group(1)
            if value_checks.looks_random(value, 20) and not value.startswith("eyJ") and not context.test:
                yield SecretMatch("bearer-token", value, found.start(1), found.end(1))


def is_chosen_password(value: str, context: FileContext) -> bool:
    """Whether a value is a password that a person chose, given the file it is in."""
    if context.sample_by_folder and value_checks.is_strong_password(value):
        return True
    if context.test or context.sample:
        return value_checks.is_password(value) and len(value) >= 10 and value_checks.class_changes(value) >= 0.25
    return value_checks.is_password(value)
