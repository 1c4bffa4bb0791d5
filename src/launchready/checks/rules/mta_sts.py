"""Mail to you is delivered encrypted only, and to your servers only (MTA-STS, RFC 8461)."""

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers, sts_policy
from launchready.checks.site import Site
from launchready.mail.mta_sts import STSPolicy, STSRecord
from launchready.net.answers import HttpAnswer

# Troubles that somebody answered with; silence proves nothing.
SAID = (None, "refused", "tls", "dns")


@rule("MAIL019", family="mail", topic="that mail to you is delivered encrypted (MTA-STS)", after=("MAIL001", "MAIL018"))
def mta_sts(site: Site, subject: str) -> Verdict:
    """Section 3.3: 200 and nothing else, no redirect, text/plain, with a valid certificate; else there is no policy."""
    servers = yield from mail_servers(subject)
    if servers.kind not in ("hosts", "null-and-hosts"):
        return NOT_APPLICABLE
    record, policy, answer = yield from sts_policy(subject)
    if not record.present:
        return [absent(site, subject)]
    if not record.valid:
        return [broken(site, subject, record, "; ".join(record.problems))]
    assert answer is not None
    if answer.trouble not in SAID:
        known(answer)
    problem = unreadable(answer, policy)
    return [broken(site, subject, record, problem)] if problem else FINE


def unreadable(answer: HttpAnswer, policy: STSPolicy | None) -> str:
    """Why senders do not take the file; empty when they do."""
    if answer.trouble is not None:
        return f"the file cannot be fetched: {answer.url}: {answer.reason}"
    if answer.status != 200:
        return f"the file cannot be fetched: {answer.url} answered {answer.status}"
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        return f"the file is sent as {kind or 'nothing'}, not as text/plain"
    return "; ".join(policy.problems) if policy else ""


def broken(site: Site, subject: str, record: STSRecord, problem: str) -> Finding:
    return mta_sts.fail(
        site,
        subject,
        f"Mail to you can be read along although you asked for encryption: your policy (MTA-STS) is broken: {problem}",
        severity="medium",
        when="can-wait",
        reason="30 days: mail arrives without",
        score=Score(1, 2, 1),
        minutes=20,
        evidence="\n".join([*(f'TXT _mta-sts.{subject} → "{one}"' for one in record.records), problem]),
        impact="Senders treat it as if there were no policy.",
        fix=f'Publish one record:\n_mta-sts.{subject}.  300  IN  TXT  "v=STSv1; id=<a new number>"\nand answer '
        f"https://mta-sts.{subject}/.well-known/mta-sts.txt with 200, content-type: text/plain, and the policy.",
    )


def absent(site: Site, subject: str) -> Finding:
    return mta_sts.fail(
        site,
        subject,
        "Mail to you may travel without encryption: senders are not told to insist on it (no MTA-STS)",
        severity="low",
        when="can-wait",
        reason="90 days: it needs an attacker on the way",
        score=Score(1, 1, 1),
        minutes=45,
        evidence=f"TXT _mta-sts.{subject} → no record",
        impact="Nobody notices; most mail is encrypted anyway.",
        fix=f'_mta-sts.{subject}.  300  IN  TXT  "v=STSv1; id=1"\nand at https://mta-sts.{subject}/.well-known/'
        "mta-sts.txt a policy in the mode testing first.",
    )
