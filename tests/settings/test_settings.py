"""Settings: every mistake is told, all together, with what to write instead."""

import sys

import pytest

from launchready.errors import ConfigError, MissingExtra
from launchready.settings import deployment
from launchready.settings.build import build
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.idempotency import Idempotency
from launchready.settings.problems import Problems
from launchready.settings.rate_limit import RateLimit


def problems(**settings):
    with pytest.raises(ConfigError) as caught:
        build(settings)
    return caught.value.problems


def test_all_mistakes_at_once():
    """One error holds a line for each mistake of each feature."""
    told = problems(
        cors=CORS(allow_origins=["https://app.example.com/"], max_age=10**6),
        rate_limit=RateLimit("10/minit", {"login": "5/minute"}),
        idempotency=Idempotency(routes=["GET /x"], keep="1s", lease="90s"),
        cache=Cache(routes={"POST /x": "60s"}),
        stroe="memory://",
    )
    assert len(told) == 8


def test_a_short_keep():
    """A lease that nobody asked for is no mistake: the claim lasts as long as what is kept. One that was asked for is."""
    build({"idempotency": Idempotency(keep="1s")})
    assert problems(idempotency=Idempotency(keep="1s", lease="2s")) == (
        "idempotency.lease='2s' is longer than keep='1s'; write lease='1s', or less",
    )


def test_a_missing_extra_hides_no_mistake(monkeypatch):
    """What is not installed is told alone where the settings are right, and with the mistakes where they are not."""
    monkeypatch.setitem(sys.modules, "redis", None)
    command = 'pip install "launchready[redis]"'
    with pytest.raises(MissingExtra) as caught:
        build({"store": "redis://127.0.0.1"})
    assert command in str(caught.value)
    told = problems(store="redis://127.0.0.1", rate_limit="10/minit")
    assert [command in line for line in told] == [False, True]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rate_limits": "5/minute"}, "did you mean 'rate_limit'"),
        ({"cors": {"allow_orgins": []}}, "did you mean 'allow_origins'"),
        ({"rate_limit": "10/minit"}, '"60/minute"'),
        ({"store": "mongodb://x:secret@y"}, "sqlite://"),
        ({"trusted_proxies": "10.0.0.0/8"}, "['10.0.0.0/8']"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "10.0.0.0/8"),
        ({"idempotency": Idempotency(routes="POST /x")}, "['POST /x']"),
        ({"health": {"live": "livez"}}, '"/livez"'),
        ({"redaction": {"patterns": {"x": "("}}}, "regular expression"),
        ({"cors": CORS(allow_origins=["*"], allow_credentials=True)}, "https://app.example.com"),
        ({"cors": CORS(allow_origins="https://a.example.com")}, "['https://a.example.com']"),
        ({"cors": CORS(allow_origins=["null"])}, "remove it"),
        ({"cors": CORS(allow_origins=["http://a.example.com"], allow_credentials=True)}, "https://a.example.com"),
        ({"cors": CORS(allow_origins=["https://*.github.io"])}, "strangers"),
        ({"cors": CORS(allow_origins=["https://A.example.com"])}, "https://a.example.com"),
        ({"cors": CORS(allow_origins=["https://a.example.com:443"])}, '"https://a.example.com"'),
        ({"cors": CORS(allow_origins=["a.example.com"])}, '"https://a.example.com"'),
        ({"cors": CORS(allow_origins=["https://a.example.com"], allow_methods=["TRACE"])}, "TRACE"),
        ({"cors": CORS(allow_origins=["https://a.example.com"], allow_headers=["Cookie"])}, "Cookie"),
        ({"cors": CORS(allow_origins=["https://a.example.com"], expose_headers=["Set-Cookie"])}, "Set-Cookie"),
    ],
)
def test_what_to_write_instead(settings, words):
    """The line names what to write."""
    told = problems(**settings)
    assert any(words in line for line in told), told
    assert not any("secret" in line for line in told)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("24h", 86_400), ("800ms", 0.8), ("30d", 2_592_000), ("15m", 900), (5, 5)]
)
def test_durations(text, seconds):
    """One notation for every duration."""
    assert Problems().duration("x", text) == seconds


def test_release():
    """The argument wins, then our variable, then the platform's."""
    environ = {"LAUNCHREADY_RELEASE": "b", "RENDER_GIT_COMMIT": "c"}
    assert deployment.release("a", environ) == "a"
    assert deployment.release(None, environ) == "b"
    assert deployment.release(None, {"RENDER_GIT_COMMIT": "c"}) == "c"


def test_environment_twins():
    """Store and proxies have one, read where the argument is absent."""
    assert deployment.store(None, {"LAUNCHREADY_STORE": "sqlite:///x.db"}) == "sqlite:///x.db"
    assert deployment.store(None, {}) == "memory://"
    assert deployment.trusted_proxies(Problems(), None, {"LAUNCHREADY_TRUSTED_PROXIES": "2"}) == 2
    assert deployment.trusted_proxies(Problems(), None, {"LAUNCHREADY_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}) == (
        "10.0.0.0/8",
        "::1",
    )


def test_environment_twins_are_read_where_the_argument_is_absent(monkeypatch, tmp_path):
    """By the very function that builds an app; mistakes in them are told like any other."""
    monkeypatch.setenv("LAUNCHREADY_RELEASE", "r9")
    monkeypatch.setenv("LAUNCHREADY_STORE", "mongodb://x")
    monkeypatch.setenv("LAUNCHREADY_TRUSTED_PROXIES", "10.0.0.0/8, nonsense")
    told = problems()
    assert len(told) == 2
    assert build({"store": "memory://", "trusted_proxies": 1}).release == "r9"
    for everybody in ("0.0.0.0/0", "10.0.0.0/8, ::/0"):
        monkeypatch.setenv("LAUNCHREADY_TRUSTED_PROXIES", everybody)
        assert any("believes anybody" in line for line in problems(store="memory://"))
    monkeypatch.setenv("LAUNCHREADY_TRUSTED_PROXIES", "\N{SUPERSCRIPT TWO}")
    assert any("trusted_proxies" in line for line in problems(store="memory://"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rate_limit": RateLimit(ipv6_prefix=200)}, "128 bits"),
        ({"rate_limit": RateLimit(headers="modern")}, '"legacy" or "off"'),
        ({"rate_limit": RateLimit(on_store_error="ignore")}, '"allow" or "deny"'),
        ({"idempotency": Idempotency(on_error="retry")}, '"store" or "release"'),
        ({"idempotency": Idempotency(keep=float("inf"))}, "not a duration"),
        ({"redaction": {"patterns": {"x": 5}}}, "regular expression as text"),
        ({"store": 5}, "sqlite:///"),
    ],
)
def test_more_words(settings, words):
    """Each word that is not one of a few names those few."""
    assert any(words in line for line in problems(**settings))
