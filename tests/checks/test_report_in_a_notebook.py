"""A report prints as text, and shows as a page in a notebook."""

import html

from checks.world import check


def test_print():
    """``print(report)`` shows what the terminal shows."""
    report, _ = check(drop="www")
    assert str(report) == report.to_text()
    assert "FIX NOW" in str(report)


def test_notebook():
    """The page is framed: neither its style nor text from a network reaches the notebook."""
    report, _ = check(drop="_dmarc", add='_dmarc TXT "v=dmarc1 \\" onload=alert(1) <script>"')
    shown = report._repr_html_()
    assert shown.startswith('<iframe srcdoc="')
    assert shown.count('"') == 4
    assert "<script" not in shown
    assert report.to_html() in html.unescape(shown)
