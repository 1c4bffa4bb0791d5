"""The page in Chromium: axe-core passes in light, dark and on a phone; it refreshes and needs no script."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from launchready.asgi import LaunchReadyMiddleware
from launchready.dashboard import links
from launchready.settings.dashboard import Dashboard
from launchready.settings.timing import Timing
from support.browser import axe_violations, chromium
from support.servers import free_port, until
from support.week import NEWEST, week

KEY = "".join(reversed("a-key-that-is-only-for-this-test"))
TARGETS = {"POST /payments": "300ms", "POST /bookings": "800ms"}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b'<!doctype html><title>chat</title><a href="%s">look</a>' % scope["query_string"]
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Address and face of an app with a week of data."""
    import uvicorn

    folder = tmp_path_factory.mktemp("site")
    week(folder / "a.metrics.db", time.time(), last_day=300)
    face = LaunchReadyMiddleware(
        app, store=f"sqlite:///{folder}/a.db", secret_key=KEY, release=NEWEST, dashboard=Dashboard(),
        timing=Timing(targets=TARGETS),
    )  # fmt: skip
    server = uvicorn.Server(uvicorn.Config(face, port=free_port(), log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    until(lambda: server.started, "uvicorn")
    yield f"http://127.0.0.1:{server.config.port}", face
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)], ids=str)
def test_axe(site, browser, scheme, width):
    """No violation, no console output, one request, no horizontal overflow."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site[0]}/launchready?token={links.sign([KEY], time.time())}")
    assert page.url == f"{site[0]}/launchready"
    assert [url.partition("?")[0] for url in asked if "favicon" not in url] == [f"{site[0]}/launchready"] * 2
    assert said == []
    assert "POST /payments is slower" in page.inner_text("h1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_violations(page) == []
    context.close()


@pytest.mark.parametrize(("name", "scheme", "width"), [
    ("dashboard", "light", 1280), ("dashboard-dark", "dark", 1280), ("dashboard-phone", "light", 390),
])  # fmt: skip
def test_screenshots(site, browser, name, scheme, width, tmp_path):
    """The pictures of README.md and docs/dashboard.md, which ``make screenshots`` copies into the docs."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{site[0]}/launchready?token={links.sign([KEY], time.time())}")
    page.screenshot(path=Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"{name}.png")
    context.close()


def test_without_script(site, browser):
    """The whole page is there without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}/launchready?token={links.sign([KEY], time.time())}")
    assert page.locator("svg").count() == 5
    assert page.locator("table").count() >= 4
    page.get_by_text("more routes", exact=False).first.click()
    assert page.get_by_role("region", name="More routes").is_visible()
    assert not page.get_by_role("button").is_visible()
    context.close()


def test_it_refreshes(site, browser):
    """New data appears without a reload; paused, the page stays."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site[0]}/launchready?token={links.sign([KEY], time.time())}")
    page.evaluate("window.marked = true")
    for _ in range(30):
        site[1].stack.timings.record("GET", "/brand-new", 200, 9.0)
    page.evaluate("refresh()")
    page.get_by_text("GET /brand-new").wait_for()
    assert page.evaluate("window.marked") is True
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("button", name="Resume").is_visible()
    context.close()


def test_followed_from_a_chat(site, browser):
    """A link on another site opens the page despite the strict cookie."""
    context = browser.new_context()
    page = context.new_page()
    token = links.sign([KEY], time.time())
    page.goto(f"{site[0].replace('127.0.0.1', 'localhost')}/chat?{site[0]}/launchready?token={token}")
    page.click("a")
    page.get_by_text("Routes, worst first").wait_for()
    assert page.url == f"{site[0]}/launchready"
    context.close()
