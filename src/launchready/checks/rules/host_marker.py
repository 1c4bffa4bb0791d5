"""Each host shows what it is meant to show: ``api`` and ``admin`` were not swapped, and nothing old stands there."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, reach
from launchready.checks.site import Site


def marked(site: Site) -> Iterable[str]:
    return [host for host, _ in site.markers]


@rule(
    "WEB018",
    family="web",
    topic="that a host shows what it is meant to show",
    subjects=marked,
    after=("DNS002", "DNS003", "DNS005", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def host_marker(site: Site, subject: str) -> Verdict:
    """The text that the owner gave for the host stands in its first answer, whatever its status: an API may well say
    404 there. Where else the text was seen is said, too.
    """
    text = dict(site.markers)[subject]
    path = yield from follow(f"https://{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    answer = known(path.last)
    if text.lower() in answer.body.lower():
        return FINE
    elsewhere = ""
    for host in site.web:
        other = yield from follow(f"https://{host}/")
        if host != subject and not other.loops and text.lower() in other.last.body.lower():
            elsewhere = host
    return [
        host_marker.fail(
            site,
            subject,
            f"{subject} shows something else: {text!r} is not in its first answer"
            + (f", but in that of {elsewhere}: were the two swapped?" if elsewhere else ""),
            severity="high",
            when="48h",
            reason="customers cannot reach a part of the product",
            score=Score(4, reach(site, subject), 3),
            minutes=15,
            evidence=f"{path.evidence}\nbegins with: {' '.join(answer.body.split())[:120] or 'nothing'}",
            impact="Who uses this host gets the wrong service, or an old one, and everything seems to answer.",
            fix=f"Point {subject} to the service that it is for (its DNS record, and the virtual host of the web "
            "server), or change the text that is expected of it.",
        )
    ]
