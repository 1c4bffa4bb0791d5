"""Every parser of records and headers has a bound: hostile text takes linear time, and nothing raises."""

import time

import pytest

from launchready.mail import bimi, dkim, dmarc, mta_sts, mx, spf, tls_rpt
from launchready.mail.spf import macros
from launchready.web import caa, cookies, hsts, page

BASE = "https://a.example/"
PARSERS = {
    "spf": lambda text: spf.parse(f"v=spf1 {text}"),
    "dmarc": lambda text: dmarc.parse([f"v=DMARC1; p=none; {text}"]),
    "dmarc rua": lambda text: dmarc.parse([f"v=DMARC1; p=none; rua=a{text}b"]),
    "dkim": lambda text: dkim.parse_key([f"v=DKIM1; {text}"]),
    "mta-sts": lambda text: mta_sts.parse_txt([f"v=STSv1; {text}"]),
    "mta-sts policy": mta_sts.parse_policy,
    "tls-rpt": lambda text: tls_rpt.parse([f"v=TLSRPTv1; rua={text}"]),
    "bimi": lambda text: bimi.parse([f"v=BIMI1; {text}"]),
    "mx": lambda text: mx.classify([text]),
    "hsts": hsts.parse,
    "cookie": cookies.parse,
    "caa": caa.parse,
    "page": lambda text: page.references(text, BASE),
    "style": lambda text: page.references(f"<style>{text}", BASE),
    "attributes": lambda text: page.references(f'<img style="{text}" srcset="{text}">', BASE),
    "macro name": lambda text: macros.truncate_name(text * 8),
}
UNITS = [
    "a", " ", "\t", "\n", ";", "=", '"', "'", "<", "<a ", "<a b=", "<!--", "<!", "<![", "</", "</script", "<script ", "&", "&#",
    "url(", "@import ", "a=b;", "a=b ", "include:a.b ", "include:%{d} ", "ip4:1.1.1.1 ", "a/1/", "%{", "%{d}", "mailto:a@b,",
    "mx: a.b\n", "p=", "1", "-", ".", "a.", "!1k,", "/", ",", "*.", "<p>", "<img src=a>", "<a href=//b>", "[", "{", "\u0661",
]  # fmt: skip
SIZE = 16_000


def seconds(parse, text):
    start = time.process_time()
    parse(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", PARSERS)
def test_hostile_text_takes_linear_time(name):
    """Four times the text takes at most five times as long, give or take 20 ms; no unit makes a parser raise."""
    slow = []
    for unit in UNITS:
        text = unit * (SIZE // len(unit))
        small, large = seconds(PARSERS[name], text), seconds(PARSERS[name], text * 4)
        if large > 5 * small + 0.02:
            slow.append((unit, small, large))
    assert slow == []


@pytest.mark.parametrize(
    "parsed",
    [
        lambda text: spf.parse(f"v=spf1 {text}").errors,
        lambda text: dmarc.parse([f"v=DMARC1; p=none; x={text}"]).problems,
        lambda text: dkim.parse_key([f"v=DKIM1; p={text}"]).problems,
        lambda text: mta_sts.parse_txt([f"v=STSv1; id={text}"]).problems,
        lambda text: tls_rpt.parse([f"v=TLSRPTv1; rua={text}"]).problems,
        lambda text: bimi.parse([f"v=BIMI1; l={text}"]).problems,
    ],
    ids=["spf", "dmarc", "dkim", "mta-sts", "tls-rpt", "bimi"],
)
def test_a_record_over_the_bound_is_said_to_be_too_long(parsed):
    """The rest of the record is not read, and the record says so."""
    assert any("longer than 10000 characters" in problem for problem in parsed("a" * 20_000))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a" * 300, ""),
        ("b." + "a" * 253, "a" * 253),
        ("x." * 126 + "a", "x." * 126 + "a"),
        ("x." * 200 + "a", "x." * 126 + "a"),
    ],
)
def test_truncated_names(name, expected):
    """Labels are removed from the left until at most 253 characters are left (RFC 7208 section 7.3)."""
    assert macros.truncate_name(name) == expected


def test_leading_zeros_of_max_age():
    """Any number of zeros may precede the value."""
    assert hsts.parse("max-age=" + "0" * 30 + "500").max_age == 500
