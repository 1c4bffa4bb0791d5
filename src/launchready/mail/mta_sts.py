"""MTA-STS (RFC 8461): a domain asks senders to deliver over TLS only, and to the servers that it lists.

A TXT record at ``_mta-sts.<domain>`` says that there is a policy, a file at
``https://mta-sts.<domain>/.well-known/mta-sts.txt`` is the policy.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from launchready.mail.tags import fields, versioned

Mode = Literal["enforce", "testing", "none"]
MODES: dict[str, Mode] = {"enforce": "enforce", "testing": "testing", "none": "none"}
# Section 3.3: senders may refuse a larger file.
MAX_POLICY = 64 * 1024
# Section 3.2: at most a year.
LONGEST = 31_557_600
NAME = re.compile(r"(?:\*\.)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9][A-Za-z0-9-]*\.?")


@dataclass(frozen=True, slots=True)
class STSRecord:
    """The TXT records at ``_mta-sts``, read.

    - ``present``: somebody meant to publish one. ``valid``: exactly one, and it can be read (section 3.1).
    - ``id``: changes whenever the policy does.
    """

    present: bool = False
    valid: bool = False
    id: str = ""
    records: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class STSPolicy:
    """The policy file, read. Only a ``valid`` one counts: else senders act as if there were none (section 3.3)."""

    valid: bool
    mode: Mode | None = None
    max_age: int = 0
    mx: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def covers(self, host: str) -> bool:
        """Whether mail may be delivered to this server under the policy (section 4.1)."""
        return any(matches(pattern, host) for pattern in self.mx)


def parse_txt(txts: Iterable[str]) -> STSRecord:
    """Reads all TXT records at ``_mta-sts.<domain>``. Never raises."""
    records, unread = versioned(txts, "STSv1")
    if not records:
        problems = [f'receivers ignore "{text}": the record must be "v=STSv1; id=..."' for text in unread]
        return STSRecord(bool(unread), problems=tuple(problems))
    if len(records) > 1:
        return STSRecord(True, False, "", records, (f"{len(records)} records where one may stand",))
    found, problems = fields(records[0])
    identity = found.get("id", "")
    if re.fullmatch(r"[A-Za-z0-9]{1,32}", identity) is None:
        problems.append("id is missing" if not identity else f"id={identity[:40]} is not 1 to 32 letters and digits")
    return STSRecord(True, not problems, identity, records, tuple(problems))


def parse_policy(body: str | bytes) -> STSPolicy:
    """Reads the policy file (section 3.2). Never raises."""
    text = body[:MAX_POLICY].decode("utf-8", "replace") if isinstance(body, bytes) else body[:MAX_POLICY]
    values: dict[str, str] = {}
    mx: list[str] = []
    problems = [f"the file is longer than {MAX_POLICY} characters"] if len(body) > MAX_POLICY else []
    for line in text.splitlines():
        name, colon, value = (piece.strip(" \t") for piece in line.partition(":"))
        if not line.strip():
            continue
        if not colon:
            problems.append(f"{line[:60]!r} is not a field with a value")
        elif name == "mx":
            mx.append(value.lower().rstrip("."))
        else:
            values.setdefault(name, value)
    if values.get("version") != "STSv1":
        problems.append("version is not STSv1")
    mode = MODES.get(values.get("mode", ""))
    if mode is None:
        problems.append(f"mode is {values.get('mode', 'missing')!r}, not enforce, testing or none")
    age = values.get("max_age", "")
    seconds = int(age) if re.fullmatch(r"[0-9]{1,10}", age) else -1
    if not 0 <= seconds <= LONGEST:
        problems.append(f"max_age is {age[:20] or 'missing'!r}, not a number of seconds up to {LONGEST}")
    if not mx and mode in ("enforce", "testing"):
        problems.append("no mx is listed")
    problems += [
        f"mx: {pattern[:80]!r} is not a host, or *. and a domain" for pattern in mx if not NAME.fullmatch(pattern)
    ]
    return STSPolicy(not problems, mode, max(0, seconds), tuple(mx), tuple(problems))


def matches(pattern: str, host: str) -> bool:
    """Whether a pattern of a policy is about a host: ``*.`` stands for exactly one label (section 4.1)."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        first, _, rest = host.partition(".")
        return bool(first) and rest == pattern[2:]
    return pattern == host
