"""Answers that are events: which, and what to write where a rule is none."""

import pytest

from faces.apps import FACES, Calls
from launchready.errors import ConfigError
from launchready.metrics.events import default_collector
from launchready.metrics.timing import SeriesKey
from launchready.settings.problems import Problems
from launchready.settings.signals import Signals, compile_signals


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (SeriesKey("POST", "/login", 401), ["login.failed"]),
        (SeriesKey("POST", "/login", 200), []),
        (SeriesKey("POST", "/payments", 402), ["payment.failed"]),
        (SeriesKey("POST", "/payments", 503), ["payment.failed", "down"]),
        (SeriesKey("GET", "/payments", 503), []),
        (SeriesKey("GET", "/other", 500), []),
    ],
)
def test_rules(key, names):
    """By route, method, and a status or its class; one answer may be two events."""
    problems = Problems()
    rules = compile_signals(problems, Signals({
        "login.failed": "POST /login 401|403", "payment.failed": ["POST /payments 402|5xx"], "down": "POST /payments 503",
    }))  # fmt: skip
    problems.raise_if_any()
    assert rules(key) == names


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ({"login.failed": "POST /login"}, "401"),
        ({"login.failed": "POST /login 4o1"}, "401"),
        ({"Login Failed": "POST /login 401"}, "login.failed"),
        ({"login.failed": "post /login 401"}, "methods are upper case"),
        ({"login.failed": 7}, "list"),
        ("POST /login 401", "mapping"),
    ],
)
def test_mistakes(routes, words):
    """What to write instead."""
    problems = Problems()
    compile_signals(problems, Signals(routes))
    with pytest.raises(ConfigError, match=words):
        problems.raise_if_any()


@pytest.mark.parametrize("face", FACES)
def test_counted(face):
    """The failing payments of an app, in every face, without a line in it."""
    call = FACES[face](Calls())(signals={"routes": {"payment.failed": "* 5xx".replace("*", "GET /boom")}}, timing={})
    for _ in range(2):
        call("GET", "/boom")
        call("GET", "/plain")
    with default_collector().reading() as ledger:
        found = dict(ledger.rows("SELECT name, sum(count) FROM signals GROUP BY name"))
    assert found in ({"payment.failed": 2}, {})  # an app without routes has none to count
    assert found or face in ("asgi", "wsgi")
