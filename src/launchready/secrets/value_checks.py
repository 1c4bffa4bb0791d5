"""Tells secrets from placeholders, common words, sequences and expressions."""

import re
from functools import lru_cache
from itertools import pairwise

from launchready.lazy_pattern import LazyPattern
from launchready.vendors import word_set

_MASK = LazyPattern(r"[xX*•.\-_#?0\s…]+|(.)\1+|(?:(.{2,12}?)\2{2,}.{0,11})")
_TEMPLATE = LazyPattern(
    r"\$\{|\$\(|\{\{|\}\}|<%|%>|<[A-Za-z_][\w .:\-]*>|#\{|\[\[|\]\]|%\(\w+\)|%[sdr]\b|__[A-Z_]+__|@@|"
    r"\$[A-Za-z_]{2,}\w*$|^\$\w+|^%\w+%$"
    r"|^\{[\w.\[\]'\"!:+/=]*\}$|^\{cipher\}|\{[a-z_][\w.]*\}|^\[[A-Za-z][\w \-]*\]$|^@[A-Za-z]+(?:[/.(]|$)|^(?:env|"
    r"secret|vault|ref|op|ssm|file|arn|kms|gcp):|^ENC\[|^!\w|^\$ANSIBLE"
    r"|^projects/[\w\-]+/secrets/|^\(?AC[0-9a-f]{32}$"  # a secret's name in a vault; a Twilio account, not a key
)
_STOCK = LazyPattern(
    r"(?i)your[\W_]*|example|change[\W_]*me|change[\W_]*this|change[\W_]*it|placeholder|replace[\W_]*|"
    r"dummy|sample|redacted|todo|fixme|"
    r"x{4,}|\*{3,}|\.\.\.|…|lorem|not[\W_]?a[\W_]?real|not[\W_]?real|fake|<|secret[\W_]?here|"
    r"(?:key|token|password|username|value|goes)[\W_]?here|"
    r"(?:put|enter|fill|insert)[\s_\-](?:your|the|in|here|it|a)|mock|foo[\W_]?bar|deadbeef|abcdefg|qwerty|0?123456789|987654321|"
    r"aaaaaa|000000|none|null|undefined|undisclosed"
)
_RUNS = LazyPattern(r"(?i)abcdef|bcdefg|123456|234567|345678|456789|567890|qwertz|xxxx|aaaa|0000|1111")
_CHAIN = LazyPattern(r"[A-Za-z_$][\w$]*(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*)+(!?[;,)]?|[(\[ ].*)")
_EXPRESSION = LazyPattern(
    r"[A-Za-z_$][\w$.]*[(\[](?:[\w\s.,:;'\"=*/+<>?|$(){}\[\]-]*|['\"].*)|&\w+;|"
    r"new [A-Z].*|lambda\b.*|function\b.*|await .*|!?[a-z]+ ?=> ?.*"
)
_PATH = LazyPattern(
    r"(?:~|\.{0,2})/[\w.\-/ ]*|[A-Za-z]:\\.*|[\w\-./]+\.(?:pem|key|json|ya?ml|txt|crt|cer|py|js|ts|env|"
    r"toml|ini|cfg|conf|php|html?|md|xml|p12|pfx|jks|keystore|sh|com|org|net|io|dev)(?::\d+)?"
)
_URL = LazyPattern(r"(?:[a-z][a-z0-9+.\-]{1,20}:)?//.*|mailto:.*|data:.*|urn:.*|www\..*")
_DATE = LazyPattern(
    r"\d{4}-\d\d-\d\d.*|\d\d?[./]\d\d?[./]\d{2,4}.*|v?\d+(?:\.\d+){1,3}[\w\-+.]*|\d+(?:\.\d+)?(?:px|em|"
    r"rem|ms|s|m|h|d|kb|mb|gb|%)?"
)
_RANDOM = 0.35
_NO_PATH = 40
UUID = LazyPattern(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_HEX = LazyPattern(r"[0-9a-f]+|[0-9A-F]+")
_WORDS = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LEET = str.maketrans("013457@$!", "oleastasi")
_TYPE = LazyPattern(
    r"(?i)(?:str|string|bool|boolean|int|integer|number|text|bytes|object|any|optional|true|false|yes|"
    r"no|on|off|required|password|secret|token|hidden|nil|void|email|(?:var)?char(?:\(.*)?|binary|uuid|date|"
    r"datetime|enum|array|list|dict|map)[?;,\])]?"
)
_HASH = LazyPattern(r"(?:sha\d{1,3}|md5|sri|blake\w*)[-:=].+|[0-9a-f]{7,12}|W/\"?[0-9a-f\-]*\"?")

#: Words of weak passwords, in tests, examples and production.
_WEAK = word_set(
    "password passwort passwd pass pwd passphrase secret secrets admin administrator root test tests testing "
    "tester user users guest example default changeme letmein welcome qwerty postgres postgresql pg mysql mariadb "
    "redis mongo mongodb rabbitmq rabbit minio minioadmin sa dev develop development local localhost demo sample "
    "foo bar baz foobar foobarbaz dummy my your our the a an super top very strong secure insecure weak hunter "
    "iloveyou db database app api key keys token fake temp tmp none null empty blank wrong invalid bad new old "
    "current correct right some any this that is not for in and or to of client server master login account "
    "service value string text data hello world monkey dragon abc xyz asdf qwe one two three session cookie csrf "
    "jwt auth bearer public private access refresh signing encryption django flask fastapi rails laravel python "
    "node js web site staging stage prod production ci build docker compose k8s kube unit integration e2e mock "
    "stub spec fixture random unsafe only really s3cr3t please use here set not real keyboard cat development"
)


_NUMBERED = LazyPattern(r"[A-Za-z]{3,20}[\-_.]?((?!19\d\d\b|20\d\d\b)\d{4,6})[!?.]?")
_ROWS = ("01234567890", "09876543210", "13579", "24680")
_GLUED = LazyPattern(
    "(?:" + "|".join(sorted((word for word in _WEAK if len(word) > 2), key=len, reverse=True)) + "){1,4}"
)


def is_placeholder(value: str) -> bool:
    """Whether a value only marks the place of a secret: a template, a mask, a reference, a stock word."""
    return (
        len(value) < 4
        or _MASK.fullmatch(value) is not None
        or _TEMPLATE.search(value) is not None
        or (_STOCK.search(value) is not None and not _is_chance(value))
    )


def _is_chance(value: str) -> bool:
    """Whether a stock word occurs by chance: "todo" is in one of a million random keys."""
    found = _STOCK.search(value)
    return (
        found is not None
        and len(found.group()) <= 5
        and len(value) >= 32
        and found.group().isalnum()
        and class_changes(value) >= 0.3
    )


def is_generated_salt(value: str) -> bool:
    """Whether a value is a generated salt: 40 characters of every class, in which a template may occur by chance."""
    marks = {char for char in value if not char.isalnum() and char != " "}
    return len(value) >= 40 and len(marks) >= 5 and class_changes(value) >= 0.4 and not value.startswith("ENC[")


def is_sequence(value: str) -> bool:
    """Whether a key is made up: runs of the alphabet, or few distinct characters."""
    runs = _RUNS.findall(value)
    return (bool(runs) and (len(value) < 40 or len(runs) > 1)) or len(set(value)) < min(8, len(value) // 2 + 1)


def is_expression(value: str) -> bool:
    """Whether a value is code, a path, a URL, a date or a type instead of a literal secret."""
    if _PATH.fullmatch(value):  # unless it is base64 that begins with a slash
        return len(value) < _NO_PATH or class_changes(value) < _RANDOM
    return _chain(value) or any(form.fullmatch(value) for form in (_EXPRESSION, _URL, _DATE, _TYPE, _HASH))


def _chain(value: str) -> bool:
    """Whether a value is names joined by dots (``settings.mail.password``) instead of a password with a dot."""
    found = _CHAIN.fullmatch(value)
    if found is None:
        return False
    numbered = value[-2:].isdigit() and value[:1].isupper()  # Ember.Saffron33: no attribute is numbered so
    readable = (
        (is_identifier(value) and not numbered)
        or not any(map(str.isdigit, value))
        or class_changes(value) < _RANDOM / 2
    )
    return readable or found.group(1)[:1] in {"(", "[", " "}


@lru_cache(4096)
def split_words(value: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORDS.findall(value))


def is_weak(value: str) -> bool:
    """Whether a value has only common words, however spelled: "password123", "S3cr3t!", "my-secret-key".

    Four digits at the end that are neither a year nor a keyboard row make it a real choice: "correct4116".
    """
    numbered = _NUMBERED.fullmatch(value)
    if numbered is not None and len(set(numbered.group(1))) > 2 and not any(numbered.group(1) in row for row in _ROWS):
        return False
    words = [word for word in split_words(value) if not word.isdigit()]
    if all(word in _WEAK for word in words):
        return True
    plain = value.lower().translate(_LEET)
    letters = [word for word in re.split(r"[^a-z]+", plain) if word]
    if letters and all(word in _WEAK for word in letters):
        return True
    core = value.lower().strip("0123456789!?.#*@$-_").translate(_LEET)
    return len(core) <= 32 and _GLUED.fullmatch(core) is not None


def class_changes(value: str) -> float:
    """Return character-class changes per character: 0.05 to 0.2 in names, 0.3 and more in random text."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "s" for c in value]
    return sum(a != b for a, b in pairwise(kinds)) / max(1, len(value))


def is_unpronounceable(value: str) -> bool:
    """Whether a syllable has no vowel, which readable camel case never has."""
    return any(len(word) > 1 and not set(word) & set("aeiouy") for word in split_words(value))


def is_identifier(value: str) -> bool:
    """Whether a value reads as a name: words joined by dashes or capitals, without digits between letters."""
    parts = re.split(r"[\s_\-./:]+", value)
    return all(
        re.fullmatch(r"[A-Za-z]?[a-z]*(?:[A-Z][a-z]+)*\d{0,4}|[A-Z]+\d{0,3}|\d{1,4}", part) is not None
        for part in parts
    )


def looks_random(value: str, least: int = 16) -> bool:
    """Whether a value looks random: long, with mixed letters and digits, too many class changes for an identifier."""
    if len(value) < least or " " in value or is_placeholder(value) or is_expression(value) or is_sequence(value):
        return False
    if _HEX.fullmatch(value):
        return len(value) >= max(least, 24) and not value.isdigit() and any(map(str.isdigit, value))
    digits = sum(map(str.isdigit, value))
    if digits == 0:
        lower, upper = value != value.upper(), value != value.lower()
        return lower and upper and len(value) >= 20 and class_changes(value) >= 0.35 and not is_identifier(value)
    return class_changes(value) >= 0.16 and not (is_identifier(value) and digits < 5) and not UUID.fullmatch(value)


def is_strong_password(value: str) -> bool:
    """Whether a password is real even where samples occur: two digits or more, and no common word."""
    return is_password(value) and len(value) >= 8 and sum(map(str.isdigit, value)) >= 2


def is_password(value: str) -> bool:
    """Whether a value could be a chosen password: not a common word, and more than letters."""
    if (
        len(value) < 6
        or len(value) > 128
        or " " in value
        or is_placeholder(value)
        or is_weak(value)
        or is_expression(value)
    ):
        return False
    if value.isalpha():
        return (
            len(value) >= 10 and class_changes(value) >= 0.2 and (not is_identifier(value) or is_unpronounceable(value))
        )
    letters = any(map(str.isalpha, value))
    more = any(map(str.isdigit, value)) or any(char in "!@#$%^&*+=?~|" for char in value[1:])
    more = more or (len(value) >= 12 and class_changes(value) >= _RANDOM and is_unpronounceable(value))
    return letters and more and _RUNS.sub("", value) != ""
