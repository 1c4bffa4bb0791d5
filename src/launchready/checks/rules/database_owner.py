"""Least privilege in the database: that the app cannot drop its tables."""

from launchready.checks.database_queries import Rights, database
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB003", family="db", topic="that the app cannot drop its tables", subjects=database)
def owner(site: Site, subject: str) -> Verdict:
    """Asked through the app's own address, so it is what a hole in the app could do."""
    op = Rights(site.database)
    yield op
    found = known(op.answer)
    if not found.owns:
        return FINE
    return [
        owner.fail(
            site,
            subject,
            f"The app's database account {found.user} owns its tables, and may drop them",
            severity="medium",
            when="can-wait",
            reason="it needs another hole, or a mistake",
            score=Score(4, 2, 1),
            minutes=45,
            evidence="\n".join(found.owns),
            impact=(
                "A hole in the app, or a mistake in it, can drop tables; an account that only reads and writes cannot."
            ),
            fix=(
                "Let one account own the tables and run migrations, and another one, without rights to CREATE, "
                "ALTER and DROP, serve customers."
            ),
        )
    ]
