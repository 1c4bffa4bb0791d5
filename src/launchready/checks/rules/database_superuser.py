"""Least privilege in the database: that the app does not rule the database server."""

from launchready.checks.database_queries import Rights, database
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB001", family="db", topic="that the app does not rule the database server", subjects=database)
def superuser(site: Site, subject: str) -> Verdict:
    """Asked through the app's own address, so it is what a hole in the app could do."""
    op = Rights(site.database)
    yield op
    found = known(op.answer)
    if not found.server:
        return FINE
    return [
        superuser.fail(
            site,
            subject,
            f"The app's database account {found.user} rules the whole server",
            severity="critical",
            when="48h",
            reason="whoever finds one hole in the app owns the server",
            score=Score(5, 3, 1),
            minutes=30,
            evidence="\n".join(found.server),
            impact=(
                "One hole in the app is enough: whoever finds it reads every database of the server, and runs "
                "programs on it."
            ),
            fix=(
                "An account of its own, with no more than it needs:\nCREATE ROLE app LOGIN PASSWORD '...';\nGRANT "
                "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;\nThen put its address into "
                "the app's environment."
            ),
        )
    ]
