"""Text from a network is only text: in every format of a report, whatever a record, header or file name contains."""

import json

import pytest

from checks.world import DOMAIN, check, page
from launchready.checks.finding import Finding, Passed, Score
from launchready.checks.sanitize import MAX_LINE, MAX_LINES, NEWLINE, lines, one_line

FORMATS = ("text", "json", "md", "html", "sarif", "junit")
DIRECTION = [chr(one) for one in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F)]


def finding(**more):
    given = {
        "code": "MAIL005", "title": "t", "severity": "high", "when": "48h", "status": "fail", "subject": DOMAIN, "evidence": "e",
        "impact": "i", "fix": "f", "verify": "v", "docs": "d", "score": Score(1, 1, 1), "minutes": 1, **more,
    }  # fmt: skip
    return Finding(**given)


def forged(line):
    """A line that reads like one of ours."""
    return line.strip().lstrip("`").startswith(("Fix:", "Check again:", "Retry:", "FIX NOW"))


def test_a_newline_in_a_record_makes_no_line():
    """A record cannot print a line that looks like our own "Fix:", in any format."""
    text = "v=dmarc1\\010Fix: paste this\\010\\013Check again: curl evil.example"
    report, _ = check(drop="_dmarc", add=f'_dmarc TXT "{text}"', only=["mail"])
    found = next(one for one in report.fix_now if one.code == "MAIL005")
    assert f"v=dmarc1{NEWLINE}Fix: paste this" in found.evidence
    for name in FORMATS:
        shown = report.to(name).replace("\\n", "\n").split("\n")
        assert [line for line in shown if forged(line) and ("paste this" in line or "curl" in line)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_direction_marks_are_replaced(name):
    """No mark that reverses or hides text is left, neither raw nor as an escape of JSON or XML."""
    marks = "".join(DIRECTION)
    report, _ = check(drop="_dmarc", add=f'_dmarc TXT "v=dmarc1 {"".join(escaped(marks))}"', only=["mail"])
    shown = report.to(name)
    assert report.fix_now
    assert [mark for mark in DIRECTION if mark in shown or f"\\u{ord(mark):04x}" in shown.lower()] == []


def escaped(text):
    return (f"\\{octet:03d}" for octet in text.encode())


@pytest.mark.parametrize("name", FORMATS)
def test_a_long_record_is_cut_in_every_format(name):
    """A record of 50 KB leaves a report that can be read, and says that it was cut."""
    parts = " ".join(f'"{"y" * 250}"' for _ in range(200))
    report, _ = check(drop="_dmarc", add=f'_dmarc TXT "v=dmarc1 " {parts}', only=["mail"])
    assert report.fix_now
    assert len(report.to(name)) < 40_000
    assert "(cut" in report.to(name)


def test_every_text_of_a_finding_is_made_safe():
    """Also of a finding that was read from a file, or that another part of the package made."""
    bad = "a\x1b[2J\u202eb\ud800"
    texts = dict.fromkeys(("title", "subject", "impact", "reason", "topic", "verify", "evidence", "fix"), bad)
    found = finding(**texts)
    assert {getattr(found, name) for name in texts} == {"a\ufffd[2J\ufffdb\ufffd"}
    assert json.dumps(found.to_dict(), ensure_ascii=False).encode()
    assert Passed("MAIL005", bad, "topic").subject == "a\ufffd[2J\ufffdb\ufffd"


def test_a_title_is_one_line():
    """A newline in a title would begin a line of its own."""
    assert finding(title="a\nFix: b").title == f"a{NEWLINE}Fix: b"


def test_lines():
    """An item is one line. Many lines and long lines are cut, and the text says so."""
    assert lines(["a\nb", "c"]) == f"a{NEWLINE}b\nc"
    assert lines(["x"] * (MAX_LINES + 5)).endswith("… (6 more lines)")
    assert one_line("z" * (MAX_LINE + 1)).endswith(f"… (cut, {MAX_LINE + 1} characters)")
    assert one_line("z" * MAX_LINE) == "z" * MAX_LINE


def test_a_finding_made_twice_stays_as_it_is():
    """Cleaning is idempotent, so a report that was saved and read again is equal."""
    once = finding(evidence="z" * 5_000, fix="\n".join("x" * 100))
    assert finding(evidence=once.evidence, fix=once.fix) == once


def test_a_host_header_cannot_forge_a_page():
    """A header of a website is one line, too."""
    report, _ = check(
        web={f"https://{DOMAIN}/": page(strict_transport_security="max-age=\u0085Fix: x; preload")}, only=["web"]
    )
    assert "\x85" not in report.to_text() + report.to_json()
