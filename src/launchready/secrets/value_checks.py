"""Whether a value is a secret, or stands in the place of one: placeholders, everyday words, sequences, expressions."""

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
    r"|^projects/[\w\-]+/secrets/|^\(?AC[0-9a-f]{32}$"  # the name of a secret in a vault; Twilio's account, no key
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

#: What people write where a password should stand, in tests, in examples, and, too often, in production.
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


def placeholder(value: str) -> bool:
    """Stands where a secret will be, or was: a template, a mask, a reference, a word that says so."""
    return (
        len(value) < 4
        or _MASK.fullmatch(value) is not None
        or _TEMPLATE.search(value) is not None
        or (_STOCK.search(value) is not None and not _deep(value))
    )


def _deep(value: str) -> bool:
    """Random enough for a stock word in it to be chance: "todo" stands in one of a million keys."""
    found = _STOCK.search(value)
    return (
        found is not None
        and len(found.group()) <= 5
        and len(value) >= 32
        and found.group().isalnum()
        and changes(value) >= 0.3
    )


def noise(value: str) -> bool:
    """What a generator of salts writes: forty characters of every kind, in which any template occurs by chance."""
    marks = {char for char in value if not char.isalnum() and char != " "}
    return len(value) >= 40 and len(marks) >= 5 and changes(value) >= 0.4 and not value.startswith("ENC[")


def sequence(value: str) -> bool:
    """A made-up key: runs of the alphabet, or few different characters. Random keys have neither."""
    runs = _RUNS.findall(value)
    return (bool(runs) and (len(value) < 40 or len(runs) > 1)) or len(set(value)) < min(8, len(value) // 2 + 1)


def expression(value: str) -> bool:
    """Code, a path, an address, a date, a type: no literal secret."""
    if _PATH.fullmatch(value):  # or base64 that happens to begin with a slash
        return len(value) < _NO_PATH or changes(value) < _RANDOM
    return _chain(value) or any(form.fullmatch(value) for form in (_EXPRESSION, _URL, _DATE, _TYPE, _HASH))


def _chain(value: str) -> bool:
    """``settings.mail.password``: names joined by dots. A password may have a dot, too, but nobody can read it."""
    found = _CHAIN.fullmatch(value)
    if found is None:
        return False
    numbered = value[-2:].isdigit() and value[:1].isupper()  # Ember.Saffron33: nobody numbers attributes so
    readable = (wordy(value) and not numbered) or not any(map(str.isdigit, value)) or changes(value) < _RANDOM / 2
    return readable or found.group(1)[:1] in {"(", "[", " "}


@lru_cache(4096)
def pieces(value: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORDS.findall(value))


def weak(value: str) -> bool:
    """Of everyday words alone, however spelled: "password123", "S3cr3t!", "my-secret-key".

    With four digits behind that are no year and no row it was chosen: "correct4116".
    """
    chosen = _NUMBERED.fullmatch(value)
    if chosen is not None and len(set(chosen.group(1))) > 2 and not any(chosen.group(1) in row for row in _ROWS):
        return False
    words = [word for word in pieces(value) if not word.isdigit()]
    if all(word in _WEAK for word in words):
        return True
    plain = value.lower().translate(_LEET)
    letters = [word for word in re.split(r"[^a-z]+", plain) if word]
    if letters and all(word in _WEAK for word in letters):
        return True
    core = value.lower().strip("0123456789!?.#*@$-_").translate(_LEET)
    return len(core) <= 32 and _GLUED.fullmatch(core) is not None


def changes(value: str) -> float:
    """How often the kind of character changes, by length: 0.05 to 0.2 in names, 0.3 and more in what is random."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "s" for c in value]
    return sum(a != b for a, b in pairwise(kinds)) / max(1, len(value))


def unspeakable(value: str) -> bool:
    """Has a syllable without a vowel: no camel case that somebody reads."""
    return any(len(word) > 1 and not set(word) & set("aeiouy") for word in pieces(value))


def wordy(value: str) -> bool:
    """A name: words joined by dashes or capitals, no digit between letters."""
    parts = re.split(r"[\s_\-./:]+", value)
    return all(
        re.fullmatch(r"[A-Za-z]?[a-z]*(?:[A-Z][a-z]+)*\d{0,4}|[A-Z]+\d{0,3}|\d{1,4}", part) is not None
        for part in parts
    )


def opaque(value: str, least: int = 16) -> bool:
    """Nobody's own word: long, and of mixed letters and digits that change too often for a name."""
    if len(value) < least or " " in value or placeholder(value) or expression(value) or sequence(value):
        return False
    if _HEX.fullmatch(value):
        return len(value) >= max(least, 24) and not value.isdigit() and any(map(str.isdigit, value))
    digits = sum(map(str.isdigit, value))
    if digits == 0:
        lower, upper = value != value.upper(), value != value.lower()
        return lower and upper and len(value) >= 20 and changes(value) >= 0.35 and not wordy(value)
    return changes(value) >= 0.16 and not (wordy(value) and digits < 5) and not UUID.fullmatch(value)


def noted(value: str) -> bool:
    """A password that somebody wrote down where samples stand, too: with more digits than one, and no word of such."""
    return password(value) and len(value) >= 8 and sum(map(str.isdigit, value)) >= 2


def password(value: str) -> bool:
    """Could be a password that somebody chose: no word of every day, and more than letters."""
    if len(value) < 6 or len(value) > 128 or " " in value or placeholder(value) or weak(value) or expression(value):
        return False
    if value.isalpha():
        return len(value) >= 10 and changes(value) >= 0.2 and (not wordy(value) or unspeakable(value))
    letters = any(map(str.isalpha, value))
    more = any(map(str.isdigit, value)) or any(char in "!@#$%^&*+=?~|" for char in value[1:])
    more = more or (len(value) >= 12 and changes(value) >= _RANDOM and unspeakable(value))
    return letters and more and _RUNS.sub("", value) != ""
