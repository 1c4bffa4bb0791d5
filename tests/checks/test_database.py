"""Least privilege, through the app's own address: real PostgreSQL and MariaDB, each with a wide and a narrow account."""

import pytest

from launchready import check
from launchready.net.database_privileges import read_grants, read_privileges, safe_url
from support.servers import PASSWORD, MySQLServer, PostgreSQLServer

WORD = "".join(reversed("drowssap-wor" + "ran"))


@pytest.fixture(scope="module")
def postgres():
    import psycopg

    server = PostgreSQLServer().start()
    try:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("create table bookings (id int)")
            admin.execute(f"create role narrow login password '{WORD}'")
            admin.execute("grant select, insert on bookings to narrow")
            admin.execute(f"create role maker login createdb createrole password '{WORD}'")
            admin.execute(f"create role owner login password '{WORD}'")
            admin.execute("create schema shop authorization owner")
            admin.execute(f"create role heir login password '{WORD}'")
            admin.execute("grant postgres to heir")
        yield server
    finally:
        server.close()


def account(server, name):
    return server.url.replace(f"postgres:{PASSWORD}", f"{name}:{WORD}")


def codes(dsn):
    report = check("coach.example", only=["db"], database=dsn)
    assert PASSWORD not in report.to_json()
    assert WORD not in report.to_json()
    assert not report.undetermined, report.undetermined
    return {finding.code for finding in report}


def test_a_narrow_account_is_fine(postgres):
    """It reads and writes its tables, and nothing else."""
    assert codes(account(postgres, "narrow")) == set()


@pytest.mark.parametrize(("name", "found"), [("heir", {"DB001"}), ("maker", {"DB002"}), ("owner", {"DB003"})])
def test_a_wide_account_is_a_finding(postgres, name, found):
    """A superuser by inheritance, one that makes accounts, one that owns tables."""
    assert codes(account(postgres, name)) == found


def test_the_superuser(postgres):
    """The account of the installation."""
    assert codes(postgres.url) >= {"DB001", "DB002", "DB003"}


def test_what_everybody_may(postgres):
    """Grants to PUBLIC."""
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute("grant select on bookings to public")
        admin.execute("grant create on schema shop to public")
        found = read_privileges(account(postgres, "narrow"))
        admin.execute("revoke select on bookings from public")
        admin.execute("revoke create on schema shop from public")
    assert found.public == ("create in schema shop", "read public.bookings")


def test_mariadb():
    """ALL PRIVILEGES on everything, on one database, and what an app needs."""
    import pymysql

    server = MySQLServer().start()
    try:
        with (
            pymysql.connect(host="127.0.0.1", port=server.port, user="root", password="", autocommit=True) as one,
            one.cursor() as admin,
        ):
            admin.execute("create database shop")
            for name, grant in (
                ("wide", "all privileges on *.*"),
                ("owner", "all privileges on shop.*"),
                ("narrow", "select, insert on shop.*"),
            ):
                admin.execute(f"create user {name}@'127.0.0.1' identified by '{WORD}'")
                admin.execute(f"grant {grant} to {name}@'127.0.0.1'")
        address = f"mysql://{{}}:{WORD}@127.0.0.1:{server.port}/shop"
        assert codes(address.format("narrow")) == set()
        assert codes(address.format("owner")) == {"DB003"}
        assert codes(address.format("wide")) == {"DB001", "DB002", "DB003"}
    finally:
        server.close()


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://app:{WORD}@127.0.0.1:1/x",
        f"mysql://app:{WORD}@127.0.0.1:1/x",
        f"oracle://app:{WORD}@h/x",
        "postgresql://[",
        WORD,
    ],
)
def test_a_database_that_does_not_answer_is_undetermined(dsn):
    """Neither fine nor a finding; the password is in no message."""
    report = check("coach.example", only=["db"], database=dsn)
    assert {finding.status for finding in report} == {"undetermined"}
    assert report.exit_code == 3
    assert WORD not in report.to_json()


def test_a_wrong_password_is_in_no_message(postgres):
    """What the driver says is cleaned."""
    found = read_privileges(account(postgres, "narrow").replace(WORD, "wr0ng" + "Wr0ng"))
    assert not found.known
    assert "wr0ngWr0ng" not in found.reason


def test_grants_of_mysql_as_text():
    """Columns, roles and grant options."""
    found = read_grants(
        "q",
        "app@%",
        ["GRANT USAGE ON *.* TO `app`", "GRANT SELECT (`a`), UPDATE ON `s`.`t` TO `app`", "GRANT `r` TO `app`"],
        ["GRANT SELECT ON `x`.* TO PUBLIC"],
    )
    assert (found.server, found.creates, found.owns, found.public) == ((), (), (), ("SELECT on `x`.*",))


def test_an_address_is_shown_without_its_password():
    """As the subject of findings."""
    assert safe_url(f"postgresql://app:{WORD}@db.internal:5432/shop?x=1") == "postgresql://app@db.internal/shop"
