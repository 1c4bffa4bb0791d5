"""A key that takes, refunds or pays out money: whoever reads the code can use it until it is revoked."""

from launchready.checks.rule import Verdict, rule
from launchready.checks.secret_findings import TOPICS, repository, verdict
from launchready.checks.site import Site


@rule("SEC001", family="secrets", topic=TOPICS["SEC001"], subjects=repository)
def money_key(site: Site, subject: str) -> Verdict:
    """A key that takes, refunds or pays out money: whoever reads the code can use it until it is revoked."""
    return (yield from verdict("SEC001", site, subject))
