"""MTA-STS and TLS-RPT: mail to you is delivered encrypted, and failures are reported."""

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Txt, known
from launchready.checks.printed_records import txt
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers, sts_policy
from launchready.checks.site import Site
from launchready.mail import tls_rpt
from launchready.mail.mta_sts import STSPolicy, STSRecord
from launchready.mail.mx import MX
from launchready.net.answers import HttpAnswer

# Troubles in which the server answered. A timeout proves nothing.
ANSWERED_TROUBLES = (None, "refused", "tls", "dns")


@rule("MAIL019", family="mail", topic="mail to you is delivered encrypted (MTA-STS)", after=("MAIL001", "MAIL018"))
def mta_sts(site: Site, subject: str) -> Verdict:
    """Mail to you is delivered only encrypted and only to your servers (MTA-STS, RFC 8461).

    Section 3.3: senders accept only status 200 without a redirect, text/plain, and a valid certificate. Otherwise
    there is no policy.
    """
    servers = yield from mail_servers(subject)
    if servers.kind not in ("hosts", "null-and-hosts"):
        return NOT_APPLICABLE
    record, policy, answer = yield from sts_policy(subject)
    if not record.present:
        return [missing_policy(site, subject, servers)]
    if not record.valid:
        return [broken_policy(site, subject, record, "; ".join(record.problems), published(site, subject, servers))]
    assert answer is not None
    if answer.trouble not in ANSWERED_TROUBLES:
        known(answer)
    problem = policy_problem(answer, policy)
    mode = policy.mode if policy and policy.mode in ("enforce", "testing") else "testing"
    return [broken_policy(site, subject, record, problem, published(site, subject, servers, mode))] if problem else FINE


def published(site: Site, domain: str, servers: MX, mode: str = "testing") -> list[str]:
    """The record and the policy file to publish, with the servers that receive the mail."""
    return [
        txt(f"_mta-sts.{domain}", f"v=STSv1; id={int(site.now)}"),
        f"and answer https://mta-sts.{domain}/.well-known/mta-sts.txt with 200, content-type: text/plain, and:",
        "version: STSv1",
        f"mode: {mode}",
        *(f"mx: {host}" for _, host in servers.hosts),
        "max_age: 604800",
    ]


def policy_problem(answer: HttpAnswer, policy: STSPolicy | None) -> str:
    """Why senders refuse the policy file, or ""."""
    if answer.trouble is not None:
        return f"the file cannot be fetched: {answer.url}: {answer.reason}"
    if answer.status != 200:
        return f"the file cannot be fetched: {answer.url} answered {answer.status}"
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        return f"the file is sent as {kind or 'nothing'}, not as text/plain"
    return "; ".join(policy.problems) if policy else ""


def broken_policy(site: Site, subject: str, record: STSRecord, problem: str, fix: list[str]) -> Finding:
    return mta_sts.fail(
        site,
        subject,
        "Mail to you can be read on the way although you asked for encryption: your policy (MTA-STS) "
        f"is broken: {problem}",
        severity="medium",
        when="can-wait",
        reason="30 days: mail arrives without",
        score=Score(1, 2, 1),
        minutes=20,
        evidence=[*(f'TXT _mta-sts.{subject} → "{one}"' for one in record.records), problem],
        impact="Senders treat it as if there were no policy.",
        fix=["Publish one record:", *fix],
    )


def missing_policy(site: Site, subject: str, servers: MX) -> Finding:
    return mta_sts.fail(
        site,
        subject,
        "Mail to you may travel without encryption: senders are not told to require it (no MTA-STS)",
        severity="low",
        when="can-wait",
        reason="90 days: it needs an attacker on the way",
        score=Score(1, 1, 1),
        minutes=45,
        evidence=f"TXT _mta-sts.{subject} → no record",
        impact="Nobody notices. Most mail is encrypted anyway.",
        fix=published(site, subject, servers),
    )


@rule("MAIL018", family="mail", topic="the encryption policy lists your mail servers (MTA-STS)", after=("MAIL001",))
def mta_sts_mx_match(site: Site, subject: str) -> Verdict:
    """The policy that requires encryption lists the servers that receive the mail (MTA-STS, RFC 8461).

    Section 5.1: in enforce mode a sender must not deliver to a server that the policy does not match.
    """
    record, policy, _ = yield from sts_policy(subject)
    if not record.valid or policy is None or not policy.valid or policy.mode == "none":
        return NOT_APPLICABLE
    servers = yield from mail_servers(subject)
    outside = [host for _, host in servers.hosts if not policy.covers(host)]
    if not outside:
        return FINE
    enforced = policy.mode == "enforce"
    names = ", ".join(outside)
    return [
        mta_sts_mx_match.fail(
            site,
            subject,
            f"Gmail and Outlook do not deliver mail to you: your policy (MTA-STS) does not match the server {names}"
            if enforced
            else f"Your policy (MTA-STS, testing) does not match the server {names}",
            severity="critical" if enforced else "medium",
            when="48h" if enforced else "can-wait",
            reason="mail the product depends on is refused" if enforced else "30 days: it is not enforced",
            score=Score(3, 3, 3) if enforced else Score(1, 2, 1),
            minutes=15,
            evidence=[
                f"MX {subject} → {', '.join((host for _, host in servers.hosts))}",
                f"mta-sts.{subject}: mode: {policy.mode}, mx: {', '.join(policy.mx)}",
            ],
            impact="Customers who write to you get their mail back after days, or you never see it.",
            fix=["In the file mta-sts.txt add a line for each server, and change the id in the record:"]
            + [f"mx: {host}" for host in outside],
        )
    ]


@rule("MAIL020", family="mail", topic="undelivered encrypted mail is reported (TLS-RPT)", after=("MAIL001",))
def tls_reports(site: Site, subject: str) -> Verdict:
    """You learn when mail to you cannot be delivered encrypted (TLS-RPT, RFC 8460).

    Section 3: exactly one record, with mailto: or https:. It matters most if MTA-STS is enforced.
    """
    servers = yield from mail_servers(subject)
    if servers.kind not in ("hosts", "null-and-hosts"):
        return NOT_APPLICABLE
    op = Txt(f"_smtp._tls.{subject}")
    yield op
    found = tls_rpt.parse(known(op.answer).records)
    if found.valid:
        return FINE
    seen = [f'TXT {op.name} → "{text}"' for text in found.records] or [f"TXT {op.name} → no record"]
    return [
        tls_reports.fail(
            site,
            subject,
            "You do not learn when encrypted mail to you fails: "
            + (
                "the record for such reports is broken (TLS-RPT)"
                if found.present
                else "no reports are requested (TLS-RPT)"
            ),
            severity="low",
            when="can-wait",
            reason="90 days: mail arrives without",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=[*seen, *found.problems],
            impact="An expired certificate on your mail server goes unnoticed.",
            fix=f'{op.name}.  300  IN  TXT  "v=TLSRPTv1; rua=mailto:tlsrpt@{subject}"',
        )
    ]
