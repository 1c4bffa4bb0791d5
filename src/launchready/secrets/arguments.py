"""Passwords by their place among arguments: ``server.login("user", "...")``, ``auth=("user", "...")``."""

from collections.abc import Iterator

from launchready.secrets import judge
from launchready.secrets.forms import Form
from launchready.secrets.found import Found
from launchready.secrets.place import Place

_TEXT = r"(?:\"[^\"\n]{0,120}\"|'[^'\n]{0,120}'|[$\w.\[\]>-]{1,60})"
_LAST = r"\s{0,40}(?:\"([^\"\n\\]{6,128})\"|'([^'\n\\]{6,128})')"
#: How many arguments stand before the password, by what is called.
_CALLS = (
    (".login(", Form(r"\.login\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("auth=(", Form(r"\bauth=\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("auth(", Form(r"(?:[bB]asic_?|Digest|Proxy)[aA]uth\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("pdo(", Form(r"\bPDO\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("mysqli", Form(r"\bmysqli(?:_connect)?\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("getconnection(", Form(r"\.getConnection\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("credential", Form(r"Credentials?\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("jwt", Form(r"(?i)\bjwt\.(?:sign|verify|encode|decode)\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("twilio", Form(r"(?i)\btwilio(?:\.\w{1,20}){0,2}\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("client(", Form(r"\bClient\(\s{0,40}[\"']AC[0-9a-f]{32}[\"']," + _LAST)),
    ("algoliasearch(", Form(r"\balgoliasearch\(\s{0,40}" + _TEXT + "," + _LAST)),
    (
        "forhttpheaderfield",
        Form(r"Value\(" + _LAST + r",\s{0,40}forHTTPHeaderField:\s{0,8}\"(?i:[\w-]*(?:key|token|auth|secret)[\w-]*)\""),
    ),
)
#: How often the kind of character changes in what nobody reads as a word: see ``judge.changes``.
_CHOSEN = 0.2
GATES = tuple(gate for gate, _form in _CALLS)


def arguments(text: str, low: str, place: Place) -> Iterator[Found]:
    """The literal that stands where such a call takes its password."""
    if place.test or place.sample or place.prose:
        return
    for gate, form in _CALLS:
        if gate in low:
            for found in form.re.finditer(text):
                group = found.lastindex or 1
                value = found.group(group)
                if judge.password(value) and (any(map(str.isdigit, value)) or judge.changes(value) >= _CHOSEN):
                    yield Found("password", value, found.start(group), found.end(group))
