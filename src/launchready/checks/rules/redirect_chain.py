"""The way to a page is short, and stays encrypted once it is."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow
from launchready.checks.site import Site

MOST_REDIRECTS = 3


def entries(site: Site) -> Iterable[str]:
    return [f"{scheme}://{host}" for host in site.web for scheme in ("http", "https")]


@rule(
    "WEB005",
    family="web",
    topic="the number of redirects",
    subjects=entries,
    after=("DNS002", "DNS003", "DNS005", "WEB001"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def redirect_chain(site: Site, subject: str) -> Verdict:
    """Each hop costs a mobile visitor about half a second. A hop back to http can be answered by anybody near."""
    path = yield from follow(f"{subject}/")
    if path.loops or path.hops[0].trouble is not None:
        return NOT_APPLICABLE
    schemes = [hop.url.partition(":")[0] for hop in path.hops]
    back = "https" in schemes and "http" in schemes[schemes.index("https") :]
    if not back and len(path.hops) - 1 <= MOST_REDIRECTS:
        return FINE
    what = (
        "the redirect goes back through http" if back else f"{len(path.hops) - 1} redirects follow each other (chain)"
    )
    return [
        redirect_chain.fail(
            site,
            subject,
            f"The first page is slow, or can be replaced on the way: {what}",
            severity="medium",
            when="can-wait",
            reason="30 days: visitors arrive",
            score=Score(2, 2, 1),
            minutes=15,
            evidence=path.evidence,
            impact="Visitors on phones wait; in a strange network somebody can send them elsewhere.",
            fix=f"Lead http first to https on the same host, and then in one step to https://{site.main}/.",
        )
    ]
