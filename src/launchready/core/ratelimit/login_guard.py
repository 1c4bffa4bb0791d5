"""The log-in guard counts failures by account, by client, and by the number of accounts that a client has tried.

- Many addresses that guess at one account are stopped by the account's counter.
- One address that guesses at one or many accounts is stopped by the client's two counters. It may fail
  ``CLIENT_FACTOR`` times the limit in all, and at as many different accounts as the limit of one account
  (credential stuffing tries each leaked password once).
- Device cookies (OWASP): after a successful log-in the browser gets a signed cookie. Its next failures count on that
  device, so an attacker who exhausts the account's counter does not lock out its owner. All devices of an account
  together may fail ``CLIENT_FACTOR`` times the limit, so that cookies obtained by a trick gain nothing more.

An account is what the client typed: counters, statuses and texts are the same whether or not it exists. It leaves the
process as a digest only.
"""

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from launchready.core.ratelimit.account_names import FIELDS, Unreadable, account_names, fold
from launchready.errors import StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, ReadBody
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, PutIfAbsent, Space
from launchready.exchange.window import Window
from launchready.http.message import Request, Response
from launchready.http.problem import problem

MAX_BODY = 64 * 1024
CLIENT_FACTOR = 4
COOKIE = b"launchready_device"
COOKIE_SECONDS = 365 * 86_400
FORM = (b"application/x-www-form-urlencoded", b"multipart/form-data")

PAIRS = Space[bytes]("log-ins", dump=bytes, load=bytes, size=len, evictable=True, max_entries=200_000, hurried=True)

Counter = tuple[str, tuple[Window, ...]]


class Attempt(NamedTuple):
    """A log-in attempt.

    - ``accounts``: a digest of each account named, folded.
    - ``typed``: the account as typed if it is the only one, else "". Only such an attempt earns a device cookie.
    - ``device``: the device that a valid cookie names for this account, else "".
    """

    accounts: tuple[str, ...] = ()
    typed: str = ""
    device: str = ""


class Guard:
    """``fields``: the body fields that may hold an account. ``secret`` signs device cookies; without it there are none.

    ``new_device`` returns an unguessable device name.
    """

    def __init__(
        self,
        windows: tuple[Window, ...],
        fields: Sequence[str] = FIELDS,
        secret: bytes = b"",
        new_device: Callable[[], str] = lambda: "",
    ) -> None:
        self.account = windows
        self.client = tuple(Window(window.limit * CLIENT_FACTOR, window.period) for window in windows)
        self.accounts = tuple(Window(window.limit, window.period) for window in windows)
        self._fields = fields
        self._secret = secret
        self._new_device = new_device

    def read(self, prefix: str, request: Request) -> Flow[Attempt | Response]:
        """Read the attempt, or return the refusal of a request whose accounts cannot be determined."""
        body = ReadBody(MAX_BODY)
        try:
            yield body
            names = account_names(request, bytes(body.answer), self._fields)
        except BodyTooLarge:
            return _refusal(413, f"The body of a log-in has at most {MAX_BODY // 1024} KB.")
        except BodyCutShort:
            return _refusal(400, "The body is incomplete.")
        except Unreadable as error:
            return _refusal(error.status, str(error))
        accounts = tuple(dict.fromkeys([_digest(fold(name)) for name in names]))
        typed = names[0] if len(names) == 1 else ""
        return Attempt(accounts, typed, self._device(prefix, request, typed) if typed else "")

    def counters(self, prefix: str, attempt: Attempt, client: str) -> list[Counter]:
        """The counters that the attempt takes a unit from."""
        counters: list[Counter]
        if attempt.device:
            counters = [
                (f"{prefix}d:{attempt.device}", self.account),
                (f"{prefix}ds:{attempt.accounts[0]}", self.client),
            ]
        else:
            counters = [(f"{prefix}a:{account}", self.account) for account in attempt.accounts]
        return [*counters, (f"{prefix}c:{client}", self.client)]

    def claim_pair(self, prefix: str, account: str, client: str) -> Flow[PutIfAbsent[bytes] | None]:
        """Claim the pair of client and account. Returns None if the client has tried the account in this window."""
        claim = PutIfAbsent(PAIRS, f"{prefix}{client} {account}", b"", self.account[-1].period)
        try:
            yield claim
        except StoreError:
            return None
        return claim if claim.answer.entry is None else None

    def forget(self, claim: PutIfAbsent[bytes]) -> Delete[bytes]:
        return Delete(PAIRS, claim.key, claim.answer.version)

    def clears(self, attempt: Attempt) -> bool:
        """Whether success clears the first counter.

        Another account may fold to the same digest; its owner must not clear the counter again and again.
        """
        return bool(attempt.typed) and (bool(attempt.device) or fold(attempt.typed) == attempt.typed)

    def device_cookie(self, prefix: str, request: Request, attempt: Attempt) -> tuple[bytes, bytes] | None:
        """The Set-Cookie header for a device that has just logged in, or None."""
        if not self._secret or not attempt.typed or attempt.device or request.method in ("GET", "HEAD"):
            return None
        device = self._new_device()
        value = f"{device}.{self._sign(prefix, request.path, attempt.typed, device)}".encode()
        secure = b"; Secure" if request.scheme == "https" else b""
        line = b"%b=%b; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax%b" % (COOKIE, value, COOKIE_SECONDS, secure)
        return b"set-cookie", line

    def _device(self, prefix: str, request: Request, typed: str) -> str:
        if not self._secret:
            return ""
        for pair in b";".join(request.lines(b"cookie")).split(b";"):
            name, _, value = pair.strip().partition(b"=")
            device, dot, signature = value.decode("latin-1").partition(".")
            if name == COOKIE and dot and len(device) <= 64:
                expected = self._sign(prefix, request.path, typed, device)
                if hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
                    return device
        return ""

    def _sign(self, prefix: str, path: str, typed: str, device: str) -> str:
        """Signed for the account exactly as typed and for this route: no other account or form is trusted."""
        text = repr((prefix, path, typed, device))
        return hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:40]


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _refusal(status: int, detail: str) -> Response:
    titles = {400: "Bad request", 413: "Content too large", 415: "Unsupported media type"}
    return problem(status, "log-in-unreadable", titles[status], f"{detail} The log-in was not attempted.")


def failed(request: Request, response: Response) -> bool:
    """Whether a log-in failed.

    The app's own verdict (``launchready.ratelimit.failed()``) decides. Otherwise any 4xx is a failure, and so is a
    browser's form that is answered with 200 and an HTML page instead of a redirect: the form was shown again.
    """
    verdict: bool | None = getattr(request, "failed", None)
    if verdict is not None:
        return verdict
    if 400 <= response.status < 500:
        return True
    kind = (request.get(b"content-type") or b"").lower()
    page = (response.get(b"content-type") or b"").lower().startswith(b"text/html")
    return response.status == 200 and page and kind.startswith(FORM)
