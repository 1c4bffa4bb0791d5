"""Whoever is to get the reports has agreed (RFC 9990 section 4: report authorisation)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Together, Txt, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site, registered
from launchready.mail import dmarc


@rule("MAIL015", family="mail", topic="that reports may be sent where you want them", after=("MAIL005", "MAIL014"))
def dmarc_report_target(site: Site, subject: str) -> Verdict:
    """An address at another organisation counts only when that one publishes ``v=DMARC1`` at
    ``<your domain>._report._dmarc.<its domain>``; a wildcard will do.
    """
    policy = yield from dmarc_policy(subject)
    if not policy.found.rua:
        return NOT_APPLICABLE
    targets = dict.fromkeys(address.rpartition("@")[2].lower().rstrip(".") for address in policy.found.rua)
    own = registered(policy.source)
    ops = {target: Txt(f"{policy.source}._report._dmarc.{target}") for target in targets if registered(target) != own}
    yield Together(ops.values())
    # The record is a version alone, so it is no policy: only its version is looked at.
    refused = [target for target, op in ops.items() if not any(map(dmarc.is_record, known(op.answer).records))]
    if not refused:
        return FINE
    where = ", ".join(refused)
    return [
        dmarc_report_target.fail(
            site,
            subject,
            f"The reports about your mail do not arrive: {where} has not agreed to get them (DMARC rua not authorised)",
            severity="medium",
            when="can-wait",
            reason="30 days: mail arrives without",
            score=Score(1, 2, 1),
            minutes=15,
            evidence="\n".join(f"TXT {ops[target].name} → no record that starts with v=DMARC1" for target in refused),
            impact="You believe that somebody watches, and nobody does.",
            fix="\n".join(
                [
                    "Ask the receiver to publish this, or use an address of your own domain:",
                    *(f'{ops[target].name}.  300  IN  TXT  "v=DMARC1;"' for target in refused),
                ]
            ),
        )
    ]
