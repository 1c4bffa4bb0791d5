"""coach.example, with the usual mistakes of a first launch. ``PLANTED`` lists them."""

from launchready.demo.certificates import Certificates
from launchready.demo.website import Page

DOMAIN = "coach.example"
HOSTS = ("app", "api", "shop", "admin")
WEBHOOK = "https://api.coach.example/webhooks/stripe"
SELECTORS = ("google", "mailer", "newsletter")
FAILING = frozenset({"newsletter._domainkey.coach.example"})

# Each planted mistake, and a pattern that matches its finding: code, subject, title and evidence in one text.
PLANTED = {
    "admin.coach.example is not in the DNS (the zone has amdin)": r"DNS\d.* admin\.coach\.example",
    "two SPF records": r"MAIL\d.*\b(two|2)\b.*SPF|MAIL\d.*SPF.*\b(two|2|more than one)\b",
    "DMARC enforces nothing (p=none)": r"MAIL\d.*p=none",
    "the DKIM key of the selector mailer is revoked": r"MAIL\d.*mailer",
    "the certificate of app.coach.example expires in 6 days": r"TLS\d.* app\.coach\.example",
    "shop.coach.example shows the hosting company's certificate": r"TLS\d.* shop\.coach\.example",
    "http://coach.example does not redirect to https": r"WEB\d.*http://coach\.example",
    "the payment webhook is redirected": r"WEB\d.*webhooks/stripe",
    "no host sends HSTS": r"WEB\d.*(HSTS|strict-transport-security)",
}
# Undeterminable: the name server answers SERVFAIL for this DKIM key.
UNDETERMINABLE = r"MAIL\d.*newsletter"

ZONE = """
$TTL 300
@               SOA   ns1 hostmaster 2026112401 7200 900 1209600 300
@               NS    ns1
@               NS    ns2
@               A     192.0.2.10
@               MX    10 mx1
@               MX    20 mx2
@               TXT   "v=spf1 include:_spf.coach.example -all"
@               TXT   "v=spf1 ip4:192.0.2.25 ~all"
ns1             A     192.0.2.53
ns2             A     198.51.100.53
mx1             A     192.0.2.25
mx2             A     198.51.100.25
_spf            TXT   "v=spf1 ip4:192.0.2.25 ip4:198.51.100.25 -all"
_dmarc          TXT   "v=DMARC1; p=none; rua=mailto:dmarc@coach.example"
google._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
mailer._domainkey TXT "v=DKIM1; k=rsa; p="
www             CNAME coach.example.
app             A     192.0.2.10
api             A     192.0.2.10
shop            A     203.0.113.80
amdin           A     192.0.2.10
"""


def certify(certificates: Certificates) -> None:
    certificates.issue(DOMAIN, names=(DOMAIN, f"www.{DOMAIN}"))
    certificates.issue(f"www.{DOMAIN}", names=(DOMAIN, f"www.{DOMAIN}"))
    certificates.issue(f"api.{DOMAIN}")
    certificates.issue(f"app.{DOMAIN}", days=6)
    certificates.issue(f"shop.{DOMAIN}", names=("*.hosting.example",))


def site(scheme: str, method: str, host: str, path: str) -> Page:
    """Return the page for one request. No host sends HSTS, and http://coach.example does not redirect to https."""
    if scheme == "http" and host != DOMAIN:
        return 301, {"location": f"https://{host}{path}"}, ""
    if host == f"www.{DOMAIN}":
        return 301, {"location": f"https://{DOMAIN}{path}"}, ""
    if method == "POST" and path == "/webhooks/stripe":
        return 301, {"location": WEBHOOK + "/"}, ""
    return 200, {"content-type": "text/html; charset=utf-8"}, f"<!doctype html><title>Coach</title><p>{host}"
