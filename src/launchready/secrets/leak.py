"""A leak: location, rule and fix. Its value is for programs and is never printed."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from launchready.secrets.key_kinds import identify
from launchready.secrets.value_checks import class_changes, looks_random

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
_RANDOM = 0.3
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}").fullmatch
SEVERITY: dict[str, Severity] = {name: name for name in SEVERITIES}


def mask(value: str) -> str:
    """Mask a value: at most its first four characters, and its length."""
    line = value.strip().split("\n", 1)[0]
    shown = "" if len(value) < 20 else line[: min(4, len(value) // 6)]
    plain = "".join(char if char.isprintable() else "?" for char in shown)
    return f"{plain}***** ({len(value)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Leak:
    """One secret at one place.

    - ``path``: relative to the scanned root. A file in an archive is ``site.zip!/.env``; messages are "(commit
      message)" and "(tag message)". ``line``: from 1, or 0 without lines.
    - ``commit``: the oldest commit that added it to this path; "" if it is only in files or in the index.
    - ``rule``: its kind ("stripe-live-key"). ``severity``: the damage it allows. ``fix``: the steps to take.
    - ``value``: the secret itself. ``repr``, ``to_dict`` and every report show ``mask(value)`` instead.
    - ``fingerprint``: the rule and a keyed hash of the value, equal at every place. Weak values are slow to guess.
    - ``in_files``: it is in the files now, not only in the history.
    - ``money``: it can move money.
    """

    path: str
    line: int
    commit: str
    rule: str
    value: str
    fingerprint: str
    severity: Severity
    fix: str
    opens: str = ""
    in_files: bool = True
    money: bool = False

    def __repr__(self) -> str:
        return f"Leak({self.path!r}, {self.line}, {self.commit!r}, {self.rule!r}, {mask(self.value)!r})"

    @property
    def steps(self) -> list[str]:
        """The fix, one step per item."""
        return re.split(r" (?=\d\. [A-Z])", self.fix)

    @property
    def rank(self) -> tuple[bool, int, bool, str, str, int]:
        """Sort key: secrets that move money first, then by severity, then secrets in the files before old ones."""
        return (
            not (self.money and self.severity == "critical"), SEVERITIES.index(self.severity), not self.in_files,
            self.rule, self.path, self.line,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the secret masked."""
        return {
            "path": self.path,
            "line": self.line,
            "commit": self.commit,
            "rule": self.rule,
            "value": mask(self.value),
            "fingerprint": self.fingerprint,
            "severity": self.severity,
            "opens": self.opens,
            "fix": self.fix,
            "in_files": self.in_files,
        }


@lru_cache(4096)
def fingerprint(rule: str, value: str, key: bytes) -> str:
    """Return ``rule:16 hex digits``, a keyed hash of the value.

    The list of accepted findings is public and holds the key, so readers could guess weak passwords under a fast hash.
    Any value that a person may have chosen is hashed with scrypt (RFC 7914, 16 MB a guess). Generated keys have more
    than 100 bits, which no search finds, and are hashed with BLAKE2.
    """
    import hashlib  # noqa: PLC0415 - importing OpenSSL is slow, and most scans find nothing

    data = value.encode("utf-8", "surrogatepass")
    if is_generated(rule, value):
        digest = hashlib.blake2b(data, key=key[:64], digest_size=8).hexdigest()
    else:
        digest = hashlib.scrypt(data, salt=key, n=2**14, r=8, p=1, maxmem=2**26, dklen=8).hex()
    return f"{rule}:{digest}"


def is_generated(rule: str, value: str) -> bool:
    """Whether a program generated the value, with at least 100 bits: a vendor's format, or 32 random characters."""
    if rule == "private-key" or (len(value) >= 24 and identify(value)):
        return True
    return len(value) >= 32 and looks_random(value, 32) and (class_changes(value) >= _RANDOM or _HEX(value) is not None)
