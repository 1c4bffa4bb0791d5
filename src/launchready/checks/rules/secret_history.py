"""A password or key that was taken out of the files, and is in every clone."""

from launchready.checks.rule import Verdict, rule
from launchready.checks.secret_findings import TOPICS, repository, verdict
from launchready.checks.site import Site


@rule("SEC003", family="secrets", topic=TOPICS["SEC003"], subjects=repository)
def in_the_history(site: Site, subject: str) -> Verdict:
    """A password or key that was taken out of the files, and is in every clone."""
    return (yield from verdict("SEC003", site, subject))
