"""Finds secrets by file format, without a key name: .pgpass, .htpasswd, shadow, master.key."""

import posixpath
import re
from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch

_HASH = LazyPattern(
    r"(?m)^[\w.@\-]{1,64}:(\$(?:apr1|1|2[abxy]?|5|6|7|y|argon2\w*)\$[^\s:]{8,256}|\{S?SHA\}[A-Za-z0-9+/=]{16,128})"
)
_HASHED = LazyPattern(
    r"(?:\b[\w.@\-]{1,64}:|(?m:^)[ \t]+[\w.@\-]{1,64}[ \t]+)"
    r"(\$\$?(?:apr1|2[abxy]?|5|6|7|y|argon2\w*)\$\$?[^\s:\"',]{20,256}|\{S?SHA\}[A-Za-z0-9+/=]{16,128})"
)
_BASICAUTH = LazyPattern(r"(?i)basic_?auth")
_SASL = LazyPattern(r"(?m)^[^#\s]\S{0,200}[ \t]+[^\s:]{1,128}:(\S{3,128})[ \t]*$")
_PGPASS = LazyPattern(r"(?m)^[^#\s:][^:\n]*:[^:\n]*:[^:\n]*:[^:\n]*:((?:[^\n\\]|\\.){1,128})$")
_MASTER = LazyPattern(r"\s*([0-9a-f]{32}|[0-9a-f]{64})\s*")
_GIT = LazyPattern(r"(?m)^https?://[^\s:/]*(?:@[\w.\-]+)?:(\S{3,256})@[\w.\-]+(?:/\S*)?$")
_FIREFOX = LazyPattern(r'"encrypted(?:Username|Password)"\s*:\s*"([A-Za-z0-9+/=]{24,512})"')
_DUMP = LazyPattern(
    r"'(\$(?:2[abxy]?|5|6|argon2\w*|P|H)\$[^'\s]{16,256}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9A-F]{64})'"
)
_FILEZILLA = LazyPattern(r"<Pass\b[^<>]*>([^<>\s]{3,512})</Pass>")
_JETBRAINS = LazyPattern(r'<fileTransfer\b[^<>]*\bpassword="([^"<>]{4,512})"')
_USERLIST = LazyPattern(r'(?m)^"[^"\n]{1,64}"[ \t]+"([^"\n]{4,128})"')
_CHAP = LazyPattern(r"(?m)^[ \t]*[^#\s]\S{0,64}[ \t]+\S{1,64}[ \t]+\"?([^\s\"]{4,128})\"?(?:[ \t]+\S+)?[ \t]*$")
_INI_PASS = LazyPattern(r"(?m)^\s*\w*(?:[Pp]assword|PASS)\s*=\s*(\S{3,128})\s*$")


def file_format_secrets(text: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield the values that the file's format defines as secrets."""
    base = posixpath.basename(context.path.rpartition("!/")[2]).lower()
    if base in {"shadow", "passwd", "master.passwd"} or ("passwd" in base and base != "sasl_passwd"):
        yield from _all(_HASH, text, "password-hash")
    elif base in {".pgpass", "pgpass", "pgpass.conf"}:
        yield from _all(_PGPASS, text, "database-password")
    elif base == ".git-credentials":
        yield from _all(_GIT, text, "url-password")
    elif base in {"master.key", "credentials.key", "production.key", "staging.key"} and (
        found := _MASTER.fullmatch(text)
    ):
        yield SecretMatch("secret", found.group(1), found.start(1), found.end(1))
    elif base == "userlist.txt":
        yield from _all(_USERLIST, text, "database-password")
    elif base in {"chap-secrets", "pap-secrets"}:
        yield from _all(_CHAP, text, "password")
    elif base == "logins.json":
        yield from _all(_FIREFOX, text, "stored-login")
    elif base.endswith(".sql") and "INSERT INTO" in text:
        yield from _dump(text)
    elif base.endswith(".xml") and "<Pass" in text:
        yield from _all(_FILEZILLA, text, "password")
    elif base == "webservers.xml":
        yield from _all(_JETBRAINS, text, "password")
    elif base == "sasl_passwd":
        yield from _all(_SASL, text, "password")
    elif not (context.code or context.prose or context.test or context.sample) and _BASICAUTH.search(text):
        yield from _all(_HASHED, text, "password-hash")


def _all(form: LazyPattern, text: str, rule: str) -> Iterator[SecretMatch]:
    for found in form.finditer(text):
        if rule in {"password-hash", "stored-login"} or not value_checks.is_placeholder(found.group(1)):
            yield SecretMatch(rule, found.group(1), found.start(1), found.end(1))


def _dump(text: str) -> Iterator[SecretMatch]:
    """Yield password hashes of a database dump, from rows of user tables."""
    for line in re.finditer(r"INSERT INTO [^\n]*(?:\n\s*\([^\n]*)*", text):
        if re.search(r"(?i)user|account|customer|member|login|auth", line.group()[:200]):
            for found in _DUMP.finditer(line.group()):
                yield SecretMatch(
                    "password-hash", found.group(1), line.start() + found.start(1), line.start() + found.end(1)
                )
