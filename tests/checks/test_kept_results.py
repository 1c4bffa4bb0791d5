"""What a project keeps between runs: the newest answer of each code, with its date."""

import json

import pytest

from checks.test_sanitize import finding
from launchready.checks.finding import Passed
from launchready.checks.report import Report


def report(*findings, passed=(), started, checked):
    return Report.of("coach.example", findings, passed, started=started, seconds=1.0, checked=checked)


WHOLE = report(
    finding(code="MAIL005"), finding(code="WEB003"), passed=[Passed("DNS001", "coach.example", "the domain exists")],
    started=100.0, checked=["DNS001", "MAIL005", "WEB003"],
)  # fmt: skip


def test_a_partial_run_does_not_replace_a_whole_one():
    """The answers of other codes stay, with the date of the run that gave them."""
    partial = report(passed=[Passed("MAIL005", "coach.example", "DMARC")], started=200.0, checked=["MAIL005"])
    kept = partial.completed(WHOLE)
    assert [one.code for one in kept] == ["WEB003"]
    assert [one.code for one in kept.passed] == ["DNS001", "MAIL005"]
    assert dict(kept.dates) == {"DNS001": 100.0, "MAIL005": 200.0, "WEB003": 100.0}
    assert Report.from_dict(json.loads(kept.to_json())) == kept


def test_what_could_not_be_checked_keeps_its_last_answer():
    """A run without a network deletes no answer."""
    silent = report(finding(code="MAIL005", status="undetermined"), started=200.0, checked=["MAIL005"])
    kept = silent.completed(WHOLE)
    assert [(one.code, one.status) for one in kept] == [("MAIL005", "fail"), ("WEB003", "fail")]
    assert kept.dates["MAIL005"] == 100.0


def test_what_was_never_answered_stays_undetermined():
    """Without an earlier answer the kept report says that there is none."""
    silent = report(finding(code="MAIL007", status="undetermined"), started=200.0, checked=["MAIL007"])
    assert [(one.code, one.status) for one in silent.completed(WHOLE)][-1] == ("MAIL007", "undetermined")


@pytest.mark.parametrize(("checked_before", "kind"), [(["DNS001"], "first"), (["DNS001", "TLS001"], "new")])
def test_only_what_was_checked_before_is_new(checked_before, kind):
    """A finding of a code that did not run last time is reported as checked for the first time."""
    before = report(started=100.0, checked=checked_before)
    now = report(finding(code="TLS001"), started=200.0, checked=["DNS001", "TLS001"])
    diff = now.diff(before)
    assert [one.code for one in getattr(diff, kind)] == ["TLS001"]
    assert len(diff.new) + len(diff.first) == 1
    assert diff
    assert kind.upper() in diff.to_text()


def test_fixing_five_findings():
    """A second run after five repairs shows five fixed and nothing new."""
    codes = [f"WEB00{number}" for number in range(1, 6)]
    before = report(*(finding(code=code) for code in codes), started=100.0, checked=codes)
    diff = report(started=200.0, checked=codes).diff(before)
    assert (len(diff.fixed), len(diff.new), len(diff.first)) == (5, 0, 0)
