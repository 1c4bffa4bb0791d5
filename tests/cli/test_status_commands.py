"""``launchready status`` and ``launchready dashboard-link``."""

import json
import time
from html.parser import HTMLParser

import pytest

from launchready.cli import main
from launchready.dashboard import links
from support.week import NEWEST, week

KEY = "".join(reversed("a-key-that-is-only-for-this-test"))


@pytest.fixture
def store(tmp_path, monkeypatch):
    week(tmp_path / "a.metrics.db", time.time(), every=1800, days=2)
    monkeypatch.setenv("LAUNCHREADY_STORE", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", KEY)
    return tmp_path


def test_status(store, capsys):
    """A summary, the routes with their targets, and the releases; the same as JSON."""
    assert main(["status", "--hours", "24", "--target", "POST /payments", "100ms"]) == 0
    text = capsys.readouterr().out
    assert "POST /payments" in text
    assert "100 ms" in text
    assert f"release {NEWEST}" in text
    assert main(["status", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["release"] == NEWEST
    assert len(document["routes"]) == 40


def test_status_as_a_file(store, tmp_path, capsys):
    """One HTML file without a script."""
    assert main(["status", "--html", "-o", str(tmp_path / "page.html")]) == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    HTMLParser().feed(html)
    assert "<script" not in html
    assert "POST /payments" in html
    assert capsys.readouterr().out == ""


def test_dashboard_link(store, capsys):
    """A link works until it expires or all links are revoked."""
    assert main(["dashboard-link", "--url", "https://api.acme.com/", "--hours", "2"]) == 0
    link = capsys.readouterr().out.strip()
    address, _, token = link.partition("?token=")
    assert address == "https://api.acme.com/launchready"
    assert links.is_valid([KEY], token, time.time() + 7000)
    assert not links.is_valid([KEY], token, time.time() + 7300)
    assert main(["dashboard-link", "--revoke-all"]) == 0
    newer = capsys.readouterr().out.strip().partition("?token=")[2]
    assert not links.is_valid([KEY], token, time.time(), epoch=1)
    assert links.is_valid([KEY], newer, time.time(), epoch=1)


@pytest.mark.parametrize("arguments", [["status"], ["dashboard-link"], ["dashboard-link", "--hours", "0"]])
def test_errors_say_what_to_set(arguments, tmp_path, monkeypatch, capsys):
    """No file, no key, no lifetime: exit 2, and the error says what to set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAUNCHREADY_STORE", raising=False)
    if "--hours" in arguments:
        monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", KEY)
    else:
        monkeypatch.delenv("LAUNCHREADY_SECRET_KEY", raising=False)
    assert main(arguments) == 2
    assert "LAUNCHREADY" in capsys.readouterr().err or "--hours" in arguments
