"""Who made an idempotency key, and whether a stranger could guess it.

Without a ``scope`` an unguessable key is one key for the whole app, so it runs once whatever credentials a retry
carries. Possession of the key is then not enough to read the stored answer: a record keeps digests of the credentials
of its first request (its *owner*), and a retry must show one of them.

Credentials rotate, so an owner is up to three digests:

- *user*: the framework's signed-in user, where the view runs behind its authentication;
- *sent*: every credential-like header and cookie of the first request, and its Host;
- *left*: the same after the first response's Set-Cookie lines, which the client may have stored.

A retry belongs to the owner if both users are known and equal, or, where one of them is unknown, if it sends what was
*sent* or *left*.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from math import log2

from launchready.http.message import Request, Response

_DIGEST = 16
"""Bytes per digest."""
_ABSENT = bytes(_DIGEST)

# Header names that carry a credential or an identity set by a proxy, by their words.
_WORDS = frozenset(
    {
        "account", "apikey", "assertion", "auth", "authorization", "bearer", "cert", "credential", "credentials",
        "customer", "email", "identity", "jwt", "key", "login", "oidc", "org", "organization", "principal", "session",
        "sid", "subject", "tailscale", "tenant", "token", "user", "userid", "username", "workspace",
    }
)  # fmt: skip
_HARMLESS = frozenset(
    {
        "idempotency-key", "sec-websocket-key", "user-agent", "x-user-agent", "surrogate-key", "cache-key",
        "sec-ch-ua-user", "sec-fetch-user", "access-control-request-headers",
    }
)  # fmt: skip
_COOKIE_WORDS = _WORDS | {
    "id",
    "remember",
    "remembered",
    "sess",
    "uid",
    "connect",
    "member",
    "guest",
    "visitor",
    "cart",
}
_COOKIE_STEMS = ("session", "sess", "auth", "token", "jwt", "sid", "user", "login", "remember", "account")
_ANTI_FORGERY = ("csrf", "xsrf", "requestverification")
_TELEMETRY = ("ai_session", "ai_user", "ajs_", "_ga", "_hj", "intercom-", "mp_", "amplitude", "ph_", "_clsk", "_uetsid")
"""Prefixes of cookies that analytics scripts change between two requests of one visitor."""
_split = re.compile(r"[^a-z0-9]+").split

_headers: dict[bytes, bool] = {}
_cookies: dict[str, bool] = {}
_REMEMBERED = 1024
"""Names whose verdict is remembered. Clients choose names, so the number is bounded."""


def is_credential_header(name: bytes) -> bool:
    """Whether a header (in lower case) names its sender: a credential, or a proxy's identity header."""
    verdict = _headers.get(name)
    if verdict is None:
        text = name.decode("latin-1")
        words = _split(text)
        verdict = (
            text not in _HARMLESS
            and not any(part in text for part in _ANTI_FORGERY)
            and (not _WORDS.isdisjoint(words) or text.endswith(("authorization", "token", "apikey")))
        )
        if len(_headers) < _REMEMBERED:
            _headers[name] = verdict
    return verdict


def is_credential_cookie(name: str) -> bool:
    """Whether a cookie looks like a session, a log-in or a customer; anti-forgery tokens do not."""
    verdict = _cookies.get(name)
    if verdict is None:
        text = name.lower()
        verdict = (
            not any(part in text for part in _ANTI_FORGERY)
            and not text.startswith(_TELEMETRY)
            and (not _COOKIE_WORDS.isdisjoint(_split(text)) or any(stem in text for stem in _COOKIE_STEMS))
        )
        if len(_cookies) < _REMEMBERED:
            _cookies[name] = verdict
    return verdict


def credentials(request: Request, response: Response | None = None) -> bytes:
    """Every credential of a request, sorted, as one text; with a response, as its Set-Cookie lines leave them."""
    lines = [b"host:" + (request.get(b"host") or b"").lower()]
    cookies: dict[str, bytes] = {}
    for name, value in request.headers:
        if name == b"cookie":
            _read_cookies(value, cookies)
        elif is_credential_header(name):
            lines.append(b"%b:%b" % (name, value))
    if response is not None:
        _apply_set_cookie(response.headers, cookies)
    lines += [b"cookie:%b=%b" % (name.encode("latin-1"), value) for name, value in cookies.items()]
    lines.sort()
    return b"\n".join(lines)


def _read_cookies(line: bytes, into: dict[str, bytes]) -> None:
    for pair in line.split(b";"):
        name, _, value = pair.partition(b"=")
        text = name.strip().decode("latin-1")
        if is_credential_cookie(text):
            into[text] = value.strip()


def _apply_set_cookie(headers: Iterable[tuple[bytes, bytes]], cookies: dict[str, bytes]) -> None:
    """RFC 6265 section 5.3, as far as one host and path go: a cookie is replaced, or removed once it is over."""
    for name, line in headers:
        if name == b"set-cookie":
            pair, _, attributes = line.partition(b";")
            key, _, value = pair.partition(b"=")
            text = key.strip().decode("latin-1")
            if is_credential_cookie(text):
                if re.search(rb"(?i);\s*max-age=\s*(?:0|-\d+)\s*(?:;|$)|01[ -]jan[ -]1970", b";" + attributes):
                    cookies.pop(text, None)
                else:
                    cookies[text] = value.strip()


def digest(text: bytes, secret: bytes | None) -> bytes:
    """A keyed digest: who reads the store cannot try out which credential it stands for."""
    return blake2b(text, digest_size=_DIGEST, key=(secret or b"")[:64]).digest()


def owner_of(sent: bytes, user: str | None, secret: bytes | None, left: bytes | None = None) -> bytes:
    """The owner as a record stores it: three digests side by side. ``left``: the credentials after the response."""
    known = _ABSENT if user is None else digest(b"user:" + user.encode("utf-8", "surrogatepass"), secret)
    return known + digest(sent, secret) + (_ABSENT if left is None or left == sent else digest(left, secret))


def same_owner(stored: bytes, shown: bytes) -> bool:
    """Whether a retry that shows ``shown`` may read what ``stored`` owns. An empty owner belongs to the scope.

    While the secret changes, either side may hold one owner per secret; one pair under one secret is enough.
    """
    if not stored or not shown:
        return stored == shown
    return any(_same(mine, theirs) for mine in _each(stored) for theirs in _each(shown))


def _each(owners: bytes) -> Iterator[bytes]:
    return (owners[start : start + 3 * _DIGEST] for start in range(0, len(owners), 3 * _DIGEST))


def _same(stored: bytes, shown: bytes) -> bool:
    user, other = stored[:_DIGEST], shown[:_DIGEST]
    if _ABSENT not in (user, other):
        return user == other
    sent = shown[_DIGEST : 2 * _DIGEST]
    return sent in (stored[_DIGEST : 2 * _DIGEST], stored[2 * _DIGEST :])


_generated = re.compile(
    rb"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"  # UUID, RFC 9562
    rb"|[0-7][0-9A-HJKMNP-TV-Z]{25}"  # ULID
    rb"|(?=.*[0-9])(?=.*[a-fA-F])[0-9a-fA-F]{16,}"  # hexadecimal
).fullmatch
_changes = re.compile(rb"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[a-z])").findall
_DISTINCT = 6
"""A generated key shows more different characters than this; a nil UUID, or one typed by hand, does not."""
UNGUESSABLE_BITS = 64


def is_unguessable(key: bytes) -> bool:
    """Whether a key looks drawn at random: a UUID, a ULID, or mixed classes of characters, of 64 bits and more.

    Words, dates and counters seldom change class and count for nothing: ``order-2026-000123`` is guessable.
    """
    if _generated(key):
        return len(set(key.lower())) > _DISTINCT
    characters = len(key) - sum(map(key.count, b"-_"))
    one_case = key.isalnum() and (key.islower() or key.isupper())
    if not key.replace(b"-", b"").replace(b"_", b"").isalnum() or len(_changes(key)) * (10 if one_case else 6) < len(
        key
    ):
        return False
    return characters * log2(36 if one_case else 62) >= UNGUESSABLE_BITS
