"""Least privilege in the database: that not every account may read or create."""

from launchready.checks.database_queries import Rights, database
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB004", family="db", topic="that not every account may read or create", subjects=database)
def public(site: Site, subject: str) -> Verdict:
    """Asked through the app's own address, so it is what a hole in the app could do."""
    op = Rights(site.database)
    yield op
    found = known(op.answer)
    if not found.public:
        return FINE
    return [
        public.fail(
            site,
            subject,
            "Every account of the database server may read or create here",
            severity="medium",
            when="can-wait",
            reason="it needs an account of the server",
            score=Score(4, 2, 1),
            minutes=15,
            evidence="\n".join(found.public),
            impact="Every other account of the server, also the one of a reporting tool, may do this.",
            fix="REVOKE CREATE ON SCHEMA public FROM PUBLIC;\nREVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;",
        )
    ]
