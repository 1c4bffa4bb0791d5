"""No zone and no website breaks a check: whatever is published, each rule comes to a verdict, and the report renders."""

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.world import DOMAIN, check

NAMES = ("@", "www", "app", "_dmarc", "google._domainkey", "_mta-sts", "_smtp._tls", "default._bimi", "spf2")
RECORD = st.one_of(
    st.from_regex(r"\Av=spf1( [-+~?]?(include|a|mx|ip4|ip6|exists|redirect|ptr|all)[:=/]?[a-z0-9.%{}/]{0,20}){0,6}\Z"),
    st.from_regex(r"\Av=(DMARC1|DKIM1|STSv1|TLSRPTv1|BIMI1);( ?[a-z]{1,5}=[a-zA-Z0-9:@.,!/+]{0,30};?){0,6}\Z"),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\;('), max_size=60),
)
TEXT = st.tuples(st.sampled_from(NAMES), RECORD).map(lambda pair: f'{pair[0]} TXT "{pair[1]}"')
OTHER = st.sampled_from(
    [
        "@ MX 0 .", "@ MX 10 www.coach.example.", "@ MX 20 192.0.2.1.", "@ NS www.coach.example.", "www A 10.0.0.1",
        "app CNAME app.coach.example.", "app CNAME x.github.io.", '@ CAA 128 zz "1"', '@ CAA 0 issue ";"', "* A 192.0.2.5",
        "* MX 5 www.coach.example.", f"_25._tcp.mx.mail.example. TLSA 3 1 1 {'ab' * 32}", "@ AAAA ::1", "app A 0.0.0.0",
    ]
)  # fmt: skip
HEADERS = st.dictionaries(
    st.sampled_from(
        ["location", "strict-transport-security", "content-type", "set-cookie", "access-control-allow-origin",
         "access-control-allow-credentials", "cache-control", "cf-mitigated", "content-encoding"]
    ),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)  # fmt: skip
ANSWER = st.fixed_dictionaries(
    {"status": st.sampled_from([200, 204, 301, 302, 307, 401, 403, 404, 405, 429, 500, 503]), "headers": HEADERS,
     "body": st.text(max_size=60) | st.just('<link rel=stylesheet href="http://[x"><img srcset=", http://y 2x">')}
)  # fmt: skip
URLS = [f"{scheme}://{host}{DOMAIN}/" for scheme in ("http", "https") for host in ("", "www.", "app.", "api.")]
URLS += [f"https://{DOMAIN}/hook", f"https://{DOMAIN}/.well-known/assetlinks.json",
         f"https://{DOMAIN}/.well-known/apple-app-site-association",
         f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"]  # fmt: skip


@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    st.lists(TEXT | OTHER, max_size=8),
    st.sampled_from([None, "@ TXT", "_dmarc", "google", "@ (A|AAAA) ", "@ MX", "@ NS", "www", "."]),
    st.dictionaries(st.sampled_from(URLS), ANSWER, max_size=6),
    st.none() | st.booleans(),
)
def test_any_zone(lines, drop, web, sends):
    """No check fails by itself, and every format takes the report."""
    report, _ = check(
        drop=drop, add="\n".join(lines), web=web, sends_mail=sends, webhooks=[f"https://{DOMAIN}/hook"],
        mobile_app=sends, senders=["192.0.2.1", "2001:db8::1"], protected=[f"POST https://{DOMAIN}/hook"],
    )  # fmt: skip
    assert [one.evidence for one in report.undetermined if "itself failed" in one.evidence] == []
    for name in ("json", "md", "html", "sarif", "junit", "text"):
        assert report.to(name)
