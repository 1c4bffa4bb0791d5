"""What a page loads: every place in HTML that makes a browser fetch something, or send a form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.web.page import mixed, references

BASE = "https://coach.example/book/"


@pytest.mark.parametrize(
    ("html", "url", "active"),
    [
        ('<script src="http://x.example/a.js">', "http://x.example/a.js", True),
        ('<SCRIPT SRC="HTTP://x.example/a.js">', "http://x.example/a.js", True),
        ("<iframe src=http://x.example/></iframe>", "http://x.example/", True),
        ('<link rel="preload stylesheet" href="http://x.example/a.css">', "http://x.example/a.css", True),
        ('<form action="http://x.example/pay">', "http://x.example/pay", True),
        ('<object data="http://x.example/o">', "http://x.example/o", True),
        ("<style>@import 'http://x.example/a.css';</style>", "http://x.example/a.css", True),
        ("<style>b{background:url( 'http://x.example/a.png' )}</style>", "http://x.example/a.png", False),
        ('<p style="background:url(http://x.example/a.png)">', "http://x.example/a.png", False),
        ('<img srcset="/a.png 1x, http://x.example/b.png 2x">', "http://x.example/b.png", False),
        ('<video poster="http://x.example/p.png">', "http://x.example/p.png", False),
        ('<base href="http://x.example/"><img src="a.png">', "http://x.example/a.png", False),
    ],
)
def test_mixed(html, url, active):
    """One reference that is not encrypted, and whether it can do what the page can."""
    assert [(one.url.replace("HTTP:", "http:"), one.active) for one in mixed(html, BASE)] == [(url, active)]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="http://x.example/">', '<link rel="canonical" href="http://x.example/">', '<img src="//x.example/a.png">',
        '<script src="/a.js">', "<p>http://x.example/a.js</p>", '<!-- <script src="http://x.example/a.js"> -->',
        '<img src="">', '<img src="http://[x">', "<style></style>url(http://x.example/a.png)",
    ],
)  # fmt: skip
def test_not_mixed(html):
    """Links, comments, text, and what takes the scheme of the page."""
    assert list(mixed(html, BASE)) == []


def test_pinned():
    """A hash beside the address of a script or a style."""
    html = '<script src="https://x.example/a.js" integrity="sha384-x"></script><script src="https://x.example/b.js">'
    assert [one.pinned for one in references(html, BASE)] == [True, False]


@given(st.text())
def test_never_raises(html):
    """HTML is whatever a server sends."""
    assert all(one.url for one in references(html, BASE))
