"""Pairs in the syntax of commands, calls and markup.

For example: ``--password x``, ``-u key:secret``, XML elements, name and value attributes, multipart fields, ``.netrc``,
``WITH PASSWORD '...'``, ``SecretStr('...')``. A literal that only this syntax contains guards each pattern.
"""

import re

from launchready.budget import charge
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import value_shapes
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.markers import Markers

_FLAG = LazyPattern(
    r"--([A-Za-z][\w\-]{1,40}+)(?:[ \t]{1,4}+|[\"'],[ ]?(?=[\"']))(?:\"([^\"\n]{1,400}+)\"|'([^'\n]{1,400}+)'"
    r"|([^\s\"'\-][^\s\"']{0,400}+))",
    re.ASCII,
)
_USER = LazyPattern(r"(?<![\w\-])(?:-u|--user|--proxy-user)[ =]{1,3}[\"']?[^\s:\"']{1,128}+:([^\s\"']{1,256}+)")
_MYSQL = LazyPattern(
    r"(?:mysql|mariadb)[\w\-]{0,16}+(?: [^\s]{1,128}+){0,12}? -p(?:'([^'\n]{3,128}+)'|\"([^\"\n]{3,128}+)\""
    r"|([^\s\"'=]{4,128}+))"
)
_TOOL = LazyPattern(
    r"(?:sshpass -p ?|redis-cli (?:-[a-zA-Z] [^\s]{1,64}+ |--?[a-z]{1,16} ){0,6}?-a )"
    r"(?:\"([^\"\n]{1,256}+)\"|'([^'\n]{1,256}+)'|([^\s\"']{1,256}+))"
)
_ECHOED = LazyPattern(
    r"\b(?:echo|printf|print) (?:-n )?(?:\"([^\"\n]{3,256}+)\"|'([^'\n]{3,256}+)'|([^\s\"'|]{3,256}+)) ?\| "
    r"?(?:sudo [^|\n]{0,32}-S"
    r"|[^|\n]{1,160}(?:--password-stdin|--stdin|--passphrase-fd))"
)
_PGPASS = LazyPattern(r"(?<![\w.\-*:])[\w.\-*]{1,64}:(?:\d{2,5}|\*):[\w\-*]{1,64}:[\w\-*]{1,64}:([^\s\"']{4,128}+)")
_LOGIN = LazyPattern(r"\blogin(?: [^\s]{1,128}+){0,8}? -p[ =]([^\s\"'=]{3,256}+)")
_INVALID = LazyPattern(
    r"(?:\A|\n|\\n)([A-Za-z][\w.]{0,80}+)(?:\n|\\n) {2}[^\n\\]{1,300}?input_value='?([^\n]{1,512}?)'?, input_type="
)
#: The same on one line: "1 validation error for Login password Value error [type=..., input_value='...', ...".
_INVALID_ONE_LINE = LazyPattern(
    r"(?:\bfor \w{1,64}|input_type=\w{1,32}\]) {1,4}([a-z][\w.]{0,80}) {1,4}[A-Z][^\n\[]{1,200}\[type=[^\n\[\]]{1,120}?"
    r"input_value='?([^'\n]{1,512}?)'?, input_type="
)
_BODY = LazyPattern(
    r"['\"]loc['\"]: ?[\[(][^\[\]()\n]{0,120}?['\"](\w{1,64})['\"],?[\])], ?"
    r"(?:['\"]\w{1,16}['\"]: ?(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\"), ?){0,3}"
    r"['\"]input['\"]: ?['\"]([^'\"\n]{1,512}+)['\"]"
)
_NETRC = LazyPattern(r"login[ \t]{1,4}+[^\s]{1,128}+[ \t]{1,4}+password[ \t]{1,4}+([^\s]{1,256}+)")
_WITH = LazyPattern(r"(?:PASSWORD|IDENTIFIED BY|password|identified by)[ \t]{1,4}+'([^'\n]{1,256}+)'")
_TYPED_PASSWORD = LazyPattern(
    r"(?:\bPASS[ ]{1,2}|\bLOGIN (?:\"[^\"\s]{1,128}\"|[^\s\"]{1,128}) |\bAUTH [^\s\"']{1,64} |requirepass |masterauth )"
    r"(?:\"([^\"\n]{3,256}+)\"|'([^'\n]{3,256}+)'|([^\s\"'<>,;|]{4,256}+)(?=\s|\\|['\"]|\Z))"
)
_CALL = LazyPattern(
    r"\b(?:[A-Za-z]{1,24}_?)?(?:[pP]assword|PASSWORD|[pP]asswd|[cC]rypt)\((?:[\w.]{1,40}, ?)?[bBuUrR]?"
    r"(?:\"([^\"\n]{4,256}+)\"|'([^'\n]{4,256}+)')"
)
_LOGGED_IN = LazyPattern(
    r"\b(?:log_?in|sign_?in|authenticate|auth|connect|(?:HTTP)?[bB]asic_?[aA]uth)\([\"'][^\"'\n]{1,128}[\"'], ?"
    r"[bBuU]?(?:\"([^\"\n]{4,256}+)\"|'([^'\n]{4,256}+)')"
)
_DSN = LazyPattern(r"(?<![\w:/])[\w.\-]{1,64}:([^\s\"'@]{3,128}+)@(?:tcp|unix)\(")
#: The other value of a comparison: ``"[password]" -> "hunter3x8"``, ``'[password]' != 'hunter3x8'``.
_OTHER_VALUE = LazyPattern(
    r"\[(password|otp|generic_key|link_token|session|csrf|bearer|oauth|pw_hash|signed_url|phone|cvc|iban)\][\"'`]?"
    r" ?(?:!=|->|→|<>|vs\.?|to|=>|and|with|by) ?(?:\"([^\"\n]{3,512}+)\"|'([^'\n]{3,512}+)'|`([^`\n]{3,512}+)`)"
)
_OTHER_VALUE_BARE = LazyPattern(
    r"\[(password|generic_key|link_token|session|csrf|bearer|oauth|signed_url)\][\"'`]? ?(?:!=|->|\u2192|<>|vs\.?) "
    r"([^\s\"'`<>,;|()\[\]]{6,512})(?=[\s,;)]|\Z)"
)
_ENV = LazyPattern(r"\b(?:ENV|ARG|SetEnv)[ \t]{1,4}([A-Za-z_]\w{1,64})[ \t]{1,4}[\"']?([^\s\"'=][^\s\"']{0,4096}+)")
_PRAGMA = LazyPattern(r"\bPRAGMA (?:hex|re)?key ?= ?(?:\"([^\"\n]{3,256}+)\"|'([^'\n]{3,256}+)')", re.IGNORECASE)
_YAML = LazyPattern(
    r"\b(?:name|key): ?[\"']?([\w.\-]{1,64}+)[\"']?(?:\n|\\n)[ \t]{1,32}value: ?"
    r"(?:\"([^\"\n]{1,4096}+)\"|'([^'\n]{1,4096}+)'|([^\s\"'{}]{1,4096}+))"
)
#: The ``repr`` of MessagePack: ``\\xa8password\\xa9hunter2x9``.
_MSGPACK = LazyPattern(
    r"(?:\\x[ab][0-9a-f]|\\xd9(?:\\x[0-9a-f]{2}|[ -~]))([A-Za-z_]\w{1,40})"
    r"(?:\\x[ab][0-9a-f]|\\xd9(?:\\x[0-9a-f]{2}|[ -~]))([^\\'\"]{2,512})"
)
_ACCOUNT = LazyPattern(
    r"\b(?:[cC]redentials?|[cC]reds|[bB]asic [aA]uth)[ :=]{1,3}[\w.@\-]{1,64} ?[:/] ?([^\s\"'`<>,;|()"
    r"\[\]]{6,128})(?=[\s,;)]|\Z)"
)
_STORE_SET = LazyPattern(
    r"\b(?:(P?SETEX)|GETSET|SETNX|SET)\b[\"']?[ ,]{1,2}[\"']?((?:[\w.\-]{1,64}:){0,6}[\w.\-]{1,128}+)"
    r"[\"']?(?(1)[ ,]{1,2}[\"']?\d{1,9}[\"']?)[ ,]{1,2}(?:[\"']([^\"'\n]{1,4096}+)[\"']|([^\s\"'=][^\s\"']{0,4096}+))"
)
_ADJACENT = LazyPattern(r"[\"']([A-Za-z_][\w.\-]{1,40})[\"'][ ][\"']([^\"'\n]{1,4096}+)[\"']")
_ELEMENT = LazyPattern(
    r"(?:<key>([\w.\-]{1,64}+)</key>\s{0,40}<string>|<\w{1,24} (?:name|key)=[\"']([\w.\-]{1,64}+)[\"'][^<>]{0,80}>)"
    r"([^<>]{1,4096}+)</"
)
_TYPE = LazyPattern(
    r"[\"']([A-Za-z_][\w.\-]{1,64}+)[\"']: ?\{[\"'](?:S|N|stringValue|string|value)[\"']: ?[\"']([^\"'\n]{1,4096}+)"
    r"[\"']"
)
_UNDER = LazyPattern(
    r"(?:\A|\n)[ \t│]{0,16}([A-Za-z_]\w{1,64})[ \t]{0,4}\n[ \t]{1,16}[bBuU]?(?:'([^'\n]{1,4096}+)'"
    r"|\"([^\"\n]{1,4096}+)\")(?=[ \t]{0,8}(?:\n|\Z))"
)
_EXPIRES = r"(?:[eE]xp(?:iry|ires)?|valid(?: thru)?)?[ :.=]{0,2}(?:0?[1-9]|1[0-2])[|/\-]?(?:20)?\d\d"
_SECURITY = r"(?:[cC]ode|CID|cid|[cC][vV][cCvV]2?|[sS]ec(?:urity)?(?: code)?|CSC|csc)[ :=.]"
_CARD_END = LazyPattern(
    rf"\[card[^\[\]]{{0,12}}\][\"']?[|;,/: ]{{1,2}}(?:{_EXPIRES}[|;,/: ]{{1,3}}(?:{_SECURITY}{{0,3}})?"
    rf"|{_SECURITY}{{1,3}})"
    r"(\d{3,4})(?![\w.])"
)
_CARD_LINE = LazyPattern(r"(?:\A|\n)(FN|BDAY|ADR)(?:;[^:\n]{0,80})?:([^\n]{1,400})")
_CARD_KEYS = {"FN": "name", "BDAY": "dob", "ADR": "address"}
_SECRETSTR = LazyPattern(r"Secret(?:Str|Bytes)?\(b?(?:\"([^\"\n]{1,512}+)\"|'([^'\n]{1,512}+)')")
_XML = LazyPattern(r"<([A-Za-z_][\w:.\-]{1,64}+)(?: [^<>]{0,200}+)?>(?:<!\[CDATA\[)?([^<>\]]{1,4096}+)(?:\]\]>)?</")
_LABEL_KEY = (
    r"\b(?:[nN]ame|[kK]ey|[fF]ield|attr|attribute|property|param|column|question|k)[\"']?[ \t]{0,2}[:=][ \t]{0,2}"
)
_SEPARATOR = r"[\"']?[ \t]{0,2}[:=][ \t]{0,2}"
_LABELLED = LazyPattern(
    rf"{_LABEL_KEY}[\"']([\w .\-]{{1,64}}+)[\"'][ \t,]{{1,3}}"
    r"[\"']?(?:[vV]alue|content|answer|v|val|input|old|new|from|to|before|after|old_value|new_value)"
    rf"{_SEPARATOR}[\"']([^\"'\n]{{1,4096}}+)[\"']"
)
_LABELLED_CHANGE = LazyPattern(
    rf"{_LABEL_KEY}[\"']([\w.\-]{{1,64}}+)[\"'][ \t,]{{1,3}}[\"']?(?:old|from|before|old_value){_SEPARATOR}"
    rf"(?:[\"'][^\"'\n]{{0,4096}}+[\"']|null|None)[ \t,]{{1,3}}[\"']?(?:new|to|after|new_value){_SEPARATOR}"
    r"[\"']([^\"'\n]{1,4096}+)[\"']"
)
_FIELD = LazyPattern(r"name=[\"']?([\w.\-\[\]]{1,64}+)[\"']?(?:\\r\\n|\\n|\r?\n){2}([^\r\n\\]{1,4096}+)")
_COMMANDS = ("PASS ", "LOGIN ", "AUTH ", "requirepass ", "masterauth ")
_ENTRIES = ("ogin(", "_in(", "ignin(", "uth(", "nticate(", "onnect(")
_LABELS = (
    "alue",
    "answer",
    "content=",
    '"old',
    "'old",
    '"v"',
    '"new',
    "'new",
    "before",
    '"val',
    "'v'",
    "old=",
    '"input',
)


class MarkupReader:
    """Finds and hides values in commands, calls and markup."""

    def __init__(self, keys: KeyClassifier, markers: Markers) -> None:
        self._keys = keys
        self._markers = markers

    def clean(self, text: str) -> str:
        """Hide the values of flags, calls, quoted pairs and markup."""
        if " -" in text or "--" in text:
            text = self._flags(text)
        if "(" in text:
            text = self._calls(text)
        if "] " in text and ("] != " in text or "] -> " in text or "] vs" in text or "] \u2192 " in text):
            text = _OTHER_VALUE_BARE.sub(self._mark_other_value_bare, text)
        if "\\x" in text and ("\\xa" in text or "\\xb" in text or "\\xd9" in text):
            text = _MSGPACK.sub(self._mark_by_key, text)
        if "[card" in text:
            text = _CARD_END.sub(lambda found: self._mark_group(found, 1, "cvc"), text)
        if '"' in text or "'" in text:
            text = self._quoted(text)
        if " value: " in text:
            text = _YAML.sub(self._mark_by_key, text)
        if "</" in text:
            text = _XML.sub(self._mark_by_key, text)
            text = _ELEMENT.sub(self._mark_by_key, text)
        if "name=" in text and ("\n" in text or "\\n" in text):
            text = _FIELD.sub(self._mark_by_key, text)
        if "input_value=" in text:
            text = _INVALID.sub(self._mark_by_key, text)
            text = _INVALID_ONE_LINE.sub(self._mark_by_key, text)
        return text

    def _flags(self, text: str) -> str:
        if "-u" in text:
            text = _USER.sub(self._mark_basic, text)
        if "--" in text:
            text = _FLAG.sub(self._mark_by_key, text)
        if " -p" in text:
            text = _MYSQL.sub(self._mark_password, text)
            text = _LOGIN.sub(self._mark_password, text)
        if "-stdin" in text or " -S" in text or "-fd" in text:
            text = _ECHOED.sub(self._mark_password, text)
        return _TOOL.sub(self._mark_password, text) if "sshpass -p" in text or "redis-cli " in text else text

    def commands(self, text: str) -> str:
        """Hide the secrets in the arguments of commands."""
        if any(map(text.__contains__, _COMMANDS)):
            text = _TYPED_PASSWORD.sub(self._mark_typed_password, text)
        if "ENV " in text or "ARG " in text or "SetEnv " in text:
            text = _ENV.sub(self._mark_by_key, text)
        if "PRAGMA" in text or "pragma" in text:
            text = _PRAGMA.sub(self._mark_password, text)
        if "redential" in text or "reds" in text or "asic " in text:
            text = _ACCOUNT.sub(self._mark_account_password, text)
        if "login " in text:
            text = _NETRC.sub(self._mark_password, text)
        if "SET" in text:
            text = _STORE_SET.sub(self._mark_store_value, text)
            text = _ADJACENT.sub(self._mark_by_key, text)
        if "BEGIN:VCARD" in text:
            text = _CARD_LINE.sub(lambda found: self._mark_group(found, 2, _CARD_KEYS[found.group(1)]), text)
        return _PGPASS.sub(self._mark_password, text) if "pgpass" in text or ":5432:" in text else text

    def _calls(self, text: str) -> str:
        if "ass" in text or "ASS" in text or "rypt" in text:
            text = _CALL.sub(self._mark_typed_password, text)
        if [entry for entry in _ENTRIES if entry in text]:
            text = _LOGGED_IN.sub(self._mark_typed_password, text)
        if "@tcp(" in text or "@unix(" in text:
            text = _DSN.sub(lambda found: self._mark_group(found, 1, "db_url"), text)
        return _SECRETSTR.sub(self._mark_password, text) if "Secret" in text else text

    def _quoted(self, text: str) -> str:
        if "[" in text:
            text = _OTHER_VALUE.sub(self._mark_other_value, text)
        if "D '" in text or "Y '" in text or "password '" in text or "by '" in text:
            text = _WITH.sub(self._mark_password, text)
        if "': {'" in text or '": {"' in text or '":{"' in text:
            text = _TYPE.sub(self._mark_by_key, text)
        if [label for label in _LABELS if label in text]:
            text = _LABELLED.sub(self._mark_by_key, text)
            text = _LABELLED_CHANGE.sub(self._mark_by_key, text)
        if "input" in text:
            text = _BODY.sub(self._mark_by_key, text)
        return _UNDER.sub(self._mark_by_key, text) if "\n " in text else text

    def _mark_typed_password(self, found: re.Match[str]) -> str:
        charge()
        group, value = _last(found)
        return (
            self._mark_group(found, group, "password")
            if value_shapes.secretish(value)
            and not value_shapes.placeholder(value)
            and "/" not in value
            and not value_shapes.code(value)
            else found.group()
        )

    def _mark_other_value_bare(self, found: re.Match[str]) -> str:
        kind, value = found.group(1), found.group(2)
        hide = value_shapes.matches_condition("strong" if kind == "password" else "token", value) or (
            kind == "password" and value_shapes.has_letters_and_digits(value)
        )
        return self._mark_group(found, 2, kind) if hide else found.group()

    def _mark_other_value(self, found: re.Match[str]) -> str:
        group, value = _last(found)
        known = value_shapes.placeholder(value) or not (value_shapes.secretish(value) or value.isdigit())
        return found.group() if known else self._mark_group(found, group, found.group(1))

    def _mark_account_password(self, found: re.Match[str]) -> str:
        """Hide the password in ``credentials jo / hunter2x9``."""
        value = found.group(1)
        plain = not value_shapes.has_letters_and_digits(value) or value_shapes.uuid(value) or "/" in value
        return found.group() if plain else self._mark_group(found, 1, "password")

    def _mark_store_value(self, found: re.Match[str]) -> str:
        """Hide the value in ``SET otp:47972 219458``. The last known word of the store key names the class."""
        charge()
        group, value = _last(found)
        for part in reversed(found.group(2).split(":")):
            key_class = self._keys.classify(part)
            if (
                key_class is not None
                and key_class.condition not in {"email", "connection", "cookie"}
                and value_shapes.matches_condition(key_class.condition, value)
            ):
                return self._mark_group(found, group, key_class.kind)
        return found.group()

    def _mark_by_key(self, found: re.Match[str]) -> str:
        charge()
        key_class = self._keys.classify(found.group(1) or found.group(2))
        if key_class is None or key_class.condition in {"email", "connection", "cookie"}:
            return found.group()
        group, value = _last(found)
        condition = "person" if key_class.bare and found.group().startswith("<") else key_class.condition
        if (
            not value_shapes.matches_condition(condition, value)
            or value_shapes.code(value)
            or self._keys.is_class_name(value, key_class.kind)
            or (condition == "auth" and value_shapes.plain_word(value))
        ):
            return found.group()
        return self._mark_group(found, group, key_class.kind)

    def _mark_basic(self, found: re.Match[str]) -> str:
        return found.group() if value_shapes.placeholder(found.group(1)) else self._mark_group(found, 1, "basic")

    def _mark_password(self, found: re.Match[str]) -> str:
        group, value = _last(found)
        return found.group() if value_shapes.placeholder(value) else self._mark_group(found, group, "password")

    def _mark_group(self, found: re.Match[str], group: int, kind: str) -> str:
        value = found.group(group)
        if self._markers.is_marker(value):
            return found.group()
        base = found.start()
        whole = found.group()
        return whole[: found.start(group) - base] + self._markers.mark(kind, value) + whole[found.end(group) - base :]


def _last(found: re.Match[str]) -> tuple[int, str]:
    group = found.lastindex or 1
    return group, found.group(group)
