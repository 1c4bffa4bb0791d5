"""``set-cookie`` lines (RFC 6265bis), as far as a stranger could steal the cookie."""

import re
from dataclasses import dataclass

# Names of session and login cookies. A CSRF token is not a session: scripts must read it.
SESSION = re.compile(
    r"sess|(?<![a-z])sid(?![a-z])|auth|jwt|login|remember|(?:access|refresh|id).?token|^token$|aspnet", re.IGNORECASE
)
# Cookies of analytics and payment scripts hold no login either.
NO_SESSION = re.compile(r"csrf|xsrf|stripe|^_?_?hj|^_ga|^_gid|^ai_|intercom|optimizely|analytics", re.IGNORECASE)


# RFC 6265bis section 5.6: browsers ignore a longer name, value or attribute.
MAX_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Cookie:
    """One ``set-cookie`` line. The value is not kept, because it may be a session."""

    name: str
    attributes: frozenset[str]
    removes: bool = False

    @property
    def session(self) -> bool:
        """Whether the name is that of a session or login cookie."""
        return not self.removes and SESSION.search(self.name) is not None and NO_SESSION.search(self.name) is None

    @property
    def missing(self) -> tuple[str, ...]:
        """The missing ones of the two attributes that protect a session."""
        return tuple(name for name in ("Secure", "HttpOnly") if name.lower() not in self.attributes)


def parse(line: str) -> Cookie:
    """Reads one ``set-cookie`` line. Never raises."""
    pair, *rest = line[:MAX_CHARACTERS].split(";")
    name, _, value = pair.partition("=")
    attributes = {part.partition("=")[0].strip().lower(): part.partition("=")[2].strip() for part in rest}
    gone = not value.strip() or attributes.get("max-age") in ("0", "-1")
    return Cookie(name.strip(), frozenset(attributes), gone)
