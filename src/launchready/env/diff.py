"""How two environments differ: by names, and by whether values are equal, told by a keyed hash of this moment."""

import hashlib
import os
from typing import NamedTuple

from launchready.env.loaders import Environment, Trouble
from launchready.secrets import value_checks
from launchready.secrets.key_kinds import facts, identify
from launchready.secrets.key_names import named
from launchready.vendors import word_set

#: Names that a machine has, and no deployment is told.
_MACHINE = word_set(
    "PATH HOME PWD OLDPWD SHELL USER LOGNAME TERM LANG SHLVL _ TMPDIR HOSTNAME EDITOR PAGER DISPLAY MAIL PS1"
)
_LEAST = 8


class Comparison(NamedTuple):
    """Names only one has, names with equal values, names with different ones, and what is wrong with that."""

    first: str
    second: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    equal: tuple[str, ...]
    different: tuple[str, ...]
    troubles: tuple[Trouble, ...]


def compared(one: Environment, two: Environment) -> Comparison:
    """Two environments, side by side. Values are hashed with a key that is thrown away, and never shown."""
    key = os.urandom(32)
    left, right = _hashed(one, key), _hashed(two, key)
    both = [name for name in left if name in right]
    return Comparison(
        one.name,
        two.name,
        tuple(sorted(left.keys() - right.keys())),
        tuple(sorted(right.keys() - left.keys())),
        tuple(sorted(name for name in both if left[name] == right[name])),
        tuple(sorted(name for name in both if left[name] != right[name])),
        (*_missing(one, two, left, right), *_shared(one, two, left, right), *_live(one), *_live(two)),
    )


def _hashed(one: Environment, key: bytes) -> dict[str, bytes]:
    return {
        name: hashlib.blake2b(value.encode("utf-8", "surrogateescape"), key=key, digest_size=16).digest()
        for name, value in one.values.items()
        if name not in _MACHINE
    }


def _missing(one: Environment, two: Environment, left: dict[str, bytes], right: dict[str, bytes]) -> list[Trouble]:
    """ENV009: what one has and the other has not fails at the next deploy."""
    found = []
    for has, lacks, names in ((one, two, left.keys() - right.keys()), (two, one, right.keys() - left.keys())):
        found += [
            Trouble(
                "ENV009",
                name,
                has.at(name),
                f"{name} is set in {has.name}, and not in {lacks.name}",
                f"Set {name} in {lacks.name}, too, or take it out of {has.name}.",
            )
            for name in sorted(names)
        ]
    return found


def _shared(one: Environment, two: Environment, left: dict[str, bytes], right: dict[str, bytes]) -> list[Trouble]:
    """ENV008: the same key in both, whatever it is called there."""
    places: dict[bytes, list[str]] = {}
    for name, tag in right.items():
        places.setdefault(tag, []).append(name)
    found = []
    for name, tag in left.items():
        if tag in places and secret(name, one.values[name]):
            there = name if name in places[tag] else places[tag][0]
            also = "" if there == name else f" (there {there})"
            found.append(
                Trouble(
                    "ENV008",
                    name,
                    one.at(name),
                    f"{name} is the same secret in {one.name} and {two.name}{also}",
                    f"Make one of its own for {one.name}: whoever breaks into one is in the other, too.",
                )
            )
    return found


def _live(one: Environment) -> list[Trouble]:
    """ENV008: a key that moves real money, where nobody should pay."""
    return [
        Trouble(
            "ENV008",
            name,
            one.at(name),
            f"{name} in {one.name} is a live key: a test would move real money",
            f"Set a test key in {one.name}.",
        )
        for name, value in one.values.items()
        if not one.production and facts(identify(value)).money and identify(value)
    ]


def secret(name: str, value: str) -> bool:
    """Whether a value opens something: by its format, its name, or the password in its address. Test keys do not."""
    rule = identify(value)
    if rule:
        return facts(rule).severity in {"critical", "high"}
    if len(value) < _LEAST or value_checks.placeholder(value):
        return False
    address = "://" in value and "@" in value and ":" in value.partition("://")[2].rpartition("@")[0]
    return address or (bool(named(name)) and "://" not in value)
