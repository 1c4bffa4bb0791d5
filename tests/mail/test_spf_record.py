"""One SPF record by the grammar of RFC 7208, and ``check_host`` in the forms it is called in."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchready.mail import spf
from launchready.net.answers import DnsAnswer


class Table:
    """A resolver that answers from a dictionary."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    async def query(self, name, rdtype):
        self.asked.append((name, rdtype))
        found = self.answers.get((name, rdtype), ())
        if found is None:
            return DnsAnswer(f"{rdtype} {name}", "timeout", reason="no answer")
        return DnsAnswer(f"{rdtype} {name}", "answered" if found else "nxdomain", tuple(found))


def check(record, ip="192.0.2.1", sender="a@x.example", **more):
    table = Table({("x.example", "TXT"): [record], **more})
    return spf.check_host(ip, "x.example", sender, helo="h.example", resolver=table)


@pytest.mark.parametrize(
    ("record", "valid"),
    [
        ("v=spf1 -all", True),
        ("V=SPF1 A MX INCLUDE:b.example ~ALL", True),
        ("v=spf1", True),
        ("v=spf1  ip4:192.0.2.0/24   -all ", True),
        ("v=spf1 ip6:2001:db8::/32 -all", True),
        ("v=spf1 a/24//64 mx:b.example//64 -all", True),
        ("v=spf1 exists:%{i}._spf.%{d2} -all", True),
        ("v=spf1 foo=bar -all", True),
        ("v=spf1 -all redirect=b.example", True),
        ("v=spf10 -all", False),
        ("v=spf1 foo -all", False),
        ("v=spf1 foo:bar -all", False),
        ("v=spf1 ip4:192.0.2.0/33 -all", False),
        ("v=spf1 ip4:2001:db8::1 -all", False),
        ("v=spf1 ip4:192.0.2 -all", False),
        ("v=spf1 a/33 -all", False),
        ("v=spf1 include -all", False),
        ("v=spf1 include: -all", False),
        ("v=spf1 redirect=b.example redirect=c.example", False),
        ("v=spf1 a:b.example.1 -all", False),
        ("v=spf1 a:b -all", False),
        ("v=spf1 a:%{c}.example -all", False),
        ("v=spf1 a:%{d0}.example -all", False),
        ("v=spf1 all.", False),
        ("v=spf1 ip4:192.0.2.1\u00a0-all", False),
    ],
)
def test_grammar(record, valid):
    """Any error anywhere makes the record worthless."""
    assert (not spf.parse(record).errors) is valid


@pytest.mark.parametrize("ip", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_an_ipv4_address_inside_an_ipv6_one(ip):
    """It is the IPv4 address (section 5)."""
    assert check("v=spf1 ip4:192.0.2.1 -all", ip).result == "pass"


def test_third_void_lookup_is_a_permerror():
    """Two questions may bring nothing, the third is one too many (section 4.6.4)."""
    assert check("v=spf1 a:b.example a:c.example ?all").result == "neutral"
    found = check("v=spf1 a:b.example a:c.example a:d.example ?all")
    assert (found.result, found.void_lookups) == ("permerror", 3)


def test_silence_is_a_temperror():
    """A question that is needed and not answered decides nothing."""
    found = spf.check_host("192.0.2.1", "x.example", "a@x.example", resolver=Table({("x.example", "TXT"): None}))
    assert found.result == "temperror"


def test_the_domain_is_taken_from_the_sender():
    """An empty domain is that of the sender; a sender without a name is postmaster's."""
    table = Table(
        {("x.example", "TXT"): ["v=spf1 exists:%{l}.%{o} -all"], ("postmaster.x.example", "A"): ["127.0.0.2"]}
    )
    assert spf.check_host("192.0.2.1", "", "@x.example", resolver=table).result == "pass"


def test_inside_a_running_loop():
    """``check_host`` works there, too; ``acheck_host`` does not block."""

    async def both():
        table = Table({("x.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"]})
        first = spf.check_host("192.0.2.1", "x.example", "a@x.example", resolver=table)
        return first.result, (await spf.acheck_host("192.0.2.2", "x.example", "a@x.example", resolver=table)).result

    assert asyncio.run(both()) == ("pass", "fail")


def test_equal_questions_are_asked_once():
    """Two terms about one host are one query."""
    table = Table({("x.example", "TXT"): ["v=spf1 a:b.example a:b.example -all"], ("b.example", "A"): ["192.0.2.9"]})
    spf.check_host("192.0.2.1", "x.example", "a@x.example", resolver=table)
    assert table.asked.count(("b.example", "A")) == 1


def test_what_a_resolver_may_be():
    """(host, port), a host, a dnspython resolver, or anything with ``query``."""
    from launchready.net.dns import Resolver, resolver_of

    assert resolver_of(("127.0.0.1", 5300)).servers == (("127.0.0.1", 5300),)
    assert resolver_of("127.0.0.1").servers == (("127.0.0.1", 53),)
    assert resolver_of(SimpleNamespace(nameservers=["127.0.0.1"], port=54)).servers == (("127.0.0.1", 54),)
    assert isinstance(resolver_of(None), Resolver)
    table = Table({})
    assert resolver_of(table) is table


def test_an_address_that_is_none():
    """The caller's mistake is a ValueError."""
    with pytest.raises(ValueError, match="does not appear"):
        spf.check_host("mail", "x.example", "a@x.example", resolver=Table({}))


@given(st.text() | st.from_regex(r"\Av=spf1( [-+~?]?[a-z0-9]{1,7}[:=/]?[%{}a-z0-9.]*){0,5}\Z"))
def test_never_raises(record):
    """Whatever is published: a result, not a traceback."""
    spf.parse(record)
    assert check(record).result in {"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}
