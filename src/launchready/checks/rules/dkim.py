"""DKIM: the published keys that receivers verify your mail with."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, Txt, known
from launchready.checks.printed_records import txt
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.sanitize import Lines
from launchready.checks.shared_queries import sends_mail
from launchready.checks.site import Site
from launchready.mail.dkim import DKIMKey, parse_key, pem_body
from launchready.net.answers import DnsAnswer


def keys(site: Site) -> Iterable[str]:
    return [f"{selector}._domainkey.{site.domain}" for selector in site.dkim_selectors]


@rule("MAIL007", family="mail", topic="the key that signs your mail is valid (DKIM)", subjects=keys)
def dkim_selector(site: Site, subject: str) -> Verdict:
    """The keys that sign your mail are published and usable (RFC 6376, RFC 8301, RFC 8463).

    Selectors cannot be listed from outside, so only the given ones are checked.

    RFC 6376 section 3.6.1: an empty ``p=`` is a revoked key. RFC 8301: receivers must not accept less than 1024 bits.
    """
    op = Txt(subject)
    yield op
    key = parse_key(known(op.answer).records)
    if key.status == "ok" and not key.testing:
        return FINE
    if key.status in ("ok", "weak"):
        return [imperfect(site, subject, key)]
    return [unusable(site, subject, key, op.answer)]


def unusable(site: Site, subject: str, key: DKIMKey, answer: DnsAnswer) -> Finding:
    selector = subject.partition("._domainkey.")[0]
    what = {
        "missing": "its key is not published",
        "revoked": "its key was revoked",
        "unusable": f"its key cannot be used: {'; '.join(key.problems)}",
    }[key.status]
    target = f" CNAME {answer.chain[-1]};" if answer.chain else ""
    seen = f'"{key.record}"' if key.record else "no key record" + (" (NXDOMAIN)" if answer.status == "nxdomain" else "")
    # Receivers fall back from an Ed25519 key to the RSA key: a broken Ed25519 key alone loses no mail.
    spare = key.status == "unusable" and key.key_type == "ed25519"
    sends = site.sends_mail is not False and not spare
    return dkim_selector.fail(
        site,
        subject,
        f"Mail signed with {selector} is not recognised as yours: {what} (DKIM)"
        if spare
        else f"Mail signed with {selector} lands in spam: {what} (DKIM, the proof that a mail is yours)",
        severity="medium" if spare else "high" if sends else "low",
        when="48h" if sends else "can-wait",
        reason="mail the product depends on is refused or binned"
        if sends
        else "30 days: receivers fall back to the RSA key"
        if spare
        else "90 days: no mail is sent",
        score=Score(3, 2, 3) if sends else Score(1, 1, 1),
        minutes=20,
        evidence=f"TXT {subject} →{target} {seen}",
        impact="Receivers cannot tell your mail from a forgery. With a strict policy they refuse it.",
        fix=[
            f'In the settings of the service that signs with "{selector}", show the DKIM record. Publish it unchanged:',
            record_to_publish(subject, key, answer),
        ],
    )


def record_to_publish(name: str, key: DKIMKey, answer: DnsAnswer) -> str:
    """The record of a selector: the key of a pasted PEM file, an alias for services that use one, or a key record."""
    if (pem := pem_body(key.tags.get("p", ""))) and parse_key([f"v=DKIM1; k=rsa; p={pem}"]).valid:
        return txt(name, f"v=DKIM1; k=rsa; p={pem}")
    service = next((title for title, names in BY_ALIAS.items() if name.partition(".")[0].lower() in names), "")
    if service or answer.chain:
        return f"{name}.  300  IN  CNAME  <the target that {service or 'the service'} shows>"
    return f'{name}.  300  IN  TXT  "v=DKIM1; k=rsa; p=<the key that it shows>"'


def imperfect(site: Site, subject: str, key: DKIMKey) -> Finding:
    """A finding about a key that works: it is marked as a test, one of several, or shorter than advised."""
    selector = subject.partition("._domainkey.")[0]
    doubtful = key.testing or len(key.records) > 1
    notes = list(key.problems)
    fix: Lines = (
        f'In the settings of the service that signs with "{selector}", create a new key of 2048 bits and publish it.'
    )
    if len(key.records) > 1:
        fix = f"Keep one TXT record at {subject}: the one that the service shows."
    if key.testing:
        notes.append("it is marked as a test (t=y), so receivers may treat signed mail like unsigned mail")
        fix = ["Take t=y out of the record:", txt(subject, untested(key))]
    return dkim_selector.fail(
        site,
        subject,
        f"The key that signs your mail ({selector}, DKIM) works, but is not as advised: {'; '.join(notes)}",
        severity="medium" if doubtful else "low",
        when="can-wait",
        reason="30 days: some receivers treat such mail as unsigned" if doubtful else "90 days: it works today",
        score=Score(1, 2, 2) if doubtful else Score(1, 2, 1),
        minutes=10 if doubtful else 30,
        evidence=[f'TXT {subject} → "{record}"' for record in key.records],
        impact="Some of your mail may be treated as unsigned."
        if doubtful
        else "Nobody notices today. Receivers raise their requirements from time to time.",
        fix=fix,
    )


def untested(key: DKIMKey) -> str:
    flags = [flag for flag in key.tags.get("t", "").replace(" ", "").split(":") if flag not in ("y", "")]
    tags = {**key.tags, "t": ":".join(flags)}
    return "; ".join(f"{name}={value}" for name, value in tags.items() if not (name == "t" and not value))


# Services that hold the key themselves: their selectors are aliases.
BY_ALIAS = {
    "SendGrid": ("s1", "s2"),
    "Microsoft 365": ("selector1", "selector2"),
    "Mailchimp": ("k1", "k2", "k3"),
    "Mandrill": ("mte1", "mte2"),
    "Fastmail": ("fm1", "fm2", "fm3"),
    "Proton Mail": ("protonmail", "protonmail2", "protonmail3"),
    "iCloud": ("sig1",),
}
GUESSES = (
    "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "k3", "pm", "mail", "default", "zoho", "resend",
    "mte1", "mte2", "dkim", "fm1", "fm2", "sig1", "protonmail", "mandrill", "smtp", "mxvault", "key1",
)  # fmt: skip


def without_selectors(site: Site) -> Iterable[str]:
    return () if site.dkim_selectors or site.sends_mail is False else (site.domain,)


@rule("MAIL017", family="mail", topic="your mail is signed (DKIM)", subjects=without_selectors)
def dkim_common_selectors(site: Site, subject: str) -> Verdict:
    """Without a given selector: a key exists at one of the names that common services use.

    Selectors cannot be listed from outside, so finding none proves nothing: the owner must answer.
    """
    if (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    ops = [Txt(f"{guess}._domainkey.{subject}") for guess in GUESSES]
    yield AskAll(ops)
    if any(parse_key(op.answer.records).status in ("ok", "weak") for op in ops):
        return FINE
    for op in ops:
        known(op.answer)
    return [
        dkim_common_selectors.fail(
            site,
            subject,
            "Whether your mail is signed cannot be seen from outside (DKIM): no key at the usual names",
            severity="info",
            when="can-wait",
            reason="it proves nothing: name the selector that you sign with",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"TXT <{', '.join(GUESSES)}>._domainkey.{subject} → no key",
            impact="Without a signature Gmail, Yahoo and Outlook.com put mail into spam or refuse it.",
            fix="Look into a mail of yours at a receiver for DKIM-Signature: ... s=NAME, and check again with "
            f"--dkim-selectors NAME. If there is none, switch DKIM on at the service you send {subject} with.",
        )
    ]
