"""Least privilege in the database, checked through the app's own account."""

from launchready.checks.database_queries import ReadPrivileges, database_subject
from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("DB004", family="db", topic="not every account may read or create in the database", subjects=database_subject)
def public(site: Site, subject: str) -> Verdict:
    """Other accounts of the database server may not read or create here.

    The check logs in with the app's own URL, so it sees what an attacker could do through a hole in the app.
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
            evidence=found.public,
            impact="Every other account of the server, such as that of a reporting tool, may do this.",
            fix=[
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;",
            ],
        )
    ]


@rule("DB001", family="db", topic="the app does not control the database server", subjects=database_subject)
def superuser(site: Site, subject: str) -> Verdict:
    """The app's account does not control the whole database server.

    The check logs in with the app's own URL, so it sees what an attacker could do through a hole in the app.
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
            f"The app's database account {found.user} controls the whole server",
            severity="critical",
            when="48h",
            reason="anybody who finds one hole in the app owns the server",
            score=Score(5, 3, 1),
            minutes=30,
            evidence=found.server,
            impact=("One hole in the app is enough to read every database of the server and to run programs on it."),
            fix=(
                [
                    "Create an account with no more than the app needs:",
                    "CREATE ROLE app LOGIN PASSWORD '...';",
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;",
                    "Then put its URL into the app's environment.",
                ]
            ),
        )
    ]


@rule("DB003", family="db", topic="the app cannot drop its tables", subjects=database_subject)
def owner(site: Site, subject: str) -> Verdict:
    """The app's account cannot drop or change its tables.

    The check logs in with the app's own URL, so it sees what an attacker could do through a hole in the app.
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
            f"The app's database account {found.user} owns its tables and may drop them",
            severity="medium",
            when="can-wait",
            reason="it needs another hole, or a mistake",
            score=Score(4, 2, 1),
            minutes=45,
            evidence=found.owns,
            impact=(
                "A hole in the app, or a mistake in it, can drop tables. An account that only reads and writes cannot."
            ),
            fix=(
                "Let one account own the tables and run migrations, and another one, without rights to CREATE, "
                "ALTER and DROP, serve customers."
            ),
        )
    ]


@rule("DB002", family="db", topic="the app cannot create databases or accounts", subjects=database_subject)
def creates(site: Site, subject: str) -> Verdict:
    """The app's account cannot create databases or accounts.

    The check logs in with the app's own URL, so it sees what an attacker could do through a hole in the app.
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
            f"The app's database account {found.user} may create databases or accounts",
            severity="high",
            when="can-wait",
            reason="it needs another hole first",
            score=Score(4, 2, 1),
            minutes=15,
            evidence=found.creates,
            impact="An attacker can create an account that stays after the hole is closed.",
            fix="ALTER ROLE app NOCREATEDB NOCREATEROLE;  (MySQL: REVOKE CREATE, CREATE USER ON *.* FROM app;)",
        )
    ]
