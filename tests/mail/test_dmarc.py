"""DMARC by RFC 9989: which records count, what they ask for, and whose record speaks for a domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.mail import dmarc

RUA = "rua=mailto:d@x.example"


@pytest.mark.parametrize(
    ("texts", "valid", "p"),
    [
        (["v=DMARC1; p=reject"], True, "reject"),
        (["v=DMARC1;p=reject;"], True, "reject"),
        (["v = DMARC1 ; p = Quarantine"], True, "quarantine"),
        (["v=DMARC1"], False, None),
        ([f"v=DMARC1; {RUA}"], True, "none"),
        ([f"v=DMARC1; p=rejct; {RUA}"], True, "none"),
        (["v=DMARC1; p=rejct"], False, None),
        ([f"v=DMARC1; p=reject; sp=nothing; {RUA}"], True, "none"),
        (["v=DMARC1; p=reject; np=nothing"], False, None),
        (["v=dmarc1; p=reject"], False, None),
        (["v=DMARC1.; p=reject"], False, None),
        (["p=reject; v=DMARC1"], False, None),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], False, None),
        (["v=DMARC1; p=reject", "some other text"], True, "reject"),
        (["v=DMARC1 p=reject"], False, None),
        (["v=DMARC1; p=reject; adkim=x; whatever=1"], True, "reject"),
        (["v=DMARC1; p=none; rua=mailto:a@x.example!10m"], True, "none"),
        ([], False, None),
    ],
)
def test_parse(texts, valid, p):
    """RFC 9989 section 4.7: version first and exact, one record, p missing or wrong only with somewhere to report."""
    found = dmarc.parse(texts)
    assert (found.valid, found.p) == (valid, p)


def test_tags_that_cannot_be_read_take_their_default():
    """adkim and aspf relaxed, fo 0, psd undecided, t no; unknown tags are ignored, removed ones named."""
    found = dmarc.parse(["v=DMARC1; p=reject; adkim=x; aspf=; fo=9; psd=q; t=maybe; pct=50; ri=1; rf=afrf; foo=bar"])
    assert {name: found.tags[name] for name in ("adkim", "aspf", "fo", "psd", "t")} == {
        "adkim": "r", "aspf": "r", "fo": "0", "psd": "u", "t": "n",
    }  # fmt: skip
    assert found.removed == ("pct", "rf", "ri")
    assert found.unknown == ("foo",)


@pytest.mark.parametrize(("p", "acts"), [("reject", "quarantine"), ("quarantine", "none"), ("none", "none")])
def test_testing_acts_one_level_lower(p, acts):
    """t=y: reject acts as quarantine, quarantine as none."""
    assert dmarc.parse([f"v=DMARC1; p={p}; t=y"]).acts_as == acts


def test_the_size_behind_a_report_address_is_ignored():
    """``!10m`` is obsolete; what is neither mailto nor an address is left out."""
    found = dmarc.parse(["v=DMARC1; p=none; rua=mailto:a@x.example!10m, https://x.example, mailto:b@y.example"])
    assert found.rua == ("mailto:a@x.example", "mailto:b@y.example")


def test_names_of_the_walk():
    """At most eight questions: the name, then its parents, of a deep name the last seven labels."""
    assert dmarc.names("A.b.example.") == ("a.b.example", "b.example", "example")
    deep = dmarc.names("a.b.c.d.e.f.g.h.i.example")
    assert len(deep) == 8
    assert deep[:2] == ("a.b.c.d.e.f.g.h.i.example", "d.e.f.g.h.i.example")


@pytest.mark.parametrize(
    ("domain", "records", "source", "organisational", "policy"),
    [
        ("x.example", {"x.example": "p=reject"}, "x.example", "x.example", "reject"),
        ("a.x.example", {"x.example": "p=reject"}, "x.example", "x.example", "reject"),
        ("a.x.example", {"x.example": "p=reject; sp=none"}, "x.example", "x.example", "none"),
        ("a.x.example", {"a.x.example": "p=none", "x.example": "p=reject"}, "a.x.example", "x.example", "none"),
        # Never a record in between: the author's own, the organisational domain, the public suffix.
        ("a.b.x.example", {"b.x.example": "p=none", "x.example": "p=reject"}, "x.example", "x.example", "reject"),
        ("a.b.x.example", {"b.x.example": "p=quarantine; psd=n", "x.example": "p=reject"}, "b.x.example", "b.x.example",
         "quarantine"),
        ("a.x.bank", {"bank": "p=reject; psd=y"}, "bank", "x.bank", "reject"),
        ("a.x.bank", {"x.bank": "p=none", "bank": "p=reject; psd=y"}, "x.bank", "x.bank", "none"),
        ("a.x.example", {}, "", "a.x.example", None),
        ("a.x.example", {"a.x.example": "p=rejct", "x.example": "p=reject"}, "x.example", "x.example", "reject"),
    ],
)  # fmt: skip
def test_discover(domain, records, source, organisational, policy):
    """RFC 9989 section 4.10: whose record acts, and what it asks for."""
    found = dmarc.discover(domain, {name: [f"v=DMARC1; {record}"] for name, record in records.items()})
    assert (found.source, found.organisational, found.policy) == (source, organisational, policy)


def test_np_is_for_names_that_do_not_exist():
    """np before sp before p, and np only where the name is NXDOMAIN."""
    answers = {"_dmarc.x.example": ["v=DMARC1; p=none; sp=quarantine; np=reject"]}
    assert dmarc.discover("a.x.example", answers, exists=False).policy == "reject"
    assert dmarc.discover("a.x.example", answers, exists=True).policy == "quarantine"
    assert dmarc.discover("x.example", answers, exists=True).policy == "none"


def test_answers_may_be_a_callable():
    """It is asked for the ``_dmarc`` names, nearest first."""
    asked = []

    def texts(name):
        asked.append(name)
        return []

    assert dmarc.discover("a.x.example", texts).source == ""
    assert asked == ["_dmarc.a.x.example", "_dmarc.x.example", "_dmarc.example"]


@given(st.lists(st.text() | st.from_regex(r"\Av ?= ?DMARC1 ?;.*\Z"), max_size=3))
def test_parse_never_raises(texts):
    """Whatever stands in the DNS; a valid record always has a policy."""
    found = dmarc.parse(texts)
    assert found.valid == (found.p is not None)
