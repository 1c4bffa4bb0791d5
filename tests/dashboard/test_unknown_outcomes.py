"""Unknown outcomes of idempotency keys: on the page from every worker, and reported."""

import logging
import threading
import time

import pytest

from dashboard.test_dashboard import read
from faces.apps import wsgi_call
from launchready import stores
from launchready.core.idempotency.unknown_outcomes import Unknown, unknown
from launchready.dashboard.page import page
from launchready.dashboard.wording import age, verdict
from launchready.errors import StoreUnavailable
from launchready.idempotency import idempotent
from launchready.settings.signing import key_context
from launchready.settings.unknown_outcomes import BUDGET, FRESH, QUIET, SIGNAL, Alert, UnknownOutcomes
from launchready.wsgi import Idempotency, LaunchReadyMiddleware
from support import servers
from support.browser import axe_violations, chromium
from support.keys import key as uuid
from support.week import week

SECRET, OLDER = ("".join(reversed(word + " 0123456789 abcdefghijklm")) for word in ("terces wen", "terces dlo"))
NAMES = [name for name in stores.names() if name != "limits"]


class Killed(BaseException):
    """Ends a worker; not a response of the view."""


def app(environ, start_response):
    start_response("201 Created", [])
    if environ["PATH_INFO"] == "/bookings/die":
        raise Killed
    return [b"booked"]


def shop(url, **settings):
    made = LaunchReadyMiddleware(
        app, store=url, idempotency=Idempotency(routes=["POST /bookings/*"], lease="50ms"), redaction=None, **settings
    )
    call = wsgi_call(made)

    def post(path, key):
        return call("POST", f"/bookings/{path}", [("Idempotency-Key", uuid(key))], b"{}")

    return made, post


def die(post, key):
    with pytest.raises(Killed):
        post("die", key)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("secrets", [{}, {"secret_key": SECRET}, {"secret_key": SECRET, "secret_key_fallbacks": [OLDER]}],
                         ids=["none", "one", "two"])  # fmt: skip
def test_from_all_workers(name, secrets, tmp_path):
    """A key left open by one worker is counted once by another, under any secret; finished keys are not."""
    url = servers.store_url(name, tmp_path)
    made, post = shop(url, **secrets)
    other = made if name == "memory" else shop(url, **secrets)[0]
    before = made.status()["idempotency"]["unresolved"]["count"]
    unique = f"{name}-{time.monotonic_ns()}"
    die(post, unique)
    assert post("fine", f"{unique}-fine").status == 201
    threading.Event().wait(0.1)
    other.stack.unresolved = UnknownOutcomes(other.stack.adapter._store, other.stack.key_context, time.monotonic)
    found = other.status()["idempotency"]["unresolved"]
    assert (found["count"], found["whole"]) == (before + 1, True)
    assert found["oldest"] >= 0.1


def test_an_answer_under_one_secret_is_known():
    """A worker died between two writes: one of them is enough."""

    class Entry:
        age = 100.0

        def __init__(self, status):
            self.value = type("R", (), {"status": status, "lease": 1.0, "token": "t", "elapsed": 7.0})

    assert unknown([Entry(0), Entry(0)]) == Unknown(1, 107.0)
    assert unknown([Entry(201), Entry(0)]) == Unknown(0, 0.0)


class Counting:
    """A store that counts scans; ``passes``: seconds per entry."""

    def __init__(self, now, entries=0, passes=0.0):
        self.now, self.entries, self.passes, self.scans = now, entries, passes, 0

    def scan(self, space):
        self.scans += 1
        for _ in range(self.entries):
            self.now[0] += self.passes
            yield from ()


class Away:
    def scan(self, space):
        raise StoreUnavailable("away")


def test_a_count_is_remembered():
    """Ten viewers cause one scan in half a minute."""
    now = [0.0]
    store = Counting(now)
    count = UnknownOutcomes(store, key_context(), lambda: now[0])
    count()
    now[0] = FRESH - 1
    count()
    assert store.scans == 1
    now[0] = FRESH + 1
    count()
    assert store.scans == 2


def test_a_store_with_too_many_keys(tmp_path):
    """After a second the partial count is shown as a lower bound."""
    url = f"sqlite:///{tmp_path}/a.db"
    _, post = shop(url)
    for number in range(3):
        die(post, f"k{number}")
    threading.Event().wait(0.1)
    steps = iter([0.0, BUDGET / 2, BUDGET, BUDGET + 1])
    found = UnknownOutcomes(stores.connect(url), key_context(), lambda: next(steps))()
    assert (found["count"], found["whole"]) == (2, False)


def test_a_store_that_is_away():
    """The page shows that the store does not answer."""
    count = UnknownOutcomes(Away(), key_context(), time.monotonic)
    assert count() is None
    assert "the store does not answer" in page(shown(None))


def test_told(tmp_path, caplog):
    """One event per outcome, one log line a minute."""
    made, post = shop(f"sqlite:///{tmp_path}/a.db")
    now = [0.0]
    made.stack.key_context.counts.alert = Alert(lambda: now[0])
    die(post, "k")
    threading.Event().wait(0.1)
    with caplog.at_level(logging.WARNING, "launchready"):
        for seconds in (0.0, 1.0, QUIET + 1):
            now[0] = seconds
            assert post("die", "k").json["code"] == "outcome_unknown"
    assert sum("ls --unknown" in record.message for record in caplog.records) == 2
    servers.until(lambda: made.status()["signals"].get(SIGNAL) == 3, "the signals in the ledger")


def test_told_of_functions(tmp_path, caplog, monkeypatch):
    """A plain function is reported in the log."""
    from launchready.errors import OutcomeUnknown

    monkeypatch.delenv("LAUNCHREADY_STORE", raising=False)
    died = []

    @idempotent(key=lambda order: order, store=f"sqlite:///{tmp_path}/a.db", lease="50ms")
    def pay(order):
        died.append(order)
        raise Killed

    with pytest.raises(Killed):
        pay("k")
    threading.Event().wait(0.1)
    with caplog.at_level(logging.WARNING, "launchready"), pytest.raises(OutcomeUnknown):
        pay("k")
    assert died == ["k"]
    assert any("ls --unknown" in record.message for record in caplog.records)


# The page.


def shown(unresolved, path=None):
    base = {"release": "r", "routes": [], "releases": [], "scope": "machine", "since": 0.0, "now": 86400.0, "p95": None,
            "timeline": [{"start": 0.0, "requests": 5, "errors": 0, "error_share": 0.0, "p95": None}] * 2,
            "failures": [0, 0], "uptime": [True, True], "signals": {}, "jobs": []}  # fmt: skip
    if path is not None:
        base = read(path)
    routes = base["routes"] or [
        {"method": "POST", "route": "/pay", "count": 5, "errors": 0, "p50": None, "p95": None, "p99": None,
         "first_byte_p95": None, "target": None, "verdict": None, "exceptions": {}, "cached": 0, "limited": 0,
         "replayed": 0, "streams": 0, "websockets": 0, "disconnects": 0}
    ]  # fmt: skip
    return {**base, "routes": routes, "idempotency": {"unresolved": unresolved}}


def tile(html):
    start = html.index("<h2>Unknown outcomes</h2>")
    return html[start : html.index("</div>", start)]


@pytest.mark.parametrize(
    ("found", "words", "absent"),
    [
        ({"count": 0, "oldest": 0.0, "whole": True}, [">0<", "was answered"], ["warn", "bad"]),
        ({"count": 2, "oldest": 700.0, "whole": True}, ['"warn">◆ 2', "11\u202fmin", "ls --unknown"], ["bad"]),
        ({"count": 1, "oldest": 3600.0, "whole": True}, ['"bad">▲ 1', "1\u202fh"], ["warn"]),
        ({"count": 9, "oldest": 200_000.0, "whole": False}, ["9 or more", "2\u202fd"], ["warn"]),
    ],
)
def test_tile(found, words, absent):
    """Nothing to do; amber for an hour; then red with the command to run. The sentence agrees."""
    status = shown(found)
    text = tile(page(status))
    assert all(word in text for word in words)
    assert not any(word in text for word in absent)
    assert ("not known" in verdict(status)) == (found["count"] > 0)


def test_no_tile_where_nothing_is_protected(tmp_path):
    """Without protected routes there is no tile."""
    made = LaunchReadyMiddleware(app, store=f"sqlite:///{tmp_path}/a.db")
    made.stack.unresolved = Away()
    from launchready.runtime.current import ViewFeatures

    views, ViewFeatures.views = ViewFeatures.views, False
    try:
        assert "unresolved" not in made.status()["idempotency"]
    finally:
        ViewFeatures.views = views
    assert "Unknown outcomes" not in page({**shown(None), "idempotency": {}})


def test_ages():
    """Formatting of ages."""
    assert [age(seconds) for seconds in (0, 59, 60, 3599, 3600, 86_400 * 3)] == [
        "0\u202fs", "59\u202fs", "1\u202fmin", "59\u202fmin", "1\u202fh", "3\u202fd",
    ]  # fmt: skip


def test_axe(tmp_path):
    """Amber and red, light and dark, desktop and phone: axe-core passes, and nothing overflows."""
    week(tmp_path / "m.db", time.time())
    with chromium() as browser:
        for seconds in (60.0, 90_000.0):
            html = page(shown({"count": 3, "oldest": seconds, "whole": True}, tmp_path / "m.db"), live=False)
            for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
                context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
                tab = context.new_page()
                tab.set_content(html)
                assert axe_violations(tab) == []
                assert tab.evaluate("document.documentElement.scrollWidth") <= width
                tile_ = tab.locator(".card", has_text="Unknown outcomes")
                assert tile_.locator(".warn" if seconds < 3600 else ".bad").is_visible()
                context.close()


@pytest.fixture(scope="module", autouse=True)
def _servers_end():
    yield
    servers.close_all()
