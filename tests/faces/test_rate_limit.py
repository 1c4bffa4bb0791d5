"""Limits that take, give back, refuse and remember, through every face."""

import asyncio
import json

import pytest

import launchready.ratelimit
from launchready.errors import ConfigError
from launchready.flask import LaunchReady
from launchready.ratelimit import limit
from launchready.settings.rate_limit import Ban, Limit, RateLimit
from support.keys import SECRET

HOUR = "3/hour"
GUARD = RateLimit(None, {"POST /login": Limit("3/hour", count="failures", key="account")})


def log_in(call, account, password, client="203.0.113.9", *, form=False):
    if form:
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        body = f"csrf=x&email={account}&password={password}".encode()
    else:
        headers, body = (
            [("Content-Type", "application/json")],
            json.dumps({"email": account, "password": password}).encode(),
        )
    return call("POST", "/login", headers, body, client=client)


def statuses(call, *tries, **options):
    return [log_in(call, *each, **options).status for each in tries]


# The log-in.


@pytest.mark.parametrize("form", [False, True])
def test_failures_count_and_successes_do_not(face, form):
    """Three wrong passwords, then not even the right one; any number of right ones."""
    call = face(rate_limit=GUARD)
    assert statuses(call, *[("ada@example.com", "right")] * 9, form=form) == [200] * 9
    assert statuses(call, *[("ada@example.com", "wrong")] * 3, form=form) == [401] * 3
    refused = log_in(call, "ada@example.com", "right", form=form)
    assert refused.status == 429
    assert int(refused.get("retry-after")) > 3000
    assert face.calls["/login"] == 12


def test_an_account_is_guarded_from_everywhere(face):
    """The account's counter does not care where the guesses come from, nor how the name is written."""
    call = face(rate_limit=GUARD)
    for place, name in enumerate(("ada@example.com", " ADA@example.com", "Ada@Example.com ")):
        assert log_in(call, name, "wrong", f"198.51.100.{place}").status == 401
    assert log_in(call, "ada@example.com", "right", "192.0.2.1").status == 429
    assert log_in(call, "bob@example.com", "right", "192.0.2.1").status == 200


def test_success_is_a_clean_sheet_for_the_account(face):
    """The right password resets the account's counter, and not the client's."""
    call = face(rate_limit=GUARD)
    tries = [("ada@example.com", word) for word in ("wrong", "wrong", "right")]
    answers = statuses(call, *tries * 6)
    assert answers == [*[401, 401, 200] * 5, 401, 401, 429]  # after twelve failures of one client: four times the limit
    assert log_in(call, "ada@example.com", "right", "192.0.2.1").status == 200


def test_stuffing(face):
    """One client that tries many accounts is stopped, whatever the accounts; others are not concerned."""
    call = face(rate_limit=GUARD)
    answers = statuses(call, *[(f"user{number}@example.com", "leaked") for number in range(6)])
    assert answers == [401, 401, 401, 429, 429, 429]
    assert log_in(call, "user9@example.com", "right", "192.0.2.1").status == 200


def test_nobody_learns_which_accounts_exist(face):
    """The 429 of an account that exists is that of one that does not, word for word."""
    seen = []
    for account in ("ada@example.com", "nobody@example.com"):
        call = face(rate_limit=GUARD)
        for _ in range(3):
            log_in(call, account, "wrong")
        refused = log_in(call, account, "wrong")
        document = {**refused.json, "detail": "Try again"}
        names = [name for name, _ in refused.headers]
        seen.append((refused.status, document, names))
    assert seen[0] == seen[1]
    assert seen[0][0] == 429


def test_a_form_shown_again_is_a_failure(face):
    """A browser's form answered with 200 and a page, and not with a redirect, did not log anybody in."""
    call = face(rate_limit=RateLimit(None, {"POST /form-login": Limit("2/hour", count="failures", key="account")}))
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    answers = [call("POST", "/form-login", form, b"username=ada&password=wrong").status for _ in range(3)]
    assert answers == [200, 200, 429]


@pytest.mark.parametrize("said", [b"wrong", b"signal"])
def test_the_app_says_it_in_words(face, said):
    """``launchready.ratelimit.failed()`` or the signal ``login.failed`` counts an answer that looks like any other."""
    call = face(rate_limit=RateLimit(None, {"POST /quiet-login": Limit("2/hour", count="failures")}))
    assert [call("POST", "/quiet-login", [], said).status for _ in range(3)] == [200, 200, 429]
    assert [call("POST", "/quiet-login", [], b"", client="192.0.2.1").status for _ in range(3)] == [200] * 3


# Costs.


def test_cost_and_refund(face):
    """A request costs what the route says, and nothing where the app failed."""
    call = face(
        rate_limit=RateLimit(None, {"POST /plain": Limit("10/hour", cost=4), "POST /boom": Limit("10/hour", cost=4)})
    )
    assert [call("POST", "/plain", [], b"x").status for _ in range(3)] == [200, 200, 429]
    assert [call("POST", "/boom", [], b"x").status for _ in range(4)] == [500] * 4


def test_cost_by_request(face):
    """A function of the request says what it costs."""
    limit = Limit("10/hour", cost=lambda request: 5 if request.query else 1)
    call = face(rate_limit=RateLimit(None, {"GET /plain": limit}))
    paths = ["/plain?all", "/plain", "/plain?all", "/plain", "/plain", "/plain", "/plain", "/plain"]
    assert [call("GET", path).status for path in paths] == [200, 200, 429, 200, 200, 200, 200, 429]


# At once.


def test_slots_are_let_go(face):
    """One at a time: answered, failed and streamed requests leave the slot free for the next."""
    slots = {path: Limit(None, concurrent=1) for path in ("GET /plain", "GET /boom", "GET /stream")}
    call = face(rate_limit=RateLimit(None, slots))
    for path, status in (("/plain", 200), ("/boom", 500), ("/stream", 200)):
        assert [call("GET", path).status for _ in range(3)] == [status] * 3
    policy = call("GET", "/plain").get("ratelimit-policy")
    assert policy == '"GET /plain";q=1;qu="concurrent-requests"'


# On a view.


def test_on_a_view(face):
    """``@limit("2/hour")`` refuses in the framework's own way, per client, on top of the middleware's limits."""
    call = face(rate_limit="9/hour", trusted_proxies=["10.0.0.0/8"])
    answers = [call("GET", "/limited") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["violated-policies"]
    assert answers[2].get("retry-after")
    assert len(answers[0].all("ratelimit-policy")) + answers[0].get("ratelimit-policy").count(",") == 2
    assert call("GET", "/limited", [("X-Forwarded-For", "192.0.2.7")], client="10.0.0.1").status == 200
    assert face.calls["/limited"] == 3


def test_on_a_view_of_a_user():
    """key="user" counts who is signed in, wherever he is; a function of the framework's request counts as it says."""
    import flask
    import flask_login

    app = flask.Flask("coach")
    app.secret_key = "test only"
    manager = flask_login.LoginManager(app)
    manager.request_loader(lambda request: _User(request.headers["X-User"]) if "X-User" in request.headers else None)
    by_tenant = limit("1/hour", key=lambda request: request.headers["X-Tenant"])
    app.add_url_rule("/mine", "mine", limit("1/hour", key="user")(lambda: "mine"))
    app.add_url_rule("/tenant", "tenant", by_tenant(lambda: "tenant"))
    LaunchReady(app)
    client = app.test_client()
    answers = [client.get("/mine", headers={"X-User": user}).status_code for user in ("ada", "bob", "ada")]
    assert answers == [200, 200, 429]
    assert [client.get("/mine").status_code for _ in range(2)] == [200, 429]
    assert [client.get("/tenant", headers={"X-Tenant": name}).status_code for name in "aba"] == [200, 200, 429]


class _User:
    is_authenticated = True

    def __init__(self, name):
        self.name = name

    def get_id(self):
        return self.name


def test_a_view_that_nothing_stands_around():
    """It is refused to run: a limit that counts nothing is worse than an error on the first try."""
    with pytest.raises(ConfigError, match="no launchready middleware"):
        limit("1/hour")(lambda: None)()
    with pytest.raises(ConfigError, match="no launchready middleware"):
        asyncio.run(limit("1/hour")(nothing)())
    with pytest.raises(ConfigError, match="no request is being answered"):
        launchready.ratelimit.failed()
    with pytest.raises(ConfigError, match="60/minute"):
        limit("often")(nothing)


async def nothing():
    """Never runs."""


# Shadow, bans, exemptions.


def test_shadow_mode(face, caplog):
    """Nothing is refused or told to the client; what would have been stands in the log and in the status."""
    call = face(rate_limit=RateLimit(None, {"GET /plain": "1/hour"}, mode="shadow"))
    answers = [call("GET", "/plain") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert not [name for answer in answers for name, _ in answer.headers if "ratelimit" in name]
    lines = [record.message for record in caplog.records if "shadow" in record.message]
    assert lines == ["rate limit 'GET /plain' is in shadow mode: it would have answered 429"] * 2


def test_ban(face):
    """Whoever goes on after the refusals is banned everywhere that bans; others are not, nor a trusted proxy."""
    routes = {"GET /plain": "1/hour", "GET /private": "1000/hour"}
    call = face(
        rate_limit=RateLimit(None, routes, ban=Ban("1h", after=3, within="10m")), trusted_proxies=["10.0.0.0/8"]
    )
    assert [call("GET", "/plain").status for _ in range(5)] == [200, 429, 429, 429, 429]
    banned = call("GET", "/private")
    assert banned.status == 429
    assert banned.json["type"].endswith("#abnormal-usage-detected")
    assert 3590 <= int(banned.get("retry-after")) <= 3600
    assert call("GET", "/private", client="192.0.2.1").status == 200
    assert launchready.bans()["203.0.113.9"].strikes == 1
    assert launchready.unban("203.0.113.9")
    assert "203.0.113.9" not in asyncio.run(launchready.abans())
    assert not asyncio.run(launchready.aunban("203.0.113.9"))
    assert call("GET", "/private").status == 200
    for _ in range(9):
        call("GET", "/plain", client="10.0.0.1")
    assert call("GET", "/private", client="10.0.0.1").status == 200


def test_not_counted_by_default(face):
    """Preflights, static files and health paths do not count; a route with a limit of its own does."""
    preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT")]
    call = face(rate_limit="1/hour")
    assert call("GET", "/plain").status == 200
    for method, path, headers in (
        ("GET", "/static/app.css", []), ("OPTIONS", "/plain", preflight),
        ("GET", "/livez", []),
    ):  # fmt: skip
        assert {call(method, path, headers, b"").status for _ in range(3)} & {429} == set(), path
    assert call("POST", "/webhooks/stripe", [], b"").status == 429
    assert call("GET", "/nowhere").status == 429  # who scans for paths is counted
    own = face(rate_limit=RateLimit(None, {"/static/*": "1/hour"}))
    assert [own("GET", "/static/app.css").status for _ in range(2)] == [404, 429]


def test_a_signature_header_exempts_nothing(face):
    """Only a verified signature does: a header that looks like one is counted like any other request."""
    call = face(rate_limit="2/hour")
    for junk in ("X-Signature", "Stripe-Signature", "X-Gitlab-Token"):
        statuses = [
            call("POST", "/webhooks/junk", [(junk, "x")], b"", client=f"192.0.2.{len(junk)}").status for _ in range(3)
        ]
        assert statuses == [404, 404, 429], junk


def test_a_device_that_has_logged_in_is_not_locked_out(face):
    """An attacker exhausts the account's counter from many addresses. The owner's browser still logs in."""
    call = face(rate_limit=GUARD, secret_key=SECRET)
    first = log_in(call, "ada@example.com", "right")
    cookie = first.get("set-cookie").partition(";")[0]
    assert "HttpOnly" in first.get("set-cookie")
    for place in range(5):
        log_in(call, "ada@example.com", "wrong", f"198.51.100.{place}")
    assert log_in(call, "ada@example.com", "right", "192.0.2.1").status == 429

    def owner(account, password, value=cookie):
        body = json.dumps({"email": account, "password": password}).encode()
        headers = [("Content-Type", "application/json"), ("Cookie", f"a=b; {value}")]
        return call("POST", "/login", headers, body, client="192.0.2.2")

    assert owner("ada@example.com", "right").status == 200
    assert owner("ada@example.com", "right", cookie[:-1] + ("0" if cookie[-1] != "0" else "1")).status == 429  # forged
    assert owner("Ada@example.com", "right").status == 429  # another account in some databases
    assert [owner("ada@example.com", "wrong").status for _ in range(4)] == [401, 401, 401, 429]


def test_a_padded_log_in_is_refused(face):
    """A body that is too large to read may hide the account, so it does not reach the app."""
    call = face(rate_limit=GUARD)
    body = json.dumps({"pad": "x" * 70_000, "email": "ada@example.com", "password": "right"}).encode()
    assert call("POST", "/login", [("Content-Type", "application/json")], body).status == 413
    assert face.calls.get("/login", 0) == 0


def test_everybody_together(face):
    """key="all" has one counter for all clients."""
    call = face(rate_limit=RateLimit(None, {"GET /plain": Limit("2/hour", key="all")}))
    assert [call("GET", "/plain", client=f"192.0.2.{place}").status for place in range(3)] == [200, 200, 429]


def test_a_429_is_readable_and_never_stored(face):
    """The page of another origin can read it, and no cache keeps it."""
    from launchready.settings.cors import CORS

    origin = "https://app.example.com"
    call = face(rate_limit="1/hour", cors=CORS(allow_origins=[origin]))
    call("GET", "/plain")
    refused = call("GET", "/plain", [("Origin", origin)])
    assert (refused.status, refused.get("access-control-allow-origin"), refused.get("cache-control")) == (
        429,
        origin,
        "no-store",
    )


@pytest.mark.parametrize("headers", ["draft", "legacy"])
def test_a_redirect_says_nothing_of_quotas(face, headers):
    """It is counted; what is left is told by the target, of the target."""
    call = face(rate_limit=RateLimit("3/hour", {"POST /bookings": "9/hour"}, headers=headers))
    for method in ("GET", "POST"):
        moved = call(method, "/moved", [], b"")
        assert moved.status == 303
        assert not [name for name, _ in moved.headers if "ratelimit" in name]
    assert [name for name, _ in call("GET", "/plain").headers if "ratelimit" in name]
    assert call("GET", "/plain").status == 429
    booked = call("POST", "/bookings", [], b"{}")
    assert (booked.status, booked.get("location")) == (201, "/bookings/7")
    assert [name for name, _ in booked.headers if "ratelimit" in name]
