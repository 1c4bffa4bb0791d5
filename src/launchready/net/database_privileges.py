"""The privileges of the app's own database account, read through the app's own URL in one short read-only session.

PostgreSQL: ``pg_roles`` and the ``has_..._privilege`` functions. MySQL and MariaDB: ``SHOW GRANTS``.
"""

import re
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit

from launchready.errors import MissingExtra

SECONDS = 5
_GRANT = re.compile(r"GRANT (.+?) ON (\S+) TO ", re.IGNORECASE)
_SERVER = frozenset({"ALL PRIVILEGES", "SUPER", "FILE", "SHUTDOWN", "CREATE USER", "RELOAD", "PROCESS", "GRANT OPTION"})
_SHAPE = frozenset({"ALL PRIVILEGES", "DROP", "ALTER", "CREATE"})


@dataclass(frozen=True, slots=True)
class Privileges:
    """The privileges of an account, in words. An empty list means that the account has none of this kind.

    - ``server``: it controls the whole server, or may become a role that does.
    - ``creates``: it can create databases or accounts. ``owns``: it can drop or change tables.
    - ``public``: privileges of every account of the server. ``reason``: why the privileges are unknown.
    """

    question: str
    user: str = ""
    server: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


def read_privileges(dsn: str) -> Privileges:
    """Reads the privileges. Never raises and never returns the password; an error becomes the ``reason``."""
    question = f"privileges at {safe_url(dsn)}"
    scheme = dsn.partition("://")[0].partition("+")[0].lower() if "://" in dsn else ""
    ask = {"postgresql": postgresql, "postgres": postgresql, "mysql": mysql, "mariadb": mysql}.get(scheme)
    if ask is None:
        return Privileges(question, reason=f"no way to ask a {scheme[:20] or 'nameless'} database for privileges")
    try:
        return ask(dsn, question)
    except MissingExtra as missing:
        return Privileges(question, reason=str(missing))
    except Exception as error:  # Drivers raise anything, and may quote the URL.
        first = str(error).strip().split("\n")[0]
        return Privileges(question, reason=f"{type(error).__name__}: {mask_password(first, dsn)}"[:300])


def safe_url(dsn: str) -> str:
    """The URL without its password. Text that is not a URL may be a password, so it is not shown at all."""
    if "://" not in dsn:
        return "the database"
    try:
        parts = urlsplit(dsn)
    except ValueError:
        return "the database"
    return f"{parts.scheme}://{parts.username or ''}@{parts.hostname or 'this machine'}{parts.path}"


def mask_password(text: str, dsn: str) -> str:
    """The message without the password of the URL, in any spelling."""
    try:
        password = urlsplit(dsn).password or ""
    except ValueError:
        return "the address cannot be read"
    for spelled in {password, unquote(password)} - {""}:
        text = text.replace(spelled, "*****")
    return text


_OURS = "n.nspname !~ '^(pg_|information_schema)'"
_TABLES = "from pg_class c join pg_namespace n on n.oid = c.relnamespace where " + _OURS
_ROLE = (
    "select rolname, rolsuper, rolbypassrls, rolreplication, rolcreatedb, rolcreaterole from pg_roles "
    "where rolname = current_user"
)
_BECOMES = (
    "select 'member of ' || rolname from pg_roles where pg_has_role(current_user, oid, 'member') "
    "and rolname <> current_user and (rolsuper or rolname in "
    "('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files'))"
)
_OWNS_SCHEMAS = (
    f"select 'schema ' || n.nspname from pg_namespace n where pg_get_userbyid(n.nspowner) = current_user and {_OURS}"
)
_OWNS_DATABASE = (
    "select 'database ' || datname from pg_database where datname = current_database() "
    "and pg_get_userbyid(datdba) = current_user"
)
_OWNS_TABLES = (
    f"select 'table ' || n.nspname || '.' || c.relname {_TABLES} and c.relkind in ('r', 'p') "
    "and pg_get_userbyid(c.relowner) = current_user order by 1 limit 20"
)
_PUBLIC_CREATES = (
    "select 'create in schema ' || n.nspname from pg_namespace n "
    f"where {_OURS} and has_schema_privilege('public', n.oid, 'CREATE')"
)
_PUBLIC_READS = (
    f"select 'read ' || n.nspname || '.' || c.relname {_TABLES} and c.relkind in ('r', 'p', 'v', 'm') "
    "and has_table_privilege('public', c.oid, 'SELECT') order by 1 limit 20"
)


def postgresql(dsn: str, question: str) -> Privileges:
    """Reads the catalog. A member of a superuser role may become one (SET ROLE), so it counts as one."""
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("checking PostgreSQL privileges", "postgres") from None
    plain = re.sub(r"^postgres(?:ql)?(?:\+\w+)?:", "postgresql:", dsn)
    limit = f"-c statement_timeout={SECONDS}s"
    with psycopg.connect(plain, connect_timeout=SECONDS, autocommit=True, options=limit) as one:

        def column(*queries: LiteralString) -> tuple[str, ...]:
            return tuple(str(row[0]) for query in queries for row in one.execute(query))

        role = one.execute(_ROLE).fetchone()
        if role is None:
            return Privileges(question, reason="the account is in no catalog")
        names = ("superuser", "bypassrls", "replication", "createdb", "createrole")
        flags = tuple(name for name, on in zip(names, role[1:], strict=True) if on)
        server = tuple(name for name in flags if name in names[:3])
        member = () if "superuser" in flags else column(_BECOMES)
        creates = tuple(name for name in flags if name in names[3:])
        owns = column(_OWNS_SCHEMAS, _OWNS_DATABASE, _OWNS_TABLES)
        public = column(_PUBLIC_CREATES, _PUBLIC_READS)
        return Privileges(question, str(role[0]), (*server, *member), creates, owns, public)


def mysql(dsn: str, question: str) -> Privileges:
    try:
        import pymysql  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("checking MySQL privileges", "mysql") from None
    parts = urlsplit(dsn)
    arguments: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/") or None,
        "connect_timeout": SECONDS,
        "read_timeout": SECONDS,
    }
    with pymysql.connect(**arguments) as one, one.cursor() as cursor:
        cursor.execute("select current_user()")
        user = str((cursor.fetchone() or ("",))[0])
        cursor.execute("show grants for current_user()")
        grants = [str(row[0]) for row in cursor.fetchall()]
        try:
            cursor.execute("show grants for public")
            shared = [str(row[0]) for row in cursor.fetchall()]
        except pymysql.Error:  # MySQL, and MariaDB before 10.11, have no PUBLIC.
            shared = []
    return read_grants(question, user, grants, shared)


def read_grants(question: str, user: str, grants: list[str], shared: list[str]) -> Privileges:
    """The privileges in the rows of SHOW GRANTS."""
    server: list[str] = []
    creates: list[str] = []
    owns: list[str] = []
    for text in grants:
        found = _GRANT.match(text)
        if found is None:
            continue
        names = {name.strip().upper() for name in found.group(1).split(",")}
        names |= {"GRANT OPTION"} if "WITH GRANT OPTION" in text.upper() else set()
        where = found.group(2).replace("`", "")
        if where == "*.*":
            server += [f"{name} on the whole server" for name in sorted(names & _SERVER)]
            creates += [
                f"{name} on the whole server" for name in sorted(names & {"ALL PRIVILEGES", "CREATE", "CREATE USER"})
            ]
        owns += [f"{name} on {where}" for name in sorted(names & _SHAPE)]
    public = [
        f"{found.group(1)} on {found.group(2)}"
        for text in shared
        if (found := _GRANT.match(text)) and found.group(1).upper() != "USAGE"
    ]
    return Privileges(question, user, tuple(server), tuple(creates), tuple(owns), tuple(public))
