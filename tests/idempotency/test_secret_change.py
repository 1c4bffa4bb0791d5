"""``secret_key`` changes: what else it signs, keys and finds goes on under ``secret_key_fallbacks``."""

import json
import re
import sqlite3
import subprocess
import sys
import time

import pytest

import launchready
from faces.apps import wsgi_call
from faces.cache_stands import PAGE, stands
from launchready.cli import main
from launchready.dashboard import links
from launchready.errors import ConfigError, OutcomeUnknown
from launchready.idempotency import current, idempotent
from launchready.idempotency.admin import KeyAdmin
from launchready.settings.build import build
from launchready.settings.cache import Cache
from launchready.settings.fingerprint import fingerprint
from launchready.wsgi import Dashboard, Idempotency, LaunchReadyMiddleware
from support.keys import key as uuid
from support.keys import secret

OLD, NEW, OLDER = (secret(name) for name in ("old", "new", "older"))
BEFORE = {"secret_key": OLD}
BETWEEN = {"secret_key": NEW, "secret_key_fallbacks": [OLD]}
AFTER = {"secret_key": NEW}
READS = {"secret_key": OLD, "secret_key_fallbacks": [NEW]}
FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Killed(BaseException):
    """What ends a worker: not an answer of its function."""


def use(monkeypatch, settings):
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", settings["secret_key"])
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY_FALLBACKS", ", ".join(settings.get("secret_key_fallbacks", [])))


# Settings.


@pytest.mark.parametrize("value", ["one", [1], [""], {"a": "b"}, 7])
def test_what_is_no_list(value):
    """A ConfigError that repeats nothing of it."""
    with pytest.raises(ConfigError, match="secret_key_fallbacks: a list") as caught:
        build({"secret_key": NEW, "secret_key_fallbacks": value})
    assert str(value) not in str(caught.value)


def test_fallbacks_alone(monkeypatch):
    """There is nothing to make new keys with."""
    monkeypatch.delenv("LAUNCHREADY_SECRET_KEY", raising=False)
    with pytest.raises(ConfigError, match="secret_key_fallbacks: what is new"):
        build({"secret_key_fallbacks": [OLD]})


def test_from_the_environment(monkeypatch):
    """With commas between; the secret itself and repetitions are left out. An empty variable is none."""
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", NEW)
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY_FALLBACKS", f" {OLD}, ,{OLDER},{OLD},{NEW}")
    assert build({}).adapter.secrets == (OLDER, OLD, NEW)
    assert build({"secret_key_fallbacks": []}).adapter.secrets == (NEW,)
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", "")
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY_FALLBACKS", "")
    assert build({}).key_context.secret is None
    with pytest.raises(ConfigError, match="encrypt"):
        build({"idempotency": Idempotency(encrypt=True)})


def test_no_secret_is_in_the_fingerprint():
    """What compares two deployments says nothing of their secrets."""
    assert len({fingerprint({**each, "dashboard": Dashboard(previous_keys=[OLD, *each])})
                for each in (BEFORE, BETWEEN, AFTER)}) == 1  # fmt: skip


def test_no_fallback_is_in_a_log_or_shown(capsys, monkeypatch):
    """An old key still opens what it sealed: it is hidden as the new one is, by whatever name."""
    key = "a8Kd93jfKq02" + "mXz81LpQ"
    for text in (f"LAUNCHREADY_SECRET_KEY_FALLBACKS={key},{key}x", f"SECRET_KEY_FALLBACKS=['{key}']"):
        assert key not in launchready.redact(text)
    assert key not in str(launchready.redact({"secret_key_fallbacks": [key]}))
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY_FALLBACKS", key)
    assert main(["config"]) == 0
    assert key not in capsys.readouterr().out


# Stored answers.


@pytest.mark.parametrize("encrypt", [False, True])
def test_signed_and_encrypted_answers(encrypt, tmp_path):
    """An answer of before is read and replayed; without the fallback it is another key."""
    ran = []

    def app(environ, start_response):
        ran.append(1)
        start_response("201 Created", [("content-type", "text/plain")])
        return [b"booked"]

    def call(settings):
        made = LaunchReadyMiddleware(
            app, store=f"sqlite:///{tmp_path}/a.db", idempotency=Idempotency(encrypt=encrypt), **settings
        )
        return wsgi_call(made)("POST", "/bookings", [("Idempotency-Key", uuid("k1"))], b"{}")

    assert call(BEFORE).get("idempotent-replayed") is None
    again = call(BETWEEN)
    assert (again.status, again.body, again.get("idempotent-replayed")) == (201, b"booked", "true")
    assert len(ran) == 1
    call(AFTER)
    assert len(ran) == 2


def test_an_answer_that_somebody_wrote(tmp_path):
    """What does not verify under the fallback is not believed, and nothing runs."""
    calls = []

    def app(environ, start_response):
        calls.append(1)
        start_response("201 Created", [])
        return [b"booked"]

    def call(settings):
        made = LaunchReadyMiddleware(app, store=f"sqlite:///{tmp_path}/a.db", idempotency=Idempotency(), **settings)
        return wsgi_call(made)("POST", "/bookings", [("Idempotency-Key", uuid("k1"))], b"{}")

    call(BEFORE)
    with sqlite3.connect(tmp_path / "a.db") as database:
        changed = "CAST(replace(value, CAST('booked' AS BLOB), CAST('BOOKED' AS BLOB)) AS BLOB)"
        assert database.execute(f"UPDATE launchready_kept SET value = {changed}").rowcount == 1
    database.close()
    assert call(BETWEEN).json["code"] == "outcome_unknown"
    assert len(calls) == 1


# Functions, steps and providers.


@pytest.mark.parametrize("order", [(BEFORE, BETWEEN), (BETWEEN, BEFORE), (BETWEEN, AFTER), (AFTER, BETWEEN)])
def test_an_attempt_that_died(order, monkeypatch, tmp_path):
    """Its repetition under the next settings has the same provider's key, does no finished step again, and fences."""
    charged, seen = [], []

    def charge():
        charged.append(1)
        return "charged"

    def pay(order_id):
        once = current()
        once.check()
        seen.append((once.downstream_key("stripe"), once.fence, once.key, once.step("charge", charge)))
        if len(seen) == 1:
            raise Killed
        return order_id

    for settings in order:
        use(monkeypatch, settings)
        made = idempotent(
            key=lambda order_id: f"pay:{order_id}", store=f"sqlite:///{tmp_path}/a.db", lease="50ms", on_crash="rerun"
        )(pay)
        try:
            assert made(7) == 7
        except Killed:
            time.sleep(0.1)
    first, second = seen
    assert (first[0], first[2:]) == (second[0], second[2:])
    assert second[1] > first[1]
    assert charged == [1]


def test_an_awaited_step(monkeypatch, tmp_path):
    """The same where steps are awaited."""
    import asyncio

    charged = []

    async def charge():
        charged.append(1)

    async def pay(order_id):
        await current().step("charge", charge)
        if len(charged) == len(order):
            raise Killed

    order = [BEFORE]

    async def attempt(settings):
        use(monkeypatch, settings)
        made = idempotent(
            key=lambda order_id: f"pay:{order_id}", store=f"sqlite:///{tmp_path}/a.db", lease="50ms", on_crash="rerun"
        )(pay)
        await made(7)

    with pytest.raises(Killed):
        asyncio.run(attempt(BEFORE))
    order.clear()
    time.sleep(0.1)
    asyncio.run(attempt(BETWEEN))
    assert charged == [1]


# The person on call.


@pytest.mark.parametrize("how", ["--done", "--retry"])
@pytest.mark.parametrize("made", [BEFORE, BETWEEN])
def test_resolved_by_hand(made, how, capsys, monkeypatch, tmp_path):
    """A key is one line, however many secrets it stands under, and is resolved under all of them."""
    url, ran = f"sqlite:///{tmp_path}/a.db", []

    def pay(order_id):
        ran.append(order_id)
        if len(ran) == 1:
            raise Killed

    def attempt(settings):
        use(monkeypatch, settings)
        return idempotent(key=lambda order_id: f"pay:{order_id}", store=url, lease="50ms")(pay)(7)

    with pytest.raises(Killed):
        attempt(made)
    time.sleep(0.1)
    use(monkeypatch, BETWEEN)
    assert main(["idempotency", "--store", url, "--format", "json", "ls", "--unknown"]) == 1
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert main(["idempotency", "--store", url, "resolve", "pay:7", how]) == 0
    if how == "--retry":
        attempt(BETWEEN)
        attempt(AFTER)
        assert ran == [7, 7]
        return
    for settings in (BEFORE, BETWEEN):
        with pytest.raises(OutcomeUnknown, match="carried out"):
            attempt(settings)
    if made is BETWEEN:
        with pytest.raises(OutcomeUnknown, match="carried out"):
            attempt(AFTER)
    assert ran == [7]


def test_a_desk_of_its_own(tmp_path):
    """The secrets can be given."""
    desk = KeyAdmin(f"sqlite:///{tmp_path}/a.db", NEW, [OLD])
    assert list(desk.rows()) == []
    desk.close()


# What else is signed.


def shop(settings, **flask_config):
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("shop")
    app.config.update(flask_config)
    ran = []

    @app.get("/form")
    def form():
        return flask.render_template_string("{{ idempotency_field() }}")

    @app.post("/book")
    @idempotent(key="form:_idem")
    def book():
        ran.append(1)
        return "booked"

    LaunchReady(app, **settings)
    return wsgi_call(app), ran


@pytest.mark.parametrize(
    ("rendered", "sent", "status"),
    [(BEFORE, BETWEEN, 200), (BETWEEN, READS, 200), (READS, BEFORE, 200), (BEFORE, AFTER, 400), (BETWEEN, BEFORE, 400)],
)
def test_a_form_that_is_open_meanwhile(rendered, sent, status, tmp_path):
    """It works under every worker that knows its secret: so those that only read the new one come first."""
    html = shop(rendered)[0]("GET", "/form").body.decode()
    key = re.search(r'value="([^"]+)"', html)[1]
    call, ran = shop({**sent, "store": f"sqlite:///{tmp_path}/a.db"})
    assert [call("POST", "/book", [FORM], f"_idem={key}".encode()).status for _ in range(2)] == [status] * 2
    assert len(ran) == (status == 200)


def test_the_frameworks_own_fallbacks():
    """Where ours is not set, Flask's secret signs, and its fallbacks are read."""
    html = shop({}, SECRET_KEY=OLD)[0]("GET", "/form").body.decode()
    key = re.search(r'value="([^"]+)"', html)[1]
    assert (
        shop({}, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD])[0]("POST", "/book", [FORM], f"_idem={key}".encode()).status
        == 200
    )
    assert shop({}, SECRET_KEY=NEW)[0]("POST", "/book", [FORM], f"_idem={key}".encode()).status == 400


DJANGO = """
import sys
from django.conf import settings
settings.configure(SECRET_KEY=sys.argv[1], SECRET_KEY_FALLBACKS=sys.argv[2:])
from launchready.django.exchange import DjangoExchange
print(list(DjangoExchange.secrets(None)))
"""


def test_djangos_own_fallbacks():
    """The newest last, as they are tried."""
    done = subprocess.run([sys.executable, "-c", DJANGO, "c", "b", "a"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a', 'b', 'c']\n"


def test_dashboard_links(tmp_path):
    """A link of before opens it, as those of ``previous_keys`` do."""
    made = LaunchReadyMiddleware(
        None, store=f"sqlite:///{tmp_path}/a.db", dashboard=Dashboard(previous_keys=[OLDER]), **BETWEEN
    )
    call = wsgi_call(made)
    told = [
        call("GET", f"/launchready?token={links.sign([key], time.time())}").status for key in (OLD, NEW, OLDER, "x")
    ]
    assert told == [303, 303, 303, 404]


def test_cached_answers(tmp_path):
    """What was cached before is still read; without the fallback it is asked for anew."""
    with stands("wsgi", f"sqlite:///{tmp_path}/store.db") as stand:
        page = (200, [("Cache-Control", "public, max-age=60")], PAGE)
        first, between, after = (stand(page, cache=Cache(), **each) for each in (BEFORE, BETWEEN, AFTER))
        between.host = after.host = first.host
        assert first().body == between().body == PAGE
        assert between.calls == []
        assert after().body == PAGE
        assert len(after.calls) == 1
