"""Passwords and keys in the project's files and in its git history. One scan serves all five codes."""

from launchready.checks.operations import Undetermined, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.secret_findings import TOPICS, ScanRepository, repository_subject, verdict
from launchready.checks.site import Site


@rule("SEC001", family="secrets", topic=TOPICS["SEC001"], subjects=repository_subject)
def secret_payment_key(site: Site, subject: str) -> Verdict:
    """Anybody who can read the code can take, refund or pay out money until the key is revoked."""
    return (yield from verdict("SEC001", site, subject))


@rule("SEC002", family="secrets", topic=TOPICS["SEC002"], subjects=repository_subject)
def secret_in_files(site: Site, subject: str) -> Verdict:
    """A password or key stands in the current files."""
    return (yield from verdict("SEC002", site, subject))


@rule("SEC003", family="secrets", topic=TOPICS["SEC003"], subjects=repository_subject)
def secret_in_history(site: Site, subject: str) -> Verdict:
    """A password or key was removed from the files, but every clone still contains it."""
    return (yield from verdict("SEC003", site, subject))


@rule("SEC004", family="secrets", topic=TOPICS["SEC004"], subjects=repository_subject)
def secret_low(site: Site, subject: str) -> Verdict:
    """A key of a test account, or a key that is limited to one site or app."""
    return (yield from verdict("SEC004", site, subject))


@rule("SEC005", family="secrets", topic=TOPICS["SEC005"], subjects=repository_subject)
def secret_unread(site: Site, subject: str) -> Verdict:
    """The scan reports what it could not read: a broken object, a file too large, a damaged archive.

    Undetermined while anything is unread. The other rules still report what they found.
    """
    del site
    op = ScanRepository(subject)
    yield op
    unread = known(op.answer).unread
    if not unread:
        return FINE
    more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
    raise Undetermined(f"secrets in {unread[0].path}", f"{unread[0].reason}{more}")
