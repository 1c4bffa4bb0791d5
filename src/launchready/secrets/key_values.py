"""Finds values under names of secrets: assignments, JSON, YAML, properties, XML, plist, name and value pairs.

The reader searches the stems of names in lower-case text, then extends each stem to the whole name. Only names of
secrets have their values read, so a megabyte without such a name costs one search per stem.
"""

from collections.abc import Iterator
from typing import NamedTuple

from launchready.lazy_pattern import LazyPattern
from launchready.secrets import context_rules, value_positions
from launchready.secrets.file_context import FileContext
from launchready.secrets.hits import SecretMatch
from launchready.secrets.key_names import STEMS, VENDOR_WORDS, broad_key_kind

_LEFT = LazyPattern(r"[\w.\-]*\Z")
_SPOKEN = LazyPattern(r"(?:\w{2,24} ){1,3}\Z")
_REST = LazyPattern(r"[\w\-]{0,40}")
# arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db
_ARN = LazyPattern(r"\barn:[\w:\-]{1,70}:\Z")
_NEAR = 80
_LONGEST = 4096
_LINE = 400

# key": "value", key = 'value', key => `value`, key: str = "value", key := value
_ASSIGN = LazyPattern(
    r"\\{0,3}[\"'`]?(?:\]|"
    r"\))?[ \t]{0,40}(?::[ \t]{0,4}(?:[A-Za-z_&'][\w.\[\]|&' ]{0,40}?[ \t]{0,4})?=(?![=\r\n])|=>|:=|\?=|"
    r"\+?=(?!=)|\|\|=|\?\?=|:(?![:/=]))[ \t]{0,40}(?:\\?\r?\n[ \t]{1,40})?"
)
_OPEN = LazyPattern(
    r"(?:[brfuBRFU@$]{0,2}|!!str[ \t]|(?:\w{0,40}(?:Secret|Field|SecretStr|Buffer\.from|String|Bytes|Password|new "
    r"String)\()|[\w.()]{0,48}[dD]ecode\w{0,12}\(|[\w.:>$-]{1,48}\([\"'][\w.\-]{1,60}[\"'],[ \t]{0,4}|"
    r"[\w.:>$-]{1,64}(?:[(\[][\"'][\w.\-]{1,60}[\"'][)\]])?[ \t]{1,4}(?:\|\||\?\?|\?:|or)[ \t]{1,4})"
    r"(\\{0,3}(?:\"\"\"|[\"'`]))"
)
_BARE = LazyPattern(r"[^\s\"'`<>,;{}\[\]\\&|]{4,512}")
_BARE_ENV = LazyPattern(r"[^\s\"'`\\]{3,512}")
_QUERY = LazyPattern(r"[^\s\"'`<>,;{}()\[\]\\&#|]{4,512}")
_STRING = LazyPattern(r"[^\s\"'`<>,;{}()\[\]\\|]{4,512}")
_MEMBER = LazyPattern(r"\\{0,3}[\"'`][ \t]{0,4},[ \t]{0,40}(\\{0,3}[\"'`])")
_SIDE = LazyPattern(
    r"\\{0,3}[\"'`]?[ \t]{0,8}[,{]?\s{0,60}-?\s{0,4}\\{0,3}[\"'`]?(?:\w{1,24}:)?(?:[vV]alue|"
    r"ParameterValue|defaultValue|default|VALUE|val|content|data|secret)\\{0,3}[\"'`]?[ \t]{0,8}[:=][ \t]{0,8}"
)
_XML = LazyPattern(
    r"(?:\\?[\"'][^<>]{0,120}|[^<>\"'=\n]{0,20}(?: "
    r"[\w:.\-]{1,40}=[\"'][^\"'<>]{0,80}[\"']){0,4})>\s{0,40}(?:<(?:string|value|"
    r"data)>\s{0,20})?(?:<!\[CDATA\[)?([^<>]{3,512}?)(?:\]\]>)?\s{0,20}</"
)
_PLIST = LazyPattern(
    r"\s{0,8}</(?:key|name|Key|Name|string)>\s{0,80}<(?:string|value|data|Value)>\s{0,20}([^<>]{3,512}?)\s{0,20}</"
)
_BLANK = LazyPattern(r"[ \t]{1,20}([\"']?)([^\s\"']{3,512})\1")
_COMMENT = LazyPattern(r"[ \t]+(?:#|//|;|--|<!--|/\*).*$")
_PROSE = LazyPattern(
    r"[*_`]{0,3}(?:[ \t]{1,3}(?:for|to|of|on|fur|für|zum|vom|von|voor|van|des|de|du|pour|para|del|della|di|do|da|per)"
    r"[ \t](?:[\w@.\-/]{1,40}[ \t]){0,4}(?:[\w@.\-/]{1,40}[ \t]?))?[ \t]{0,3}(?:\b(?:is now|is still|is|was|"
    r"ist jetzt|ist|lautet|est|es|è|é|changed to|set to|now|to)\b[ \t]{0,3}[:=]?|=|:|→|->|\||\u2013|\u2014)"
    r"[ \t]{0,3}"
)

_WORD = LazyPattern(r"(?:<[a-z]{1,8}>)?[\"'`*<(\[]{0,3}([^\s\"'`<>\\]{5,120})")
# quotes in HTML
_ENTITY = LazyPattern(r"&(?:quot|#39|#x27|apos);?")


class KeyMatch(NamedTuple):
    """The name of a secret in a text."""

    key: str
    kind: str
    start: int
    end: int


def find_keys(text: str, low: str) -> Iterator[KeyMatch]:
    """Yield every name of a secret once, with its kind. In prose, adjacent words count: "the Heroku API key"."""
    seen: set[int] = set()
    for stem in STEMS:
        at = low.find(stem)
        while at >= 0:
            rest = _REST.match(text, at + len(stem))
            end = rest.end() if rest else at + len(stem)
            left = _LEFT.search(text, max(0, at - _NEAR), at)
            start = left.start() if left else at
            start += len(text[start:at]) - len(text[start:at].lstrip("-"))  # "--api-key": the name is "api-key"
            if end not in seen:
                seen.add(end)
                key = text[start:end].rstrip("-_.")
                kind = broad_key_kind(key)
                if not kind and key.lower() in {"key", "passe"}:
                    start, key, kind = _spoken(text, start, key)
                if kind:
                    yield KeyMatch(_vendor_before(text, start) + key, kind, start, start + len(key))
            at = low.find(stem, end)


def _spoken(text: str, start: int, key: str) -> tuple[int, str, str]:
    """Extend a name of several words: "the Heroku API key", "le mot de passe"."""
    if key.lower() == "passe":
        return start, key, "password" if text[max(0, start - 7) : start].lower() == "mot de " else ""
    spoken = _SPOKEN.search(text, max(0, start - _NEAR), start)
    if spoken is None:
        return start, key, ""
    key = spoken.group() + key
    kind = broad_key_kind(key)
    return spoken.start(), key, "" if kind == "key" else kind


def _vendor_before(text: str, start: int) -> str:
    """Return the vendor's name before a key's name in prose: "The Postmark token is"."""
    if text[start - 1 : start] != " ":
        return ""
    word = _LEFT.search(text, max(0, start - 24), start - 1)
    found = word.group().lower() if word else ""
    return f"{found} " if found in VENDOR_WORDS else ""


def named_values(text: str, low: str, context: FileContext) -> Iterator[SecretMatch]:
    """Yield the values under names of secrets."""
    sealed = "SealedSecret" in text
    encoded = "kind: Secret" in text or '"kind":"Secret"' in text or '"kind": "Secret"' in text
    for name in find_keys(text, low):
        if name.kind == "key" and not context_rules.is_setting(name.key, context):
            continue
        for start, written, bare in candidates(text, name, context):
            if written and not sealed:
                value = _ENTITY.sub("", written).strip("\"'`")
                rule, shown = context_rules.classify(name.key, name.kind, value, context, bare=bare, encoded=encoded)
                if rule:
                    yield SecretMatch(rule, shown, start, start + len(written))
                    break


def candidates(text: str, name: KeyMatch, context: FileContext) -> Iterator[tuple[int, str, bool]]:
    """Yield candidate values, the most likely first: offset, text, whether unquoted."""
    end = name.end
    if text.rfind("arn:", max(0, name.start - _NEAR), name.start) >= 0 and _ARN.search(
        text, max(0, name.start - _NEAR), name.start
    ):
        return
    if declared := value_positions.declared_offset(text, end):
        yield from _assigned(text, declared, name, context)
        return
    yield from value_positions.default_values(text, name.start, end)
    assign = _ASSIGN.match(text, end)
    if assign is not None:
        for at in value_positions.value_offsets(text, assign.end(), context):
            yield from _assigned(text, at, name, context)
        yield from value_positions.split_values(text, assign.end(), context)
        yield from _assigned(text, assign.end(), name, context)
        if context.prose or context.config or context.message or in_comment(text, name.start):
            yield from _prose(text, name)
        return
    if (
        text.startswith(("<", " <"), end)
        or context.xml
        or text.startswith(('">', "'>", ">"), end)
        or text.startswith("</", end)
    ):
        for form in (_PLIST, _XML):
            found = form.match(text, end)
            if found is not None:
                yield found.start(1), found.group(1).strip(), False
                return
    side = _SIDE.match(text, end)
    if side is not None:
        yield from _assigned(text, side.end(), name, context)
        return
    member = _MEMBER.match(text, end)
    if member is not None:
        yield from _quoted(text, member.end(), member.group(1))
        return
    if (
        text.startswith((" '", ' "'), end)
        or context.credentials
        or context.shell
        or (context.config and not context.code)
        or text[max(0, name.start - 2) : name.start] == "--"
    ):
        blank = _BLANK.match(text, end)
        if blank is not None and (blank.group(1) or blank_allowed(text, name, context)):
            yield blank.start(2), blank.group(2).rstrip(";"), not blank.group(1)
    if context.prose or context.message or context.config or in_comment(text, name.start):
        yield from _prose(text, name)
    if context.prose and (at := value_positions.definition_offset(text, end)):
        yield from _word(text, at)


def blank_allowed(text: str, name: KeyMatch, context: FileContext) -> bool:
    """Whether ``password VALUE`` is an assignment: in files of credentials, after ``--``, or first on a line."""
    before = _line_before(text, name.start).strip()
    return (
        context.credentials
        or before.endswith("--")
        or before.startswith("set -")
        or before in {"ENV", "ARG", "set", "setx", "setenv", "export", "proxy_set_header", "add_header"}
        or (not before and name.key in {"requirepass", "masterauth", "password", "PASSWORD"} and not context.prose)
        or (context.config and not before.startswith(("#", ";", "//")) and name.key.endswith("-password"))
    )


def in_comment(text: str, at: int) -> bool:
    """Whether the line begins as a comment."""
    return _line_before(text, at).lstrip().startswith(("#", "//", "*", "--", ";", "<!--", "/*"))


def _line_before(text: str, at: int) -> str:
    """Return the line before ``at``, at most ``_LINE`` characters: a minified bundle is one long line."""
    near = max(0, at - _LINE)
    start = text.rfind("\n", near, at) + 1
    return text[start or near : at]


def _assigned(text: str, at: int, name: KeyMatch, context: FileContext) -> Iterator[tuple[int, str, bool]]:
    opened = _OPEN.match(text, at)
    if opened is not None:
        yield from _quoted(text, opened.end(), opened.group(1))
        return
    before = text[max(0, name.start - 1) : name.start]
    query = before in {"?", "&", ";"} or (before == " " and _quoted_text(text, name.start))
    if not (context.allows_unquoted or query):
        return
    form = (
        _QUERY if before in {"?", "&"} else _STRING if query else _BARE_ENV if context.env or context.shell else _BARE
    )
    found = form.match(text, at)
    if found is not None:
        value = found.group()
        if not query and not context.env and text[found.end() : found.end() + 1] in {"(", "["}:
            return
        yield found.start(), value.rstrip(",;") if not context.env else value, True


def _quoted_text(text: str, at: int) -> bool:
    """Whether ``at`` is inside quotes: ``"host=db password=..."`` is a value, ``f(password=x)`` is code."""
    line = _line_before(text, at)
    return line.count('"') % 2 == 1 or line.count("'") % 2 == 1


def _quoted(text: str, at: int, quote: str) -> Iterator[tuple[int, str, bool]]:
    end = text.find(quote, at, at + _LONGEST)
    if quote == '"' and end > at and text[end - 1] == "\\":
        # skip escaped quotes
        while end > at and text[end - 1] == "\\":
            end = text.find(quote, end + 1, at + _LONGEST)
    if end > at:
        value = text[at:end]
        if "\n" in value and len(quote.lstrip("\\")) > 1:
            start, value = value_positions.single_line(value)
            at += start
        if "\n" not in value or "-----BEGIN" in value:
            yield at, value.split("\\n", 1)[0] if "\\n" in value else value, False


def _prose(text: str, name: KeyMatch) -> Iterator[tuple[int, str, bool]]:
    sentence = _PROSE.match(text, name.end)
    if sentence is None or sentence.end() == name.end or "{{" in _line_before(text, name.start):
        return
    yield from _word(text, sentence.end())


def _word(text: str, at: int) -> Iterator[tuple[int, str, bool]]:
    found = _WORD.match(text, at)
    if found is not None:
        yield found.start(1), found.group(1).rstrip(".,;:?)]}*`").removesuffix("**"), True
