"""Logins that people write to each other: "Login: admin / ...", "use ann@acme.dev / ... to log in"."""

from collections.abc import Iterator

from launchready.secrets import judge
from launchready.secrets.forms import Form
from launchready.secrets.found import Found
from launchready.secrets.place import Place

_SAID = Form(
    r"(?i)\b(?:(?:log[ -]?in|sign[ -]?in|creds|credentials|zugang|acceso)\b[^\n/\"]{0,40}?[ :][\w.+\-]{2,40}|"
    r"(?:account|use|user)\b[^\n/\"]{0,40}?[ :][\w.+\-]{2,40}(?=@))"
    r"(?:@[\w.\-]{3,60})? ?(?:/|\|) ?([^\s\"'<>\\/|]{6,64})(?=[\s\"'<.,;!\\]|$)"
)


def logins(text: str, place: Place) -> Iterator[Found]:
    """The word behind an account and a slash, where it is nobody's word."""
    if " / " not in text or not (place.prose or place.config or place.message):
        return
    for found in _SAID.re.finditer(text):
        value = found.group(1).rstrip(".,;")
        if judge.password(value) and any(map(str.isdigit, value)) and judge.changes(value) >= 0.1:
            yield Found("password", value, found.start(1), found.start(1) + len(value))
