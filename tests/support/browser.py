"""Real headless Chromium, driven by Playwright, and axe-core for what a person with a screen reader meets.

Chromium is the system's own (Debian: ``apt-get install chromium``); a test that needs it says so where it is missing.
"""

import contextlib
import shutil

from support.servers import needs


@contextlib.contextmanager
def chromium():
    """A browser; ``browser.new_page()`` opens a page. Pages of several origins are several hosts on loopback."""
    path = needs(
        "Chromium", shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # The sandbox needs privileges that a container does not give; every page here is our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def axe_violations(page):
    """What axe-core finds wrong on the page as it stands: ``["color-contrast: .card > a", ...]``."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {' '.join(node['target'])}" for rule in found for node in rule["nodes"]]
