"""Route patterns: which paths match, and which pattern wins."""

import pytest

from launchready.http.routes import Route, RouteTable

TABLE = RouteTable({each: each for each in (
    "/*", "GET /coaches", "/coaches", "/coaches/{id}", "/coaches/new", "/coaches/*", "POST|PUT /coaches/{id}", "/{any}",
)})  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "pattern"),
    [
        ("GET", "/coaches", "GET /coaches"),
        ("HEAD", "/coaches", "GET /coaches"),
        ("POST", "/coaches", "/coaches"),
        ("GET", "/coaches/7", "/coaches/{id}"),
        ("PUT", "/coaches/7", "POST|PUT /coaches/{id}"),
        ("PUT", "/coaches/new", "/coaches/new"),
        ("GET", "/coaches/7/slots", "/coaches/*"),
        ("GET", "/coachesx", "/{any}"),
        ("GET", "/Coaches", "/{any}"),
        ("GET", "/", "/*"),
        ("GET", "/a/b/c", "/*"),
    ],
)
def test_the_most_specific_wins(method, path, pattern):
    """A literal wins over ``{name}`` over ``*``; then a named method over any method."""
    assert TABLE.find(method, path, None) == pattern


@pytest.mark.parametrize("text", ["coaches", "get /x", "GET/x", "GET  x", "/a/*/b", "/a*", "/{a}{b}", "/{1}"])
def test_mistakes(text):
    """An invalid pattern is refused with the correction."""
    with pytest.raises(ValueError, match=r"write|segment"):
        Route(text)
