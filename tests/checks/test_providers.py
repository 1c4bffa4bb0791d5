"""Who hosts what, where a fix is made there, which name was meant, and whose name is free."""

import pytest

from checks.world import DOMAIN, check
from launchready.checks.providers import PROVIDERS, ObservedNames, detect
from launchready.checks.run import check as run_check
from launchready.checks.spelling import correction, distance, misspellings
from launchready.checks.takeover_services import SERVICES, find_service

NAMED = {
    "Cloudflare": ObservedNames(servers=("ada.ns.cloudflare.com",)),
    "Google Workspace": ObservedNames(mail=("smtp.google.com",)),
    "Microsoft 365": ObservedNames(mail=("coach-example.mail.protection.outlook.com",)),
    "SendGrid": ObservedNames(sends=("sendgrid.net",)),
    "Postmark": ObservedNames(sends=("spf.mtasv.net",)),
    "Mailgun": ObservedNames(sends=("mailgun.org",)),
    "Resend": ObservedNames(sends=("amazonses.com",)),
    "Netlify": ObservedNames(hosts=("coach.netlify.app",)),
    "Vercel": ObservedNames(hosts=("cname.vercel-dns.com",)),
    "Render": ObservedNames(hosts=("coach.onrender.com",)),
    "Heroku": ObservedNames(hosts=("x.herokudns.com",)),
    "GoDaddy": ObservedNames(servers=("ns01.domaincontrol.com",)),
    "Namecheap": ObservedNames(servers=("dns1.registrar-servers.com",)),
}


@pytest.mark.parametrize("title", NAMED)
def test_each_provider_is_recognised(title):
    """By what shows from outside, and no other one with it."""
    assert [one.title for one in detect(NAMED[title])] == [title]


def test_every_provider_has_its_row():
    """Whoever adds a provider says how it is recognised."""
    assert {one.title for one in PROVIDERS} == set(NAMED)
    assert detect(ObservedNames(servers=("ns.evilcloudflare.com",))) == ()


def test_a_fix_says_where(tmp_path):
    """A record to publish, at the provider of the name servers; nothing for one that is not used."""
    from checks.world import RECORDS, universe, without, zone_server

    lines = without("@ NS|_dmarc", RECORDS) + "\n@ NS ada.ns.cloudflare.com.\n@ NS bob.ns.cloudflare.com."
    lines += "\nada.ns.cloudflare.com. A 198.51.100.1\nbob.ns.cloudflare.com. A 203.0.113.1"
    with zone_server.ZoneServer(universe(lines)) as server:
        report = run_check(
            DOMAIN, only=["MAIL005"], sends_mail=True, resolver=("127.0.0.1", server.port), rdap={}, tls={}
        )
    assert [one.code for one in report.fix_now] == ["MAIL005"]
    assert "\nCloudflare: dash.cloudflare.com" in report.fix_now[0].fix
    assert "GoDaddy" not in report.fix_now[0].fix


@pytest.mark.parametrize(
    ("name", "own", "found"),
    [
        ("amdin.coach.example", ["admin.coach.example"], "admin.coach.example"),
        ("x.onredner.com", [], "x.onrender.com"),
        ("x.herokuap.com", [], "x.herokuapp.com"),
        ("aspmx.l.googel.com", [], "aspmx.l.google.com"),
        ("api.coach.example", ["app.coach.example"], ""),
        ("x.other-company.com", [], ""),
    ],
)
def test_did_you_mean(name, own, found):
    """At most two slips, in a name long enough; of short names none is guessed."""
    assert correction(name, own) == found


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("admin", "amdin", 1), ("abc", "abc", 0), ("", "ab", 2), ("ab", "ba", 1)]
)
def test_distance(one, other, edits):
    """Two letters swapped are one slip."""
    assert distance(one, other) == distance(other, one) == edits


def test_variants():
    """The usual slips of a first label; none of a short one."""
    assert "amdin.coach.example" in misspellings("admin.coach.example")
    assert misspellings("api.coach.example") == []


def test_a_record_with_a_slip_is_found():
    """The host does not exist, but its slip does: said by name."""
    report, _ = check(hosts=["app", "api", "admin"], add="amdin A 192.0.2.14", only=["DNS003"])
    assert "did you mean amdin.coach.example?" in report.fix_now[0].title


def test_services():
    """About 25 services, found by the end of a name, not by any part of it."""
    assert len(SERVICES) >= 25
    assert find_service(["x.github.io"]).title == "GitHub Pages"
    assert find_service(["x.github.io.example"]) is None
    assert all(one.says or one.vanishes for one in SERVICES)
