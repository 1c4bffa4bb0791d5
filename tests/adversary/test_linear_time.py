"""The time of every parser grows no faster than the length of its input, whatever a stranger sends."""

import importlib
import inspect
import pkgutil
import re
from types import SimpleNamespace

import pytest
from hostile_inputs import Hostile, all_families, families, growth, offenders, units
from parsers import PARSERS, REDACTION

import launchready.redaction.text
import launchready.secrets
from launchready.budget import Budget
from launchready.checks import spf_tree
from launchready.lazy_pattern import LazyPattern
from launchready.redaction.text import Redactor, engine, key_values

SAMPLED = {
    "secrets": slice(0, None, 40),
    "redaction of": slice(0, None, 16),
    "redaction with google-re2": slice(0, None, 2),
    "redaction without": slice(1, None, 2),
}
"""Parsers that cost more per character read some of the families here, and all of them in ``make fuzz``."""


@pytest.mark.parametrize("name", PARSERS)
def test_time_is_linear(name):
    """Four times the input takes at most five times as long, for every family of hostile inputs."""
    some = next((part for start, part in SAMPLED.items() if name.startswith(start)), slice(None))
    assert offenders(PARSERS[name], families()[some]) == {}


def test_families():
    """A few hundred families are read, made from all keys of the rule set, all vendor prefixes and all words."""
    assert len(families()) > 500
    joined = "\0".join(family.unit for family in families())
    assert [unit for unit in units() if unit not in joined] == []
    assert len(all_families()) > len(units()) > 2_000


def _patterns(package):
    """Every regular expression of a package that searches a whole text, by module and name."""
    for found in pkgutil.iter_modules(package.__path__):
        if found.name == "__main__":
            continue
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if isinstance(value, LazyPattern | re.Pattern) and re.search(
                rf"\b{name}\.(?:search|finditer|findall|sub|split)\b", source
            ):
                yield f"{found.name}.{name}", value


@pytest.mark.parametrize("package", [launchready.redaction.text, launchready.secrets], ids=["redaction", "secrets"])
def test_every_pattern_is_linear(package):
    """A regular expression that searches a whole text is linear on its own, not only behind its gate."""
    patterns = dict(_patterns(package))
    assert len(patterns) > 20
    slow = {}
    for name, pattern in patterns.items():
        octets = isinstance(pattern.pattern, bytes)
        found = offenders(
            lambda text, find=pattern.finditer, octets=octets: [None for _ in find(text.encode() if octets else text)],
            families()[::20],
        )
        if found:
            slow[name] = found
    assert slow == {}


KEYS_WITHOUT_END = [
    Hostile(f"{key}{separator}") for key in ("otp", "pin", "card", "cvc", "dsn", "email") for separator in ("=", "%3D")
]


@pytest.mark.parametrize("name", REDACTION)
def test_keys_without_end(name):
    """``key=key=key=...`` is linear for every key whose value is rejected, with either separator."""
    assert offenders(REDACTION[name], tuple(KEYS_WITHOUT_END)) == {}


def test_removed_bound_is_found(monkeypatch):
    """Without the bounds on a value, the same inputs are found to be quadratic: the adversary can fail."""
    monkeypatch.setattr(key_values, "_NO_VALUE", frozenset())
    monkeypatch.setattr(key_values, "_SHORT_SHAPES", frozenset())
    monkeypatch.setattr(Budget, "charge", lambda *args, **kwargs: None)
    monkeypatch.setattr(Budget, "check", lambda *args, **kwargs: None)
    redactor = Redactor()
    assert all((growth(redactor, family, 1_000, 4_000) or 0) > 6 for family in KEYS_WITHOUT_END)


SPF_NAMES = [f"n{number}.example" for number in range(6)]


def _questions(tree):
    """How many questions the tree of names asks that include each other, all of them in every record."""
    record = "v=spf1 " + " ".join(f"include:{name}" for name in SPF_NAMES) + " -all"
    asked = 0
    while True:
        try:
            batch = next(tree)
        except StopIteration:
            return asked
        asked += len(batch.ops)
        for question in batch.ops:
            question.answer = SimpleNamespace(known=True, records=(record,), question="", reason="", trouble=None)


def test_spf_tree_is_bounded(monkeypatch):
    """Names that include each other cost at most 20 questions, and thousands if the bound is removed."""
    record = f"v=spf1 include:{SPF_NAMES[0]} -all"
    assert _questions(spf_tree.read_tree("a.example", record)) <= 20
    monkeypatch.setattr(spf_tree, "MAX_FOLLOWED", 10**9)
    assert _questions(spf_tree.read_tree("a.example", record)) > 500


def test_cpu_time_is_the_last_defence(monkeypatch):
    """With every other bound removed, CPU time ends the work; the rest becomes a marker and is never written raw."""
    monkeypatch.setattr(engine, "_LOOKS", 1e12)
    monkeypatch.setattr(engine, "_CHARACTERS", 10**12)
    monkeypatch.setattr(engine, "_SECONDS", -1.0)
    monkeypatch.setattr(engine, "_SECONDS_PER_CHARACTER", 0)
    secret = "hunter" + "2x9"
    text = "otp=a " * 400 + f"password={secret} end"
    redactor = Redactor()
    assert redactor(text) == "[redacted: too much to read]"
    assert secret not in repr(redactor({"items": [text, {"note": text}]}))


def test_record_has_one_budget(monkeypatch):
    """The texts of one record share a budget, so that a record of many texts costs no more than one of its size."""
    monkeypatch.setattr(engine, "_SECONDS", -1e9)
    assert Redactor()(["x" * 2_000 + " password=abc1"] * 3) == ["[redacted: too much to read]"] * 3
