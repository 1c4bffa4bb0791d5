"""Private keys (RFC 7468): complete, truncated, or escaped into one line.

``str.find`` looks for the end instead of a pattern, so a line of a million BEGINs costs one pass.
"""

from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text.markers import Markers

_BEGIN = "-----BEGIN "
_HEAD = LazyPattern(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_TAIL = LazyPattern(r"-----END (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_BODY = LazyPattern(r"(?:[A-Za-z0-9+/=,:\-\\]|\s|%0[AaDd]|%2[BbFf]|%3[Dd]){0,65536}+")
_LONGEST = 65_536


def clean(text: str, markers: Markers) -> str:
    """Hide private keys, their BEGIN lines included."""
    out: list[str] = []
    done = 0
    at = text.find(_BEGIN)
    while at >= 0:
        head = _HEAD.match(text, at)
        if head is None:
            at = text.find(_BEGIN, at + len(_BEGIN))
            continue
        end = _end(text, head.end())
        out += (text[done:at], markers.mark("private_key", text[at:end]))
        done = end
        at = text.find(_BEGIN, end)
    return "".join([*out, text[done:]]) if out else text


def _end(text: str, start: int) -> int:
    limit = min(len(text), start + _LONGEST)
    again = text.find(_BEGIN, start, limit)
    limit = again if again >= 0 else limit
    close = text.find("-----END ", start, limit)
    tail = _TAIL.match(text, close) if close >= 0 else None
    if tail is not None:
        return tail.end()
    body = _BODY.match(text, start, limit)
    return body.end() if body else start
