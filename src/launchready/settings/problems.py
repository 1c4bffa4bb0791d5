"""Collects mistakes, so that all of them are told at once; and reads the small notations that settings share."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from math import isfinite
from typing import Any, TypeVar

from launchready.errors import ConfigError, MissingExtra
from launchready.http.routes import Route

T = TypeVar("T")

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)\s*", re.ASCII)


class Problems:
    """The list of mistakes. Each line: where, what is wrong, what to write instead."""

    def __init__(self) -> None:
        self.patterns: list[tuple[str, str]] = []
        """Every valid route pattern with its option, for the comparison with the app's routes."""
        self._lines: list[str] = []
        self._missing: MissingExtra | None = None

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: str) -> None:
        self._lines.append(line)

    def lack(self, missing: MissingExtra) -> None:
        """A package is missing. No mistake in the settings, but told with them where there are any."""
        self._missing = missing

    def raise_if_any(self) -> None:
        if self._lines:
            raise ConfigError([*self._lines, str(self._missing)] if self._missing else self._lines)
        if self._missing is not None:
            raise self._missing

    def duration(self, where: str, value: object, *, zero: bool = False) -> float:
        """Seconds from ``"60s"``, ``"24h"``, ``"800ms"``, ``"30d"`` or a number of seconds."""
        if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
            seconds = float(match[1]) * _UNITS[match[2]]
        elif isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            seconds = float(value)
        else:
            self.add(f'{where}={value!r}: not a duration; write for example "60s", "15m", "24h" or "30d"')
            return 1.0
        if seconds < 0 or (seconds == 0 and not zero):
            self.add(f'{where}={value!r}: must be longer than nothing; write for example "60s"')
            return 1.0
        return seconds

    def strings(self, where: str, value: object) -> tuple[str, ...]:
        """A sequence of strings. One string is a mistake: its letters would be taken for the entries."""
        if isinstance(value, str):
            self.add(f"{where}={value!r}: a list is needed; write [{value!r}]")
            return ()
        if isinstance(value, Collection) and not isinstance(value, Mapping | bytes):
            entries = tuple(value)
            if all(isinstance(entry, str) for entry in entries):
                return entries
        self.add(f"{where}={value!r}: a list of strings is needed")
        return ()

    def number(self, where: str, value: object, *, least: int = 0) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.add(f"{where}={value!r}: a whole number of at least {least} is needed")
        return least

    def flag(self, where: str, value: object) -> bool:
        """True or False themselves: as a text from the environment, "false" would be true."""
        if isinstance(value, bool):
            return value
        self.add(f"{where}={value!r}: write True or False")
        return False

    def choice(self, where: str, value: object, options: Sequence[str]) -> str:
        """One of a few words."""
        if isinstance(value, str) and value in options:
            return value
        known = ", ".join(f'"{option}"' for option in options[:-1])
        self.add(f'{where}={value!r}: write {known} or "{options[-1]}"')
        return options[0]

    def route(self, where: str, text: object) -> str | None:
        """A route pattern that compiles, or None."""
        if not isinstance(text, str):
            self.add(f'{where}: {text!r} is not a route; write for example "POST /bookings"')
            return None
        try:
            Route(text)
        except ValueError as error:
            self.add(f"{where}: {error}")
            return None
        self.patterns.append((where, text))
        return text

    def mapping(self, where: str, value: object) -> Mapping[Any, Any]:
        if isinstance(value, Mapping):
            return value
        self.add(f"{where}={value!r}: a mapping of routes is needed; write {{'GET /path': ...}}")
        return {}

    def unknown(self, where: str, name: str, known: Sequence[str]) -> None:
        """An option that does not exist; names the nearest one that does."""
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(known)}"
        self.add(f"{where}: there is no option {name!r}; {hint}")


def coerce(problems: Problems, where: str, value: object, kind: type[T], positional: str | None = None) -> T | None:
    """An instance of the dataclass ``kind`` from itself, from a mapping of its options, or (where it has one) from its
    first option alone: ``rate_limit="60/minute"``. None is off."""
    if value is None or isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # kind is one of our dataclasses
        options = {}
        for key, option in value.items():
            if str(key).lower() in names:
                options[str(key).lower()] = option
            else:
                problems.unknown(where, str(key), names)
        return kind(**options)
    if positional is not None and isinstance(value, str):
        return kind(**{positional: value})
    problems.add(f"{where}={value!r}: write {kind.__name__}(...) or None")
    return None
