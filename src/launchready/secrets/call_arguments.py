"""Finds secrets by argument position: ``server.login("user", "...")``, ``jwt.sign(claims, "...")``."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import value_checks
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_kinds import identify

_TEXT = r"(?:\"[^\"\n]{0,120}\"|'[^'\n]{0,120}'|[$\w.\[\]>-]{1,60})"
_LAST = r"\s{0,40}(?:\"([^\"\n\\]{6,128})\"|'([^'\n\\]{6,128})')"
#: Calls that take a password, with the arguments before it.
_CALLS = (
    (".login(", LazyPattern(r"\.login\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("auth=(", LazyPattern(r"\bauth=\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("auth(", LazyPattern(r"(?:[bB]asic_?|Digest|Proxy)[aA]uth\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("pdo(", LazyPattern(r"\bPDO\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("mysqli", LazyPattern(r"\bmysqli(?:_connect)?\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("getconnection(", LazyPattern(r"\.getConnection\(\s{0,40}(?:" + _TEXT + r",\s{0,40}){2}" + _LAST)),
    ("credential", LazyPattern(r"Credentials?\(\s{0,40}" + _TEXT + "," + _LAST)),
    ("client(", LazyPattern(r"\bClient\(\s{0,40}[\"']AC[0-9a-f]{32}[\"']," + _LAST)),
)
_ANY = r"(?:\{[^{}\n]{0,200}\}|" + _TEXT + ")"
_KEY = _LAST.replace("{6,128}", "{8,256}")
#: Calls that take a signing key, or a vendor's key.
_SIGNED = (
    ("jwt.", LazyPattern(r"\b(?:jwt|JWT)\.(?:sign|verify|encode|decode)\(\s{0,40}" + _ANY + "," + _KEY)),
    ("createhmac(", LazyPattern(r"\bcreateHmac\(\s{0,40}" + _TEXT + "," + _KEY)),
    ("hmac.new(", LazyPattern(r"\bhmac\.new\(\s{0,8}b?" + _KEY)),
    ("serializer(", LazyPattern(r"\b(?:URLSafe)?(?:Timed)?Serializer\(" + _KEY)),
    ("twilio", LazyPattern(r"(?i)\btwilio(?:\.\w{1,20}){0,2}\(\s{0,40}" + _TEXT + "," + _KEY)),
    ("algoliasearch(", LazyPattern(r"\balgoliasearch\(\s{0,40}" + _TEXT + "," + _KEY)),
    ("forhttpheaderfield", LazyPattern(
        r"\b(?:add|set)Value\(" + _KEY + r",\s{0,40}forHTTPHeaderField:\s{0,4}\"[\w-]{0,40}(?i:auth|key|token|secret)"
    )),
)  # fmt: skip
#: As ``requests`` logs a call to Twilio.
_TUPLE = LazyPattern(r"\bauth=\([\"']AC[0-9a-f]{32}[\"'], ?[\"']([0-9a-f]{32})[\"']")
_VENDORS = (("twilio", "twilio-key"), ("algolia", "algolia-admin-key"), ("header", "token"))
#: Minimum ``value_checks.class_changes`` of a value that is not a word.
_MIN_CHANGES = 0.2
GATES = tuple(gate for gate, _form in (*_CALLS, *_SIGNED))


def argument_secrets(text: str, low: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield the literals at the password or key position of known calls."""
    if context.test or context.sample:
        return
    if "auth=(" in low:
        for found in _TUPLE.finditer(text):
            yield SecretMatch("twilio-key", found.group(1), found.start(1), found.end(1))
    if context.prose:
        return
    for gate, form in _SIGNED:
        for found in form.finditer(text) if gate in low else ():
            group = found.lastindex or 1
            value = found.group(group)
            if value_checks.looks_random(value, 20) or value_checks.is_generated_salt(value) or _is_punctuated(value):
                rule = identify(value) or next((kind for word, kind in _VENDORS if word in gate), "secret")
                yield SecretMatch(rule, value, found.start(group), found.end(group))
    for gate, form in _CALLS:
        if gate in low:
            for found in form.finditer(text):
                group = found.lastindex or 1
                value = found.group(group)
                if value_checks.is_password(value) and (
                    any(map(str.isdigit, value)) or value_checks.class_changes(value) >= _MIN_CHANGES
                ):
                    yield SecretMatch("password", value, found.start(group), found.end(group))


def _is_punctuated(value: str) -> bool:
    return (
        value_checks.is_password(value)
        and any(map(str.isdigit, value))
        and value_checks.class_changes(value) >= _MIN_CHANGES
    )
