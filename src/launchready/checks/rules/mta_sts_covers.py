"""The policy that forces encryption lists the servers that really take the mail (MTA-STS, RFC 8461)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import mail_servers, sts_policy
from launchready.checks.site import Site


@rule(
    "MAIL018", family="mail", topic="that the encryption policy lists your mail servers (MTA-STS)", after=("MAIL001",)
)
def mta_sts_covers(site: Site, subject: str) -> Verdict:
    """Section 5.1: in enforce mode a sender must not deliver to a server that the policy does not match."""
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
        mta_sts_covers.fail(
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
            evidence=f"MX {subject} → {', '.join(host for _, host in servers.hosts)}\n"
            f"mta-sts.{subject}: mode: {policy.mode}, mx: {', '.join(policy.mx)}",
            impact="Customers who write to you get their mail back after days, or you never see it.",
            fix="In the file mta-sts.txt add a line for each server, and change the id in the record:\n"
            + "\n".join(f"mx: {host}" for host in outside),
        )
    ]
