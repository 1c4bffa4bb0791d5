"""Questions to the store of the idempotency keys."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from launchready.checks.operations import LocalQuestion
from launchready.checks.site import Site
from launchready.core.idempotency import CLAIMS
from launchready.core.idempotency.unknown_outcomes import Unknown, unknown
from launchready.errors import LaunchReadyError, MissingExtra
from launchready.net.database_privileges import safe_url
from launchready.net.store_durability import StoreDurability, read_durability
from launchready.stores import connect


def store_subject(site: Site) -> Iterable[str]:
    """The subject of these rules: the store, if its URL is known."""
    return (safe_url(site.store),) if site.store else ()


class ReadDurability(LocalQuestion[StoreDurability]):
    """Asks how a store may lose a key. The question's name has no URL, because the URL contains a password."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(safe_url(url))

    def look(self, stopped: Callable[[], bool]) -> StoreDurability:
        del stopped  # One short session with its own time limits.
        return read_durability(self.url)

    def unanswered(self, reason: str) -> StoreDurability:
        return StoreDurability(f"what is kept by {safe_url(self.url)}", reason=reason)


NONE = Unknown(0, 0.0)


@dataclass(frozen=True, slots=True)
class UnknownOutcomesAnswer:
    """The keys of a store whose outcome is unknown."""

    question: str
    found: Unknown = NONE
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


class FindUnknownOutcomes(LocalQuestion[UnknownOutcomesAnswer]):
    """Finds open keys. A signed record can be read without its secret; an encrypted one cannot."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(safe_url(url))

    def look(self, stopped: Callable[[], bool]) -> UnknownOutcomesAnswer:
        try:
            opened = connect(self.url)
            try:
                found = unknown(opened.scan(CLAIMS), lambda: not stopped())
            finally:
                opened.close()
        except (LaunchReadyError, MissingExtra) as error:
            return self.unanswered(" ".join(str(error).split()))
        return (
            UnknownOutcomesAnswer(self.asked, found)
            if found.whole
            else self.unanswered("it has more keys than can be read")
        )

    @property
    def asked(self) -> str:
        return f"open keys in {safe_url(self.url)}"

    def unanswered(self, reason: str) -> UnknownOutcomesAnswer:
        return UnknownOutcomesAnswer(self.asked, reason=reason)
