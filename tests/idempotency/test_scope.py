"""Whose key it is, as the decorator's ``scope`` says from the framework's own request."""

import flask
import pytest

from faces.apps import wsgi_call
from launchready.flask import LaunchReady, idempotent


@pytest.fixture
def call():
    app, ran = flask.Flask("shop"), []

    @app.post("/orders")
    @idempotent(scope=lambda request: request.headers.get("X-User"))
    def order():
        ran.append(1)
        return {"ran": len(ran)}

    LaunchReady(app)
    ask = wsgi_call(app)
    return lambda *headers: ask("POST", "/orders", [("Idempotency-Key", "c"), *headers], b"{}").json["ran"]


def test_no_concatenation(call):
    """Users whose name and key read alike are two."""
    assert [call(("X-User", user)) for user in ("a", "a|", "a", "a:", "None")] == [1, 2, 1, 3, 4]


def test_nobody(call):
    """If the function returns None, the key is as one without a scope: it must not be guessable."""
    with pytest.raises(KeyError, match="ran"):  # a problem document
        call(("Authorization", "Bearer 1"))
    assert call(("X-User", "None")) == 1
