"""What the scan could not look at is said: a broken object, a file too large, an archive that is none."""

from launchready.checks.operations import Undetermined, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.secret_findings import TOPICS, Leaks, repository
from launchready.checks.site import Site


@rule("SEC005", family="secrets", topic=TOPICS["SEC005"], subjects=repository)
def read_to_the_end(site: Site, subject: str) -> Verdict:
    """Undetermined while something was not read; the other rules then still say what they found."""
    del site
    op = Leaks(subject)
    yield op
    unread = known(op.answer).unread
    if not unread:
        return FINE
    more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
    raise Undetermined(f"secrets in {unread[0].path}", f"{unread[0].reason}{more}")
