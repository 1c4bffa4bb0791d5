"""The formats for machines are valid by their own schemas, whatever a network put into the findings."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.checks.finding import SEVERITIES, Finding, Passed, Score
from launchready.checks.formats import junit, sarif
from launchready.checks.report import Report, formats

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "conformance" / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
# The elements of junit-10.xsd of the Jenkins xUnit plugin: their attributes, and what may stand inside.
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "time", "classname"}, {"failure", "error", "skipped"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
}


def finding(code="MAIL003", status="fail", severity="high", subject="coach.example", text="two records", **more):
    values = {
        "code": code, "title": text, "severity": severity, "when": "48h", "status": status, "subject": subject,
        "evidence": text, "impact": text, "fix": text, "verify": f"launchready check {subject}", "docs": "docs/x.md",
        "score": Score(3, 3, 3), "minutes": 5, "reason": "mail", "topic": "the list of senders",
    }  # fmt: skip
    return Finding(**(values | more))


texts = st.text(max_size=40)
findings = st.lists(
    st.builds(
        finding, st.sampled_from(["MAIL003", "DNS001", "TLS002"]), st.sampled_from(["fail", "undetermined"]),
        st.sampled_from(SEVERITIES), texts, texts,
    ),
    max_size=6,
)  # fmt: skip


def report(found, fine=()):
    return Report.of("coach.example", found, fine, started=0.0, seconds=1.5)


@given(findings)
def test_sarif_is_valid(found):
    """Every log is valid by the schema of OASIS, and holds one result a finding."""
    log = json.loads(report(found).to_sarif())
    VALIDATOR.validate(log)
    assert len(log["runs"][0]["results"]) == len(found)


@given(findings, texts)
def test_junit_is_valid(found, topic):
    """Every document parses, and holds only what the schema of JUnit allows; the counts are those of its cases."""
    root = ET.fromstring(report(found, [Passed("DNS001", "coach.example", topic)]).to_junit())
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
    suite = root.find("testsuite")
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) == len(found) + 1
    assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))


@pytest.mark.parametrize(
    ("status", "kind", "level", "element"),
    [("fail", "fail", "error", "failure"), ("undetermined", "open", "none", "error")],
)
def test_not_determined_is_neither_pass_nor_failure(status, kind, level, element):
    """What could not be checked is "open" in SARIF and an error in JUnit."""
    found = [finding(status=status)]
    result = json.loads(sarif.document(found))["runs"][0]["results"][0]
    assert (result["kind"], result["level"]) == (kind, level)
    assert ET.fromstring(junit.document(found)).find(f"testsuite/testcase/{element}") is not None


def test_sarif_places_a_finding():
    """A finding about a file stands at its line; one about a domain at the configuration."""

    def place(_finding):
        return "src/app.py", 12

    def where(log):
        return json.loads(log)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert where(sarif.document([finding()], place)) == {
        "artifactLocation": {"uri": "src/app.py"}, "region": {"startLine": 12},
    }  # fmt: skip
    assert where(sarif.document([finding()]))["artifactLocation"] == {"uri": "launchready.toml"}


def test_sarif_fingerprint_is_stable():
    """The identity of a result is its code and subject: a new wording keeps it, another subject does not."""

    def fingerprint(one):
        return json.loads(sarif.document([one]))["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(finding(text="one")) == fingerprint(finding(text="other"))
    assert fingerprint(finding()) != fingerprint(finding(subject="other.example"))


def test_every_format_is_a_method():
    """Each file in formats/ renders an empty report, too."""
    assert set(formats()) == {"html", "json", "junit", "md", "sarif", "text"}
    for name in formats():
        assert report([]).to(name)
