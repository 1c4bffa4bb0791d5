"""``form_field``: ten clicks are one booking, and all ten see the same page."""

import asyncio
import re
import threading

import pytest

from faces.apps import asgi_call, wsgi_call
from launchready.errors import ConfigError
from launchready.idempotency import form_field, form_key, idempotent
from support.keys import key as uuid
from support.keys import secret

SECRET = secret("forms")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def value(html):
    return re.search(r'name="_idem" value="([^"]+)"', html.decode())[1]


class Shop:
    """A form and what it does, in Flask and FastAPI."""

    def __init__(self, framework, **settings):
        self.ran = 0
        self.entered = threading.Event()
        self.call = getattr(self, framework)({"secret_key": SECRET, **settings})

    def book(self):
        self.ran += 1
        self.entered.wait(0.05)
        return f"/bookings/{self.ran}"

    def flask(self, settings):
        import flask

        from launchready.flask import LaunchReady

        app = flask.Flask("shop")

        @app.get("/form")
        def form():
            return flask.render_template_string("<form>{{ idempotency_field() }}</form>")

        @app.post("/book")
        @idempotent(key="form:_idem")
        def book():
            return flask.redirect(self.book(), 303)

        LaunchReady(app, **settings)
        return wsgi_call(app)

    def fastapi(self, settings):
        from fastapi import FastAPI, Request
        from fastapi.responses import HTMLResponse, RedirectResponse

        from launchready.fastapi import LaunchReadyMiddleware

        app = FastAPI()

        @app.get("/form")
        async def form(request: Request):
            return HTMLResponse(f"<form>{form_field(request)}</form>")

        @app.post("/book")
        @idempotent(key="form:_idem")
        async def book():
            return RedirectResponse(await asyncio.to_thread(self.book), 303)

        app.add_middleware(LaunchReadyMiddleware, **settings)
        return asgi_call(app)


@pytest.fixture(params=["flask", "fastapi"])
def framework(request):
    return request.param


@pytest.fixture(params=[(), (secret("before"),)], ids=["one secret", "two secrets"])
def shop(framework, request):
    return Shop(framework, secret_key_fallbacks=request.param)


def test_ten_clicks(shop):
    """All ten get the same redirect."""
    body = f"_idem={value(shop.call('GET', '/form').body)}&slot=9".encode()
    answers, go = [], threading.Barrier(10)

    def click():
        go.wait()
        answer = shop.call("POST", "/book", [FORM], body)
        answers.append((answer.status, answer.get("location")))

    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(303, "/bookings/1")] * 10
    assert shop.ran == 1


def test_a_new_form_is_a_new_key(shop):
    """Each rendering has its own key."""
    keys = {value(shop.call("GET", "/form").body) for _ in range(3)}
    assert len(keys) == 3
    for key in keys:
        assert shop.call("POST", "/book", [FORM], f"_idem={key}".encode()).status == 303
    assert shop.ran == 3


def test_a_browsers_upload(shop):
    """A form with a file has a new boundary at every click, and is the same form."""
    key = value(shop.call("GET", "/form").body)

    def click(boundary, file):
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="{{}}"\r\n\r\n{{}}\r\n'
        body = part.format("_idem", key) + part.format('file"; filename="x.txt', file) + f"--{boundary}--\r\n"
        return shop.call(
            "POST", "/book", [("Content-Type", f"multipart/form-data; boundary={boundary}")], body.encode()
        )

    answers = [click("----one", "text"), click("----two", "text")]
    assert [answer.get("location") for answer in answers] == ["/bookings/1"] * 2
    assert click("----three", "other text").status == 422


def test_forged(shop):
    """A key that looks like ours and is not is refused; a client's own is his own."""
    key = value(shop.call("GET", "/form").body)
    refused = shop.call("POST", "/book", [FORM], f"_idem={key}x".encode())
    assert refused.status == 400
    assert refused.json["type"].endswith("/idempotency-key-malformed")
    assert shop.ran == 0
    assert shop.call("POST", "/book", [FORM], f"_idem={uuid('own')}".encode()).status == 303


def test_what_is_missing():
    """No middleware, or no secret: told when the form is rendered."""
    with pytest.raises(ConfigError, match="no launchready middleware"):
        form_key()
    with pytest.raises(ConfigError, match="nothing to sign with"):
        Shop("fastapi", secret_key=None).call("GET", "/form")


@pytest.mark.parametrize("key", ["json:order.id", "function"])
def test_keys_of_routes(key):
    """The middleware finds keys where it is told, without a decorator on the view."""
    import flask

    from launchready.flask import Idempotency, LaunchReady

    found = (lambda request: (request.get(b"x-order") or b"").decode() or None) if key == "function" else key
    app, ran = flask.Flask("shop"), []

    @app.post("/orders")
    def order():
        ran.append(1)
        return {"ran": len(ran)}

    LaunchReady(app, idempotency=Idempotency(routes=["POST /orders"], key=found))
    call = wsgi_call(app)
    for number in (1, 1, 2):
        headers = [("Content-Type", "application/json"), ("X-Order", f"order-{number}")]
        body = f'{{"order": {{"id": "{uuid(str(number))}"}}}}'.encode()
        assert call("POST", "/orders", headers, body).json == {"ran": number}
    assert len(ran) == 2
    assert call("POST", "/orders", [], b"{}").json == {"ran": 3}
    assert call("POST", "/orders", [], b"[" * 100_000).json == {"ran": 4}  # no JSON of anybody's: no key
