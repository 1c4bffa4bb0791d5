"""DMARC: the policy for forged mail (RFC 9989), its reports, and the logo that depends on it (BIMI)."""

from launchready.checks.finding import Score
from launchready.checks.operations import AskAll, Txt, known
from launchready.checks.printed_records import dmarc_text, salvaged_dmarc, txt
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy, sends_mail
from launchready.checks.site import Site, registered
from launchready.exchange.operations import Flow
from launchready.mail import bimi as record
from launchready.mail import dmarc
from launchready.mail.dmarc import POLICIES, is_record


@rule("MAIL005", family="mail", topic="a policy for forged mail is published (DMARC)")
def dmarc_missing(site: Site, subject: str) -> Verdict:
    """The domain tells receivers how to treat forged mail (RFC 9989).

    To a receiver no record, two records and an unreadable record are the same. A policy with a mistake acts as p=none
    at best, and older receivers drop the record (RFC 9989 section 4.7).
    """
    policy = yield from dmarc_policy(subject)
    slip = policy.source == subject and policy.found.tags.get("p", "none").lower() not in POLICIES
    if policy.source and not slip:
        return FINE
    astray, misplaced_texts = ("", []) if slip else (yield from misplaced(subject))
    sends = yield from sends_mail(site)
    wrong = list(policy.found.problems)
    if texts := (*policy.found.records, *policy.found.unread, *misplaced_texts):
        record = salvaged_dmarc(texts, subject)
    else:
        record = f"v=DMARC1; p=none; rua=mailto:dmarc@{subject}" if sends is not False else "v=DMARC1; p=reject"
    what = (
        "its record about forged mail (DMARC) has no effect"
        if wrong
        else "it says nothing about forged mail (no DMARC record)"
    )
    if astray:
        what = f"its record about forged mail (DMARC) is misplaced: it stands at {astray}, where no receiver looks"
    title = f"Gmail and Outlook may refuse your mail, and anybody can write in the name of {subject}: {what}"
    evidence = [f'TXT _dmarc.{subject} → "{text}"' for text in policy.found.records]
    if astray:
        evidence.append(f"TXT {astray} → a DMARC record, which belongs to _dmarc.{subject}")
    if not evidence and not wrong:
        evidence = [f"TXT _dmarc.{subject} → no record, and none at a parent"]
    fix = txt(f"_dmarc.{subject}", record)
    return [
        dmarc_missing.fail(
            site,
            subject,
            title,
            severity="high" if sends else "low" if sends is False else "medium",
            when="48h" if sends else "can-wait",
            reason="mail the product depends on is refused or binned"
            if sends
            else "30 days: no mail is known to be sent",
            score=Score(3, 3, 3) if sends else Score(1, 2, 1),
            minutes=15,
            evidence=[*evidence, *wrong],
            impact="Since 2024 large mailbox providers require this record from everybody who sends much mail.",
            fix=["Replace the records there with this one:", fix] if wrong or astray else fix,
        )
    ]


def misplaced(domain: str) -> Flow[tuple[str, list[str]]]:
    """The name at which a record was put by mistake (the domain itself, no underscore, the domain twice), and it."""
    ops = [Txt(name) for name in (domain, f"dmarc.{domain}", f"_dmarc.{domain}.{domain}", f"_dmarc.www.{domain}")]
    yield AskAll(ops)
    for op in ops:
        # A wildcard that answers for every name is not a misplaced record.
        if found := [text for text in op.answer.records if is_record(text)]:
            return op.name, found
    return "", []


@rule("MAIL006", family="mail", topic="forged mail is held back (DMARC policy)", after=("MAIL005",))
def dmarc_none(site: Site, subject: str) -> Verdict:
    """The policy for forged mail has an effect: ``p=none`` only watches (RFC 9989 section 4.7).

    That is right for the first weeks, while the reports are read. After that it protects nobody.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if policy.policy != "none":
        return FINE
    record = policy.found.records[0]
    reports = ",".join(policy.found.rua) or f"mailto:dmarc@{subject}"
    tags = {name: value for name, value in policy.found.tags.items() if name in ("v", "adkim", "aspf", "fo", "ruf")}
    own = {name: policy.found.tags[name] for name in ("sp", "np") if getattr(policy.found, name) not in (None, "none")}
    stricter = dmarc_text(tags, p="quarantine", **own, rua=reports)
    return [
        dmarc_none.fail(
            site,
            subject,
            f"Others can still imitate your address: {subject} asks receivers to let forged mail pass (DMARC p=none)",
            severity="medium",
            when="can-wait",
            reason="30 days: first read two to four weeks of reports",
            score=Score(1, 3, 1),
            minutes=30,
            evidence=f'TXT _dmarc.{policy.source} → "{record}"',
            impact="Customers may get mail that looks like yours; providers trust your own mail less.",
            fix=[
                "When the reports show that your own mail passes:",
                txt(f"_dmarc.{subject}", stricter),
            ],
        )
    ]


@rule(
    "MAIL013", family="mail", topic="the policy for forged mail is not a test (DMARC t=)", after=("MAIL005", "MAIL006")
)
def dmarc_testing(site: Site, subject: str) -> Verdict:
    """The policy for forged mail is not marked as a test (``t=y``, RFC 9989 section 4.7).

    With ``t=y`` reject acts as quarantine, and quarantine as none.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if not policy.found.testing:
        return FINE
    return [
        dmarc_testing.fail(
            site,
            subject,
            f"Forged mail is held back less than it looks: the policy is marked as a test (DMARC t=y), so "
            f"{policy.policy} acts as {policy.acts_as}",
            severity="medium",
            when="can-wait",
            reason="30 days: right while the reports are read",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{policy.found.records[0]}"',
            impact="Others can still imitate your address, or more of it than you think.",
            fix=[
                "When the reports show that your own mail passes:",
                txt(f"_dmarc.{policy.source}", dmarc_text(policy.found.tags, t=None)),
            ],
        )
    ]


@rule("MAIL012", family="mail", topic="forged mail of subdomains is held back (DMARC sp)", after=("MAIL005", "MAIL006"))
def dmarc_subdomains(site: Site, subject: str) -> Verdict:
    """The policy for forged mail also protects subdomains (``sp``, RFC 9989 section 4.7).

    ``sp=none`` beside a stricter p opens every name below the domain; ``np`` only those that do not exist. Without
    sp, p applies to all of them.
    """
    policy = yield from dmarc_policy(subject)
    found = policy.found
    if policy.source != subject or found.p in (None, "none"):
        return NOT_APPLICABLE
    weak = [name for name, value in (("sp", found.sp), ("np", found.np)) if value == "none"]
    if not weak:
        return FINE
    every = "sp" in weak
    what = "subdomains of" if every else "names that do not exist below"
    return [
        dmarc_subdomains.fail(
            site,
            subject,
            f"Others can still write as {what} {subject}: forged mail passes there (DMARC {weak[0]}=none)",
            severity="medium" if every else "low",
            when="can-wait",
            reason="30 days: the domain itself is protected" if every else "90 days: only invented names are open",
            score=Score(1, 2, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{subject} → "{found.records[0]}"',
            impact="Mail from billing." + subject + ", for example, looks like yours.",
            fix=txt(f"_dmarc.{subject}", dmarc_text(found.tags, **dict.fromkeys(weak))),
        )
    ]


@rule("MAIL014", family="mail", topic="reports about your mail are sent (DMARC rua)", after=("MAIL005",))
def dmarc_reports(site: Site, subject: str) -> Verdict:
    """Somebody receives the reports about mail in your name (``rua``, RFC 9990).

    Without reports nobody sees which of your services fails. A domain that sends no mail needs none.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    if policy.found.rua:
        return FINE
    if (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    given = policy.found.tags.get("rua", "")
    what = f"the address {given!r} cannot be used" if given else "there is no address for reports (no rua)"
    return [
        dmarc_reports.fail(
            site,
            subject,
            f"You do not learn when your mail fails, or who forges it: {what} (DMARC)",
            severity="medium",
            when="can-wait",
            reason="30 days: mail arrives without",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{policy.found.records[0]}"',
            impact="A service that signs wrongly goes unnoticed until customers complain.",
            fix=txt(f"_dmarc.{policy.source}", dmarc_text(policy.found.tags, rua=f"mailto:dmarc@{policy.source}")),
        )
    ]


# Receivers of reports that are asked; senders of reports limit their number as well.
MAX_TARGETS = 10


@rule(
    "MAIL015", family="mail", topic="the receiver of the reports accepts them (DMARC rua)", after=("MAIL005", "MAIL014")
)
def dmarc_report_target(site: Site, subject: str) -> Verdict:
    """The receiver of the reports has agreed (RFC 9990 section 4: report authorisation).

    An address at another organisation counts only if that organisation publishes ``v=DMARC1`` at ``<your
    domain>._report._dmarc.<its domain>``. A wildcard record is enough.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.found.rua:
        return NOT_APPLICABLE
    targets = dict.fromkeys(address.rpartition("@")[2].lower().rstrip(".") for address in policy.found.rua)
    own = registered(policy.source)
    foreign = [target for target in targets if registered(target) != own][:MAX_TARGETS]
    ops = {target: Txt(f"{policy.source}._report._dmarc.{target}") for target in foreign}
    yield AskAll(ops.values())
    # The record consists of a version alone, so it is no policy: only its version is checked.
    refused = [target for target, op in ops.items() if not any(map(dmarc.is_record, known(op.answer).records))]
    if not refused:
        return FINE
    where = ", ".join(refused)
    return [
        dmarc_report_target.fail(
            site,
            subject,
            f"The reports about your mail do not arrive: {where} has not agreed to receive them (DMARC "
            "rua not authorised)",
            severity="medium",
            when="can-wait",
            reason="30 days: mail arrives without",
            score=Score(1, 2, 1),
            minutes=15,
            evidence=[f"TXT {ops[target].name} → no record that starts with v=DMARC1" for target in refused],
            impact="You believe that somebody watches, but nobody does.",
            fix=[
                "Ask the receiver to publish this, or use an address of your own domain:",
                *(f'{ops[target].name}.  300  IN  TXT  "v=DMARC1;"' for target in refused),
            ],
        )
    ]


@rule("MAIL016", family="mail", topic="the policy for forged mail has no useless tags (DMARC)", after=("MAIL005",))
def dmarc_removed_tags(site: Site, subject: str) -> Verdict:
    """The policy for forged mail has no tag without an effect: removed, unknown or unreadable (RFC 9989).

    RFC 9989 removed pct, rf and ri: a ``pct=20`` that was meant as a start acts on all mail. Unknown tags are
    ignored, so a misspelt tag is ignored as well.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.source:
        return NOT_APPLICABLE
    found = policy.found
    notes = list(found.problems) + [f"{name} is not a tag of the standard" for name in found.unknown]
    if not notes:
        return FINE
    gone = {*found.removed, *found.unknown}
    return [
        dmarc_removed_tags.fail(
            site,
            subject,
            f"A part of your policy for forged mail has no effect: {'; '.join(notes)} (DMARC)",
            severity="low",
            when="can-wait",
            reason="90 days: the rest of the policy acts",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{policy.source} → "{found.records[0]}"',
            impact="The record says something else than it seems to.",
            fix=txt(f"_dmarc.{policy.source}", dmarc_text(found.tags, **dict.fromkeys(gone))),
        )
    ]


@rule("MAIL022", family="mail", topic="your logo can be shown beside your mail (BIMI)", after=("MAIL005", "MAIL006"))
def bimi(site: Site, subject: str) -> Verdict:
    """Where a BIMI record is published, the logo beside your mail can be shown. BIMI is a draft.

    The draft requires a policy of quarantine or reject, also for subdomains. Gmail also requires a certificate.
    """
    op = Txt(f"default._bimi.{subject}")
    yield op
    found = record.parse(known(op.answer).records)
    if not found.present or (found.valid and not found.logo):
        return NOT_APPLICABLE
    policy = yield from dmarc_policy(subject)
    problems = list(found.problems)
    if policy.acts_as not in ("quarantine", "reject") or policy.found.sp == "none":
        problems.append("the policy for forged mail is not quarantine or reject (DMARC), subdomains included")
    if found.valid and not found.certificate:
        problems.append("there is no mark certificate (a=), which Gmail requires")
    if not problems:
        return FINE
    return [
        bimi.fail(
            site,
            subject,
            f"Your logo is not shown beside your mail (BIMI): {problems[0]}",
            severity="low",
            when="can-wait",
            reason="90 days: only the logo is missing",
            score=Score(1, 1, 1),
            minutes=60,
            evidence=[f'TXT {op.name} → "{text}"' for text in op.answer.records] + problems,
            impact="Mail still arrives.",
            fix=f'{op.name}.  300  IN  TXT  "v=BIMI1; l=https://{subject}/logo.svg; a=https://{subject}/mark.pem"',
        )
    ]
