"""MTA-STS, TLS-RPT, BIMI and MX: which records count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.mail import bimi, mta_sts, mx, tls_rpt

POLICY = "version: STSv1\nmode: enforce\nmx: mx.x.example\nmx: *.mail.example\nmax_age: 604800\n"


@pytest.mark.parametrize(
    ("texts", "present", "valid"),
    [
        (["v=STSv1; id=20260101T000000Z;"], True, True),
        (["v=STSv1; id=a1"], True, True),
        (["v=STSv1;id=a1;ext=x"], True, True),
        (["v=STSv1; id="], True, False),
        (["v=STSv1; id=with-dash"], True, False),
        ([f"v=STSv1; id={'a' * 33}"], True, False),
        (["v=STSv1; id=a1", "v=STSv1; id=a2"], True, False),
        (["v=STSv1; id=a1", "other"], True, True),
        (["v=stsv1; id=a1"], True, False),
        (["v=STSv1"], True, False),
        (["other"], False, False),
        ([], False, False),
    ],
)
def test_sts_txt(texts, present, valid):
    """RFC 8461 section 3.1."""
    found = mta_sts.parse_txt(texts)
    assert (found.present, found.valid) == (present, valid)


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (POLICY, True),
        (POLICY.replace("\n", "\r\n").encode(), True),
        (POLICY + "unknown: field\n", True),
        ("version: STSv1\nmode: none\nmax_age: 86400\n", True),
        (POLICY.replace("STSv1", "STSv2"), False),
        (POLICY.replace("enforce", "enforced"), False),
        (POLICY.replace("604800", "31557601"), False),
        (POLICY.replace("604800", "-1"), False),
        (POLICY.replace("max_age: 604800\n", ""), False),
        ("version: STSv1\nmode: enforce\nmax_age: 1\n", False),
        (POLICY.replace("mx.x.example", "*.*.example"), False),
        ("<html>not found</html>", False),
        ("", False),
    ],
)
def test_sts_policy(body, valid):
    """RFC 8461 section 3.2."""
    assert mta_sts.parse_policy(body).valid is valid


@pytest.mark.parametrize(
    ("pattern", "host", "same"),
    [
        ("mx.x.example", "MX.x.example.", True),
        ("*.x.example", "mx.x.example", True),
        ("*.x.example", "a.mx.x.example", False),
        ("*.x.example", "x.example", False),
        ("mx.x.example", "x.example", False),
        ("*.x.example", ".x.example", False),
    ],
)
def test_sts_matches(pattern, host, same):
    """RFC 8461 section 4.1: a star is exactly one label."""
    assert mta_sts.matches(pattern, host) is same


@pytest.mark.parametrize(
    ("texts", "valid", "rua"),
    [
        (["v=TLSRPTv1; rua=mailto:t@x.example"], True, 1),
        (["v=TLSRPTv1;rua=mailto:t@x.example,https://x.example/v1"], True, 2),
        (["v=TLSRPTv1; rua=http://x.example"], False, 0),
        (["v=TLSRPTv1; rua=mailto:t@x.example, ftp://x"], True, 1),
        (["v=TLSRPTv1;"], False, 0),
        (["v=TLSRPTv1; rua=mailto:t@x.example"] * 2, False, 0),
        (["v=tlsrptv1; rua=mailto:t@x.example"], False, 0),
        ([], False, 0),
    ],
)
def test_tls_rpt(texts, valid, rua):
    """RFC 8460 section 3."""
    found = tls_rpt.parse(texts)
    assert (found.valid, len(found.rua)) == (valid, rua)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("v=BIMI1; l=https://x.example/logo.svg; a=https://x.example/c.pem", True),
        ("v=BIMI1; l=; a=;", True),
        ("v=BIMI1; l=http://x.example/logo.svg", False),
        ("v=BIMI1; l=https://x.example/logo.png", False),
        ("v=BIMI1; a=https://x.example/c.pem", False),
    ],
)
def test_bimi(text, valid):
    """An SVG over https, or declined."""
    assert bimi.parse([text]).valid is valid


@pytest.mark.parametrize(
    ("records", "kind", "hosts"),
    [
        (["10 mx.x.example."], "hosts", 1),
        ([(20, "b.example"), (10, "A.example.")], "hosts", 2),
        (["0 ."], "null", 0),
        ([(0, ".")], "null", 0),
        (["0 .", "10 mx.x.example"], "null-and-hosts", 1),
        ([], "none", 0),
        (["mx.x.example"], "none", 0),
    ],
)
def test_mx(records, kind, hosts):
    """RFC 5321 section 5.1 and RFC 7505; the best server first."""
    found = mx.classify(records)
    assert (found.kind, len(found.hosts)) == (kind, hosts)
    assert list(found.hosts) == sorted(found.hosts)


def test_mx_of_dnspython():
    """Its objects are read as they are."""
    import dns.rdata

    assert mx.classify([dns.rdata.from_text("IN", "MX", "10 mx.x.example.")]).hosts == ((10, "mx.x.example"),)
    assert mx.classify([dns.rdata.from_text("IN", "MX", "0 .")]).kind == "null"


def test_mx_that_is_an_address():
    """A number where a name has to be."""
    assert mx.classify(["10 192.0.2.1"]).addresses == ("192.0.2.1",)


@given(st.lists(st.text(), max_size=3))
def test_never_raises(texts):
    """Whatever stands in the DNS or in the file."""
    mta_sts.parse_txt(texts)
    tls_rpt.parse(texts)
    bimi.parse(texts)
    mx.classify(texts)
    for text in texts:
        mta_sts.parse_policy(text)
        mta_sts.matches(text, text)
