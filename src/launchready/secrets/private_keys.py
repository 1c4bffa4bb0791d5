"""Finds private keys: PEM (RFC 7468), also in one line with escapes, and PuTTY's format."""

from collections.abc import Iterator

from launchready.lazy_pattern import LazyPattern
from launchready.secrets.hits import SecretMatch

_HEAD = LazyPattern(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_TAIL = LazyPattern(r"-----END [A-Z0-9 ]{1,60}-----")
_NOISE = LazyPattern(r"(?:\\[nrt]|\\\\n|[\s\"'+,;>|\\]|^\s*[#*/]+)+")
_BASE64 = LazyPattern(r"[A-Za-z0-9+/=]*")
_PUTTY = LazyPattern(r"Private-Lines: \d{1,3}\r?\n((?:[A-Za-z0-9+/=]{1,80}\r?\n){1,64})")
_LONGEST = 16_384
_LEAST = 60


def private_keys(text: str) -> Iterator[SecretMatch]:
    """Yield every private key that has a body."""
    at = text.find("-----BEGIN ")
    while at >= 0:
        head = _HEAD.match(text, at)
        after = at + 11
        if head is not None:
            # Search the next dashes only, so that a thousand BEGIN lines cost one pass.
            dashes = text.find("-----", head.end(), head.end() + _LONGEST)
            end = dashes if dashes >= 0 else min(len(text), head.end() + _LONGEST)
            if _has_body(text[head.end() : end]):
                tail = _TAIL.match(text, end)
                end = tail.end() if tail else end
                yield SecretMatch("private-key", text[at:end], at, end)
            after = end
        at = text.find("-----BEGIN ", after)
    if "PuTTY-User-Key-File" in text:
        for found in _PUTTY.finditer(text):
            yield SecretMatch("private-key", found.group(1), found.start(1), found.end(1))


def _has_body(body: str) -> bool:
    lines = [part for part in _NOISE.split(body.replace("\\\\n", "\n").replace("\\n", "\n")) if part]
    solid = [line for line in lines if _BASE64.fullmatch(line) and len(line) >= 16]
    joined = "".join(solid)
    return len(joined) >= _LEAST and len(set(joined)) >= 20
