"""Every line of the catalogue: one thing is broken in a healthy business, and exactly that is found, with its severity
and its deadline. So each row also says that one root cause is one finding, and that nothing healthy is reported.
"""

import base64
import shlex
from dataclasses import fields

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from checks.world import DOMAIN, KEY, RECORDS, certificate, check, page, registration, to
from launchready import cli
from launchready.cli.check_arguments import check_options
from launchready.cli.configuration import Configuration
from launchready.net.answers import TlsFacts

C, H, M, L, I = "critical", "high", "medium", "low", "info"  # noqa: E741
NOW, WAIT = "48h", "can-wait"
SPF = '@ TXT "v=spf1 include:spf.mail.example ~all"'
LETTERS = "abcdefghijk"


def short(bits):
    key = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) | 12345).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def spf(record):
    return {"drop": "@ TXT", "add": f'@ TXT "{record}"'}


def dmarc(*records):
    return {"drop": "_dmarc", "add": "\n".join(f'_dmarc TXT "{record}"' for record in records)}


def dkim(*records):
    lines = []
    for record in records:
        parts = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
        lines.append(f"google._domainkey TXT {parts}")
    return {"drop": "google", "add": "\n".join(lines)}


RUA = "rua=mailto:dmarc@coach.example"
URL = f"https://{DOMAIN}/"
API = f"https://api.{DOMAIN}/"
HOOK = f"https://api.{DOMAIN}/webhooks/stripe"
STS = f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"

# description, what is changed, what is found: code -> (severity, deadline)
ROWS = [
    ("healthy", {}, {}),
    ("the domain does not exist", {"domain": "nobody.example"}, {"DNS001": (C, NOW)}),
    ("bogus DNSSEC", {"bogus": [DOMAIN]}, {"DNS001": (C, NOW)}),
    ("SERVFAIL", {"faults": [{"name": f"*{DOMAIN}", "action": "servfail"}]}, {"DNS001": (C, NOW)}),
    ("the apex has no address", {"drop": "@ (A|AAAA) "}, {"DNS002": (C, NOW)}),
    ("www is missing", {"drop": "www"}, {"DNS002": (H, NOW)}),
    ("the apex is an alias", {"drop": "@ (A|AAAA) ", "add": "@ CNAME app.coach.example."}, {"DNS014": (C, NOW)}),
    ("the apex is an alias, so mail and its records are gone",
     {"drop": "@ (A|AAAA|MX|TXT|CAA|DS) ", "add": "@ CNAME www2.coach.example.\nwww2 A 192.0.2.10",
      "only": ["DNS014", "MAIL001", "MAIL002"]}, {"DNS014": (C, NOW)}),
    ("an alias below the domain", {"drop": "api", "add": "api CNAME mx.mail.example."}, {}),
    ("one of two addresses is private", {"add": "@ A 10.0.0.5"}, {"DNS002": (C, NOW)}),
    ("one of two addresses of a host is loopback", {"add": "api A 127.0.0.1"}, {"DNS003": (C, NOW)}),
    ("bogus DNSSEC of one host", {"bogus": [f"api.{DOMAIN}"]}, {"DNS003": (C, NOW)}),
    ("bogus DNSSEC of www", {"bogus": [f"www.{DOMAIN}"]}, {"DNS002": (C, NOW)}),
    ("a subdomain that nobody writes from", {"domain": f"app.{DOMAIN}", "hosts": [], "canonical": None, "sends_mail": None,
                                             "dkim_selectors": [], "only": ["MAIL001", "MAIL017"]}, {}),
    ("an address with www pasted", {"domain": f"https://www.{DOMAIN}/book"}, {}),
    ("a host is missing", {"drop": "api"}, {"DNS003": (H, NOW)}),
    ("a dangling alias", {"drop": "api", "add": "api CNAME gone.mail.example."}, {"DNS003": (C, NOW)}),
    ("loopback", {"drop": "api", "add": "api A 127.0.0.1"}, {"DNS003": (C, NOW)}),
    ("a private address of a host for customers", {"drop": "api", "add": "api A 10.0.0.5"}, {"DNS003": (C, NOW)}),
    ("a private address of an internal host", {"hosts": ["app", "api", "office"], "add": "office A 10.0.0.5"},
     {"DNS003": (M, WAIT)}),
    ("claimable alias", {"hosts": ["app", "api", "blog"], "add": "blog CNAME old.github.io.",
                         "web": {f"http://blog.{DOMAIN}/": page("There isn't a GitHub Pages site here.", 404)}},
     {"DNS005": (C, NOW)}),
    ("an alias to a service that is held", {"hosts": ["app", "api", "blog"], "add": "blog CNAME mine.github.io.",
                                            "web": {f"http://blog.{DOMAIN}/": page("My blog"),
                                                    f"https://blog.{DOMAIN}/": page("My blog")}, "only": ["DNS005"]}, {}),
    ("a name server without an address", {"add": "@ NS gone.dns.example."}, {"DNS004": (H, NOW)}),
    ("one name server", {"drop": "@ NS bob"}, {"DNS004": (M, WAIT)}),
    ("a lame name server", {"authority": {"127.0.0.2": {"zones": [DOMAIN]}, "127.0.0.3": {"zones": ["x.example"]}}},
     {"DNS006": (H, NOW)}),
    ("the first page is dead behind a redirect", {"web": {URL: to(f"{URL}home", 302), f"{URL}home": page("", 500)}},
     {"WEB025": (C, NOW)}),
    ("the first page is forbidden", {"web": {URL: page("", 403)}}, {"WEB025": (C, NOW)}),
    ("the first page leads to localhost", {"only": ["WEB025"], "web": {URL: to("http://localhost:8000/")}}, {"WEB025": (C, NOW)}),
    ("the first page leads to a private address", {"only": ["WEB025"], "web": {URL: to("https://192.168.1.4/")}},
     {"WEB025": (C, NOW)}),
    ("the first page leads to a file", {"only": ["WEB025"], "web": {URL: to("file:///srv/app/index.html")}},
     {"WEB025": (C, NOW)}),
    ("the first page leads to a name that does not exist", {"only": ["WEB025"], "web": {URL: to("https://gone.example/")}},
     {"WEB025": (C, NOW)}),
    ("the first page ends without encryption",
     {"only": ["WEB025"], "web": {URL: to("http://shop.example/"), "http://shop.example/": page()}}, {"WEB025": (C, NOW)}),
    ("the first page leads to a page that works", {"web": {URL: to(f"{URL}home", 302), f"{URL}home": page()}}, {}),
    ("the login of a platform", {"only": ["WEB025", "WEB026", "WEB027"], "web": {
        URL: to("https://vercel.com/sso-api?url=x", 302), "https://vercel.com/sso-api?url=x": page("Log in")}},
     {"WEB026": (C, NOW)}),
    ("a page that search engines may not show", {"web": {URL: page(x_robots_tag="noindex, nofollow")}}, {"WEB027": (M, WAIT)}),
    ("a page with a robots element", {"web": {URL: page('<meta name="robots" content="noindex">')}}, {"WEB027": (M, WAIT)}),
    ("a page with another robots element", {"web": {URL: page('<meta name="robots" content="max-snippet:-1">')}}, {}),
    ("the page of a framework that nobody has changed", {"web": {URL: page("<title>Create Next App</title>")}},
     {"WEB011": (C, NOW)}),
    ("name servers with different serial numbers", {"serials": {"203.0.113.53": "2"}}, {"DNS007": (L, WAIT)}),
    ("all name servers in one network", {"drop": "@ NS bob", "add": "@ NS carl.ns.dns.example."}, {"DNS013": (L, WAIT)}),
    ("a failed handshake", {"tls": {f"app.{DOMAIN}": TlsFacts("handshake", trouble="refused", reason="refused")}},
     {"TLS003": (C, NOW)}),
    ("pinned certificates without DNSSEC", {"add": f"$ORIGIN mail.example.\n_25._tcp.mx TLSA 3 1 1 {'ab' * 32}"},
     {"MAIL021": (L, WAIT)}),
    ("no security.txt", {"web": {f"{URL}.well-known/security.txt": page("", 404)}}, {"WEB016": (I, WAIT)}),
    ("security.txt with a contact", {"web": {f"{URL}.well-known/security.txt": page("Contact: mailto:a@b.example")}}, {}),
    ("an open server behind a content network", {"origin": "192.0.2.10"}, {"WEB013": (M, WAIT)}),
    ("a route without a rate limit", {"probe_limit": {"POST /login": 2}, "web": {f"{URL}login": page("{}")}},
     {"WEB021": (M, WAIT)}),
    ("a name server that takes no TCP", {"closed": ["203.0.113.53"]}, {"DNS016": (M, WAIT)}),
    ("CAA names another authority", {"drop": "@ CAA", "add": '@ CAA 0 issue "pki.goog"'}, {"DNS008": (H, NOW)}),
    ("CAA is answered with SERVFAIL", {"faults": [{"name": DOMAIN, "type": "CAA", "action": "servfail"}]},
     {"DNS008": (H, NOW)}),
    ("CAA with an unknown critical property", {"add": '@ CAA 128 tbs "x"'}, {"DNS008": (H, NOW)}),
    ("a long TTL of an alias", {"drop": "www", "add": "www 86400 CNAME coach.example."}, {"DNS009": (L, WAIT)}),
    ("a long TTL", {"drop": "app", "add": "app 86400 A 192.0.2.11"}, {"DNS009": (L, WAIT)}),
    ("a wildcard", {"add": "* A 192.0.2.99"}, {"DNS010": (L, WAIT)}),
    ("no IPv6", {"drop": "@ AAAA"}, {"DNS011": (I, WAIT)}),
    ("no DNSSEC", {"drop": "@ DS"}, {"DNS012": (I, WAIT)}),
    ("registered for 12 days", {"rdap": registration("2026-12-06T00:00:00Z")}, {"REG001": (C, NOW)}),
    ("registered for 20 days", {"rdap": registration("2026-12-14T00:00:00Z")}, {"REG001": (H, NOW)}),
    ("registered for 50 days", {"rdap": registration("2027-01-13T00:00:00Z")}, {"REG001": (M, WAIT)}),
    ("client hold", {"rdap": registration(status=["client hold", "client transfer prohibited"])}, {"REG002": (C, NOW)}),
    ("redemption", {"rdap": registration(status=["redemption period"])}, {"REG002": (C, NOW)}),
    ("no transfer lock", {"rdap": registration(status=["active"])}, {"REG003": (L, WAIT)}),
    ("an expired certificate", {"tls": {f"app.{DOMAIN}": certificate(not_after="2026-11-20T00:00:00Z")}},
     {"TLS001": (C, NOW)}),
    ("a certificate for two more days", {"tls": {f"app.{DOMAIN}": certificate(not_after="2026-11-26T00:00:00Z")}},
     {"TLS001": (C, NOW)}),
    ("a certificate with a sixth of its life", {"tls": {f"app.{DOMAIN}": certificate(not_after="2026-12-04T00:00:00Z")}},
     {"TLS001": (H, NOW)}),
    ("a certificate of six days, renewed yesterday",
     {"tls": {f"app.{DOMAIN}": certificate(not_before="2026-11-23T00:00:00Z", not_after="2026-11-29T00:00:00Z")}}, {}),
    ("a certificate for another name", {"tls": {f"app.{DOMAIN}": certificate(names=["other.example"])}},
     {"TLS002": (C, NOW)}),
    ("a self-signed certificate", {"tls": {f"app.{DOMAIN}": certificate(self_signed=True)}}, {"TLS002": (C, NOW)}),
    ("a missing intermediate", {"tls": {f"app.{DOMAIN}": certificate(chain_complete=False)}}, {"TLS002": (H, NOW)}),
    ("TLS 1.0", {"tls": {f"app.{DOMAIN}": certificate(versions=["TLSv1", "TLSv1.2"])}}, {"TLS004": (M, WAIT)}),
    ("a redirect loop", {"web": {URL: to(f"http://{DOMAIN}/")}}, {"WEB001": (C, NOW)}),
    ("there is no https", {"web": {f"http://app.{DOMAIN}/": page(), f"https://app.{DOMAIN}/": {"error": "refused"}}},
     {"WEB011": (C, NOW)}),
    ("a redirect without HSTS", {"web": {f"https://www.{DOMAIN}/": {"status": 301, "headers": {"location": URL}}}},
     {"WEB003": (L, WAIT)}),
    ("a webhook whose certificate is refused", {"webhooks": [HOOK], "web": {HOOK: {"error": "certificate verify failed"}}},
     {"WEB015": (H, NOW)}),
    ("http is not redirected", {"web": {f"http://app.{DOMAIN}/": page()}}, {"WEB001": (H, NOW)}),
    ("www and apex both answer", {"web": {f"https://www.{DOMAIN}/": page()}}, {"WEB004": (H, NOW)}),
    ("visitors end on the other host", {"canonical": "www"}, {"WEB004": (M, WAIT)}),
    ("a chain of redirects", {"web": {f"http://{DOMAIN}/": to(f"http://{DOMAIN}/a"), f"http://{DOMAIN}/a": to(f"http://{DOMAIN}/b"),
                                      f"http://{DOMAIN}/b": to(f"http://{DOMAIN}/c"), f"http://{DOMAIN}/c": to(URL)}},
     {"WEB005": (M, WAIT)}),
    ("a redirect through http", {"web": {f"https://www.{DOMAIN}/": to(f"http://{DOMAIN}/")}}, {"WEB005": (M, WAIT)}),
    ("a redirect forgets the page", {"web": {f"http://{DOMAIN}/launchready-probe/page?kept=1": to(URL)}},
     {"WEB017": (M, WAIT)}),
    ("a redirect keeps the page", {"web": {
        f"https://www.{DOMAIN}/launchready-probe/page?kept=1": to(f"{URL}launchready-probe/page?kept=1")}}, {}),
    ("no HSTS", {"web": {URL: page(strict_transport_security="")}}, {"WEB003": (M, WAIT)}),
    ("preload half done", {"web": {URL: page(strict_transport_security="max-age=86400; preload")}},
     {"WEB008": (M, WAIT)}),
    ("no CSP", {"web": {URL: page(content_security_policy="")}}, {"WEB009": (L, WAIT)}),
    ("no referrer policy", {"web": {URL: page(referrer_policy="")}}, {"WEB009": (I, WAIT)}),
    ("a session cookie in the open", {"web": {URL: page(set_cookie="sessionid=abc; Path=/")}}, {"WEB006": (H, NOW)}),
    ("a session cookie for scripts", {"web": {URL: page(set_cookie="session=abc; Secure")}}, {"WEB006": (H, NOW)}),
    ("a session cookie as it should be", {"web": {URL: page(set_cookie="sessionid=abc; Secure; HttpOnly")}}, {}),
    ("a cookie that scripts have to read", {"web": {URL: page(set_cookie="csrftoken=abc; Path=/")}}, {}),
    ("CORS for any origin with credentials",
     {"cors_probe_origin": "https://evil.example",
      "web": {API: page("{}", access_control_allow_origin="https://evil.example", access_control_allow_credentials="true")}},
     {"WEB007": (C, NOW)}),
    ("CORS for the own app", {"web": {API: page("{}", access_control_allow_origin=f"https://app.{DOMAIN}",
                                                access_control_allow_credentials="true")}}, {}),
    ("CORS for everybody without credentials", {"web": {API: page("{}", access_control_allow_origin="*")}}, {}),
    ("CORS that no browser accepts", {"web": {API: page("{}", access_control_allow_origin="*",
                                                        access_control_allow_credentials="true")}}, {"WEB007": (M, WAIT)}),
    ("a script without encryption", {"web": {URL: page('<script src="http://cdn.example/a.js"></script>')}},
     {"WEB010": (H, NOW)}),
    ("an image without encryption", {"web": {URL: page('<img src="http://cdn.example/a.png">')}}, {"WEB010": (M, WAIT)}),
    ("a server error", {"web": {f"https://app.{DOMAIN}/": page("", 502)}}, {"WEB011": (C, NOW)}),
    ("a parking page", {"web": {URL: page("<html><title>This domain is parked</title>")}}, {"WEB011": (C, NOW)}),
    ("https is refused", {"web": {f"https://app.{DOMAIN}/": {"error": "connection refused"}}}, {"WEB011": (C, NOW)}),
    ("a protected route is open", {"protected": ["https://api.coach.example/me"], "web": {f"{API}me": page("{}")}},
     {"WEB014": (C, NOW)}),
    ("a protected route is refused", {"protected": [f"get {API}me"], "web": {f"{API}me": page("{}", 401)}}, {}),
    ("a protected page shows a login",
     {"protected": [f"{API}me"], "web": {f"{API}me": page('<form action="/x"><input type="password">')}}, {}),
    ("two services were swapped",
     {"hosts": {"app": "Book a session", "api": None}, "only": ["WEB018"],
      "web": {f"https://app.{DOMAIN}/": page('{"service": "api"}'), API: page("<title>Book a session</title>")}},
     {"WEB018": (H, NOW)}),
    ("each host shows what it should", {"hosts": {"app": "book", "api": None}}, {}),
    ("an open back office", {"hosts": ["app", "api", "admin"], "add": "admin A 192.0.2.14", "only": ["WEB019"],
                             "web": {f"https://admin.{DOMAIN}/": page("<h1>All bookings</h1>")}}, {"WEB019": (M, WAIT)}),
    ("a back office with a login", {"hosts": ["app", "api", "admin"], "add": "admin A 192.0.2.14", "only": ["WEB019"],
                                    "web": {f"https://admin.{DOMAIN}/": to("/login", 302),
                                            f"https://admin.{DOMAIN}/login": page("<form>Password</form>")}}, {}),
    ("another release is live", {"release": "f07e2ab99", "web": {f"{URL}healthz": page('{"release": "0000000"}')}},
     {"WEB020": (H, NOW)}),
    ("the health page names no release", {"release": "f07e2ab99", "web": {f"{URL}healthz": page("ok")}},
     {"WEB020": (H, NOW)}),
    ("the right release is live", {"release": "f07e2ab99", "web": {f"{URL}healthz": page('{"releaseId": "f07e2ab"}', 503)}}, {}),
    ("a foreign script without a hash", {"web": {URL: page('<script src="https://cdn.other.example/a@1.2.3/a.js"></script>')}},
     {"WEB022": (I, WAIT)}),
    ("a foreign script with a hash", {"web": {URL: page('<script integrity="sha384-x" src="https://cdn.other.example/a@1.2.3/a.js">'
                                                        '</script>')}}, {}),
    ("a foreign script that changes by intention", {"web": {URL: page('<script src="https://js.other.example/v3/"></script>')}}, {}),
    ("a login without COOP", {"web": {URL: page('<form><input type="password"></form>')}}, {"WEB023": (I, WAIT)}),
    ("a login alone in its window", {"web": {URL: page('<form><input type="password"></form>',
                                                       cross_origin_opener_policy="same-origin",
                                                       cross_origin_resource_policy="same-origin")}}, {}),
    ("a forgotten name that can be taken over", {"subdomains": ["old.coach.example", "app.coach.example", "*.coach.example"],
                                                 "add": "old CNAME gone.herokudns.com."}, {"DNS015": (C, NOW)}),
    ("a forgotten name at a service", {"subdomains": lambda _domain: ["Old.coach.example."],
                                       "add": "old CNAME old.github.io.",
                                       "web": {f"http://old.{DOMAIN}/": page("There isn't a GitHub Pages site here.", 404)}},
     {"DNS015": (C, NOW)}),
    ("a forgotten name that leads somewhere", {"subdomains": ["old.coach.example"], "add": "old A 192.0.2.9"},
     {"DNS015": (I, WAIT)}),
    ("no forgotten name", {"subdomains": ["app.coach.example", "other.example"]}, {}),
    ("a webhook is redirected", {"webhooks": [HOOK], "web": {HOOK: to(f"{HOOK}/")}}, {"WEB002": (H, NOW)}),
    ("a webhook meets a challenge", {"webhooks": [HOOK], "web": {HOOK: page("<title>Just a moment...</title>", 403)}},
     {"WEB015": (H, NOW)}),
    ("a webhook is not there", {"webhooks": [HOOK], "web": {HOOK: page("", 404)}}, {"WEB015": (H, NOW)}),
    ("a webhook refuses what is not signed", {"webhooks": [HOOK], "web": {HOOK: page("no signature", 400)}}, {}),
    ("a webhook gets a changed body",
     {"webhooks": [HOOK], "web": {HOOK: page('{"launchready":"probe","b":1.0,"a":"\u00e9/"}', 400)}}, {"WEB015": (H, NOW)}),
    ("two SPF records", {"add": '@ TXT "v=spf1 -all"'}, {"MAIL003": (C, NOW)}),
    ("no SPF record", {"drop": "@ TXT"}, {"MAIL002": (H, NOW)}),
    ("everybody may send", spf("v=spf1 +all"), {"MAIL004": (C, NOW)}),
    ("everybody may send by an include", spf("v=spf1 include:everyone.mail.example ~all"), {"MAIL004": (C, NOW)}),
    ("eleven lookups", spf("v=spf1 " + "a:mx.mail.example " * 11 + "~all"), {"MAIL008": (C, NOW)}),
    ("three void lookups", spf("v=spf1 a:x.mail.example a:y.mail.example a:z.mail.example ~all"), {"MAIL008": (C, NOW)}),
    ("a loop", spf("v=spf1 include:loop.mail.example ~all"), {"MAIL008": (C, NOW)}),
    ("an include that is broken", spf("v=spf1 include:broken.mail.example ~all"), {"MAIL008": (C, NOW)}),
    ("an include that is not there", spf("v=spf1 include:gone.mail.example ~all"), {"MAIL008": (C, NOW)}),
    ("a slip in the record", spf("v=spf1 inlcude:spf.mail.example ~all"), {"MAIL008": (C, NOW)}),
    ("glued strings", {"drop": "@ TXT", "add": '@ TXT "v=spf1 include:spf.mail.example" "include:spf.mail.example ~all"'},
     {"MAIL008": (C, NOW)}),
    ("nine lookups", spf("v=spf1 " + "a:mx.mail.example " * 9 + "~all"), {"MAIL009": (L, WAIT)}),
    ("no all", spf("v=spf1 include:spf.mail.example"), {"MAIL010": (M, WAIT)}),
    ("?all", spf("v=spf1 include:spf.mail.example ?all"), {"MAIL010": (M, WAIT)}),
    ("?all behind a redirect", spf("v=spf1 redirect=open.mail.example"), {"MAIL010": (M, WAIT)}),
    ("ptr", spf("v=spf1 ptr include:spf.mail.example ~all"), {"MAIL011": (L, WAIT)}),
    ("redirect beside all", spf("v=spf1 include:spf.mail.example ~all redirect=spf.mail.example"), {"MAIL011": (L, WAIT)}),
    ("two void lookups", spf("v=spf1 a:x.mail.example a:y.mail.example ~all"), {"MAIL011": (L, WAIT)}),
    ("no DMARC", {"drop": "_dmarc"}, {"MAIL005": (H, NOW)}),
    ("two DMARC records", dmarc(f"v=DMARC1; p=none; {RUA}", "v=DMARC1; p=reject"), {"MAIL005": (H, NOW)}),
    ("a misplaced DMARC record", {"drop": "_dmarc", "add": '@ TXT "v=DMARC1; p=reject"'}, {"MAIL005": (H, NOW)}),
    ("v=dmarc1", dmarc(f"v=dmarc1; p=reject; {RUA}"), {"MAIL005": (H, NOW)}),
    ("p is invalid", dmarc(f"v=DMARC1; p=rejct; {RUA}"), {"MAIL005": (H, NOW)}),
    ("p=none", dmarc(f"v=DMARC1; p=none; {RUA}"), {"MAIL006": (M, WAIT)}),
    ("sp=none", dmarc(f"v=DMARC1; p=reject; sp=none; {RUA}"), {"MAIL012": (M, WAIT)}),
    ("np=none", dmarc(f"v=DMARC1; p=reject; np=none; {RUA}"), {"MAIL012": (L, WAIT)}),
    ("t=y", dmarc(f"v=DMARC1; p=reject; t=y; {RUA}"), {"MAIL013": (M, WAIT)}),
    ("no rua", dmarc("v=DMARC1; p=reject"), {"MAIL014": (M, WAIT)}),
    ("rua is not authorised", dmarc("v=DMARC1; p=reject; rua=mailto:a@mail.example"), {"MAIL015": (M, WAIT)}),
    ("pct", dmarc(f"v=DMARC1; p=reject; pct=20; {RUA}"), {"MAIL016": (L, WAIT)}),
    ("an unknown tag", dmarc(f"v=DMARC1; p=reject; policy=x; {RUA}"), {"MAIL016": (L, WAIT)}),
    ("a named selector is missing", {"drop": "google"}, {"MAIL007": (H, NOW)}),
    ("a revoked key", dkim("v=DKIM1; p="), {"MAIL007": (H, NOW)}),
    ("a key of 768 bits", dkim(f"v=DKIM1; p={short(768)}"), {"MAIL007": (H, NOW)}),
    ("a key that was cut", dkim(f"v=DKIM1; p={KEY[:150]}"), {"MAIL007": (H, NOW)}),
    ("h=sha1", dkim(f"v=DKIM1; h=sha1; p={KEY}"), {"MAIL007": (H, NOW)}),
    ("a key of 1024 bits", dkim(f"v=DKIM1; p={short(1024)}"), {"MAIL007": (L, WAIT)}),
    ("a key as a test", dkim(f"v=DKIM1; t=y; p={KEY}"), {"MAIL007": (M, WAIT)}),
    ("two keys", dkim(f"v=DKIM1; p={KEY}", f"v=DKIM1; p={short(2048)}"), {"MAIL007": (M, WAIT)}),
    ("a broken Ed25519 key", dkim(f"v=DKIM1; k=ed25519; p={KEY}"), {"MAIL007": (M, WAIT)}),
    ("no selector named", {"dkim_selectors": [], "drop": "google"}, {"MAIL017": (I, WAIT)}),
    ("no selector named, a key found", {"dkim_selectors": []}, {}),
    ("no MX", {"drop": "@ MX"}, {"MAIL001": (H, NOW)}),
    ("null MX on a sender", {"drop": "@ MX", "add": "@ MX 0 ."}, {"MAIL001": (H, NOW)}),
    ("null MX and a real one", {"add": "@ MX 0 ."}, {"MAIL001": (H, NOW)}),
    ("MX is an address", {"drop": "@ MX", "add": "@ MX 10 192.0.2.25."}, {"MAIL001": (C, NOW)}),
    ("MX does not exist", {"drop": "@ MX", "add": "@ MX 10 gone.mail.example."}, {"MAIL001": (C, NOW)}),
    ("MX has a private address", {"drop": "@ MX", "add": "@ MX 10 mx2.coach.example.\nmx2 A 10.0.0.25",
                                  "web": {STS: page("", 404)}, "only": ["MAIL001"]}, {"MAIL001": (C, NOW)}),
    ("MX is an alias", {"drop": "@ MX", "add": "@ MX 10 mx2.coach.example.\nmx2 CNAME mx.mail.example.",
                        "web": {STS: page("version: STSv1\nmode: enforce\nmx: mx2.coach.example\nmax_age: 1\n",
                                          content_type="text/plain")}}, {"MAIL001": (M, WAIT)}),
    ("MTA-STS does not cover the MX", {"web": {STS: page("version: STSv1\nmode: enforce\nmx: mx.other.example\nmax_age: 1\n",
                                                         content_type="text/plain")}}, {"MAIL018": (C, NOW)}),
    ("MTA-STS in testing", {"web": {STS: page("version: STSv1\nmode: testing\nmx: mx.other.example\nmax_age: 1\n",
                                              content_type="text/plain")}}, {"MAIL018": (M, WAIT)}),
    ("MTA-STS cannot be fetched", {"web": {STS: page("", 404)}}, {"MAIL019": (M, WAIT)}),
    ("MTA-STS is redirected", {"web": {STS: to("https://x.example/")}}, {"MAIL019": (M, WAIT)}),
    ("MTA-STS with a bad record", {"drop": "_mta-sts", "add": '_mta-sts TXT "v=STSv1; id=a-b"'}, {"MAIL019": (M, WAIT)}),
    ("no MTA-STS", {"drop": "_mta-sts"}, {"MAIL019": (L, WAIT)}),
    ("no TLS-RPT", {"drop": "_smtp"}, {"MAIL020": (L, WAIT)}),
    ("TLSA without DNSSEC", {"add": f"_25._tcp.mx.mail.example. TLSA 3 1 1 {'ab' * 32}"}, {"MAIL021": (L, WAIT)}),
    ("TLSA with DNSSEC", {"add": f"_25._tcp.mx.mail.example. TLSA 3 1 1 {'ab' * 32}", "secure": [DOMAIN, "mail.example"]},
     {}),
    ("BIMI over http", {"add": 'default._bimi TXT "v=BIMI1; l=http://x.example/l.svg"'}, {"MAIL022": (L, WAIT)}),
    ("a nameless server that sends", spf("v=spf1 ip4:192.0.2.77 ~all"), {"MAIL024": (L, WAIT)}),
    ("a server that sends and has a name", {**spf("v=spf1 ip4:192.0.2.77 ~all"), "add": '@ TXT "v=spf1 ip4:192.0.2.77 ~all"\n'
                                            "77.2.0.192.in-addr.arpa. PTR mail.coach.example."}, {}),
    ("files with a hash that nobody keeps",
     {"web": {URL: page('<script src="/app.3f9a1c22.js"></script>'), f"{URL}app.3f9a1c22.js": page("", content_type="text/javascript")}},
     {"WEB012": (L, WAIT)}),
    ("files with a hash that are never kept",
     {"web": {URL: page('<link rel="stylesheet" href="/main.3f9a1c22.css">'),
              f"{URL}main.3f9a1c22.css": page("", cache_control="no-store, max-age=99999999")}}, {"WEB012": (L, WAIT)}),
    ("files with a hash that are kept",
     {"web": {URL: page('<script src="/app.3f9a1c22.js"></script><script src="https://cdn.other.example/x.3f9a1c22.js"></script>'),
              f"{URL}app.3f9a1c22.js": page("", cache_control="public, max-age=31536000, immutable")}}, {}),
    ("a host name that no service holds any more, and that needs no claim",
     {"drop": "www", "add": "www CNAME gone.herokudns.com."}, {"DNS002": (C, NOW)}),
    ("a file of iPhone links nobody asked for", {"web": {f"{URL}.well-known/apple-app-site-association": page(
        '{"applinks": {"details": [{"appIDs": ["TEAM123456.com.example.app"]}]}}', content_type="application/json")}}, {}),
    ("the policy is a text of another kind",
     {"web": {STS: page("version: STSv1\nmode: enforce\nmx: mx.mail.example\nmax_age: 1\n", content_type="text/html")}},
     {"MAIL019": (M, WAIT)}),
    ("an own server that SPF does not name", {"senders": ["192.0.2.77"]}, {"MAIL025": (H, NOW)}),
    ("an own server that SPF names", {"senders": ["198.51.100.9"]}, {}),
    ("no iPhone links", {"mobile_app": True, "web": {f"{URL}.well-known/assetlinks.json": page("[]", 404),
                                                     f"{URL}.well-known/apple-app-site-association": page("", 404)}},
     {"LINK001": (H, NOW), "LINK002": (H, NOW)}),
    ("iPhone links are redirected", {"web": {f"{URL}.well-known/apple-app-site-association": to(f"{URL}x")},
                                     "mobile_app": True, "only": ["LINK001"]}, {"LINK001": (H, NOW)}),
    ("a domain that sends no mail", {"drop": "(@ MX|@ TXT|_dmarc|google|_mta-sts|_smtp)", "sends_mail": False,
                                     "dkim_selectors": [],
                                     "add": '@ MX 0 .\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"'}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_row(changed, expected):
    """What is broken is found, with its severity and deadline, and nothing else."""
    report, _ = check(**changed)
    assert list(report.undetermined) == []
    found = {finding.code: (finding.severity, finding.when) for finding in report if finding.status == "fail"}
    assert found == expected
    assert len(report.findings) == len(found)
    for finding in report:
        whole(finding)


CALL = {"hosts": (), "canonical": None, "dkim_selectors": (), "sends_mail": None, "ca": None}
TOLD = (
    "webhooks", "app", "pages", "protected", "mobile_app", "cors_probe_origin", "origin", "senders", "probe_limit",
    "release", "health", "domain", "only", "subdomains",
)  # fmt: skip
# Names that lead somewhere are many, and asked for together.
FAILING = [row for row in ROWS if row[2] and row[2] != {"DNS015": (I, WAIT)}]


@pytest.mark.parametrize(("changed", "expected"), [row[1:] for row in FAILING], ids=[row[0] for row in FAILING])
def test_verify(changed, expected, monkeypatch, tmp_path):
    """The command that a finding ends with is a command, and finds it again, with nothing else told."""
    monkeypatch.chdir(tmp_path)
    world = {name: value for name, value in changed.items() if name not in (*CALL, *TOLD)}
    for finding in check(**changed)[0]:
        words = shlex.split(finding.verify)[1:]
        args = cli.parser(words).parse_args(words)
        options = check_options(args, Configuration())
        typed = {one.name: value for one in fields(options) if (value := getattr(options, one.name)) != one.default}
        again, _ = check(**world, **(CALL | typed))
        assert finding.code in [one.code for one in again], finding.verify


def whole(finding):
    """Title, evidence, impact, fix and command are there; none shows a value of a Python program."""
    for text in (finding.title, finding.evidence, finding.impact, finding.fix, finding.verify, finding.reason):
        assert text
        assert "None" not in text
    assert finding.verify.startswith("launchready check ")
    assert finding.minutes > 0


def test_too_many_lookups_for_whom():
    """A receiver stops at the first term that matches: the evidence names the term from which on it is an error."""
    record = "v=spf1 ip4:198.51.100.1 include:five.mail.example a:mx.mail.example include:five.mail.example -all"
    report, _ = check(**spf(record))
    finding = next(one for one in report if one.code == "MAIL008")
    assert "11 DNS lookups are needed, 10 are allowed" in finding.evidence
    assert "no term before include:five.mail.example lists" in finding.evidence


def test_nothing_is_asked_twice():
    """Equal questions are asked once, and a healthy domain needs at most 60."""
    _, sockets = check()
    assert len(sockets.asked) == len(set(sockets.asked)) <= 60


@pytest.mark.parametrize("line", [line for line in RECORDS.splitlines() if line.strip()])
def test_silence_is_not_a_missing_record(line):
    """Any one question that nobody answers makes something undetermined, or changes nothing; it is never a failure."""
    name, rdtype = line.split()[:2]
    full = DOMAIN if name == "@" else f"{name}.{DOMAIN}"
    kind = "ANY" if rdtype == "CNAME" else rdtype
    report, _ = check(faults=[{"name": full, "type": kind, "action": "drop"}])
    assert [finding.title for finding in report if finding.status == "fail"] == []


def test_nothing_answers():
    """Without an answer to anything, everything is undetermined: one finding a question, no verdict."""
    report, _ = check(
        faults=[{"name": "*", "action": "drop"}], transport=httpx.MockTransport(silent), tls=silence, rdap=lambda _: [],
        timeout=1.0, dkim_selectors=[], protected=[f"{API}me"], webhooks=[HOOK], origin="192.0.2.10", mobile_app=True,
        senders=["192.0.2.77"],
    )  # fmt: skip
    assert {finding.status for finding in report} == {"undetermined"}
    assert report.passed == ()
    assert report.exit_code == 3


@pytest.mark.parametrize("action", ["servfail", "refused"])
def test_a_resolver_that_answers_nothing(action):
    """A resolver that fails for every name, the parent of the domain as well, says nothing about the domain."""
    report, _ = check(faults=[{"name": "*", "action": action}])
    assert [(one.code, one.status) for one in report] == [("DNS001", "undetermined")]


def test_only_the_web_is_silent():
    """The domain is there, no server answers: nothing about the web or its certificates is called fine or broken."""
    report, _ = check(
        transport=httpx.MockTransport(silent), tls=silence, protected=[f"{API}me"], webhooks=[HOOK],
        origin="192.0.2.10", mobile_app=True, only=["web", "tls", "deeplinks"],
    )  # fmt: skip
    assert {finding.status for finding in report} == {"undetermined"}
    assert [one for one in report.passed if one.code.startswith(("WEB", "TLS", "LINK"))] == []


def silent(_request):
    raise httpx.ConnectTimeout("no answer")


def silence(host):
    return TlsFacts(host, trouble="timeout", reason="no answer")
