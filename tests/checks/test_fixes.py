"""A fix that is pasted works: every record that a fix prints passes the check that asked for it, and loses nothing.

The first table is the catalogue itself: in each row the printed records replace those of the zone, and the check runs
again. The second table has records that owners really publish, and what the fix must keep.
"""

import re

import pytest

from checks.test_catalogue import LETTERS, ROWS, STS, dmarc, spf
from checks.world import DOMAIN, RECORDS, check, without
from launchready.checks.printed_records import MAX_STRING, txt
from launchready.mail import dmarc as dmarc_records
from launchready.mail import mta_sts
from launchready.mail import spf as spf_records

PRINTED = re.compile(r"(?P<name>\S+)\.  300  IN  (?P<type>[A-Z]+)  (?P<data>.+)")


def printed(finding):
    """The records of a fix that are complete; one with a <placeholder> needs a value that only the owner knows."""
    found = [match for line in finding.fix.split("\n") if (match := PRINTED.fullmatch(line))]
    return [one for one in found if "<" not in one["data"]]


def published(changed, records, policy):
    """The zone of a row with the printed records in place of those of the same name and type, and a policy file."""
    lines = without(changed["drop"]) if changed.get("drop") else RECORDS
    lines += "\n" + changed.get("add", "")
    for one in records:
        name = one["name"].removesuffix(DOMAIN).rstrip(".") or "@"
        same = re.compile(rf"{re.escape(name)} (\d+ )?({one['type']}|CNAME) ")
        keep = [line for line in lines.split("\n") if not same.match(line) or (name == "@" and other_text(line, one))]
        own = name == "@" or one["name"].endswith(f".{DOMAIN}")
        lines = "\n".join([*keep, f"{name if own else name + '.'} {one['type']} {one['data']}"])
    web = changed.get("web", {})
    if policy:
        web = web | {STS: {"status": 200, "headers": {"content-type": "text/plain"}, "body": policy}}
    return {**changed, "drop": ".", "add": lines, "web": web}


def other_text(line, record):
    """A TXT record of the domain that is about something else stays."""
    kind = "spf1" if "v=spf1" in record["data"] else "DMARC"
    return " TXT " in line and kind.lower() not in line.lower()


FIXED = [(desc, changed, code) for desc, changed, expected in ROWS for code in expected]


@pytest.mark.parametrize(("desc", "changed", "code"), FIXED, ids=[f"{code} {desc}" for desc, _, code in FIXED])
def test_a_printed_record_passes(desc, changed, code):
    """Whatever record the fix of this row prints, the check accepts it when it is published."""
    report, _ = check(**changed)
    finding = next(one for one in report if one.code == code)
    records = printed(finding)
    if not records or "authority" in changed:
        return
    policy = finding.fix[finding.fix.index("version:") :] if code == "MAIL019" else ""
    again, _ = check(**published(changed, records, policy))
    assert code not in {one.code for one in again.fix_now + again.can_wait}, (desc, finding.fix)


def fix_of(code, **changed):
    report, _ = check(**changed)
    finding = next(one for one in report if one.code == code)
    return finding, [strings(one["data"]) for one in printed(finding)]


def strings(data):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', data))


def test_two_spf_records_are_merged():
    """The one record allows every sender of both."""
    _, records = fix_of("MAIL003", add='@ TXT "v=spf1 ip4:192.0.2.7 -all"')
    assert set(spf_records.parse(records[0]).record.split()) == {
        "v=spf1",
        "include:spf.mail.example",
        "ip4:192.0.2.7",
        "~all",
    }


def test_two_spf_records_that_need_twelve_lookups_together():
    """No record is printed that receivers refuse; the terms and their lookups are."""
    hosts = " ".join(f"a:{letter}.coach.example" for letter in LETTERS)
    zone = "\n".join(f"{letter} A 192.0.2.30" for letter in LETTERS)
    finding, records = fix_of("MAIL003", add=f'{zone}\n@ TXT "v=spf1 {hosts} -all"')
    assert records == []
    assert "Together they need 12 lookups, 10 are allowed" in finding.fix
    assert "include:spf.mail.example: 1 lookup" in finding.fix


@pytest.mark.parametrize("open_term", ["+all", "ip4:0.0.0.0/0 -all", "ip6:::/0 ~all"])
def test_an_open_record_keeps_a_real_sender(open_term):
    """Where the open term was all there is, the fix names the mail service; it never blocks the owner's own mail."""
    _, records = fix_of("MAIL004", **spf(f"v=spf1 {open_term}"))
    finding, _ = fix_of("MAIL004", **spf(f"v=spf1 {open_term}"))
    assert records or "include:<what your mail provider tells you>" in finding.fix
    _, records = fix_of("MAIL004", **spf(f"v=spf1 include:spf.mail.example {open_term}"))
    assert records == ["v=spf1 include:spf.mail.example ~all"]


@pytest.mark.parametrize(
    ("record", "corrected"),
    [
        ("v=spf1 include:spf.mail.example include:nospf.mail.example ~all", "v=spf1 include:spf.mail.example ~all"),
        ("v=spf1 include:spf.mail.exampleinclude:five.mail.example -all",
         "v=spf1 include:spf.mail.example include:five.mail.example -all"),
        ("v=spf1 ip4:999.1.1.1 include:spf.mail.example -all", "v=spf1 include:spf.mail.example -all"),
        ("v=spf1 include:spf.mail.example include:loop.mail.example ~all", "v=spf1 include:spf.mail.example ~all"),
    ],
    ids=["no record", "glued", "syntax", "loop"],
)  # fmt: skip
def test_a_broken_spf_record_is_corrected(record, corrected):
    """MAIL008 prints the record without what is broken."""
    _, records = fix_of("MAIL008", **spf(record))
    assert records == [corrected]


def test_a_useless_spf_entry_is_taken_out():
    """MAIL011 prints the record without it."""
    _, records = fix_of("MAIL011", **spf("v=spf1 ptr include:spf.mail.example ~all"))
    assert records == ["v=spf1 include:spf.mail.example ~all"]


@pytest.mark.parametrize(
    ("record", "code", "kept"),
    [
        ("v=DMARC1; p=rejct; rua=mailto:me@x.example; adkim=s", "MAIL005", {"p": "reject", "rua": "mailto:me@x.example", "adkim": "s"}),
        ("v=dmarc1; p=quarantine; rua=mailto:me@coach.example", "MAIL005", {"p": "quarantine", "rua": "mailto:me@coach.example"}),
        ("v=DMARC1; p=none; rua=mailto:me@coach.example; adkim=s; fo=1", "MAIL006",
         {"p": "quarantine", "rua": "mailto:me@coach.example", "adkim": "s", "fo": "1"}),
        ("v=DMARC1; p=reject; t=y; rua=mailto:me@coach.example", "MAIL013", {"p": "reject", "rua": "mailto:me@coach.example"}),
        ("v=DMARC1; p=reject; sp=none; rua=mailto:me@coach.example", "MAIL012", {"p": "reject", "rua": "mailto:me@coach.example"}),
        ("v=DMARC1; p=reject; aspf=s", "MAIL014", {"p": "reject", "aspf": "s", "rua": "mailto:dmarc@coach.example"}),
        ("v=DMARC1; p=reject; pct=20; rua=mailto:me@coach.example", "MAIL016", {"p": "reject", "rua": "mailto:me@coach.example"}),
    ],
    ids=["misspelt policy", "lower case", "none", "test", "subdomains", "no reports", "removed tag"],
)  # fmt: skip
def test_a_dmarc_fix_keeps_policy_and_reports(record, code, kept):
    """The owner's policy, report addresses and alignment stay as they are, unless they are what is wrong."""
    _, records = fix_of(code, **dmarc(record))
    found = dmarc_records.parse(records)
    assert found.valid
    assert found.problems == ()
    assert {name: value for name, value in found.tags.items() if name != "v"} == kept


def test_two_dmarc_records_become_one():
    """The strictest policy, and the reports of either."""
    _, records = fix_of("MAIL005", **dmarc("v=DMARC1; p=quarantine", "v=DMARC1; p=none; rua=mailto:me@coach.example"))
    assert dmarc_records.parse(records).tags == {"v": "DMARC1", "p": "quarantine", "rua": "mailto:me@coach.example"}


@pytest.mark.parametrize("drop", ["_mta-sts", None])
def test_a_policy_file_is_printed(drop):
    """MTA-STS without a record, and with a broken one: the file of the fix is valid and covers the mail servers."""
    changed = {"drop": "_mta-sts"} if drop else {"drop": "_mta-sts", "add": '_mta-sts TXT "v=STSv1"'}
    finding, records = fix_of("MAIL019", **changed)
    policy = mta_sts.parse_policy(finding.fix[finding.fix.index("version:") :])
    assert policy.valid
    assert policy.covers("mx.mail.example")
    assert mta_sts.parse_txt(records).valid


def test_what_is_wrong_with_a_record_without_id():
    """``v=STSv1`` alone is a record that lacks its id, not a missing record."""
    finding, _ = fix_of("MAIL019", drop="_mta-sts", add='_mta-sts TXT "v=STSv1"')
    assert 'must be "v=STSv1; id=..."' in finding.evidence
    finding, _ = fix_of("MAIL020", drop="_smtp._tls", add='_smtp._tls TXT "v=TLSRPT1; rua=mailto:a@coach.example"')
    assert 'must be "v=TLSRPTv1; rua=mailto:..."' in finding.evidence


@pytest.mark.parametrize(
    ("selector", "shown"),
    [("s1", "CNAME  <the target that SendGrid shows>"), ("selector2", "CNAME  <the target that Microsoft 365 shows>"),
     ("mail", 'TXT  "v=DKIM1; k=rsa; p=<the key that it shows>"')],
    ids=["SendGrid", "Microsoft 365", "another"],
)  # fmt: skip
def test_a_selector_of_a_service_that_uses_aliases(selector, shown):
    """An alias is asked for, not a key that would never be renewed."""
    finding, _ = fix_of("MAIL007", dkim_selectors=[selector])
    assert finding.fix.split("\n")[1] == f"{selector}._domainkey.coach.example.  300  IN  {shown}"


@pytest.mark.parametrize("given", ["google", "google._domainkey", "google._domainkey.coach.example"])
def test_selectors_as_panels_show_them(given):
    """The healthy business stays healthy, however its selector is written."""
    report, _ = check(dkim_selectors=[given])
    assert list(report) == []


def test_a_pem_file_is_named():
    """A key that was pasted with its BEGIN and END lines is named as such."""
    pem = "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----"
    finding, _ = fix_of("MAIL007", drop="google", add=f'google._domainkey TXT "v=DKIM1; p={pem}"')
    assert "PEM file" in finding.title


def test_spaces_and_capitals_of_a_dmarc_record():
    """Tag names have no case, and spaces may surround the equals sign."""
    assert dmarc_records.parse(["V = DMARC1;P=Reject"]).acts_as == "reject"


def test_apex_does_not_ask_for_www_of_a_subdomain():
    """Only a registered domain, or canonical="www", expects www."""
    report, _ = check(
        domain=f"app.{DOMAIN}", hosts=[], canonical="apex", dkim_selectors=[], sends_mail=None, only=["DNS002"]
    )
    assert [one.subject for one in report] == []


def test_long_texts_are_split():
    """One string of a TXT record has at most 255 octets (RFC 1035 section 3.3)."""
    line = txt("x.example", "é" * 200 + '"\\')
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    assert max(len(part.encode()) for part in parts) <= MAX_STRING + 2  # the escapes of the last one
    assert "".join(parts) == "é" * 200 + '\\"\\\\'
