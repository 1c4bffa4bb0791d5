"""Generated lines of a booking app: recall, damage, and properties of every line."""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest

from launchready.redaction.text import redact
from support.booking_logs import lines

_SPEC = importlib.util.spec_from_file_location("eval", Path(__file__).parents[2] / "conformance" / "redact" / "eval.py")
scorer = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(scorer)

SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def generated():
    return [(line, redact(line.text)) for seed in SEEDS for line in lines(seed)]


def test_recall(generated):
    """Recall is at least 0.985 in all, 0.95 by class, and 0.90 for classes that only a key reveals."""
    leaked, total = Counter(), Counter()
    for line, cleaned in generated:
        for kind, value in line.hide:
            total[kind] += 1
            leaked[kind] += scorer.leaked(kind, value, cleaned)
    assert {
        kind: leaked[kind] / total[kind]
        for kind in total
        if leaked[kind] > total[kind] * (0.10 if kind in scorer.TIER_B else 0.05)
    } == {}
    must = [kind for kind in total if kind not in scorer.TIER_B]
    assert sum(leaked[kind] for kind in must) <= 0.015 * sum(total[kind] for kind in must)


def test_damage(generated):
    """At most 0.5 % of ids, hashes, addresses, dates and numbers change, and at most 1 % of the clean lines."""
    kept = [scorer.has(cleaned, value) for line, cleaned in generated for value in line.keep]
    assert kept.count(False) <= 0.005 * len(kept)
    clean = [cleaned == line.text for line, cleaned in generated if not line.hide]
    assert clean.count(False) <= 0.01 * len(clean)


def test_the_same_lines_as_records():
    """A value hidden in a JSON line is also hidden in its record, and the record is not modified."""
    for seed in SEEDS:
        for line in lines(seed):
            if line.kind != "jsonl":
                continue
            record = json.loads(line.text)
            cleaned = redact(record)
            assert redact(cleaned) == cleaned
            assert record == json.loads(line.text)
            text = scorer.flat(cleaned)
            for kind, value in line.hide:
                assert not scorer.leaked(kind, value, text), (kind, line.number)
            assert all(scorer.has(text, value) for value in line.keep), line.number


def test_idempotent(generated):
    """A second pass changes nothing."""
    for _, cleaned in generated:
        assert redact(cleaned) == cleaned
