"""Every parser of input from outside, by name, as a function of one text."""

from collections.abc import Callable

from launchready.core.cache import cache_control, no_vary_search
from launchready.core.idempotency import keys
from launchready.env import dotenv
from launchready.http import dates, structured
from launchready.mail import bimi, dkim, dmarc, mta_sts, mx, spf, tls_rpt
from launchready.redaction.text import Redactor
from launchready.secrets.file_context import context_of
from launchready.secrets.scan_text import find_secrets
from launchready.web import caa, cookies, hsts, page

Parser = Callable[[str], object]


def without_re2() -> Redactor:
    """A redactor as in an installation without google-re2."""
    redactor = Redactor()
    redactor._engine._re2_loaded = True
    return redactor


def _octets(parse: Callable[[bytes], object]) -> Parser:
    return lambda text: parse(text.encode("utf-8", "surrogatepass"))


def _scan(path: str) -> Parser:
    context = context_of(path)
    return lambda text: find_secrets(text, context)


REDACTION: dict[str, Parser] = {"redaction with google-re2": Redactor(), "redaction without": without_re2()}
RECORD = Redactor()

PARSERS: dict[str, Parser] = {
    **REDACTION,
    "redaction of a record": lambda text: RECORD(
        {"message": text, "items": [text[:200]] * 8, "password": {"value": text}}
    ),
    "redaction of many values": lambda text: RECORD([text[start : start + 50] for start in range(0, len(text), 50)]),
    "structured dictionary": _octets(structured.parse_dictionary),
    "structured list": _octets(structured.parse_list),
    "structured string": _octets(structured.parse_string),
    "HTTP date": _octets(lambda value: dates.parse(value, now=0.0)),
    "cache-control": _octets(cache_control.parse),
    "no-vary-search": _octets(no_vary_search.parse),
    "idempotency-key": _octets(lambda value: keys.parse_key([value])),
    "set-cookie": cookies.parse,
    "strict-transport-security": hsts.parse,
    "page": lambda text: page.references(text, "https://a.example/"),
    "page of tags": lambda text: page.references(f"<style>{text}</style>", "https://a.example/"),
    "CAA": lambda text: caa.parse(f'0 issue "{text}"'),
    "SPF": spf.parse,
    "SPF mechanism": lambda text: spf.parse(f"v=spf1 {text}"),
    "DMARC": lambda text: dmarc.parse([f"v=DMARC1; p=none; {text}"]),
    "DKIM": lambda text: dkim.parse_key([f"v=DKIM1; {text}"]),
    "DKIM key": lambda text: dkim.parse_key([f"v=DKIM1; p={text}"]),
    "MTA-STS record": lambda text: mta_sts.parse_txt([f"v=STSv1; {text}"]),
    "MTA-STS policy": lambda text: mta_sts.parse_policy(f"version: STSv1\n{text}"),
    "MTA-STS pattern": lambda text: mta_sts.matches("*.a.example", text),
    "TLS-RPT": lambda text: tls_rpt.parse([f"v=TLSRPTv1; {text}"]),
    "BIMI": lambda text: bimi.parse([f"v=BIMI1; {text}"]),
    "MX": lambda text: mx.classify([f"10 {text}"]),
    "dotenv": dotenv.parse,
    "secrets in .env": _scan("a.env"),
    "secrets in YAML": _scan("config/a.yml"),
    "secrets in Python": _scan("src/a.py"),
    "secrets in XML": _scan("a.xml"),
    "secrets in prose": _scan("README.md"),
    "secrets in a shell script": _scan("deploy.sh"),
    "secrets in SQL": _scan("dump.sql"),
}
