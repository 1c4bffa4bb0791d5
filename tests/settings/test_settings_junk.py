"""Whatever is written into a setting: it works, or ConfigError says what is wrong. Nothing else is ever raised."""

from dataclasses import fields

import pytest

from launchready import redaction
from launchready.errors import ConfigError
from launchready.settings.build import OPTIONS, build
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.health import Health
from launchready.settings.https import HTTPS
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import Limit, RateLimit
from launchready.settings.redaction import Redaction
from launchready.settings.timing import Timing

JUNK = (
    None, True, 0, -1, 1.5, 10**9, float("nan"), float("inf"), "", "x", "é", "a\n", b"x", object(), [], [1], [None], ["x"], [["x"]],
    {}, {"a": 1}, {1: "a"}, {"GET /x": None}, {"GET /x": 5}, {"GET /x": "é"}, {"GET /x": []}, {"GET /x": float("nan")}, {None: None}, len,
)  # fmt: skip
KINDS = {
    "cors": CORS, "https": HTTPS, "cache": Cache, "health": Health, "idempotency": Idempotency, "rate_limit": RateLimit,
    "redaction": Redaction, "timing": Timing,
}  # fmt: skip


def works_or_says(settings, name):
    told = []
    try:
        build({"release": "r1", **settings})
    except ConfigError as error:
        told = error.problems
        error.__traceback__ = None
    assert [line for line in told if name not in line] == []


@pytest.fixture(autouse=True)
def a_folder_of_its_own(tmp_path, monkeypatch):
    """A path in a setting may be made where the process stands."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def no_junk_redaction():
    """Redaction is for the whole process; what these tests install ends with them."""
    yield
    redaction.uninstall()


@pytest.mark.parametrize(
    ("option", "field"), [(option, each.name) for option, kind in KINDS.items() for each in fields(kind)]
)
def test_fields(option, field):
    """Every field of every dataclass, with whatever; the line names the setting."""
    for junk in JUNK:
        works_or_says({option: KINDS[option](**{field: junk})}, option)


@pytest.mark.parametrize("field", [each.name for each in fields(Limit)])
def test_limits(field):
    """The fields of a limit of one route."""
    for junk in JUNK:
        limit = Limit(**{"rate": "5/minute", field: junk})
        works_or_says({"rate_limit": RateLimit(None, {"GET /x": limit})}, "rate_limit")


@pytest.mark.parametrize("option", OPTIONS)
def test_options(option):
    """Every keyword itself."""
    for junk in JUNK:
        works_or_says({option: junk}, option)
