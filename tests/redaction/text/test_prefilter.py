"""Gates: closed ones hide nothing, and google-re2 opens the same ones."""

import random

import pytest

from launchready.redaction.text import Redactor, prefilter, prefilter_re2
from launchready.redaction.text.key_names import KeyClassifier
from support.booking_logs import lines

TEXTS = [line.text for line in lines(21)]
PIECES = ["sk_" + "live_", "gh" + "p_", "ey" + "J", "SG.", "Bearer ", "%20Basic ", "otp", "PIN", "code", "Token", "secret", ": ", "=", "$2b$", "123456",
          "4242 4242", "+49 170", "0170 ", "DE89", "é", "\u017fecret", "-us12", "call ", "born ", " ", "\n", "aB3dE5gH7jK9mN1p", "M" * 24 + ".abcdef."]  # fmt: skip


def mixtures(seed, count):
    """Texts of such pieces, in any order."""
    rng = random.Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randrange(1, 14))) for _ in range(count)]


@pytest.fixture(scope="module")
def three():
    """Redactors: gates by google-re2, gates by words, and every gate open."""
    by_re2, by_words, ungated = Redactor(), Redactor(), Redactor()
    by_words._engine._re2_loaded = True
    everything = prefilter.ALWAYS_OPEN | {gate.number for gate in prefilter.GATES if gate.words or gate.literals}
    ungated._engine._open_gates = lambda text: everything
    return by_re2, by_words, ungated


def test_google_re2_is_in_use(three):
    """It is installed here, and its automaton holds every gate."""
    three[0]("warm up")
    assert three[0]._engine._re2_gates is not None


@pytest.mark.parametrize("texts", [TEXTS, mixtures(1, 1500)], ids=["lines", "mixtures"])
def test_the_same_text_comes_out(three, texts):
    """With google-re2, without it, and with every gate open: the same text, byte for byte."""
    for text in texts:
        by_re2, by_words, ungated = (redact(text) for redact in three)
        assert by_re2 == by_words == ungated


def test_google_re2_opens_no_others():
    """What google-re2 opens, words and literals would have opened, too; a code may stand before its words."""
    open_gates = prefilter_re2.compile_gates(KeyClassifier())
    for text in [text for text in TEXTS + mixtures(2, 1500) if text.isascii()]:
        assert open_gates(text) - {prefilter.ONE_TIME_CODE} <= prefilter.open_gates(text)


def test_lines_cut_into_each_other(three):
    """Halves of two lines with something between them: the same text with and without google-re2, and twice is once."""
    rng = random.Random(4)
    for _ in range(3_000):
        one, other = rng.choice(TEXTS), rng.choice(TEXTS)
        between = rng.choice(["", "\\", "%22", '"', "=", ": ", "&", "[email]", "_", *PIECES])
        text = one[: rng.randrange(len(one) + 1)] + between + other[rng.randrange(len(other) + 1) :]
        by_re2, by_words, _ = (redact(text) for redact in three)
        assert by_re2 == by_words
        assert three[0](by_re2) == by_re2
