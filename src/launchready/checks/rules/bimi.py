"""The logo beside your mail (BIMI, a draft): where a record is published, it can be shown."""

from launchready.checks.finding import Score
from launchready.checks.operations import Txt, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site
from launchready.mail import bimi as record


@rule("MAIL022", family="mail", topic="that your logo can be shown beside mail (BIMI)", after=("MAIL005", "MAIL006"))
def bimi(site: Site, subject: str) -> Verdict:
    """The draft asks for a policy of quarantine or reject, for subdomains as well; Gmail also for a certificate."""
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
        problems.append("there is no mark certificate (a=), which Gmail asks for")
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
            evidence="\n".join([f'TXT {op.name} → "{text}"' for text in op.answer.records] + problems),
            impact="Mail arrives all the same.",
            fix=f'{op.name}.  300  IN  TXT  "v=BIMI1; l=https://{subject}/logo.svg; a=https://{subject}/mark.pem"',
        )
    ]
