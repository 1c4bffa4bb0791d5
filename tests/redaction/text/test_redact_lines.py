"""Made-up lines of a booking app, drawn anew: recall, damage, and what holds for every line of them."""

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
def drawn():
    return [(line, redact(line.text)) for seed in SEEDS for line in lines(seed)]


def test_what_must_be_hidden_is_hidden(drawn):
    """Recall by class: 0.95 at least, 0.90 where the class is personal by key alone, and 0.985 over what must be hidden."""
    leaked, total = Counter(), Counter()
    for line, cleaned in drawn:
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


def test_nothing_harmless_is_damaged(drawn):
    """Ids, hashes, addresses of machines, dates and numbers stay: at most 0.5 % changed, and 1 % of the clean lines."""
    kept = [scorer.has(cleaned, value) for line, cleaned in drawn for value in line.keep]
    assert kept.count(False) <= 0.005 * len(kept)
    clean = [cleaned == line.text for line, cleaned in drawn if not line.hide]
    assert clean.count(False) <= 0.01 * len(clean)


def test_the_same_lines_as_records():
    """What a JSON line says is hidden in the record that it was made of, too, and the record is left as it was."""
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


def test_twice_is_once(drawn):
    """A redacted line is redacted no further."""
    for _, cleaned in drawn:
        assert redact(cleaned) == cleaned
