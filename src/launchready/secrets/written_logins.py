"""Logins that people write to each other: "Login: admin / ...", "use ann@acme.dev / ... to log in"."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.file_context import Place
from launchready.secrets.hits import Found

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


def logins(text: str, low: str, place: Place) -> Iterator[Found]:
    """The word behind an account and a slash, or behind "with password", where it is nobody's word."""
    if not (place.prose or place.config or place.message or place.path.endswith(".ipynb")):
        return
    for gates, form in _FORMS:
        for found in form.finditer(text) if any(gate in low for gate in gates) else ():
            value = found.group(1).rstrip(".,;:?!)*`").removesuffix("\\n")
            chosen = any(map(str.isdigit, value)) and value_checks.changes(value) >= 0.1
            if value_checks.noted(value) or (chosen and value_checks.password(value)):
                yield Found("password", value, found.start(1), found.start(1) + len(value))
