"""No name of the domain points to a place at a service that anybody can claim (dangling aliases)."""

from collections.abc import Iterable

from launchready.checks.facts import addresses, named_hosts
from launchready.checks.finding import Score
from launchready.checks.ops import Get, Together, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.services import service
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer


def hosts(site: Site) -> Iterable[str]:
    return dict.fromkeys([*site.web, *named_hosts(site)])


@rule(
    "DNS005",
    family="dns",
    topic="that no name points to a place that strangers can claim",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def takeover(site: Site, subject: str) -> Verdict:
    """Evidence is only what the service itself answers for a name that nobody holds: see the list of services. A name
    that does not exist at all is the address check's.
    """
    found = yield from addresses(subject)
    held = service(found.chain)
    if found.state != "found" or held is None or not held.says:
        return FINE if found.chain else NOT_APPLICABLE
    plain, safe = Get(f"http://{subject}/"), Get(f"https://{subject}/")
    yield Together([plain, safe])
    answer = next((one.answer for one in (plain, safe) if unclaimed(one.answer, held.says)), None)
    if answer is None:
        heard = plain.answer if plain.answer.known else safe.answer
        if heard.trouble in ("refused", "tls"):
            return NOT_APPLICABLE  # that nobody serves the name is what the site's own check says
        known(heard)
        return FINE
    return [
        takeover.fail(
            site,
            subject,
            f"A stranger can take over {subject}: it points to a place at {held.title} that nobody holds (a "
            "dangling CNAME)",
            severity="critical",
            when="48h",
            reason="a stranger can take over a name",
            score=Score(5, 2, 3),
            minutes=15,
            evidence=f"{found.evidence}\nGET {answer.url} → {answer.status}, {quoted(answer, held.says)}",
            impact="Whoever claims it shows their own page under your name, with a valid certificate: a copy of your "
            "login, for example. Cookies of the whole domain may go there as well.",
            fix=f"Delete the CNAME record of {subject}, or create {found.last} again in your {held.title} account.",
        )
    ]


def unclaimed(answer: HttpAnswer, says: Iterable[str]) -> bool:
    """Whether the service says that it knows no such name."""
    return answer.known and (answer.status >= 400 or answer.status == 200) and bool(quoted(answer, says))


def quoted(answer: HttpAnswer, says: Iterable[str]) -> str:
    shown = "\n".join([answer.body, *(f"{name}: {value}" for name, value in answer.headers)]).lower()
    return next((f'"{text}"' for text in says if text.lower() in shown), "")
