"""Finds logins in messages and notes: "Login: admin / ...", "use ann@acme.dev / ... to log in"."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch

_SAID = LazyPattern(
    r"(?i)\b(?:(?:log[ -]?in|sign[ -]?in|creds|credentials|zugang|acceso)\b[^\n/\"]{0,40}?[ :*`_]{1,3}[\w.+\-]{2,40}|"
    r"(?:account|use|user)\b[^\n/\"]{0,40}?[ :*`_]{1,3}[\w.+\-]{2,40}(?=@))"
    r"(?:@[\w.\-]{3,60})?[*`_]{0,3} ?(?:/|\|) ?[*`_]{0,3}([^\s\"'<>\\/|]{6,64})(?=[\s\"'<.,;!\\]|$)"
)


_WORD = LazyPattern(
    r"(?i)(?:\bwith (?:the |this )?(?:password|pw|passwort)|\bnew (?:password|pw)|\bpassword['\u2019]s|"
    r"\bmot de passe[ \u00a0]?:|\bcontrase(?:\u00f1|n)a ?:|\*\*(?:password|passwort|pw):\*\*) "
    r"[`\"']?([^\s\"'<>\\`]{6,64})"
)


_ACCOUNT = LazyPattern(
    r"(?i)(?:[:=] ?|\bas |\bis )[`*_]{0,3}"
    r"(?:admin|administrator|root|demo|guest|editor|owner|[\w.+\-]{1,40}@[\w.\-]{3,60})"
    r"[`*_]{0,3} / [`*_]{0,3}([^\s\"'<>\\/|`*]{6,64})(?=[\s\"'<.,;!\\`*]|$)"
)
_AFTER = LazyPattern(
    r"(?i)(?:[,;]| and| und| et) (?:password|passwort|pw) [`*\"']{0,3}([^\s\"'<>\\`*]{6,64})"
    r"(?=[\s`*]{0,3}(?:[.,;!?)\"'\\<\n]|$))"
)
_BEFORE = LazyPattern(
    r"(?i)\bwith [`*\"']{0,3}([^\s\"'<>\\`*]{6,64})[`*\"']{0,3} \((?:as )?(?:the )?(?:password|passwort|pass|pw)\)"
)


_FORMS = (
    ((" / ", " | "), _SAID),
    (("pass", "pw", "contrase"), _WORD),
    (("(pass", "(pw"), _BEFORE),
    ((", pass", "; pass", " and pass", " und pass", " et pass", ", pw", "; pw", " and pw", " und pw"), _AFTER),
    ((" / ",), _ACCOUNT),
)


def written_logins(text: str, low: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield passwords after an account and a slash, or after "with password"."""
    if not (context.prose or context.config or context.message or context.path.endswith(".ipynb")):
        return
    for gates, form in _FORMS:
        for found in form.finditer(text) if any(gate in low for gate in gates) else ():
            value = found.group(1).rstrip(".,;:?!)*`").removesuffix("\\n")
            chosen = any(map(str.isdigit, value)) and value_checks.class_changes(value) >= 0.1
            if value_checks.is_strong_password(value) or (chosen and value_checks.is_password(value)):
                yield SecretMatch("password", value, found.start(1), found.start(1) + len(value))
