"""A key of a test account, or one that is limited to a site or an app."""

from launchready.checks.rule import Verdict, rule
from launchready.checks.secret_findings import TOPICS, repository, verdict
from launchready.checks.site import Site


@rule("SEC004", family="secrets", topic=TOPICS["SEC004"], subjects=repository)
def of_a_test_account(site: Site, subject: str) -> Verdict:
    """A key of a test account, or one that is limited to a site or an app."""
    return (yield from verdict("SEC004", site, subject))
