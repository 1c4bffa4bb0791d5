"""SPF: the list of servers that may send mail for the domain (RFC 7208)."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Txt, Undetermined, known
from launchready.checks.printed_records import lookups_by_term, merged_spf, repaired_spf, spf_text, txt, usable_terms
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import evaluate_spf, mail_servers, sender_include, sends_mail, spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import SPFNode, SPFTree, read_tree
from launchready.exchange.operations import Flow
from launchready.mail.spf import MAX_LOOKUPS, SPFRecord


@rule("MAIL002", family="mail", topic="a list of senders is published (SPF)", after=("DNS014",))
def spf_missing(site: Site, subject: str) -> Verdict:
    """The domain lists the servers that send its mail. Gmail, Yahoo and Outlook.com refuse bulk mail without a
    list.

    RFC 7208 section 4.5: without a record the result is "none", and receivers have nothing to go by.
    """
    found = yield from spf_records(subject)
    if found:
        return FINE
    sends = yield from sends_mail(site)
    return [(yield from finding(site, subject, sends=sends))]


def finding(site: Site, subject: str, *, sends: bool | None) -> Flow[Finding]:
    texts = Txt(subject)
    yield texts
    nearly = [text for text in known(texts.answer).records if "spf1" in text.lower()]
    if sends is False:
        record, title = (
            "v=spf1 -all",
            f"Strangers can write in the name of {subject}: it does not say that it sends no mail",
        )
    else:
        servers = yield from mail_servers(subject)
        record = f"v=spf1 include:{sender_include(servers)} ~all"
        title = f"Your mail lands in spam or is refused: {subject} does not say who may send its mail (no SPF record)"
    return spf_missing.fail(
        site,
        subject,
        title,
        severity="high" if sends else "low" if sends is False else "medium",
        when="48h" if sends else "can-wait",
        reason="mail the product depends on is refused or binned" if sends else "30 days: no mail is known to be sent",
        score=Score(3, 3, 3) if sends else Score(1, 2, 1),
        minutes=15,
        evidence=[f"TXT {subject} → no text that starts with v=spf1 and a space", *nearly],
        impact="Confirmations and password mails do not arrive, and anybody can send mail that looks like yours.",
        fix=txt(subject, record),
    )


@rule("MAIL003", family="mail", topic="exactly one list of senders is published (SPF)", after=("MAIL002",))
def spf_duplicate(site: Site, subject: str) -> Verdict:
    """The domain has exactly one SPF record: with two, receivers use none (RFC 7208 section 4.5).

    More than one record is a permerror: mail is treated as if there were none, or worse.
    """
    found = yield from spf_records(subject)
    if len(found) < 2:
        return FINE if found else NOT_APPLICABLE
    sends = yield from sends_mail(site)
    record = merged_spf(found)
    tree = yield from read_tree(subject, record)
    fix = ["Delete them all, and publish one:", txt(subject, record)]
    if tree.lookups > MAX_LOOKUPS:
        fix = [
            "Delete them all, and publish one that names only the services that you still send with.",
            f"Together they need {tree.lookups} lookups, {MAX_LOOKUPS} are allowed:",
            *lookups_by_term(tree),
        ]
    return [
        spf_duplicate.fail(
            site,
            subject,
            f"Your mail lands in spam: {subject} publishes {'two' if len(found) == 2 else len(found)} SPF records "
            "(lists of who may send its mail), and receivers accept only one",
            severity="high" if sends is False else "critical",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 3, 3),
            minutes=15,
            evidence=[f'TXT {subject} → "{record}"' for record in found],
            impact="Confirmations and password mails fail the check of every receiver.",
            fix=fix,
        )
    ]


@rule(
    "MAIL008",
    family="mail",
    topic="receivers can evaluate the list of senders (SPF)",
    after=("MAIL002", "MAIL003", "MAIL004"),
)
def spf_broken(site: Site, subject: str) -> Verdict:
    """Receivers can evaluate the list of senders: no error in it or in its includes, and at most ten lookups.

    RFC 7208 sections 4.6 and 4.6.4. This is a static check: a receiver may find a match before it reaches the error.
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from read_tree(subject, found[0])
    reasons = tree.reasons
    if not reasons:
        if tree.unknown:
            raise tree.unknown
        return FINE
    sends = yield from sends_mail(site)
    record = "" if tree.unknown else (yield from repaired_spf(subject, tree))
    if record:
        fix = ["Publish the record without the terms that are broken:", txt(subject, record)]
    elif tree.lookups > MAX_LOOKUPS:
        fix = ["Remove the terms of every service that you no longer send with:", *lookups_by_term(tree)]
    else:
        fix = [f"Correct the error named above in the TXT record of {subject} (or in the record that it includes)."]
    return [
        spf_broken.fail(
            site,
            subject,
            f"Your mail lands in spam: receivers cannot evaluate who may send for {subject} (SPF): {reasons[-1]}",
            severity="high" if sends is False else "critical",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 3, 3),
            minutes=20,
            evidence=[f'TXT {subject} → "{found[0]}"', *reasons],
            impact="Confirmations and password mails fail the check of receivers.",
            fix=fix,
        )
    ]


NEAR = 8


@rule(
    "MAIL009",
    family="mail",
    topic="the list of senders has room for more (SPF)",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_near_limit(site: Site, subject: str) -> Verdict:
    """The list of senders has room for one more service: it does not use nearly all of the ten lookups.

    RFC 7208 section 4.6.4: the eleventh lookup is an error, and an included service may add one at any time.
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from read_tree(subject, found[0])
    if tree.unknown:
        raise tree.unknown
    if not NEAR <= tree.lookups <= MAX_LOOKUPS:
        return FINE
    return [
        spf_near_limit.fail(
            site,
            subject,
            f"The list of senders (SPF) is nearly full: {tree.lookups} of {MAX_LOOKUPS} DNS lookups are used",
            severity="low",
            when="can-wait",
            reason="90 days: it works today",
            score=Score(3, 1, 1),
            minutes=20,
            evidence=[f'TXT {subject} → "{found[0]}"', f"{tree.lookups} lookups over {len(tree.nodes)} records"],
            impact="With one more service, or one more entry at an included service, your mail lands in spam.",
            fix="Remove the include: of every service that you no longer send with. Let services that allow "
            "it send from a subdomain with a record of its own.",
        )
    ]


@rule("MAIL004", family="mail", topic="strangers cannot send mail in your name (SPF)", after=("MAIL002", "MAIL003"))
def spf_everyone(site: Site, subject: str) -> Verdict:
    """The list of senders does not allow everybody (``+all``), not even through an include.

    RFC 7208 section 5.1: ``+all``, or ``all`` alone, is a pass for every server of the world.
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from read_tree(subject, found[0])
    if not tree.everyone:
        if tree.unknown:
            raise tree.unknown
        return FINE
    where = tree.everyone[-1]
    record = next(node.record for node in tree.nodes if node.path == tree.everyone)
    kept = [term.text for term in usable_terms(record) if term.network not in ("0.0.0.0/0", "::/0")]
    if not kept and (yield from sends_mail(site)) is not False:
        # The real senders were covered by the open term alone.
        kept = [f"include:{sender_include((yield from mail_servers(subject)))}"]
    fix = txt(subject, spf_text(kept, "~all"))
    if where != subject:
        fix = f"Remove include:{tree.everyone[1]} from the SPF record of {subject}: it allows everybody."
    return [
        spf_everyone.fail(
            site,
            subject,
            f"Anybody can send mail as {subject}, and it passes as real: the list of senders (SPF) allows everyone",
            severity="critical",
            when="48h",
            reason="a stranger can send in your name",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=f'TXT {where} → "{record.record}"'
            + (f" (by {' → '.join(tree.everyone)})" if where != subject else ""),
            impact="Forged invoices and password mails reach your customers as if they came from you.",
            fix=fix,
        )
    ]


@rule(
    "MAIL010",
    family="mail",
    topic="SPF ends in ~all or -all",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_all_qualifier(site: Site, subject: str) -> Verdict:
    """The list of senders says how to treat everybody else: it ends in ``~all`` or ``-all``.

    RFC 7208 section 4.7: without ``all`` the result is "neutral", as with ``?all``. That protects no more than no
    record.
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from read_tree(subject, found[0])
    last = ending(tree.nodes)
    if last is None:
        if tree.unknown:
            raise tree.unknown
        return NOT_APPLICABLE
    if last.all in ("-", "~", "+"):
        return FINE
    what = "has no end (all is missing)" if last.all is None else "ends in ?all, which says nothing"
    return [
        spf_all_qualifier.fail(
            site,
            subject,
            f"Mail forged in your name is not held back: the list of senders (SPF) {what}",
            severity="medium",
            when="can-wait",
            reason="30 days: your own mail arrives",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT {subject} → "{last.record}"',
            impact="Receivers treat forged mail as if you had published nothing.",
            fix=txt(subject, spf_text(chained_terms(tree.nodes), "~all")),
        )
    ]


def chained_terms(nodes: list[SPFNode]) -> list[str]:
    """The terms of the record and of those that it redirects to."""
    found: list[str] = []
    record = ending(nodes)
    for node in nodes:
        if node.record is record or (node.record.redirect and node.record.all is None):
            found += [term.text for term in usable_terms(node.record)]
        if node.record is record:
            break
    return found


def ending(nodes: list[SPFNode]) -> SPFRecord | None:
    """The record at the end of the redirects, or None when it is unknown."""
    node = nodes[0]
    while node.record.redirect and node.record.all is None:
        target = node.record.redirect.rstrip(".").lower()
        below = next((one for one in nodes if one.path == (*node.path, target)), None)
        if below is None:
            return None
        node = below
    return node.record


@rule(
    "MAIL011",
    family="mail",
    topic="the list of senders has no useless entries (SPF)",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_deprecated(site: Site, subject: str) -> Verdict:
    """The list of senders has no entry that is ignored, slow, or asks for a name that does not exist.

    RFC 7208: ``ptr`` should not be published (5.5), ``redirect`` beside ``all`` is ignored (6.1), and the third
    lookup without an answer is an error (4.6.4).
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from read_tree(subject, found[0])
    notes = remarks(tree)
    if not notes:
        if tree.unknown:
            raise tree.unknown
        return FINE
    return [
        spf_deprecated.fail(
            site,
            subject,
            f"The list of senders (SPF) works, but has useless entries: {'; '.join(notes)}",
            severity="low",
            when="can-wait",
            reason="90 days: it works today",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=[f'TXT {subject} → "{found[0]}"', *notes],
            impact="Nobody notices today. Each of these makes the next mistake more likely.",
            fix=txt(subject, tidied(subject, tree)),
        )
    ]


def tidied(domain: str, tree: SPFTree) -> str:
    """The record without its useless entries."""
    record = tree.nodes[0].record
    unwanted = [term.text for term in record.terms if term.name == "ptr"]
    unwanted += [void.partition(" of ")[0] for void in tree.voids if void.endswith(f" of {domain}")]
    terms = [term.text for term in usable_terms(record, unwanted=unwanted)]
    if record.redirect and record.all is None:
        return spf_text(terms, f"redirect={record.redirect}")
    return spf_text(terms, f"{record.all or '~'}all")


def remarks(tree: SPFTree) -> list[str]:
    record = tree.nodes[0].record
    notes = [f"{term.text} is slow and advised against" for term in record.terms if term.name == "ptr"]
    if record.redirect and record.all is not None:
        notes.append(f"redirect={record.redirect} is ignored beside all")
    notes += [f"{void} asks for what does not exist (void lookup)" for void in tree.voids]
    names = [term.name for term in record.terms]
    behind = record.terms[names.index("all") + 1 :] if "all" in names else ()
    return notes + [f"{term.text} stands behind all and is never reached" for term in behind]


def addresses(site: Site) -> Iterable[str]:
    return site.senders


@rule("MAIL025", family="mail", topic="mail from your own server passes (SPF)", subjects=addresses)
def spf_sender(site: Site, subject: str) -> Verdict:
    """Mail from your own addresses passes: SPF is evaluated for each, as a receiver does it (RFC 7208 section 4).

    Only "pass" counts: with "softfail" and "neutral" the receiver decides. MAIL003 reports errors of the record
    itself.
    """
    found = yield from spf_records(site.domain)
    result = yield from evaluate_spf(subject, site.domain)
    if result.result == "temperror":
        raise Undetermined(f"SPF of {site.domain} for {subject}", result.reason)
    if result.result in ("permerror", "none"):
        return NOT_APPLICABLE
    if result.result == "pass":
        return FINE
    kept = found[0].partition(" ")[2]
    kind = "ip6" if ":" in subject else "ip4"
    return [
        spf_sender.fail(
            site,
            subject,
            f"Mail from your own server {subject} lands in spam: the list of senders (SPF) does not name it",
            severity="high",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 2, 3),
            minutes=10,
            evidence=[
                f'TXT {site.domain} → "{found[0]}"',
                f"check_host({subject}) → {result.result}, by {result.reason}",
            ],
            impact="Confirmations and password mails that this server sends fail the check of every receiver.",
            fix=txt(site.domain, f"v=spf1 {kind}:{subject} {kept}"),
        )
    ]
