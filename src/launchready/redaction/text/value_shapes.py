"""Shapes of values: placeholder, word, or possible secret. Implements the conditions that ``rules.fields`` names."""

from urllib.parse import unquote

from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.rules.phrases import EMPTY_WORDS, FAULT_WORDS
from launchready.vendors.formats import PUBLIC

_PLACEHOLDER = LazyPattern(
    r"%[srd]|%\(\w{1,64}\)[srd]|\{[\w.!]{0,64}\}|\$\d{1,3}|\$\{?[A-Z_]{2,64}\}?|\$\{\{[^{}]{0,80}\}\}|\?|:[a-z_]{2,64}|"
    r"<[\w \-.:]{0,80}>|[*•·x#.…\-_]{1,64}|\[[A-Za-z][\w \-]{0,30}\]|\*{3,}[\w]{0,4}|\d{1,3}"
)
_MASKS = ("***", "•••", "···", "xxxx", "XXXX")
_FAULT = LazyPattern(r"[a-z]{1,20}(?:_[a-z]{1,20}){1,6}")
_PUBLIC = LazyPattern(PUBLIC)
_UUID = LazyPattern(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_CODE = LazyPattern(
    r"(?:self|cls|parts|parsed|instance|source|obj|account|options|opts|ctx|settings|os|config|cfg|request|req|form|data|user|kwargs|args|app|env|params|payload|body|event|secrets)"
    r"(?:\.[A-Za-z_]|[\[(])[\w.\[\]()\"']{1,200}"
    r"|[A-Za-z_][A-Za-z_.]{0,80}\((?:[)\"'\[{(*]|[A-Za-z_][\w.]{0,60}[=,)(.\[]|\d{1,9}[,)]|[A-Za-z_.]{1,60}\Z)"
    r"[\w.,=()\[\]{}\"' :/*+\-]{0,200}"
    r"|[A-Za-z_][A-Za-z_.]{0,80}\(\Z|[A-Za-z_.]{2,40}\[(?:str|int|bytes|Any|bool|float|None|_?[A-Z][A-Za-z]{1,40})\b.{0,200}"
)
_WORD = LazyPattern(r"[A-Za-z]?[a-z'\-]{0,60}[.,;:!?]{0,3}")
_NO_KEY = LazyPattern(
    r"(?:[0-9a-fA-F]{2}[:\-]){5}[0-9a-fA-F]{2}"  # a MAC address
    r"|[a-z_\-]{2,24}(?::[a-z0-9_.\-]{1,24}){1,6}"  # a cache key: user:7:bookings
    r"|(?:sha\d{1,3}[:\-]|md5:)[0-9A-Za-z+/=]{20,128}"  # a digest with its algorithm: of a file, of an image
    r"|(?:[A-Za-z_]\w{0,40}\.){1,4}_{0,2}(?:[A-Z][a-z0-9]{1,20}){1,8}|_{0,2}(?:[A-Z][a-z]{2,20}){2,8}"  # a class name
    r"|\d{4}_[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){0,12}"  # a migration name
    r"|(?:X|[A-Z][a-z]{1,15})(?:-[A-Z][A-Za-z]{0,15}){1,5}"  # an HTTP field name
)
_PATH = LazyPattern(r"(?:~|\.{0,2}/|[A-Z]:\\)[\w./\\\- ]{0,255}")
_MIXED = LazyPattern(
    r"(?=[A-Z]{0,9}\d)(?=\d{0,9}[A-Z])[A-Z\d]{4,10}|(?=[a-z]{0,9}\d)(?=\d{0,9}[a-z])[a-z\d]{6,8}"
    r"|[A-Z\d]{3,5}-[A-Z\d]{3,5}"
)
_ASSIGNED = LazyPattern(r"[A-Za-z_][\w.\-]{0,40}=")
_UNMASKED = str.maketrans("", "", "xX")
_POSTCODE = LazyPattern(r"[A-Za-z0-9]{1,6}(?:[ \-+]|%20)?[A-Za-z0-9]{0,6}")
_SHOWN = 16  # visible characters of a masked value
_HEX = 32
_STAMP = LazyPattern(r"\d{4}-\d\d-\d\d(?:[T ].{0,40})?")
_OPAQUE = LazyPattern(r"[\w\-+/=.~%:!*|]{8,}")
_DATE = LazyPattern(
    r"\d{1,4}[-/. ]{1,2}(?:\d{1,2}|[A-Za-z]{3,9})[-/., ]{1,2}\d{2,4}(?:T[\d:.Z]{0,20})?"
    r"|(?:19|20)\d{6}|(?:datetime\.)?date(?:time)?\([\d, ]{8,40}\)|[A-Za-z]{3,9} \d{1,2},? \d{4}|(?:19|20)\d\d"
)
_FULL_NAME = LazyPattern(
    r"[^\W\d_a-z][^\W\d_]{0,30}['\u2019.\-]?[^\W\d_]{0,30}(?: [^\W\d_][^\W\d_]{0,30}['\u2019.\-]?[^\W\d_]{0,30}){1,3}"
)
_SENTENCE = LazyPattern(r"[A-Z][a-z'\u2019]{0,20}(?: [\w'\u2019,()/\-]{1,24}){2,40}[.!]")
_EXPRESSION = LazyPattern(r"(?:[A-Za-z_]\w{0,60}\.){1,5}(?:_?[a-z][a-z_]{2,60}|[A-Z][A-Z_]{3,40})")


def placeholder(value: str) -> bool:
    """Whether there is nothing to hide: empty text, a template parameter, a mask, a flag, an error code."""
    return (
        not value
        or value.lower() in EMPTY_WORDS
        or _PLACEHOLDER.fullmatch(value) is not None
        or masked(value)
        or error_code(value)
    )


def masked(value: str) -> bool:
    """Whether the value is masked or truncated already: ``sk_live_****4242``, ``3xd7Y...``."""
    if not value.endswith(("...", "…")) and not any(map(value.__contains__, _MASKS)):
        return False
    return sum(map(str.isalnum, value.translate(_UNMASKED))) <= _SHOWN


def error_code(value: str) -> bool:
    """Whether the value is an error code: ``too_short``, ``token_expired``."""
    return _FAULT.fullmatch(value) is not None and not FAULT_WORDS.isdisjoint(value.split("_"))


def sentence(value: str) -> bool:
    """Whether the value is a form message, such as "This field is required"."""
    return _SENTENCE.fullmatch(value) is not None


def code(value: str) -> bool:
    """Whether the value is an expression in a source line of a traceback."""
    return _CODE.fullmatch(value) is not None


def opaque(value: str, least: int = 8) -> bool:
    """Whether the value looks generated: long, with letters and digits, mixed case, or all hexadecimal."""
    if (
        len(value) < least
        or not _OPAQUE.fullmatch(value)
        or "://" in value
        or _STAMP.fullmatch(value)
        or _NO_KEY.fullmatch(value)
        or _EXPRESSION.fullmatch(value)
    ):
        return False
    digits = any(map(str.isdigit, value))
    letters = any(map(str.isalpha, value))
    if digits:
        return letters or len(value) >= 2 * least
    if len(value) >= _HEX and not value.strip("0123456789abcdef"):
        return True
    inner = value[1:]
    return letters and inner != inner.lower() and value != value.upper() and (len(value) >= 16 or least <= 8)


def uuid(value: str) -> bool:
    """Whether the value is a UUID in its usual form."""
    return _UUID.fullmatch(value) is not None


def public(value: str) -> bool:
    """Whether the value is an identifier that its vendor makes public."""
    return _PUBLIC.fullmatch(value) is not None


def secretish(value: str) -> bool:
    """Whether the value is no everyday word: it contains a digit, a symbol or a capital."""
    return len(value) >= 4 and _WORD.fullmatch(value) is None and not value.isdigit()


def has_letters_and_digits(value: str) -> bool:
    """Whether the value has eight or more characters with letters and digits, as passwords do."""
    return (
        len(value) >= 8
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and _ASSIGNED.match(value) is None
        and not {":", "/"} & set(value)
        and _STAMP.fullmatch(value) is None
        and not placeholder(value)
    )


def looks_like_password(value: str) -> bool:
    """Whether the value has letters, digits, and a symbol that joins no words, as only passwords do."""
    return (
        len(value) >= 8
        and _ASSIGNED.match(value) is None
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and not set(value).isdisjoint("!#$%&*+=?@^~")
    )


def plain_word(value: str) -> bool:
    """Whether the value is an everyday word in lower case, as after a colon in a sentence."""
    return _WORD.fullmatch(value) is not None


def _count(value: str) -> int:
    return sum(map(str.isdigit, value))


def _only(value: str, extra: str) -> bool:
    return not value.translate({ord(c): None for c in extra}).strip("0123456789")


def matches_condition(condition: str, value: str) -> bool:
    """Whether a value under a key with this condition is hidden. Placeholders never are."""
    if value[:1] in {"'", '"'} and len(value) > 2 and value[-1] == value[0]:  # the ``repr`` of a string
        value = value[1:-1]
    if placeholder(value):
        return value.isdigit() and (condition == "field" or (condition in {"digits3", "digits"} and len(value) > 2))
    match condition:
        case "any" | "loose" | "auth" | "field":
            return True
        case "opaque":
            return opaque(value) and not public(value)
        case "token" | "alone":
            return opaque(value, 16) and not public(value) and not uuid(value)
        case "pathless":
            return _PATH.fullmatch(value) is None
        case "mixed":
            return _MIXED.fullmatch(value) is not None or matches_condition("digits", value)
        case "secretish":
            return secretish(value)
        case "strong":
            return looks_like_password(value)
        case "digits":
            return 3 <= _count(value) <= 10 and _only(value, " -")
        case "digits3":
            return value.isdigit() and len(value) in {3, 4}
        case "code":
            return (value.isdigit() and len(value) == 6) or matches_condition("token", value)
        case "number":
            return 9 <= _count(value) <= 34 and _only(value, " -.+ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        case "phone":
            return 6 <= _count(value) <= 17 and _only(value.lower(), "+%20b()-./ ext;x\\u")
        case "postal":
            return (
                " " in value.strip().replace("+", " ").replace("%20", " ")
                and any(map(str.isalpha, value))
                and "://" not in value
            )
        case "postcode":
            return any(map(str.isdigit, value)) and _POSTCODE.fullmatch(value) is not None
        case "date":
            return _DATE.fullmatch(value) is not None
        case "person":
            spelled = unquote(value) if "%" in value else value
            if "." in spelled and spelled.islower() and " " not in spelled:  # builtins.list
                return False
            return any(map(str.isalpha, spelled)) and not {"/", "_"} & set(spelled) and not _count(spelled)
        case "fullname":
            return _FULL_NAME.fullmatch(value) is not None
        case _:
            return False
