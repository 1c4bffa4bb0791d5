"""Pairs without a separator of their own: ``--password x``, ``-u key:secret``, XML elements, name and value attributes,
multipart fields, ``.netrc``, ``WITH PASSWORD '...'``, ``SecretStr('...')``. Each behind a literal that only they have.
"""

import re

from launchready.core.redact import values
from launchready.core.redact.keys import Keys
from launchready.core.redact.late import Late
from launchready.core.redact.marks import Marks

_FLAG = Late(
    r"--([A-Za-z][\w\-]{1,40}+)[ \t]{1,4}+(?:\"([^\"\n]{1,400}+)\"|'([^'\n]{1,400}+)'|([^\s\"'\-][^\s\"']{0,400}+))",
    re.ASCII,
)
_USER = Late(r"(?<![\w\-])(?:-u|--user|--proxy-user)[ =]{1,3}[\"']?[^\s:\"']{1,128}+:([^\s\"']{1,256}+)")
_MYSQL = Late(r"(?:mysql|mariadb)[\w\-]{0,16}+(?: [^\s]{1,128}+){0,12}? -p([^\s\"'=]{4,128}+)")
_TOOL = Late(
    r"(?:sshpass -p ?|redis-cli (?:-[a-zA-Z] [^\s]{1,64}+ |--?[a-z]{1,16} ){0,6}?-a )"
    r"(?:\"([^\"\n]{1,256}+)\"|'([^'\n]{1,256}+)'|([^\s\"']{1,256}+))"
)
_LOGIN = Late(r"\blogin(?: [^\s]{1,128}+){0,8}? -p[ =]([^\s\"'=]{3,256}+)")
_INVALID = Late(
    r"(?:\A|\n|\\n)([A-Za-z][\w.]{0,80}+)(?:\n|\\n) {2}[^\n\\]{1,300}?input_value='?([^\n]{1,512}?)'?, input_type="
)
_BODY = Late(
    r"['\"]loc['\"]: ?[\[(][^\[\]()\n]{0,120}?['\"](\w{1,64})['\"],?[\])], ?"
    r"(?:['\"]\w{1,16}['\"]: ?(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\"), ?){0,3}"
    r"['\"]input['\"]: ?['\"]([^'\"\n]{1,512}+)['\"]"
)
_NETRC = Late(r"login[ \t]{1,4}+[^\s]{1,128}+[ \t]{1,4}+password[ \t]{1,4}+([^\s]{1,256}+)")
_WITH = Late(r"(?:PASSWORD|IDENTIFIED BY|password|identified by)[ \t]{1,4}+'([^'\n]{1,256}+)'")
_SECRETSTR = Late(r"Secret(?:Str|Bytes)?\(b?(?:\"([^\"\n]{1,512}+)\"|'([^'\n]{1,512}+)')")
_XML = Late(r"<([A-Za-z_][\w:.\-]{1,64}+)(?: [^<>]{0,200}+)?>(?:<!\[CDATA\[)?([^<>\]]{1,4096}+)(?:\]\]>)?</")
_CALLED = Late(
    r"(?:[nN]ame|[kK]ey)[\"']?[ \t]{0,2}[:=][ \t]{0,2}[\"']([\w.\-]{1,64}+)[\"'][ \t,]{1,3}"
    r"[\"']?[vV]alue[\"']?[ \t]{0,2}[:=][ \t]{0,2}[\"']([^\"'\n]{1,4096}+)[\"']"
)
_FIELD = Late(r"name=[\"']?([\w.\-\[\]]{1,64}+)[\"']?(?:\\r\\n|\\n|\r?\n){2}([^\r\n\\]{1,4096}+)")


class Forms:
    """The reader of such pairs."""

    def __init__(self, keys: Keys, marks: Marks) -> None:
        self._keys = keys
        self._marks = marks

    def clean(self, text: str) -> str:
        """The text with their values marked."""
        if "-u " in text or "user" in text:
            text = _USER.sub(self._basic, text)
        if "--" in text:
            text = _FLAG.sub(self._named, text)
        if " -p" in text and ("mysql" in text or "mariadb" in text):
            text = _MYSQL.sub(self._password, text)
        if " -p" in text and "login" in text:
            text = _LOGIN.sub(self._password, text)
        if "sshpass -p" in text or "redis-cli " in text:
            text = _TOOL.sub(self._password, text)
        if "input" in text:
            text = _INVALID.sub(self._named, text)
            text = _BODY.sub(self._named, text)
        if "password " in text and "login " in text:
            text = _NETRC.sub(self._password, text)
        if "D '" in text or "Y '" in text or "password '" in text or "by '" in text:
            text = _WITH.sub(self._password, text)
        if "Secret" in text:
            text = _SECRETSTR.sub(self._password, text)
        if "</" in text:
            text = _XML.sub(self._named, text)
        if "alue" in text:
            text = _CALLED.sub(self._named, text)
        if "name=" in text and ("\n" in text or "\\n" in text):
            text = _FIELD.sub(self._named, text)
        return text

    def _named(self, found: re.Match[str]) -> str:
        named = self._keys.named(found.group(1))
        if named is None or named.condition in {"email", "connection", "cookie"}:
            return found.group()
        group, value = _last(found)
        condition = "person" if named.bare and found.group().startswith("<") else named.condition
        if not values.admits(condition, value) or values.code(value) or (condition == "auth" and values.prose(value)):
            return found.group()
        return self._put(found, group, named.kind)

    def _basic(self, found: re.Match[str]) -> str:
        return found.group() if values.placeholder(found.group(1)) else self._put(found, 1, "basic")

    def _password(self, found: re.Match[str]) -> str:
        group, value = _last(found)
        return found.group() if values.placeholder(value) else self._put(found, group, "password")

    def _put(self, found: re.Match[str], group: int, kind: str) -> str:
        value = found.group(group)
        if self._marks.is_marker(value):
            return found.group()
        base = found.start()
        whole = found.group()
        return whole[: found.start(group) - base] + self._marks.mark(kind, value) + whole[found.end(group) - base :]


def _last(found: re.Match[str]) -> tuple[int, str]:
    group = found.lastindex or 1
    return group, found.group(group)
