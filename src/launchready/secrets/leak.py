"""What the scan finds: where it stands, what it is, and what to do. Its value is for programs and is never printed."""

import re
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
SEVERITY: dict[str, Severity] = {name: name for name in SEVERITIES}


def masked(value: str) -> str:
    """What may be shown of a value: at most four characters at its start, and its length."""
    line = value.strip().split("\n", 1)[0]
    shown = "" if len(value) < 20 else line[: min(4, len(value) // 6)]
    plain = "".join(char if char.isprintable() else "?" for char in shown)
    return f"{plain}***** ({len(value)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Leak:
    """One secret at one place.

    - ``path``: from the root of what was scanned; a file in an archive is ``site.zip!/.env``; "(commit message)" and
      "(tag message)" are what they say. ``line``: from 1, 0 where there are no lines.
    - ``commit``: the oldest commit that brought it to this path; "" when it stands only in files, or in the index.
    - ``rule``: what it is ("stripe-live-key"). ``severity``: what it opens in the wrong hands. ``fix``: what to do.
    - ``value``: the secret itself. ``repr``, ``to_dict`` and every report show ``masked(value)`` in its place.
    - ``fingerprint``: the rule and a keyed hash of the value: the same wherever it stands, and useless to a reader.
    - ``in_files``: it stands in the files now, not only in the history.
    - ``money``: whoever has it can move money.
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
        return f"Leak({self.path!r}, {self.line}, {self.commit!r}, {self.rule!r}, {masked(self.value)!r})"

    @property
    def steps(self) -> list[str]:
        """The fix, one step a line."""
        return re.split(r" (?=\d\. [A-Z])", self.fix)

    @property
    def rank(self) -> tuple[bool, int, bool, str, str, int]:
        """What to do first: what moves money, then by severity; what stands in the files before what only was there."""
        return (
            not (self.money and self.severity == "critical"), SEVERITIES.index(self.severity), not self.in_files,
            self.rule, self.path, self.line,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, without the secret."""
        return {
            "path": self.path,
            "line": self.line,
            "commit": self.commit,
            "rule": self.rule,
            "value": masked(self.value),
            "fingerprint": self.fingerprint,
            "severity": self.severity,
            "opens": self.opens,
            "fix": self.fix,
            "in_files": self.in_files,
        }


def fingerprint(rule: str, value: str, key: bytes) -> str:
    """``rule:16 hex digits``: BLAKE2 with a key, so that a list of accepted findings is no list to try passwords on."""
    import hashlib  # noqa: PLC0415 - OpenSSL takes its time, and most scans find nothing

    return f"{rule}:{hashlib.blake2b(value.encode('utf-8', 'surrogatepass'), key=key[:64], digest_size=8).hexdigest()}"
