"""A leak: location, rule and fix. Its value is for programs and is never printed."""

import re
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
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
    - ``fingerprint``: the rule and a keyed hash of the value, equal at every place of the secret.
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


def fingerprint(rule: str, value: str, key: bytes) -> str:
    """``rule:16 hex digits``: BLAKE2 with a key, so that a list of accepted findings is no list to try passwords on."""
    import hashlib  # noqa: PLC0415 - importing OpenSSL is slow, and most scans find nothing

    return f"{rule}:{hashlib.blake2b(value.encode('utf-8', 'surrogatepass'), key=key[:64], digest_size=8).hexdigest()}"
