"""CORS probes: origins that must not be allowed, and the meaning of an answer (Fetch section 3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["reflected", "null", "prefix", "suffix", "http", "subdomain"]


@dataclass(frozen=True, slots=True)
class CorsProbe:
    """One origin to try, and what it means if it is allowed."""

    kind: Kind
    origin: str
    meaning: str


def probes(host: str, foreign: str = "") -> tuple[CorsProbe, ...]:
    """Origins that an application at ``host`` has no reason to know."""
    stranger = foreign or "https://launchready-probe.invalid"
    return (
        CorsProbe("reflected", stranger, "any web page"),
        CorsProbe("null", "null", "any page in a sandboxed frame, and any local file"),
        CorsProbe("prefix", f"https://{host}.launchready-probe.invalid", "any domain that begins with your name"),
        CorsProbe("suffix", f"https://launchready-probe{host}", "any domain that ends in your name"),
        CorsProbe("http", f"http://{host}", "anybody in the same network, through pages without encryption"),
        CorsProbe("subdomain", f"https://launchready-probe.{host}", "any subdomain, one that is taken over as well"),
    )


def lets_in(headers: Mapping[str, str], origin: str) -> bool:
    """Whether an answer lets the origin read it *with* the visitor's cookies. Names are lower case.

    Every browser refuses ``*`` with credentials, so that is broken, not open.
    """
    allowed = headers.get("access-control-allow-origin", "").strip()
    with_cookies = headers.get("access-control-allow-credentials", "").strip() == "true"
    return with_cookies and allowed == origin
