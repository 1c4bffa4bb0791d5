"""The question for what the app's account may do in its database, and the address it goes to."""

from collections.abc import Callable, Iterable

from launchready.checks.operations import Look
from launchready.checks.site import Site
from launchready.net.database_privileges import Privileges, privileges, shown


class Rights(Look[Privileges]):
    """What the account of an address may do. The address is no part of the question's name: it holds a password."""

    __slots__ = ("dsn",)

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        super().__init__(shown(dsn))

    def look(self, stopped: Callable[[], bool]) -> Privileges:
        del stopped  # a session of a few seconds, with its own time limits
        return privileges(self.dsn)

    def unanswered(self, reason: str) -> Privileges:
        return Privileges(f"privileges at {shown(self.dsn)}", reason=reason)


def database(site: Site) -> Iterable[str]:
    """The subject of these rules: the database, where its address is known."""
    return (shown(site.database),) if site.database else ()
