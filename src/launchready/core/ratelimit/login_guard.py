"""The log-in: failures counted by account, by client, and by how many accounts a client tried.

One account guessed from many addresses is stopped by the account's counter, one address guessing at one or at many
accounts by the client's two: it may fail at ``CLIENT_FACTOR`` times the limit in all, and at as many different accounts
as one account may be failed at (stuffing tries each leaked password once).

What is known of an account is what was typed: no counter, status or word differs between one that exists and one that
does not. It is read from the body (JSON, a form) and leaves the process as a digest only.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import parse_qs

from launchready.errors import StoreError
from launchready.exchange.app import BodyCutShort, BodyTooLarge, ReadBody
from launchready.exchange.operations import Flow
from launchready.exchange.store import Delete, PutIfAbsent, Space
from launchready.exchange.window import Window
from launchready.http.message import Request, Response

FIELDS = ("username", "email", "user", "login", "account", "identifier", "phone")
MAX_BODY = 64 * 1024
CLIENT_FACTOR = 4
FORM = (b"application/x-www-form-urlencoded", b"multipart/form-data")

PAIRS = Space[bytes]("log-ins", dump=bytes, load=bytes, size=len, evictable=True, max_entries=200_000, hurried=True)

Counter = tuple[str, tuple[Window, ...]]


class Guard:
    """``fields``: the names under which an account may stand in the body."""

    def __init__(self, windows: tuple[Window, ...], fields: Sequence[str] = FIELDS) -> None:
        self.account = windows
        self.client = tuple(Window(window.limit * CLIENT_FACTOR, window.period) for window in windows)
        self.accounts = tuple(Window(window.limit, window.period) for window in windows)
        self._fields = fields

    def read(self, request: Request) -> Flow[str | None]:
        """The digest of the account that is asked for, or None where none is named."""
        body = ReadBody(MAX_BODY)
        try:
            yield body
        except (BodyTooLarge, BodyCutShort):
            return None
        name = self._name(request.get(b"content-type") or b"", bytes(body.answer))
        if name is None:
            return None
        name = unicodedata.normalize("NFKC", name).strip().casefold()
        return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _name(self, kind: bytes, body: bytes) -> str | None:
        found: dict[str, object] = {}
        if kind.startswith(FORM[1]):
            for field in self._fields:
                pattern = rb'name="?%b"?\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]*)' % re.escape(field.encode())
                if match := re.search(pattern, body):
                    found[field] = match[1].decode("utf-8", "replace")
        elif kind.startswith(FORM[0]):
            found = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        else:
            try:
                document = json.loads(body)
            except (ValueError, RecursionError):
                return None
            found = document if isinstance(document, dict) else {}
        names = (found.get(field) for field in self._fields)
        return next((str(name) for name in names if isinstance(name, str | int) and name != ""), None)

    def counters(self, prefix: str, account: str | None, client: str) -> list[Counter]:
        mine: list[Counter] = [(f"{prefix}a:{account}", self.account)] if account is not None else []
        return [*mine, (f"{prefix}c:{client}", self.client)]

    def another(self, prefix: str, account: str, client: str) -> Flow[PutIfAbsent[bytes] | None]:
        """The claim on a pair of client and account that was not seen in this window; None where it was."""
        claim = PutIfAbsent(PAIRS, f"{prefix}{client} {account}", b"", self.account[-1].period)
        try:
            yield claim
        except StoreError:
            return None
        return claim if claim.answer.entry is None else None

    def forget(self, claim: PutIfAbsent[bytes]) -> Delete[bytes]:
        return Delete(PAIRS, claim.key, claim.answer.version)


def failed(request: Request, response: Response) -> bool:
    """Whether a log-in was refused.

    The app's own word (``launchready.ratelimit.failed()``); else any 4xx; else the form shown once more: a browser's
    form that is answered with 200 and a page, and not with a redirect, did not log anybody in.
    """
    verdict: bool | None = getattr(request, "failed", None)
    if verdict is not None:
        return verdict
    if 400 <= response.status < 500:
        return True
    kind = request.get(b"content-type") or b""
    page = (response.get(b"content-type") or b"").startswith(b"text/html")
    return response.status == 200 and page and kind.startswith(FORM)
