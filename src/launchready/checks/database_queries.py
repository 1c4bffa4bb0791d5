"""The question what the app's account may do in its database."""

from collections.abc import Callable, Iterable

from launchready.checks.operations import LocalQuestion
from launchready.checks.site import Site
from launchready.net.database_privileges import Privileges, read_privileges, safe_url


class ReadPrivileges(LocalQuestion[Privileges]):
    """Asks for the privileges of an account. The question's name has no URL, because the URL contains a password."""

    __slots__ = ("dsn",)

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        super().__init__(safe_url(dsn))

    def look(self, stopped: Callable[[], bool]) -> Privileges:
        del stopped  # One short session with its own time limits.
        return read_privileges(self.dsn)

    def unanswered(self, reason: str) -> Privileges:
        return Privileges(f"privileges at {safe_url(self.dsn)}", reason=reason)


def database_subject(site: Site) -> Iterable[str]:
    """The subject of these rules: the database, if its URL is known."""
    return (safe_url(site.database),) if site.database else ()
