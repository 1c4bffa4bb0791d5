"""The account names in a log-in request, read so that no spelling hides one from the rate limit.

Frameworks disagree about odd bodies: duplicate fields, quoted boundaries, character sets, base64 parts. So:

- Every value of every candidate field counts, at any depth of JSON, in forms, in the query and in HTTP Basic.
- JSON and URL-encoded forms are read by each rule that a framework uses, whatever the media type says.
- A multipart form is accepted in the one spelling that all parsers read alike, as browsers and HTTP clients write it.
- Anything else is refused: :class:`Unreadable` has the status of the response.

Names are folded, since databases compare them without regard to case, width, marks and invisible characters.
"""

import json
import re
import unicodedata
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

from launchready.http.message import Request

FIELDS = (
    "username", "email", "user", "login", "account", "identifier", "phone", "mail", "handle", "uid", "userid",
    "accountid", "phonenumber", "mobile", "emailaddress", "loginid", "accountname",
)  # fmt: skip
"""Candidate fields. Case and punctuation are ignored: ``userName``, ``user_name`` and ``e-mail`` are covered."""
MAX_NAMES = 8
"""Different names in one request. A log-in has one or two; a request with more spreads its guesses."""

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE)
_MULTIPART = re.compile(
    r"multipart/form-data\s*;\s*boundary=(\"?)([0-9A-Za-z'+_.?=:-]{1,70})\1(?:\s*;\s*charset=\"?utf-?8\"?)?",
    re.IGNORECASE,
)
_DISPOSITION = re.compile(
    r'content-disposition: *form-data; *name=(?:"([^"\\%*\x00-\x1f]*)"|([\w.\[\]-]+))'
    r'(?:; *filename="[^"\\\x00-\x1f]*")?',
    re.IGNORECASE,
)
_OTHER_HEADER = re.compile(
    r"content-type: *[\w.+/-]+(?:; *charset=\"?utf-?8\"?)?|content-length: *[0-9]+"
    r"|content-transfer-encoding: *(?:7bit|8bit|binary)",
    re.IGNORECASE | re.ASCII,
)
_STROKES = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_NUMBER = re.compile(r"\+?[0-9]+(?:\.0*)?", re.ASCII)
_PHONE = re.compile(r"[-+(). /0-9]{5,32}", re.ASCII)


class Unreadable(Exception):
    """The names cannot be determined. ``status`` is the response's, and the message tells the client why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def account_names(request: Request, body: bytes, fields: Sequence[str] = FIELDS) -> tuple[str, ...]:
    """Return the different names as typed. Raises Unreadable for a body that frameworks may read differently."""
    wanted = frozenset(_letters(field) for field in fields)
    found: dict[str, None] = {}
    for name in _values(request, body, wanted):
        if name.strip():
            found[name] = None
            if len(found) > MAX_NAMES:
                raise Unreadable(400, f"The request names more than {MAX_NAMES} accounts.")
    return tuple(found)


def fold(name: str) -> str:
    """Return what all spellings of a name share that a database may take for the same account."""
    text = unicodedata.normalize("NFKC", name).casefold()
    kept = [
        character
        for character in unicodedata.normalize("NFKD", text)
        if unicodedata.category(character)[0] not in "MCZ"
    ]
    folded = unicodedata.normalize("NFKC", "".join(kept)).casefold().translate(_STROKES)
    if _NUMBER.fullmatch(folded):
        return folded.removeprefix("+").partition(".")[0].lstrip("0") or "0"
    if _PHONE.fullmatch(folded):
        return re.sub(r"[^0-9]", "", folded).lstrip("0") or folded
    return folded or text or name


def _values(request: Request, body: bytes, wanted: frozenset[str]) -> Iterator[str]:
    yield from _form(request.query, wanted)
    yield from _basic(request.get(b"authorization") or b"")
    kinds = request.lines(b"content-type")
    if len(kinds) > 1:
        raise Unreadable(400, "The request has more than one Content-Type.")
    kind = kinds[0].decode("latin-1").strip() if kinds else ""
    if any(charset.lower() not in _CHARSETS for charset in _CHARSET.findall(kind)):
        raise Unreadable(415, "The character set of a log-in is UTF-8.")
    if "multipart" in kind.lower():
        form = _MULTIPART.fullmatch(kind)
        if form is None:
            raise Unreadable(400, "The Content-Type of the form is malformed.")
        yield from _multipart(body, form[2].encode(), wanted)
    elif body.strip():
        yield from _json(body, wanted)
        yield from _form(body, wanted)


def _form(data: bytes, wanted: frozenset[str]) -> Iterator[str]:
    """URL-encoded fields. Starlette also splits at ";" and reads unescaped bytes as latin-1."""
    if b"=" not in data:
        return
    for charset in ("utf-8",) if data.isascii() else ("utf-8", "latin-1"):
        text = data.decode(charset, "replace")
        for separator in ("&", "[&;]") if ";" in text else ("&",):
            for pair in re.split(separator, text):
                name, _, value = pair.partition("=")
                if _is_wanted(unquote_plus(name), wanted):
                    yield unquote_plus(value)


def _json(body: bytes, wanted: frozenset[str]) -> Iterator[str]:
    """Members at any depth, including each duplicate. ``json.loads`` detects UTF-16 and UTF-32 as frameworks do."""
    members: list[tuple[str, object]] = []

    def collect(pairs: list[tuple[str, object]]) -> None:
        members.extend(pairs)

    try:
        json.loads(body, object_pairs_hook=collect)
    except RecursionError:
        raise Unreadable(400, "The JSON is nested too deeply.") from None
    except ValueError:
        return
    for name, value in members:
        if _is_wanted(name, wanted):
            yield from _scalars(value)


def _scalars(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield str(value)


def _multipart(body: bytes, boundary: bytes, wanted: frozenset[str]) -> Iterator[str]:
    """Parts in the strict form of RFC 7578: CRLF line ends, known headers, the delimiter at the start of a line."""
    delimiter = b"--" + boundary
    start, *parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if start or not parts or parts[-1] not in (b"--", b"--\r\n") or any(delimiter in part for part in parts):
        raise Unreadable(400, "The multipart form is malformed.")
    for part in parts[:-1]:
        head, blank, value = part.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        named = [match for line in lines if (match := _DISPOSITION.fullmatch(line))]
        known = len(named) + sum(_OTHER_HEADER.fullmatch(line) is not None for line in lines)
        if not blank or lines[0] or len(named) != 1 or known != len(lines) - 1:
            raise Unreadable(400, "The headers of a part of the form are malformed.")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            if "filename" in head.decode("latin-1").lower():
                continue
            raise Unreadable(415, "The character set of a log-in is UTF-8.") from None
        if _is_wanted(named[0][1] or named[0][2] or "", wanted):
            yield text


def _basic(value: bytes) -> Iterator[str]:
    """The user of HTTP Basic (RFC 7617)."""
    scheme, _, token = value.partition(b" ")
    if scheme.lower() == b"basic":
        try:
            user = b64decode(token.strip() + b"==").partition(b":")[0]
        except (Base64Error, ValueError):
            return
        yield user.decode("utf-8", "replace")
        if not user.isascii():
            yield user.decode("latin-1")


def _is_wanted(name: str, wanted: frozenset[str]) -> bool:
    """Whether a field, or the last word of ``login-email`` or ``user[email]``, is a candidate."""
    if _letters(name) in wanted:
        return True
    words = re.findall(r"\w+", name.replace("_", " ").lower())
    return bool(words) and words[-1] in wanted


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
