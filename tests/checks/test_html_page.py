"""The page a founder forwards: real Chromium, light, dark and printed, nothing loaded, nothing a screen reader misses."""

import pytest

from checks.world import DOMAIN, RECORDS, check, to, without
from support.browser import axe_violations, chromium


def everything_broken():
    """Findings of every kind, some that could not be checked, and much that is fine."""
    lines = without("(www|_dmarc|google)", RECORDS) + '\n@ TXT "v=spf1 -all"\napp 86400 A 192.0.2.11'
    report, _ = check(
        drop=".", add=lines, web={f"https://{DOMAIN}/": to(f"http://{DOMAIN}/")}, hosts=["app", "api", "gone"],
        faults=[{"name": f"_smtp._tls.{DOMAIN}", "action": "refused"}],
    )  # fmt: skip
    assert report.fix_now
    assert report.can_wait
    assert report.undetermined
    assert report.passed
    return report


@pytest.fixture(scope="module")
def pages():
    """The page of a bad day, and of a good one."""
    return {"bad": everything_broken().to_html(), "good": check()[0].to_html()}


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("width", [1200, 360])
def test_page(browser, pages, kind, scheme, media, width):
    """axe-core finds nothing, no request leaves, and nothing is wider than the screen."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(media=media, color_scheme=scheme)
    page.set_content(pages[kind])
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith(("about:", "data:"))] == []
    page.close()


def test_size(pages):
    """At most 100 KB, also on a bad day; a title, a language, and no script."""
    for page in pages.values():
        assert len(page.encode()) <= 100_000
        assert "<script" not in page
        assert '<html lang="en">' in page


def test_the_minimum_bar_comes_first(pages):
    """The first box says yes, no or could not check, one line each."""
    assert pages["good"].index("Minimum bar") < pages["good"].index("<h2>")
    assert "no: " in pages["bad"]
