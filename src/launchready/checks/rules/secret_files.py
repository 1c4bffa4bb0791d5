"""A password or key in the files as they are today."""

from launchready.checks.rule import Verdict, rule
from launchready.checks.secret_findings import TOPICS, repository, verdict
from launchready.checks.site import Site


@rule("SEC002", family="secrets", topic=TOPICS["SEC002"], subjects=repository)
def in_the_files(site: Site, subject: str) -> Verdict:
    """A password or key in the files as they are today."""
    return (yield from verdict("SEC002", site, subject))
