"""CORS on every kind of answer, by every face: the behaviours that a page of another origin sees."""

import pytest

import launchready
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS

APP = "https://app.example.com"
EVIL = "https://evil.example"
POLICY = CORS(allow_origins=[APP], allow_credentials=True, expose_headers=["X-Total"])

KINDS = [
    ("GET", "/plain", [], 200),
    ("GET", "/stream", [], 200),
    ("GET", "/varied", [], 200),
    ("GET", "/coaches", [("If-None-Match", '"v1"')], 304),
    ("GET", "/nowhere", [], 404),
    ("GET", "/boom", [], 500),
    ("GET", "/moved", [], 303),
    ("POST", "/bookings", [], 201),
]


def lines(answer):
    return sorted((name, value) for name, value in answer.headers if name.startswith("access-control-"))


@pytest.mark.parametrize(("method", "path", "headers", "status"), KINDS)
def test_every_kind_of_answer(face, method, path, headers, status):
    """Granted: the same three lines on any status. Anybody else: none of them. Vary names Origin once, always."""
    call = face(cors=POLICY, cache=Cache())
    if status == 304:
        call(method, path)
    granted = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", APP),
        ("access-control-expose-headers", "X-Total"),
    ]
    for origin, expected in ((APP, granted), (EVIL, []), ("null", []), (None, [])):
        passes = method == "GET" or origin in (APP, None)
        for _ in range(2):  # the second may be a stored answer
            answer = call(method, path, [*headers, *([("Origin", origin)] if origin else [])], b"")
            assert answer.status == (status if passes else 403)
            assert lines(answer) == expected, (origin, answer)
            fields = [name.strip().lower() for value in answer.all("vary") for name in value.split(",")]
            assert fields.count("origin") == 1, (origin, answer.all("vary"))


def test_everybody_is_a_constant(face):
    """``*``: one line, as it is, on whatever leaves and to whomever; no Vary, no reflection, no credentials."""
    call = face(cors=CORS(allow_origins=["*"]))
    for path in ("/plain", "/nowhere", "/boom", "/stream"):
        for origin in (APP, "null", None):
            answer = call("GET", path, [("Origin", origin)] if origin else [])
            assert lines(answer) == [("access-control-allow-origin", "*")]
            assert "origin" not in (answer.get("vary") or "").lower()


def test_parts_of_an_app(face):
    """The decoded path decides, by segments and by case, and the longest prefix."""
    parts = {"/v1/things/": CORS(allow_origins=["*"]), "/v1/things/mine/": CORS(allow_origins=[EVIL])}
    call = face(cors=CORS(allow_origins=[APP], paths=parts))
    for path, origin in (
        ("/v1/things/7", "*"), ("/v1/things/mine/7", EVIL), ("/v1/things/miner", "*"),
        ("/V1/things/7", None), ("/v1/thing", None), ("/plain", None),
    ):  # fmt: skip
        assert call("GET", path, [("Origin", EVIL)]).get("access-control-allow-origin") == origin, path


@pytest.mark.parametrize("pair", [(APP, EVIL), (EVIL, APP), (APP, APP)])
def test_two_lines_are_none(face, pair):
    """A browser sends one line of each: of two, equal or not, neither counts, and nothing is granted or carried out."""
    call = face(cors=POLICY)
    twice = [("Origin", origin) for origin in pair]
    assert lines(call("GET", "/plain", twice)) == []
    assert call("POST", "/bookings", twice, b"{}").status == 403
    sites = [("Sec-Fetch-Site", site) for site in ("cross-site", "same-origin")]
    for both in (sites, sites[::-1]):
        assert call("POST", "/bookings", both, b"{}").status == 403
    ask = [("Origin", APP), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Method", "GET")]
    assert call("OPTIONS", "/plain", ask).status == 403


def test_private_networks(face):
    """Access-Control-Allow-Private-Network is never sent, whoever asks for it."""
    ask = [
        ("Origin", APP),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Private-Network", "true"),
    ]
    answer = face(cors=POLICY)("OPTIONS", "/plain", ask)
    assert answer.status == 204
    assert lines(answer) == [("access-control-allow-credentials", "true"), ("access-control-allow-origin", APP)]


def test_a_plain_options_is_the_apps(face):
    """OPTIONS without both fields of a preflight reaches the app."""
    call = face(cors=POLICY)
    for headers in ([], [("Origin", APP)], [("Access-Control-Request-Method", "PUT")]):
        assert call("OPTIONS", "/plain", headers).status != 204


def test_another_policy_while_it_runs(face):
    """``launchready.cors.reconfigure``, with the object that the app was given."""
    policy = CORS(allow_origins=[APP])
    call = face(cors=policy)
    assert call("GET", "/plain", [("Origin", APP)]).get("access-control-allow-origin") == APP
    launchready.cors.reconfigure(policy, CORS(allow_origins=[EVIL]))
    assert call("GET", "/plain", [("Origin", EVIL)]).get("access-control-allow-origin") == EVIL
    assert call("GET", "/plain", [("Origin", APP)]).get("access-control-allow-origin") is None
