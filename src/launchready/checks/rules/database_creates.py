"""Least privilege in the database: that the app makes no databases or accounts."""

from launchready.checks.database_queries import Rights, database
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB002", family="db", topic="that the app makes no databases or accounts", subjects=database)
def creates(site: Site, subject: str) -> Verdict:
    """Asked through the app's own address, so it is what a hole in the app could do."""
    op = Rights(site.database)
    yield op
    found = known(op.answer)
    if not found.creates:
        return FINE
    return [
        creates.fail(
            site,
            subject,
            f"The app's database account {found.user} may make databases or accounts",
            severity="high",
            when="can-wait",
            reason="it needs another hole first",
            score=Score(4, 2, 1),
            minutes=15,
            evidence="\n".join(found.creates),
            impact="A hole in the app can make an account that stays when the hole is closed.",
            fix="ALTER ROLE app NOCREATEDB NOCREATEROLE;  (MySQL: REVOKE CREATE, CREATE USER ON *.* FROM app;)",
        )
    ]
