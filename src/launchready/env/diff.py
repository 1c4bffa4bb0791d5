"""Compares two environments by names, and by a keyed hash of the values."""

import hashlib
import os
from typing import NamedTuple

from launchready.env.loaders import Environment, EnvProblem
from launchready.secrets import value_checks
from launchready.secrets.key_kinds import identify, kind_info
from launchready.secrets.key_names import key_kind
from launchready.vendors import word_set

#: Variables of the machine, not of the deployment.
_MACHINE = word_set(
    "PATH HOME PWD OLDPWD SHELL USER LOGNAME TERM LANG SHLVL _ TMPDIR HOSTNAME EDITOR PAGER DISPLAY MAIL PS1"
)
_SHORTEST_SECRET = 8


class Comparison(NamedTuple):
    """Names in only one environment, names with equal values, names with different values, and problems."""

    first: str
    second: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    equal: tuple[str, ...]
    different: tuple[str, ...]
    troubles: tuple[EnvProblem, ...]


def compare(one: Environment, two: Environment) -> Comparison:
    """Compare two environments. Values are hashed with a random key that is discarded, and never shown."""
    key = os.urandom(32)
    left, right = _hash_values(one, key), _hash_values(two, key)
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


def _hash_values(one: Environment, key: bytes) -> dict[str, bytes]:
    return {
        name: hashlib.blake2b(value.encode("utf-8", "surrogateescape"), key=key, digest_size=16).digest()
        for name, value in one.values.items()
        if name not in _MACHINE
    }


def _missing(one: Environment, two: Environment, left: dict[str, bytes], right: dict[str, bytes]) -> list[EnvProblem]:
    """ENV009: a name that one environment has and the other lacks fails at the next deploy."""
    found = []
    for has, lacks, names in ((one, two, left.keys() - right.keys()), (two, one, right.keys() - left.keys())):
        found += [
            EnvProblem(
                "ENV009",
                name,
                has.at(name),
                f"{name} is set in {has.name}, but not in {lacks.name}",
                f"Set {name} in {lacks.name} as well, or remove it from {has.name}.",
            )
            for name in sorted(names)
        ]
    return found


def _shared(one: Environment, two: Environment, left: dict[str, bytes], right: dict[str, bytes]) -> list[EnvProblem]:
    """ENV008: both environments have the same key, under whatever name."""
    places: dict[bytes, list[str]] = {}
    for name, tag in right.items():
        places.setdefault(tag, []).append(name)
    found = []
    for name, tag in left.items():
        if tag in places and is_secret(name, one.values[name]):
            there = name if name in places[tag] else places[tag][0]
            also = "" if there == name else f" (named {there} there)"
            found.append(
                EnvProblem(
                    "ENV008",
                    name,
                    one.at(name),
                    f"{name} is the same secret in {one.name} and {two.name}{also}",
                    f"Create a separate secret for {one.name}: an intruder in one environment has the other as well.",
                )
            )
    return found


def _live(one: Environment) -> list[EnvProblem]:
    """ENV008: a key that moves real money, in an environment without customers."""
    return [
        EnvProblem(
            "ENV008",
            name,
            one.at(name),
            f"{name} in {one.name} is a live key: a test would move real money",
            f"Set a test key in {one.name}.",
        )
        for name, value in one.values.items()
        if not one.production and kind_info(identify(value)).money and identify(value)
    ]


def is_secret(name: str, value: str) -> bool:
    """Whether a value grants access: by its format, its name, or a password in its URL. Test keys do not."""
    rule = identify(value)
    if rule:
        return kind_info(rule).severity in {"critical", "high"}
    if len(value) < _SHORTEST_SECRET or value_checks.is_placeholder(value):
        return False
    address = "://" in value and "@" in value and ":" in value.partition("://")[2].rpartition("@")[0]
    return address or (bool(key_kind(name)) and "://" not in value)
