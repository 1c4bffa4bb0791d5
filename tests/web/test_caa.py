"""CAA by RFC 8659: who may issue for a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.net.answers import DnsAnswer
from launchready.web.caa import judge, may_issue

LE = "letsencrypt.org"


@pytest.mark.parametrize(
    ("host", "records", "allowed"),
    [
        ("x.example", {}, True),
        ("x.example", {"x.example": ['0 issue "letsencrypt.org"']}, True),
        ("x.example", {"x.example": ['0 issue "LetsEncrypt.org; validationmethods=dns-01"']}, True),
        ("x.example", {"x.example": ['0 issue "pki.goog"']}, False),
        ("x.example", {"x.example": ['0 issue "pki.goog"', '0 issue "letsencrypt.org"']}, True),
        ("x.example", {"x.example": ['0 issue ";"']}, False),
        ("x.example", {"x.example": ['0 iodef "mailto:a@x.example"']}, True),
        # The closest set of records decides alone.
        ("a.x.example", {"x.example": ['0 issue "pki.goog"']}, False),
        ("a.x.example", {"a.x.example": ['0 issue "letsencrypt.org"'], "x.example": ['0 issue ";"']}, True),
        # issuewild is for wildcards only; without it issue speaks for them, too.
        ("x.example", {"x.example": ['0 issuewild ";"']}, True),
        ("*.x.example", {"x.example": ['0 issuewild ";"']}, False),
        ("*.x.example", {"x.example": ['0 issue "letsencrypt.org"']}, True),
        ("*.x.example", {"x.example": ['0 issue "letsencrypt.org"', '0 issuewild "pki.goog"']}, False),
        ("x.example", {"x.example": ['128 tbs "x"', '0 issue "letsencrypt.org"']}, False),
        ("x.example", {"x.example": ['0 tbs "x"', '0 issue "letsencrypt.org"']}, True),
        ("x.example", {"x.example": ['128 issue "letsencrypt.org"']}, True),
        ("x.example", {"x.example": [(0, "issue", "letsencrypt.org")]}, True),
        ("x.example", {"x.example": [(0, b"issue", b"pki.goog")]}, False),
        ("x.example", {"x.example": ['0 issue "%%%%"']}, False),
        ("x.example", {"x.example": ["nonsense"]}, False),
    ],
)
def test_may_issue(host, records, allowed):
    """Section 3 (which records) and section 4 (what they say)."""
    assert may_issue(host, LE, records) is allowed
    assert may_issue(host, LE, lambda name: records.get(name, ())) is allowed


def test_records_of_dnspython():
    """Its objects are read as they are."""
    import dns.rdata

    record = dns.rdata.from_text("IN", "CAA", '0 issue "letsencrypt.org"')
    assert may_issue("x.example", LE, lambda _name: [record])
    assert not may_issue("x.example", "pki.goog", lambda _name: [record])


def test_silence_forbids():
    """An authority that gets no answer must refuse: None, an answer that is not known, an exception."""

    def broken(_name):
        raise TimeoutError

    for query in (broken, lambda _name: None, lambda name: DnsAnswer(f"CAA {name}", "servfail")):
        found = judge("a.x.example", LE, query)
        assert (found.allowed, found.unknown) == (False, "a.x.example")


def test_what_is_above_the_deciding_records_is_not_asked_for():
    """The walk ends at the first name with records."""
    asked = []

    def query(name):
        asked.append(name)
        return ['0 issue "letsencrypt.org"'] if name == "x.example" else ()

    assert may_issue("a.x.example", LE, query)
    assert asked == ["a.x.example", "x.example"]


@given(st.lists(st.text(), max_size=3))
def test_never_raises(records):
    """Whatever stands in the DNS."""
    assert may_issue("x.example", LE, {"x.example": records}) in (True, False)
