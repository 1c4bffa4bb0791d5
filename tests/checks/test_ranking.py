"""The order of a report: the golden order of a launch, whatever order the findings came in."""

import random

import pytest

from checks.test_formats import finding
from checks.world import DOMAIN, RECORDS, certificate, check, page, to, without
from launchready.checks.finding import Score
from launchready.checks.ranking import ranked

# What breaks, impact x reach x now, whether it is for today, and minutes to fix: in the order to fix them.
GOLDEN = [
    ("secret.live_key", (5, 3, 3), "48h", 30),
    ("webhook.redirects", (4, 3, 3), "48h", 15),
    ("tls.wrong_host", (4, 3, 3), "48h", 30),
    ("tls.expires_6d", (4, 3, 2), "48h", 20),
    ("deploy.no_rehearsal", (4, 3, 2), "48h", 90),
    ("cors.any_origin_credentials", (5, 2, 2), "48h", 15),
    ("logs.tokens", (5, 2, 2), "48h", 30),
    ("pay.no_idempotency", (5, 2, 2), "48h", 60),
    ("email.two_spf", (3, 3, 3), "48h", 15),
    ("deeplink.aasa_redirect", (3, 2, 3), "48h", 20),
    ("monitor.none", (3, 3, 1), "48h", 20),
    ("static.no_cache", (2, 3, 3), "can-wait", 20),
    ("perf.booking_p95", (2, 3, 3), "can-wait", 240),
    ("redirect.two_hosts", (2, 2, 1), "can-wait", 15),
    ("email.dmarc_p_none", (1, 3, 1), "can-wait", 15),
]


def test_golden_order():
    """Before launch first, then customers and money, then mail; in each class by severity, score and time to fix."""
    findings = [finding(code=code, score=Score(*score), when=when, minutes=minutes)
                for code, score, when, minutes in GOLDEN]  # fmt: skip
    findings.append(finding(code="unknown", status="undetermined", score=Score(5, 3, 3), minutes=1))
    expected = [*(row[0] for row in GOLDEN), "unknown"]
    source = random.Random(8)
    for _ in range(100):
        source.shuffle(findings)
        assert [one.code for one in ranked(findings)] == expected


def test_a_bad_day():
    """The findings of the checks themselves: customers and money by severity, then mail and links, then what can wait."""
    hook = f"https://api.{DOMAIN}/webhooks/stripe"
    report, _ = check(
        drop=".", add=without("_dmarc", RECORDS) + '\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=none; rua=mailto:d@coach.example"',
        webhooks=[hook], cors_probe_origin="https://evil.example", mobile_app=True,
        web={
            hook: to(f"{hook}/"),
            f"https://api.{DOMAIN}/": page("{}", access_control_allow_origin="https://evil.example",
                                           access_control_allow_credentials="true"),
            f"https://{DOMAIN}/.well-known/apple-app-site-association": to(f"https://{DOMAIN}/x"),
            f"https://{DOMAIN}/.well-known/assetlinks.json": page("[]", content_type="application/json"),
        },
        tls={DOMAIN: certificate(not_after="2026-11-30T00:00:00Z"), f"app.{DOMAIN}": certificate(names=["x.example"])},
    )  # fmt: skip
    codes = [one.code for one in report if one.status == "fail"]
    assert codes == ["TLS002", "WEB007", "WEB002", "TLS001", "MAIL003", "LINK001", "LINK002", "MAIL006"]


def test_a_date_for_each():
    """Two days before a launch, 30 or 90 for what can wait, none for what could not be checked."""
    report, _ = check(drop="(www|_mta-sts)", web={f"https://{DOMAIN}/": page(strict_transport_security="")},
                      faults=[{"name": f"_dmarc.{DOMAIN}", "action": "refused"}])  # fmt: skip
    by = {one["code"]: one["fix_by"] for one in report.to_dict()["findings"]}
    assert by == {"DNS002": "2026-11-26", "WEB003": "2026-12-24", "MAIL019": "2027-02-22", "MAIL005": ""}
    assert "by 2026-12-24" in report.to_text()
    assert "by 2026-12-24" in report.to_html()


def test_ready_means_that_all_of_the_minimum_was_seen():
    """A healthy business is ready; half a look at it makes nobody ready, nor does what was not answered."""
    assert check()[0].headline.startswith("Ready to launch: nothing to fix")
    assert check(only=["mail"])[0].headline.startswith("Fine as far as it goes")
    assert check(drop="www")[0].headline.startswith("Not ready to launch: 1 to fix within 48 hours")
    silent = check(faults=[{"name": f"_dmarc.{DOMAIN}", "action": "drop"}])[0]
    assert silent.headline.startswith("Not known to be ready")
    assert dict(silent.minimum)["Your mail is recognised as yours"] == "could not check"


@pytest.mark.parametrize("seed", range(3))
def test_two_runs_are_the_same(seed):
    """Whatever is answered first, the report is the same."""
    del seed
    first, second = (check(drop="(www|google)", hosts=["app", "api", "gone"])[0].to_dict() for _ in range(2))
    assert first["findings"] == second["findings"]
    assert first["passed"] == second["passed"]
