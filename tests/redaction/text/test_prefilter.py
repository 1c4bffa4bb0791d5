"""The prefilter: a shut gate hides no value, and google-re2 gives the same result."""

import random

import pytest

from launchready.redaction.text import Redactor, prefilter, prefilter_re2
from launchready.redaction.text.key_names import KeyClassifier
from support.booking_logs import lines

TEXTS = [line.text for line in lines(21)]
PIECES = ["sk_" + "live_", "gh" + "p_", "ey" + "J", "SG.", "Bearer ", "%20Basic ", "otp", "PIN", "code", "Token", "secret", ": ", "=", "$2b$", "123456",
          "4242 4242", "+49 170", "0170 ", "DE89", "é", "\u017fecret", "-us12", "call ", "born ", " ", "\n", "aB3dE5gH7jK9mN1p", "M" * 24 + ".abcdef."]  # fmt: skip


def mixtures(seed, count):
    """Texts made of such pieces in random order."""
    rng = random.Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randrange(1, 14))) for _ in range(count)]


@pytest.fixture(scope="module")
def redactors():
    """Three redactors: gates by google-re2, gates by words, and all gates open."""
    by_re2, by_words, ungated = Redactor(), Redactor(), Redactor()
    by_words._engine._re2_loaded = True
    everything = prefilter.ALWAYS_OPEN | {gate.number for gate in prefilter.GATES if gate.words or gate.literals}
    ungated._engine._open_gates = lambda text: everything
    return by_re2, by_words, ungated


def test_google_re2_is_in_use(redactors):
    """google-re2 is installed here, and its automaton holds every gate."""
    redactors[0]("warm up")
    assert redactors[0]._engine._re2_gates is not None


@pytest.mark.parametrize("texts", [TEXTS, mixtures(1, 1500)], ids=["lines", "mixtures"])
def test_same_output(redactors, texts):
    """The output is the same byte for byte with google-re2, without it, and with all gates open."""
    for text in texts:
        by_re2, by_words, ungated = (redact(text) for redact in redactors)
        assert by_re2 == by_words == ungated


def test_google_re2_opens_no_other_gates():
    """google-re2 opens no gate that words and literals keep shut, except for codes before their words."""
    open_gates = prefilter_re2.compile_gates(KeyClassifier())
    for text in [text for text in TEXTS + mixtures(2, 1500) if text.isascii()]:
        assert open_gates(text) - {prefilter.ONE_TIME_CODE} <= prefilter.open_gates(text)


def test_lines_cut_into_each_other(redactors):
    """Lines cut into each other give the same output with and without google-re2, and a second pass changes nothing."""
    rng = random.Random(4)
    for _ in range(3_000):
        one, other = rng.choice(TEXTS), rng.choice(TEXTS)
        between = rng.choice(["", "\\", "%22", '"', "=", ": ", "&", "[email]", "_", *PIECES])
        text = one[: rng.randrange(len(one) + 1)] + between + other[rng.randrange(len(other) + 1) :]
        by_re2, by_words, _ = (redact(text) for redact in redactors)
        assert by_re2 == by_words
        assert redactors[0](by_re2) == by_re2
