"""TOPIC database"""

from launchready.checks.database_queries import ReadPrivileges, database_subject
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB004", family="db", topic="that not every account may read or create", subjects=database_subject)
def public(site: Site, subject: str) -> Verdict:
    """Least privilege in the database: that not every account may read or create.

    Asked through the app's own address, so it is what a hole in the app could do.
    """
    op = ReadPrivileges(site.database)
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


@rule("DB001", family="db", topic="that the app does not rule the database server", subjects=database_subject)
def superuser(site: Site, subject: str) -> Verdict:
    """Least privilege in the database: that the app does not rule the database server.

    Asked through the app's own address, so it is what a hole in the app could do.
    """
    op = ReadPrivileges(site.database)
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


@rule("DB003", family="db", topic="that the app cannot drop its tables", subjects=database_subject)
def owner(site: Site, subject: str) -> Verdict:
    """Least privilege in the database: that the app cannot drop its tables.

    Asked through the app's own address, so it is what a hole in the app could do.
    """
    op = ReadPrivileges(site.database)
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


@rule("DB002", family="db", topic="that the app makes no databases or accounts", subjects=database_subject)
def creates(site: Site, subject: str) -> Verdict:
    """Least privilege in the database: that the app makes no databases or accounts.

    Asked through the app's own address, so it is what a hole in the app could do.
    """
    op = ReadPrivileges(site.database)
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
