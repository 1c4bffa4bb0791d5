"""Requests, responses, problem documents, structured strings and recorded bodies."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.http import recorded_input
from launchready.http.message import Request, Response, add_vary, append, clean
from launchready.http.problem import problem
from launchready.http.structured import parse_string, string


def test_request_lines():
    """``get`` returns one line, ``lines`` all lines in order."""
    request = Request("GET", "/", b"/", b"", "https", "", [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert (request.get(b"a"), request.get(b"c")) == (b"3", None)
    assert request.lines(b"a") == [b"1", b"3"]
    assert Response(200, request.headers).get(b"a") == b"1"


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ([], b"Origin", [b"Origin"]),
        ([b"Accept"], b"Origin", [b"Accept, Origin"]),
        ([b"Origin"], b"Origin", [b"Origin"]),
        ([b"accept, ORIGIN"], b"Origin", [b"accept, ORIGIN"]),
        ([b"*"], b"Origin", [b"*"]),
        ([b"Original"], b"Origin", [b"Original, Origin"]),
    ],
)
def test_vary(before, name, after):
    """Vary holds each member once in any case, ``*`` covers all, and the app's members stay."""
    headers = [(b"vary", value) for value in before]
    add_vary(headers, name)
    assert headers == [(b"vary", value) for value in after]


def test_append():
    """Lines are added after the app's, Vary is merged."""
    headers = [(b"vary", b"accept"), (b"x", b"1")]
    append(headers, [(b"x", b"2"), (b"vary", b"Origin")], 200)
    assert headers == [(b"vary", b"accept, Origin"), (b"x", b"1"), (b"x", b"2")]
    bare = [(b"x", b"1")]
    append(bare, [(b"vary", b"Origin")], 200)
    assert bare == [(b"x", b"1"), (b"vary", b"Origin")]


def test_clean():
    """Names become lower case, owned headers are removed, two cookies stay two."""
    lines = [(b"Set-Cookie", b"a"), (b"set-cookie", b"b"), (b"Access-Control-Allow-Origin", b"*")]
    assert clean(lines, frozenset({b"access-control-allow-origin"})) == [(b"set-cookie", b"a"), (b"set-cookie", b"b")]


def test_problem():
    """A problem document has its type and length, no-store, and Retry-After in whole seconds."""
    made = problem(503, "x", "Title", "Détail", retry_after=0.2, headers=((b"vary", b"Origin"),), code="c")
    document = json.loads(made.body)
    assert document == {
        "type": "https://launchready.dev/problems/x", "title": "Title", "status": 503, "detail": "Détail", "code": "c",
    }  # fmt: skip
    assert made.headers == [
        (b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(made.body)),
        (b"cache-control", b"no-store"), (b"vary", b"Origin"), (b"retry-after", b"1"),
    ]  # fmt: skip


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_strings_there_and_back(text):
    """Every printable ASCII text survives writing and parsing a String."""
    assert parse_string(string(text).encode()) == text.encode()


@pytest.mark.parametrize(
    "value", [b"", b"abc", b'"', b'"a', b'a"', b'"a"b"', b'"\\a"', b'"\\"', b'"a\xff"', b'"a\n"', b'"a";p=1', b"'a'"]
)
def test_no_strings(value):
    """Anything else is rejected (RFC 9651 §3.3.3 and §4.2.5)."""
    assert parse_string(value) is None


@pytest.mark.parametrize("text", ["é", "a\n", "\x7f"])
def test_what_no_string_can_hold(text):
    """A character outside printable ASCII is refused when writing."""
    with pytest.raises(ValueError, match="outside printable ASCII"):
        string(text)


def test_a_body_tells_what_is_read():
    """RecordedInput records data of every read method."""
    told = []
    body = recorded_input.RecordedInput(io.BytesIO(b"one\ntwo\nthree\nfour"), told.append)
    assert body.read(2) == b"on"
    assert body.readline() == b"e\n"
    assert body.readline(2) == b"tw"
    assert next(iter(body)) == b"o\n"
    assert body.readlines() == [b"three\n", b"four"]
    assert b"".join(told) == b"one\ntwo\nthree\nfour"
