"""Policies: what a client is told, what is written wrong, and how bans and worker counts work out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute, storage, strategies

from launchready.core.ratelimit import BanRecord, Bans, LimitPolicy
from launchready.core.ratelimit.account_names import Unreadable, account_names, fold
from launchready.core.ratelimit.bans import BANS, LISTS, banned
from launchready.errors import ConfigError
from launchready.exchange.store import Consume, ConsumeLocal, Get, Refund
from launchready.exchange.window import MICRO, Taken, Window, fresh, take
from launchready.http.message import Request
from launchready.settings import deployment
from launchready.settings.build import build
from launchready.settings.rate_limit import Limit, RateLimit
from launchready.stores.memory import MemoryStore
from support.keys import SECRET

DAY = 86_400.0


def limiter(settings, **more):
    return build({"rate_limit": settings, **more}).limiter


def request(path="/", method="GET", peer="203.0.113.9", **headers):
    lines = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(method, path, path.encode(), b"", "https", peer, lines)


class Hands:
    at = 1_000.0

    def monotonic(self):
        return self.at

    wall = monotonic


def run(flow, store):
    """To its end, with a store to answer it."""
    try:
        while True:
            store.execute(next(flow))
    except StopIteration as end:
        return end.value


# What a client is told.


@pytest.mark.parametrize("period", [1.0, 60.0, 3600.0, 30 * DAY])
@given(reset=st.floats(0.001, 1.0), key=st.text(max_size=20))
def test_retry_after(period, reset, key):
    """Never earlier than it would pass, spread by client, never later than the window is long, at most a day."""
    windows = (Window(5, period),)
    policy = LimitPolicy("p", windows, str)
    answer = policy.refusal(Taken(False, 0, 0, reset * period), key, windows)
    wait = int(dict(answer.headers)[b"retry-after"])
    assert wait <= max(1, period, 0)
    assert wait <= DAY
    assert wait >= min(reset * period, DAY)


def test_not_all_come_back_at_once():
    """Clients that were refused together are told different times."""
    windows = (Window(5, 3600.0),)
    policy = LimitPolicy("p", windows, str)
    waits = {
        dict(policy.refusal(Taken(False, 0, 0, 1800.0), f"client {number}", windows).headers)[b"retry-after"]
        for number in range(50)
    }
    assert len(waits) > 20


def test_the_draft_by_name():
    """headers="draft-11" is what "draft" means in this release."""
    by_name = limiter(RateLimit("5/minute", headers="draft-11"))._default
    assert by_name.field == (b"ratelimit-policy", b'"default";q=5;w=60')
    both = limiter(RateLimit(Limit("5/minute; 100/day", concurrent=2)))._default
    assert (
        both.field[1] == b'"default";q=5;w=60, "default;2";q=100;w=86400, "default;slots";q=2;qu="concurrent-requests"'
    )


# Who is counted together.


def test_keys_of_the_users_own():
    """A key is what the function says, apart from every address; None is the address; length costs nothing."""
    policy = limiter(RateLimit("5/minute", key=lambda asked: asked.get(b"x-api-key")))._default
    assert policy.key(request()) == "203.0.113.9"
    assert policy.key(request(x_api_key="")) == "203.0.113.9"
    assert policy.key(request(x_api_key="abc")) == "k:abc"
    assert policy.key(request(x_api_key="198.51.100.7")) == "k:198.51.100.7"
    assert len(policy.key(request(x_api_key="\xff" * 10_000))) == 66
    numbers = limiter(RateLimit("5/minute", key=lambda asked: 7))._default
    assert numbers.key(request()) == "k:7"


def test_a_key_of_the_install():
    """With a secret key, what is stored of an address cannot be found by trying all addresses."""
    plain = limiter(RateLimit("5/minute"))._default
    salted = limiter(RateLimit("5/minute"), secret_key=SECRET)._default
    assert plain.prefix == "rate:default:"
    assert salted.prefix.startswith("rate:")
    assert len(salted.prefix) == len(plain.prefix) + 17


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (b"application/json", b'{"email": "a@b.example", "password": "x"}', ["a@b.example"]),
        (b"application/json", b'{"username": 7}', ["7"]),
        (b"application/json", b'["a"]', []),
        (b"application/json", b"{", []),
        (b"application/json", b'{"email": null, "login": "ada"}', ["ada"]),
        (b"application/json", b'{"user": {"email": "ada", "password": "x"}}', ["ada"]),
        (b"application/json", b'{"userName": "ada", "e-mail": ["bob"]}', ["ada", "bob"]),
        (b"application/x-www-form-urlencoded", b"user=ada&user=bob&password=x", ["ada", "bob"]),
        (b"application/x-www-form-urlencoded; charset=utf-8", b"email=a%40b.example", ["a@b.example"]),
        (b"application/x-www-form-urlencoded", b"login-email=ada&user[phone]=1", ["ada", "1"]),
        (
            b"multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b.example\r\n--b--',
            ["a@b.example"],
        ),
        (b"multipart/form-data; boundary=b", b"--b--", []),
        (b"", b"", []),
        (b"text/plain", b"\xff\xfe", []),
    ],
)
def test_the_accounts_that_a_log_in_names(kind, body, name):
    """Every value of every candidate field counts, in JSON at any depth and in both kinds of forms."""
    asked = Request("POST", "/login", b"/login", b"", "https", "192.0.2.1", [(b"content-type", kind)])
    assert list(account_names(asked, body)) == name


@pytest.mark.parametrize(
    ("kinds", "body", "status"),
    [
        ([b"application/json"], b'{"a":' * 30_000, 400),
        ([b"application/json"], json.dumps({"email": [str(number) for number in range(9)]}).encode(), 400),
        ([b"application/json; charset=utf-16"], b"{}", 415),
        ([b"application/json", b"text/plain"], b"{}", 400),
        ([b"multipart/form-data"], b"--b--", 400),
        ([b"multipart/form-data; boundary=b"], b"--b\nx", 400),
        ([b"multipart/form-data; boundary=b"], b"--b\r\nX: y\r\n\r\n1\r\n--b--", 400),
    ],
)
def test_a_log_in_that_frameworks_read_differently_is_refused(kinds, body, status):
    """Its accounts cannot be determined, so the app does not get it."""
    lines = [(b"content-type", kind) for kind in kinds]
    with pytest.raises(Unreadable) as refused:
        account_names(Request("POST", "/login", b"/login", b"", "https", "192.0.2.1", lines), body)
    assert refused.value.status == status


def test_http_basic_and_the_query_name_accounts():
    """The user of HTTP Basic and the fields of the query count like those of the body."""
    asked = Request(
        "POST", "/login", b"/login", b"email=bob", "https", "192.0.2.1", [(b"authorization", b"Basic YWRhOng=")]
    )
    assert account_names(asked, b"") == ("bob", "ada")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", " ada "), ("\u00e4da", "ADA"), ("\uff21da", "a\u200bda"), ("stra\u00dfe", "STRASSE"), ("s\u00f8ren", "Soren"),
        ("+49 (170) 12-34", "049170 1234"), ("7", "7.0"), ("a\u0301da", "\u00e1da"), ("I\u0307d", "id"),
    ],
)  # fmt: skip
def test_spellings_of_one_account_share_a_counter(one, other):
    """Databases compare without regard to case, width, marks and invisible characters; so does the guard."""
    assert fold(one) == fold(other)
    assert fold(one) != fold("bob")


# Bans.


def test_bans_grow():
    """Twice as long each time, up to the longest; forgotten so long after the last; lifted by name."""
    clock = Hands()
    store = MemoryStore(clock)
    bans = Bans(2, 600.0, 600.0, 3000.0, lambda client: client == "10.0.0.1")
    lengths = []
    for _ in range(5):
        assert run(bans.strike("c"), store) is False
        assert run(bans.strike("c"), store) is True
        answer = run(bans.check("c"), store)
        assert answer.status == 429
        lengths.append(int(dict(answer.headers)[b"retry-after"]))
        assert run(banned(), store) == {"c": BanRecord(len(lengths), lengths[-1])}
        clock.at += lengths[-1]
        assert run(bans.check("c"), store) is None
    assert lengths == [600, 1200, 2400, 3000, 3000]
    clock.at += 3001
    assert run(bans.strike("c"), store) is False
    assert run(bans.strike("c"), store) is True
    assert dict(run(bans.check("c"), store).headers)[b"retry-after"] == b"600"
    assert run(bans.lift("c"), store) is True
    assert run(bans.lift("c"), store) is False
    assert run(bans.check("c"), store) is None
    assert run(banned(), store) == {}
    assert bans.spared("10.0.0.1")
    assert bans.spared("local")


def test_what_is_stored_of_a_ban():
    """It comes back as it was, and the list is bounded."""
    assert BANS.load(BANS.dump(BanRecord(3, 600.0))) == BanRecord(3, 600)
    assert LISTS.load(LISTS.dump(("a", "b"))) == ("a", "b")
    assert (BANS.size(BanRecord(1, 1.0)), LISTS.size(("ab", "c"))) == (32, 3)


# Counting in one process for want of a store.


def test_each_worker_for_its_part():
    """Four workers let a quarter through each; at least one, so that nobody is locked out."""
    windows = (Window(100, 60.0), Window(3, 1.0))
    policy = LimitPolicy("p", windows, str, workers=4)
    assert [window.limit for window in policy.local] == [25, 1]
    assert deployment.workers({"WEB_CONCURRENCY": "4"}) == 4
    assert [deployment.workers({"WEB_CONCURRENCY": text}) for text in ("", "0", "x", "\N{SUPERSCRIPT TWO}")] == [1] * 4
    assert deployment.workers({}) == 1


def test_taken_here_is_given_back_here():
    """What was counted in this process while the store was down is not given to the store."""
    from launchready.core.ratelimit.limiter import _undo

    here, there = ConsumeLocal("k", (Window(1, 1.0),)), Consume("k", (Window(1, 1.0),))
    here.at = there.at = 5
    assert type(_undo(there)) is Refund
    assert isinstance(_undo(here), Refund)
    assert type(_undo(here)) is not Refund
    assert _undo(there, everything=True).at is None
    assert Get  # the verbs of bans


# Functions of the user's own.


@pytest.mark.parametrize("failing", [lambda _: 1 // 0, lambda asked: asked.get(b"x-api-key").decode()], ids="ab")
def test_a_function_that_fails(failing, caplog):
    """A key that cannot be had is the address, a cost that cannot is 1; the log says it, and nobody gets an error."""
    made = limiter({"default": Limit("5/minute", key=failing, cost=failing)})
    for _ in range(3):
        assert made._default.key(request()) == "203.0.113.9"
        assert made._default.cost(request()) == 1
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


@pytest.mark.parametrize(("said", "units"), [(3, 3), (-5, 0), (2.9, 2), ("4", 4), (10**30, 10**9), (None, 1)])
def test_what_a_cost_may_be(said, units):
    """A whole number from nothing to a bound that every store can count to."""
    made = limiter({"default": Limit("5/minute", cost=lambda _: said)})
    assert made._default.cost(request()) == units


def test_names_in_any_alphabet():
    """A route is shown in the fields as they can say it (RFC 9651 strings are ASCII)."""
    made = limiter({"routes": {'GET /caf\xe9/"x"': "5/minute; 9/hour"}})
    (policy,) = made._routes.values()
    assert policy.field[1] == rb'"GET /caf\\xe9/\"x\"";q=5;w=60, "GET /caf\\xe9/\"x\";2";q=9;w=3600'
    refusal = policy.refusal(Taken(False, 1, 0, 5.0), "k", policy.windows)
    assert json.loads(refusal.body)["violated-policies"] == ['GET /caf\\xe9/"x";2']


# What is written wrong.


async def nobody(request):
    """Never runs."""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (RateLimit("10/minit"), '"60/minute"'),
        (RateLimit("0/minute"), "at least 1"),
        (RateLimit("10/0 minutes"), "no time"),
        (RateLimit("10 per 0 minute"), "no time"),
        (RateLimit("99999999999999999999/minute"), "at most"),
        (RateLimit(Limit("5/minute", refund="no")), "True or False"),
        (RateLimit(key=nobody), "a plain def"),
        (RateLimit(Limit("5/minute", cost=nobody)), "a plain def"),
        (RateLimit(["5/minute"]), "write Limit(...) or None"),
        (RateLimit(5), "write Limit(...) or None"),
        (RateLimit({"rate": "5/minute", "coutn": "failures"}), "did you mean 'count'"),
        (RateLimit(Limit()), '"60/minute"'),
        (RateLimit(Limit("5/minute", count="fails")), '"all" or "failures"'),
        (RateLimit(Limit(None, count="failures", concurrent=1)), "failures are counted by a rate"),
        (RateLimit(Limit(None, key="account", concurrent=1)), "needs a rate"),
        (RateLimit(Limit("5/minute", key="user")), '"ip", "account", "all"'),
        (RateLimit(Limit("5/minute", cost=6)), "smaller cost"),
        (RateLimit(Limit("5/minute", cost=0)), "at least 1"),
        (RateLimit(Limit(None, concurrent=0)), "at least 1"),
        (RateLimit(Limit(None, concurrent=300)), "256"),
        (RateLimit(Limit(None, concurrent=1, lease="soon")), "not a duration"),
        (RateLimit(mode="dry"), '"enforce" or "shadow"'),
        (RateLimit(Limit("5/minute", mode="dry")), '"enforce" or "shadow"'),
        (RateLimit(headers="draft-7"), "draft-11"),
        (RateLimit(ipv6_prefix=32), "at least 48"),
        (RateLimit(max_keys=0), "at least 1"),
        (RateLimit(ban={"after": 0}), "at least 1"),
        (RateLimit(ban={"afetr": 3}), "did you mean 'after'"),
        (RateLimit(ban=7), "write Ban(...) or None"),
        (RateLimit(routes={"login": "5/minute"}), 'write "/login"'),
        (RateLimit(routes={"POST /x": Limit("5/minute", on_store_error="panic")}), '"allow" or "deny"'),
        (RateLimit(exempt="GET /x"), "['GET /x']"),
    ],
)
def test_mistakes(settings, words):
    """When the app is built, each with what to write instead."""
    with pytest.raises(ConfigError) as caught:
        build({"rate_limit": settings})
    assert any(words in line for line in caught.value.problems), caught.value.problems


def test_a_mapping_will_do():
    """As Django's settings have it, all the way down."""
    made = limiter(
        {"routes": {"POST /login": {"rate": "5/minute", "count": "failures", "key": "account"}}, "ban": "1h"}
    )
    (policy,) = made._routes.values()
    assert policy.failures
    assert policy.guard is not None
    assert policy.bans.time == 3600


# Beside `limits`.


class Still(storage.MemoryStorage):
    """Without its timer, which forgets by the true time and not by the trace's."""

    _MemoryStorage__schedule_expiry = _MemoryStorage__expire_events = lambda self: None


@given(steps=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=120), limit=st.integers(1, 30))
def test_beside_the_moving_window_of_limits(steps, limit):
    """The log of the package that reads our rates, on the same trace: we let as many through, and never one too many."""
    from unittest import mock

    now, windows, times = 1_790_000_000 * MICRO, (Window(limit, 60.0),), []
    states, theirs = fresh(windows), strategies.MovingWindowRateLimiter(Still())
    item, ours_count, their_count = RateLimitItemPerMinute(limit), 0, 0
    for step in steps:
        now += step
        with mock.patch("time.time", return_value=now / MICRO):
            their_count += theirs.hit(item, "k")
        if take(states, now, windows, 1).allowed:
            ours_count += 1
            times.append(now)
    assert all(sum(at - 60 * MICRO < each <= at for each in times) <= limit for at in times)
    assert ours_count >= 0.9 * their_count
