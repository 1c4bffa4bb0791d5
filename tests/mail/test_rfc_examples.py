"""The examples that the standards give themselves, read by the parsers alone."""

import pytest

from launchready.mail import dkim, dmarc, mta_sts, mx, spf, tls_rpt
from launchready.web import caa, hsts

# RFC 6376 appendix C, RFC 8463 appendix A.2.
BRISBANE = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq"
    "631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
EDWARDS = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize(
    ("record", "status", "bits"),
    [(f"v=DKIM1; p={BRISBANE}", "weak", 1024), (f"v=DKIM1; k=ed25519; p={EDWARDS}", "ok", 256)],
)
def test_dkim(record, status, bits):
    """A key of 1024 bits works, and 2048 are advised since RFC 8301."""
    found = dkim.parse_key([record])
    assert (found.status, found.bits, found.valid) == (status, bits, True)


@pytest.mark.parametrize(
    ("record", "rua"),
    [
        ("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com", 1),
        ("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com", 1),
        ("v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m", 2),
        ("v=DMARC1; p=reject; np=reject; psd=y; rua=mailto:reports@example", 0),
    ],
)
def test_dmarc(record, rua):
    """RFC 9989 appendix B; a report address without a dot is still one."""
    found = dmarc.parse([record])
    assert found.valid
    assert len(found.rua) == max(rua, 1)
    assert (found.adkim, found.aspf) == ("r", "r")
    assert found.psd == ("y" if "psd=y" in record else "u")


@pytest.mark.parametrize(
    ("record", "lookups"),
    [
        ("v=spf1 +all", 0),
        ("v=spf1 a -all", 1),
        ("v=spf1 a:example.org -all", 1),
        ("v=spf1 mx -all", 1),
        ("v=spf1 mx mx:example.org -all", 2),
        ("v=spf1 mx/30 mx:example.org/30 -all", 2),
        ("v=spf1 ptr -all", 1),
        ("v=spf1 ip4:192.0.2.128/28 -all", 0),
        ("v=spf1 include:example.com include:example.net -all", 2),
        ("v=spf1 redirect=_spf.example.com", 1),
        ("v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all", 1),
        ("v=spf1 mx a:colo.example.com/28 -all", 2),
        ("v=spf1 -ptr +all", 1),
    ],
)
def test_spf(record, lookups):
    """RFC 7208 sections 5 to 7 and appendix A."""
    found = spf.parse(record)
    assert found.valid
    assert found.lookups == lookups


def test_mta_sts():
    """RFC 8461 sections 3.1, 3.2 and 4.1."""
    record = mta_sts.parse_txt(["v=STSv1; id=20160831085700Z;"])
    policy = mta_sts.parse_policy(
        "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\n"
        "max_age: 604800\n"
    )
    assert (record.valid, record.id) == (True, "20160831085700Z")
    assert (policy.valid, policy.mode, policy.max_age, len(policy.mx)) == (True, "enforce", 604800, 3)
    assert mta_sts.matches("*.example.com", "mail.example.com")
    assert not mta_sts.matches("*.example.com", "example.com")
    assert not mta_sts.matches("*.example.com", "foo.bar.example.com")


@pytest.mark.parametrize(
    "record",
    ["v=TLSRPTv1;rua=mailto:reports@example.com", "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"],
)
def test_tls_rpt(record):
    """RFC 8460 section 3.1."""
    assert tls_rpt.parse([record]).valid


def test_mx():
    """RFC 7505 section 3: a single record with an empty target takes no mail."""
    assert mx.classify(["0 ."]).kind == "null"
    assert mx.classify(["0 .", "10 mail.example.com."]).kind == "null-and-hosts"
    assert mx.classify(["20 b.example.", "10 A.example."]).hosts == ((10, "a.example"), (20, "b.example"))


@pytest.mark.parametrize(
    ("header", "on", "subdomains"),
    [
        ("max-age=31536000", True, False),
        ("max-age=15768000 ; includeSubDomains", True, True),
        ('max-age="31536000"', True, False),
        ("max-age=0", False, False),
        ("max-age=0; includeSubDomains", False, True),
    ],
)
def test_hsts(header, on, subdomains):
    """RFC 6797 section 6.2."""
    found = hsts.parse(header)
    assert found.valid
    assert (found.on, found.include_subdomains) == (on, subdomains)


@pytest.mark.parametrize(
    ("records", "host", "allowed"),
    [
        (['0 issue "ca1.example.net"'], "certs.example.com", True),
        (['0 issue "ca1.example.net; account=230123"'], "certs.example.com", True),
        (['0 issue "ca2.example.org"'], "certs.example.com", False),
        (['0 issue ";"'], "certs.example.com", False),
        (['0 issue "%%%%%"'], "certs.example.com", False),
        (['0 issue "ca1.example.net; policy=ev"', '128 tbs "Unknown"'], "certs.example.com", False),
        (['0 issue "ca1.example.net"', '0 issuewild "ca2.example.org"'], "certs.example.com", True),
        (['0 issue "ca1.example.net"', '0 issuewild "ca2.example.org"'], "*.example.com", False),
        (['0 issuewild "ca2.example.org"'], "certs.example.com", True),
        (['0 issuewild ";"'], "*.example.com", False),
        (['0 iodef "mailto:security@example.com"'], "certs.example.com", True),
    ],
)
def test_caa(records, host, allowed):
    """RFC 8659 sections 4.2 to 4.5."""
    assert caa.may_issue(host, "ca1.example.net", {"certs.example.com": records, "example.com": records}) is allowed
