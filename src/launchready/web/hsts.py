"""Strict-Transport-Security: browsers use only https for a host (RFC 6797)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]

# A year, as the preload list of browsers requires.
PRELOAD_AGE = 31_536_000
# The rest of a longer header is not read.
MAX_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class HSTS:
    """The header as a browser understands it.

    - ``present``: a header exists. Only the first one counts (section 8.1).
    - ``valid``: a browser follows it. Without exactly one readable ``max-age`` it is ignored (section 6.1.1).
    - ``max_age``: seconds. 0 revokes the policy.
    """

    present: bool = False
    valid: bool = False
    max_age: int = 0
    include_subdomains: bool = False
    preload: bool = False
    problems: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether a browser that has seen the header refuses plain http from then on."""
        return self.valid and self.max_age > 0

    @property
    def preload_problems(self) -> tuple[str, ...]:
        """The reasons why a domain that asks for it (``preload``) does not get onto the list of browsers
        (hstspreload.org).
        """
        if not self.preload:
            return ()
        found = [] if self.max_age >= PRELOAD_AGE else [f"max-age is {self.max_age}, {PRELOAD_AGE} are needed"]
        return (*found, *(() if self.include_subdomains else ("includeSubDomains is missing",)))


def parse(headers: Headers | str | None) -> HSTS:
    """Reads header pairs, a mapping of headers, or the value of the header alone."""
    value = headers if isinstance(headers, str) or headers is None else first(headers)
    if value is None:
        return HSTS()
    directives: dict[str, str] = {}
    problems: list[str] = []
    for part in split(value[:MAX_CHARACTERS]):
        name, _, given = part.partition("=")
        name = name.strip().lower()
        if not name:
            continue
        if name in directives:
            problems.append(f"{name} is given twice")
        directives[name] = given.strip().removeprefix('"').removesuffix('"')
    age = directives.get("max-age")
    if age is None:
        problems.append("max-age is missing")
    elif not (age.isascii() and age.isdecimal()):
        problems.append(f"max-age is not a number: {age!r}")
    if problems:
        return HSTS(present=True, problems=tuple(problems))
    assert age is not None
    # Any number of digits is allowed. More than ten mean "for good".
    digits = age.lstrip("0")
    seconds = int(digits or "0") if len(digits) <= 10 else 10**10
    return HSTS(True, True, seconds, "includesubdomains" in directives, "preload" in directives)


def split(value: str) -> list[str]:
    """The directives: separated by ``;`` outside quotation marks."""
    parts, quoted, start = [], False, 0
    for at, char in enumerate(value):
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(value[start:at])
            start = at + 1
    return [*parts, value[start:]]


def first(headers: Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]) -> str | None:
    """The first header of this name, as text."""
    pairs: Iterable[tuple[str | bytes, str | bytes]] = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        if text(name).lower() == "strict-transport-security":
            return text(value)
    return None


def text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
